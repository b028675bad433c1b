"""Metrics of what judges say: agreement."""
