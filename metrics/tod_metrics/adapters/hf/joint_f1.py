"""`joint_f1` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class JointF1(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "joint_f1"
