"""Metrics of how a text is written: readability, politeness, emotions, richness."""
