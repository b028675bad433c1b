"""What a personalised corpus was made of: digests of everything, counts, versions; no place of any machine."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tod_bench.files import digest_of_files
from tod_bench.personalise import pairing, turn_stages
from tod_bench.personalise.assembly import Assembly
from tod_bench.personalise.options import Options
from tod_bench.personalise.released import record_of, text_loses, type_of
from tod_bench.personalise.styled import persona_of
from tod_bench.personalise.work import Work
from tod_bench.provenance import provenance

_PLACES = ("path", "corrections", "images")
"""Options of readers that say where files are."""


def manifest_of(assembly: Assembly, written: Mapping[str, int], dropped: int) -> dict[str, Any]:
    """The manifest of a finished run, as JSON values.

    Args:
        assembly: What the run went through.
        written: Split -> number of dialogues in its records.
        dropped: Number of dialogues that were dropped.
    """
    work = assembly.work
    return {
        "options": _options(work.options),
        "corpus": _corpus(work, written),
        "files": _digests(work.options),
        "arm": {"name": work.arm.name, **work.arm.identity},
        "personas": _personas(assembly),
        "pairs": _pairs(work),
        "records": {"written": dict(written), "dropped": dropped, "lost_by_released_fields": _lost(work)},
        "rows": {name: len(file) for name, file in work.files.items() if len(file)},
        "versions": {"pairs": pairing.VERSION, "requests": turn_stages.VERSION},
        "provenance": provenance(),
    }


def public_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a reader without those that say where something is on this machine."""
    return {name: value for name, value in options.items() if name not in _PLACES and not _is_place(value)}


def _is_place(value: Any) -> bool:
    if isinstance(value, Path):
        return True
    if isinstance(value, list | tuple):
        return any(map(_is_place, value))
    return isinstance(value, str) and (os.sep in value or value.startswith("~"))


def _options(options: Options) -> dict[str, Any]:
    emotion = "labels" if _is_place(options.emotion) or options.emotion.endswith((".json", ".csv")) else options.emotion
    return {
        "corpus": options.corpus,
        "corpus_options": public_options(options.corpus_options),
        "arm": options.arm,
        "emotion": emotion,
        "encoder": Path(options.encoder).name if _is_place(options.encoder) else options.encoder,
        "strategies": options.strategies,
        "filters": options.filters,
        "splits": dict(options.splits),
        "seed": options.seed,
        "model": None if options.llm is None else options.llm.model,
    }


def _corpus(work: Work, written: Mapping[str, int]) -> dict[str, Any]:
    corpus = work.corpus
    return {
        "name": corpus.name,
        "fingerprint": corpus.fingerprint,
        "unofficial": [Path(place).name for place in corpus.unofficial],
        "release": [extent.as_json() for extent in work.extents()],
        "selected": {split: sum(1 for _ in work.of_split(split)) for split in written},
        "passed_over": {split: sum(1 for _ in work.passed_over(split)) for split in written},
    }


def _digests(options: Options) -> dict[str, str]:
    """Digest of the files of each place that is given."""
    places = {"personas": options.personas, "reviews": options.reviews, "rules": options.rules}
    return {name: _digest(place) for name, place in places.items() if place is not None}


def _digest(place: Path) -> str:
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    return digest_of_files(files)


def _personas(assembly: Assembly) -> dict[str, Any]:
    pool = assembly.pool
    if pool is None:
        return {"from": "corpus", "number": len(assembly.work.personas)}
    return {"from": "file", "number": len(pool.personas), "left_out": dict(pool.left_out)}


def _pairs(work: Work) -> dict[str, Any]:
    emotions: Counter[str] = Counter()
    reused = other = 0
    how: Mapping[str, Any] = {}
    for split, dialogue in work.dialogues():
        row = work.row("pairs", split, dialogue.id)
        emotions[row.value["emotion"]] += 1
        reused += bool(row.provenance.get("reused"))
        other += bool(row.provenance.get("other_emotion"))
        how = row.provenance["emotions"]
    return {"emotions_by": how, "emotions": dict(sorted(emotions.items())), "reused": reused, "other_emotion": other}


def _lost(work: Work) -> dict[str, int]:
    kind = type_of(work.corpus)
    lost: Counter[str] = Counter()
    for split, dialogue in work.dialogues():
        persona = persona_of(work.row("pairs", split, dialogue.id).value)
        plain = [(turn.user, turn.system) for turn in dialogue.turns]
        lost.update(text_loses(kind, record_of(kind, split, dialogue, persona, plain)))
    return dict(lost)
