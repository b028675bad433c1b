"""`slot_precision` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class SlotPrecision(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "slot_precision"
