"""`entity_f1` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class EntityF1(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "entity_f1"
