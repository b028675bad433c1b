"""`relative_slot_accuracy` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class RelativeSlotAccuracy(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "relative_slot_accuracy"
