"""`delex_bleu` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class DelexBleu(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "delex_bleu"
