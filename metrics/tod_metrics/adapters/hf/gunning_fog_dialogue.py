"""`gunning_fog_dialogue` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class GunningFogDialogue(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "gunning_fog_dialogue"
