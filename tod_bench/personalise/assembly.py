"""Everything that a personalised corpus is made with, opened: corpus, personas, arm, client, stages and their files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.opening import open_bound
from tod_bench.errors import UserError
from tod_bench.files import write_json
from tod_bench.llm.client import ChatClient
from tod_bench.llm.config import Access, open_client
from tod_bench.personalise.checks.ontology import Lexicon, foreign_values
from tod_bench.personalise.checks.rules import work_lexicon
from tod_bench.personalise.checks.stage import ChecksStage
from tod_bench.personalise.emotions import open_emotions
from tod_bench.personalise.filters.stages import NaturalStage, SemanticStage, StyleStage
from tod_bench.personalise.llm_arm import open_llm_arm
from tod_bench.personalise.llm_options import StyleModel, style_model
from tod_bench.personalise.options import Options
from tod_bench.personalise.pairing import Pool, pool_of
from tod_bench.personalise.pairs_stage import PairsStage
from tod_bench.personalise.persona_files import read_faces
from tod_bench.personalise.protected import find_lost
from tod_bench.personalise.reviews_stage import ReviewsStage
from tod_bench.personalise.rows import STAGES, StageFile, StageName
from tod_bench.personalise.rules import RulesArm
from tod_bench.personalise.styling import Arm
from tod_bench.personalise.turn_stages import SystemStage, UserStage
from tod_bench.personalise.work import Stage, Work
from tod_bench.records import Persona
from tod_bench.splits import read_split, whole_split

SPLITS = ("train", "dev", "test")
"""The splits that records are written into."""

STAGES_FOLDER = "stages"
SETTINGS = "settings.json"
"""In the folder of the stages: what this machine made the folder with, places included, for making the report anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Assembly:
    """What a run goes through.

    Attributes:
        work: The work.
        stages: All stages, in order.
        pool: Who can be paired; None where the corpus's personas are kept.
    """

    work: Work
    stages: Sequence[Stage]
    pool: Pool | None


@contextmanager
def opened(options: Options, access: Access | None = None, *, client: ChatClient | None = None) -> Iterator[Assembly]:
    """Opens everything, and closes the files when the block ends.

    Args:
        options: What with.
        access: How a model is reached; None for the cache of the folder.
        client: Who answers, in place of whom `access` names.

    Raises:
        UserError: An option is wrong, something is not where it should be, or another process writes into the folder.
    """
    corpus = open_bound(options.corpus, options.corpus_options)
    model = model_of(options) if options.arm == "llm" else None
    options = replace(options, splits=written_splits(corpus, options.splits), llm=model)
    _check_dialogues(corpus, options)
    pool = pool_of(options.strategies, read_faces(options.personas)) if options.personas else None
    personas = pool.personas if pool else _personas_of(corpus, options)
    emotions = open_emotions(options.emotion)
    lexicon = work_lexicon(corpus, options)
    client = client or _client(options, access)
    arm = _arm(options, client, lexicon)
    folder = options.output / STAGES_FOLDER
    with ExitStack() as held:
        files: Mapping[StageName, StageFile] = {
            name: held.enter_context(StageFile(folder / f"{name}.jsonl")) for name in STAGES
        }
        work = Work(options, corpus, personas, arm, client, files)
        yield Assembly(work, _stages(PairsStage(emotions, pool), lexicon), pool)


def _stages(pairs: Stage, lexicon: Lexicon) -> list[Stage]:
    reviews = ReviewsStage(partial(_foreign, lexicon=lexicon), lexicon.digest)
    return [pairs, UserStage(), reviews, SystemStage(), ChecksStage(), StyleStage(), SemanticStage(), NaturalStage()]


def written_splits(corpus: Corpus, splits: Mapping[str, str]) -> dict[str, str]:
    """The splits that are written, all of the corpus's where none is named.

    Raises:
        UserError: Records cannot be written into a split of that name.
    """
    chosen = dict(splits) or {split: split for split in corpus.splits if split in SPLITS}
    for split, expression in chosen.items():
        if split not in SPLITS:
            raise UserError(f"records are written into train, dev and test; write --split test={expression}, say")
    if not chosen:
        raise UserError(f"{corpus.name} has none of the splits train, dev and test; write --split test=EXPRESSION")
    return chosen


def named_splits(expressions: Sequence[str]) -> dict[str, str]:
    """``["train", "dev[:100]", "test=train[90%:]"]`` as split -> expression.

    Raises:
        UserError: An expression cannot be read, or two of them are written into one split.
    """
    splits: dict[str, str] = {}
    for text in expressions:
        name, given, expression = text.partition("=")
        expression = expression if given else text
        split = name.strip() if given else whole_split(expression)
        if "+" in split:
            raise UserError(f"--split {text} is of several splits; say which it is written into: --split train={text}")
        if split in splits:
            raise UserError(f"two expressions are written into {split}; join them: --split {split}={text}+...")
        splits[split] = expression
    return splits


def _check_dialogues(corpus: Corpus, options: Options) -> None:
    """Refuses dialogues that rows could not tell apart, and those without a persona where none are given."""
    count = long_enough = 0
    for split, expression in options.splits.items():
        seen: set[str] = set()
        for dialogue in read_split(corpus, expression):
            count += 1
            long_enough += len(dialogue.turns) >= options.fewest_turns
            if dialogue.id in seen:
                raise UserError(
                    f"--split {split}={expression} has two dialogues {dialogue.id!r}; write them into different splits"
                )
            if options.personas is None and dialogue.persona is None:
                raise UserError(
                    f"{corpus.name} has no persona for dialogue {dialogue.id}; give --personas, a folder or a file"
                )
            seen.add(dialogue.id)
    if not count:
        raise UserError(f"--split names no dialogue of {corpus.name}")
    if not long_enough:
        raise UserError(
            f"--split names no dialogue of {corpus.name} with {options.fewest_turns} turns, and --strategies "
            f"{options.strategies} passes over shorter ones; name others, or leave out --strategies"
        )


def _personas_of(corpus: Corpus, options: Options) -> dict[str, Persona]:
    found = (one.persona for expression in options.splits.values() for one in read_split(corpus, expression))
    return {persona.image: persona for persona in found if persona is not None}


def _client(options: Options, access: Access | None) -> ChatClient | None:
    if options.arm == "rules":
        return None
    return open_client(model_of(options), access or Access(options.output / "answers.sqlite", replay=True))


def model_of(options: Options) -> StyleModel:
    """The model that the arm ``llm`` asks."""
    return style_model(options.llm) if options.llm is not None else StyleModel()


def _arm(options: Options, client: ChatClient | None, lexicon: Lexicon) -> Arm:
    rules = RulesArm(options.seed, options.rules)
    if client is None:
        return rules
    return open_llm_arm(model_of(options), client, rules, find_lost, partial(_foreign, lexicon=lexicon))


def _foreign(text: str, allowed: str, *, lexicon: Lexicon) -> tuple[str, ...]:
    return foreign_values(text, allowed, lexicon)


def save_settings(options: Options) -> None:
    """Keeps what a folder was made with."""
    values = {field.name: getattr(options, field.name) for field in fields(options) if field.name != "output"}
    values["llm"] = None if options.llm is None else options.llm.model_dump(mode="json")
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}
    write_json(options.output / STAGES_FOLDER / SETTINGS, json.loads(json.dumps(plain, default=str)))


def load_settings(output: Path) -> Options:
    """What a folder was made with.

    Raises:
        UserError: The folder was not made by ``tod-bench personalise``, or its file of settings is damaged.
    """
    file = output / STAGES_FOLDER / SETTINGS
    try:
        values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        for name in ("personas", "reviews", "rules"):
            values[name] = Path(values[name]) if values[name] is not None else None
        values["llm"] = None if values["llm"] is None else StyleModel.model_validate(values["llm"])
        return Options(**values, output=output)
    except FileNotFoundError:
        raise UserError(f"{output} has no {STAGES_FOLDER}/{SETTINGS}; make it with tod-bench personalise") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} cannot be read ({error}); run tod-bench personalise once more") from None
