"""Writes the scripts anew: ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters.hf import write_scripts

if __name__ == "__main__":
    write_scripts()
