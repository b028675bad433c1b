"""`emotion_share` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class EmotionShare(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "emotion_share"
