"""`joint_noncategorical_accuracy` for Hugging Face evaluate; written by ``python -m metrics.hf``, not by hand."""

from metrics import huggingface


class JointNoncategoricalAccuracy(huggingface.Module):
    """See `metrics.huggingface`."""

    registered = "joint_noncategorical_accuracy"
