"""A model that sees, as training and answering use it: texts and pictures in, batches out.

Scratch and pretrained models are the same here. A LLaVA's pictures are looked at once, and what its tower made of them
is kept (`tod_baselines.pictor.features`); those of other models are processed at every step.

Importing this imports torch and transformers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tod_baselines.decoder.decoding import longest_text
from tod_baselines.pictor.features import KeptTower, states_of
from tod_baselines.pictor.forms import form_of
from tod_baselines.pictor.pictures import open_picture
from tod_baselines.training.devices import device
from tod_bench.errors import UserError
from tod_bench.images import Images
from tod_bench.progress import track

SQUARE_TOWERS = frozenset({"clip_vision_model", "siglip_vision_model", "pictor_vision"})
"""Towers that make as many tokens of every picture."""

BY_TOKEN = frozenset({"input_ids", "attention_mask", "mm_token_type_ids", "token_type_ids"})
"""What processors give for each token; all else is of the picture."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is read before an answer is written.

    Attributes:
        ids: Its tokens, those of the picture among them.
        picture: The name of the picture; empty for none.
    """

    ids: list[int]
    picture: str = ""


class SeeingModel:
    """A model, its processor, and the pictures that it was shown.

    Args:
        network: The model, or one with an adapter.
        processor: Its processor.
        name: The name of the model, for messages.

    Attributes:
        ends: Tokens that end an answer.
        pad: The token that fills rows up.
        kept: The tower, where its states are kept instead of being computed at every step; else None.
    """

    def __init__(self, network: Any, processor: Any, name: str) -> None:
        self.network, self.processor, self.name = network, processor, name
        self.tokenizer = processor.tokenizer
        self._form = form_of(processor, name)
        self._end: int = self.tokenizer.convert_tokens_to_ids(self._form.end)
        self.ends = frozenset({self._end, self.tokenizer.eos_token_id, *self._known_ends})
        self.pad: int = (
            self.tokenizer.eos_token_id if self.tokenizer.pad_token_id is None else self.tokenizer.pad_token_id
        )
        added = self.tokenizer.added_tokens_decoder.values()
        self._special = {self.processor.image_token, *(token.content for token in added if token.special)}
        self.kept: nn.Module | None = None
        self._images: Images | None = None
        self._expansions: dict[str, str] = {}
        self._states: dict[str, NDArray[np.float32]] = {}
        self._checked = False
        if self._has_square_tower:
            self._keep_tower()

    @cached_property
    def longest(self) -> int:
        """The most tokens that the model reads."""
        return longest_text(self.base)

    @property
    def base(self) -> Any:
        """The model itself, without the wrapper of an adapter."""
        return self.network.get_base_model() if hasattr(self.network, "get_base_model") else self.network

    def show(self, names: Iterable[str], images: Images) -> None:
        """Looks at pictures, before they can stand in prompts; those that were shown before are not looked at again.

        Args:
            names: The pictures, as `Persona.image` names them.
            images: The pictures of the corpus; those of another corpus are forgotten, since names can be the same.

        Raises:
            UserError: A picture cannot be read, or the model's processor cannot be followed.
        """
        if self._images is not None and self._images.fingerprint != images.fingerprint:
            self._states.clear()
            self._expansions.clear()
        self._images = images
        new = sorted(set(names) - self._expansions.keys())
        if not new:
            return
        if self.kept is not None:
            layer = self.base.config.vision_feature_layer
            states = states_of(new, images, self.kept.to(device()), self.processor.image_processor, layer)
            expansion = self._expanded(new[0])
            if states is not None and expansion.count(self.processor.image_token) == self._tokens(states):
                self._states.update(zip(new, states, strict=True))
                self._expansions.update(dict.fromkeys(new, expansion))
                return
            self._give_tower_back()
        for name in track(new, "looking at pictures", len(new), unit="pictures"):
            self._expansions[name] = self._expanded(name)

    def prompt(self, text: str, picture: str = "") -> Prompt:
        """The tokens of a prompt.

        Args:
            text: What is read.
            picture: The name of a picture that was shown; empty for none.

        Raises:
            UserError: The picture was not shown.
        """
        before, after = self._form.seeing if picture else self._form.opening, self._form.closing
        if picture:
            if picture not in self._expansions:
                raise UserError(f"pictor: the picture {picture} is in a prompt and was not shown before")
            before = before.replace(self.processor.image_token, self._expansions[picture])
        if self._has_special(text):
            return Prompt([*self._ids(before), *self._literal(text), *self._ids(after, opens=False)], picture)
        ids = self._ids(before + text + after)
        if picture:
            self._check(self._form.seeing + text + after, picture, ids)
        return Prompt(ids, picture)

    def answer(self, text: str) -> list[int]:
        """The tokens of an answer, with the one that ends it."""
        return [*self._literal(self._form.lead + text), self._end]

    def read(self, ids: Sequence[int]) -> str:
        """The text of tokens that the model wrote, up to the one that ends it."""
        stop = next((place for place, token in enumerate(ids) if token in self.ends), len(ids))
        text: str = self.tokenizer.decode(
            list(ids[:stop]), skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return text.strip()

    def inputs(self, prompts: Sequence[Prompt], answers: Sequence[Sequence[int]] = ()) -> dict[str, Tensor]:
        """A batch, on the model's device: rows filled up on the left, so that all end at the same place.

        Args:
            prompts: What is read.
            answers: The tokens of the answers, to learn them; none to write them.

        Returns:
            ``input_ids``, ``attention_mask``, ``position_ids`` (but for models that count positions in pictures) of
            shape (rows, longest), and what the pictures add (``pixel_values``, ...).
        """
        rows = [prompt.ids for prompt in prompts]
        if answers:
            rows = [[*ids, *answer] for ids, answer in zip(rows, answers, strict=True)]
        width = max(map(len, rows))
        ids = torch.tensor([[self.pad] * (width - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        batch = {"input_ids": ids, "attention_mask": mask, **self._of_pictures(prompts)}
        if self._tells_image_tokens:
            batch["mm_token_type_ids"] = (ids == self.processor.image_token_id).long()
        else:
            batch["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)
        return {name: part.to(self.base.device) for name, part in batch.items()}

    def whole(self) -> Any:
        """The network with its own tower in place, for saving; `inputs` cannot be used afterwards."""
        if self.kept is not None:
            self.base.model.vision_tower = self.kept.to(self.base.device)
            self.kept = None
        return self.network

    @property
    def _known_ends(self) -> list[int]:
        """The ends that the model's own settings of generation name."""
        ends = self.base.generation_config.eos_token_id
        return [ends] if isinstance(ends, int) else list(ends or ())

    @property
    def _has_square_tower(self) -> bool:
        config = self.base.config
        return (
            config.model_type == "llava"
            and isinstance(config.vision_feature_layer, int)
            and config.vision_config.model_type in SQUARE_TOWERS
        )

    @property
    def _tells_image_tokens(self) -> bool:
        """Whether the model counts positions in pictures itself, for which it is told which tokens are a picture's."""
        return hasattr(self.base.model, "get_rope_index")

    def _keep_tower(self) -> None:
        tower: nn.Module = self.base.model.vision_tower
        self.kept, self.base.model.vision_tower = tower, KeptTower(tower)

    def _give_tower_back(self) -> None:
        self.whole()
        self._states.clear()

    def _tokens(self, states: NDArray[np.float32]) -> int:
        """How many of the kept states of a picture the model reads."""
        tokens: int = states.shape[1]
        return tokens - 1 if self.base.config.vision_feature_select_strategy == "default" else tokens

    def _of_pictures(self, prompts: Sequence[Prompt]) -> dict[str, Tensor]:
        """What the pictures of prompts add to a batch."""
        names = [prompt.picture for prompt in prompts if prompt.picture]
        if not names:
            return {}
        if self.kept is not None:
            return {"pixel_values": torch.from_numpy(np.stack([self._states[name] for name in names]))}
        parts = [self._processed(self.processor.image_token, name) for name in names]
        try:
            return {name: torch.cat([part[name] for part in parts]) for name in parts[0] if name not in BY_TOKEN}
        except RuntimeError:
            raise UserError(
                f"pictor: {self.name} makes parts of different number or size of these pictures; set batch_size and "
                "decode_rows to 1, or scale the pictures to one size"
            ) from None

    def _processed(self, text: str, picture: str, **options: Any) -> Mapping[str, Any]:
        assert self._images is not None
        image = open_picture(picture, self._images)
        processed: Mapping[str, Any] = self.processor(text=[text], images=[image], return_tensors="pt", **options)
        return processed

    def _expanded(self, picture: str) -> str:
        """What stands in the text for a picture: as many marks as the model reads tokens of it."""
        ids = self._processed(self.processor.image_token, picture, add_special_tokens=False)["input_ids"][0].tolist()
        text: str = self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text

    def _ids(self, text: str, *, opens: bool = True) -> list[int]:
        """The tokens of a text; at its beginning (`opens`) with the token that begins one, unless it stands there."""
        opens = opens and not self._opened(text)
        ids: list[int] = self.tokenizer(text, add_special_tokens=opens).input_ids
        return ids

    def _literal(self, text: str) -> list[int]:
        """The tokens of what somebody said: a special token in it is only text."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids
        return ids

    def _opened(self, text: str) -> bool:
        return self.tokenizer.bos_token is not None and text.startswith(self.tokenizer.bos_token)

    def _has_special(self, text: str) -> bool:
        return any(token in text for token in self._special)

    def _check(self, written: str, picture: str, ids: list[int]) -> None:
        """Compares the tokens of the first prompt with a picture with those that the model's own processor makes."""
        if self._checked:
            return
        opens = not self._opened(written)
        theirs = self._processed(written, picture, add_special_tokens=opens)["input_ids"][0].tolist()
        if theirs != ids:
            raise UserError(
                f"pictor: the processor of {self.name} writes pictures into a text in a way that is not known here; "
                "take another model"
            )
        self._checked = True
