"""Whether a restyled dialogue still says what its labels say, and nothing that they do not."""
