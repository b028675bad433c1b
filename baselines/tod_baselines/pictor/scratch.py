"""A tiny LLaVA from scratch: tower, projector, a small Llama, and the processor that goes with them.

Importing this imports torch and transformers.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from transformers import LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

from tod_baselines.pictor.forms import IMAGE
from tod_baselines.pictor.pretraining import SIZES, Pretraining
from tod_baselines.pictor.tower import image_processor
from tod_baselines.pictor.vision import StemVisionModel
from tod_baselines.training.llama import dimensions
from tod_bench.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def scratch_processor(settings: Pretraining, tokenizer: "PreTrainedTokenizerFast") -> LlavaProcessor:
    """The processor: a tower's token for each patch, and the one that stands for the whole picture."""
    return LlavaProcessor(
        image_processor=image_processor(settings),
        tokenizer=tokenizer,
        patch_size=settings.patch,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=1,
        image_token=IMAGE,
    )


def scratch_network(
    size: str, dims: Mapping[str, Any], tower: StemVisionModel, processor: LlavaProcessor
) -> LlavaForConditionalGeneration:
    """A LLaVA with a trained tower, which is frozen, and random weights elsewhere, from torch's generator.

    Args:
        size: One of `tod_baselines.pictor.pretraining.SIZES`.
        dims: Entries of the language model's config that differ from the size's.
        tower: The tower.
        processor: The processor, with the tokenizer.

    Raises:
        UserError: There is no such size, or the dimensions do not fit together.
    """
    from huggingface_hub.errors import StrictDataclassError

    tokenizer, vision = processor.tokenizer, tower.config
    tokens = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    try:
        text = LlamaConfig(vocab_size=len(tokenizer), **tokens, **dimensions("pictor", size, SIZES, dims))
        config = LlavaConfig(
            vision_config=vision,
            text_config=text,
            image_token_index=processor.image_token_id,
            image_seq_length=(vision.image_size // vision.patch_size) ** 2 + 1,
            vision_feature_layer=-1,
            vision_feature_select_strategy="full",
            tie_word_embeddings=text.tie_word_embeddings,
        )
        network = LlavaForConditionalGeneration._from_config(config)
    except (StrictDataclassError, ValueError) as error:
        raise UserError(f"pictor: dims: {' '.join(str(error).split())}") from None
    network.model.vision_tower.load_state_dict(tower.state_dict())
    network.model.vision_tower.requires_grad_(False)
    return network
