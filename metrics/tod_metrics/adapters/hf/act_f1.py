"""`act_f1` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class ActF1(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "act_f1"
