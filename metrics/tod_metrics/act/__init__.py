"""Metrics of dialogue acts: what the system decides to do."""
