"""`slot_recall` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class SlotRecall(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "slot_recall"
