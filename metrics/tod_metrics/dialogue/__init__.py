"""Metrics of whole dialogues: Inform, Success and the Combined score."""
