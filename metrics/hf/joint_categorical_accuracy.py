"""`joint_categorical_accuracy` for Hugging Face evaluate; written by ``python -m metrics.hf``, not by hand."""

from metrics import huggingface


class JointCategoricalAccuracy(huggingface.Module):
    """See `metrics.huggingface`."""

    registered = "joint_categorical_accuracy"
