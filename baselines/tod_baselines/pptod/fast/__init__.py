"""What makes training and decoding fast on a CPU: packing, token stores, converted weights."""
