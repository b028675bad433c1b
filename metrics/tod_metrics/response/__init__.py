"""Metrics of responses against references or entities."""
