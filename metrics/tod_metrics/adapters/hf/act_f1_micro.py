"""`act_f1_micro` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class ActF1Micro(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "act_f1_micro"
