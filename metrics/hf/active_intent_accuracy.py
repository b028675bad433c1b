"""`active_intent_accuracy` for Hugging Face evaluate; written by ``python -m metrics.hf``, not by hand."""

from metrics import huggingface


class ActiveIntentAccuracy(huggingface.Module):
    """See `metrics.huggingface`."""

    registered = "active_intent_accuracy"
