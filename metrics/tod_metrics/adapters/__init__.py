"""The metrics in other harnesses: Hugging Face evaluate, streaming, rows."""
