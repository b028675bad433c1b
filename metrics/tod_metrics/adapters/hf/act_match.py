"""`act_match` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class ActMatch(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "act_match"
