"""Acts in words, and words understood by keywords: templates, values and cues are in ``phrases.yaml``."""
