"""`politeness_count` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class PolitenessCount(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "politeness_count"
