"""`slot_f1` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class SlotF1(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "slot_f1"
