"""`requested_slots_f1` for Hugging Face evaluate; written by ``python -m metrics.hf``, not by hand."""

from metrics import huggingface


class RequestedSlotsF1(huggingface.Module):
    """See `metrics.huggingface`."""

    registered = "requested_slots_f1"
