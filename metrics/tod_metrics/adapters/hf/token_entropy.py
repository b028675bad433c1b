"""`token_entropy` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class TokenEntropy(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "token_entropy"
