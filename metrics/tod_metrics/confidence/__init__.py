"""How well a system's confidence in the values of its states tells right from wrong, one metric a file."""
