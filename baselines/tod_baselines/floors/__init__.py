"""Systems without training, which any trained system should beat; and the oracle, which none can."""
