"""`domain_jga_all` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class DomainJgaAll(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "domain_jga_all"
