"""Benchmarks: `python -m benchmarks` runs them all and writes one table; see README.md."""
