"""Metrics of belief states: what the system believes the user wants, turn by turn."""
