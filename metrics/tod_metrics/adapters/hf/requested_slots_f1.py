"""`requested_slots_f1` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class RequestedSlotsF1(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "requested_slots_f1"
