"""Checking and counting corpora, from records and from the command line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tod_bench.cli.data import command
from tod_bench.cli.main import main
from tod_bench.corpora.base import Corpus
from tod_bench.corpora.check import check
from tod_bench.corpora.counts import Counts, count
from tod_bench.errors import DataError, UserError
from tod_bench.plugins import with_defaults
from tod_bench.records import Dialogue, Persona, Schema, SlotSpec, Span, Turn
from tod_bench.reports.corpora import open_with

SCHEMA: Schema = {
    "restaurant": {"pricerange": SlotSpec("", True, ("cheap",)), "area": SlotSpec()},
    "taxi": {"destination": SlotSpec(), "leaveat": SlotSpec()},
}


@lambda plain: with_defaults(plain, Corpus)
@dataclass
class Toy:
    """A corpus of given dialogues."""

    listed: list[Dialogue]
    name: str = "toy"
    splits: tuple[str, ...] = ("test",)
    schema: Schema = field(default_factory=lambda: SCHEMA)
    fingerprint: str = ""
    database: None = None
    skipped: tuple[DataError, ...] = ()

    def dialogues(self, split: str) -> Iterator[Dialogue]:
        self.skipped = (DataError("bad", dialogue="x"),) if self.name == "skipping" else ()
        return iter(self.listed)


def _kinds(corpus: Any) -> list[tuple[str, bool]]:
    return [(finding.kind, finding.serious) for finding in check(corpus, "test")]


def test_a_sound_dialogue_has_no_findings(dialogue: Dialogue) -> None:
    sound = replace(dialogue.turns[0], spans=(Span("user", "restaurant", "pricerange", "Cheap", 2, 7),))
    assert _kinds(Toy([replace(dialogue, turns=(sound, dialogue.turns[1]))])) == []


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"state": {"restaurant": {"view": ("sea",)}}}, [("unknown slot", True)]),
        ({"state": {"spa": {"area": ("sea",)}}}, [("unknown slot", True)]),
        ({"state": {"restaurant": {"pricerange": ("cheap", "dear")}}}, [("unlisted value", True)]),
        ({"state": {"restaurant": {"pricerange": ("dontcare",)}}}, []),
        ({"index": 7}, [("turn order", True)]),
        ({"user": " "}, [("empty utterance", False)]),
        ({"system": ""}, [("empty utterance", False)]),
        ({"spans": (Span("user", "restaurant", "area", "x", 30, 99),)}, [("span out of text", True)]),
        ({"spans": (Span("user", "restaurant", "area", "x", 5, 5),)}, [("span out of text", True)]),
        ({"spans": (Span("system", "restaurant", "area", "dear", 24, 29),)}, [("span of another form", False)]),
    ],
)
def test_findings_of_a_turn(dialogue: Dialogue, change: dict[str, Any], kinds: list[tuple[str, bool]]) -> None:
    changed = replace(dialogue, turns=(replace(dialogue.turns[0], **change), dialogue.turns[1]))
    assert _kinds(Toy([changed])) == kinds


def test_findings_of_dialogues(dialogue: Dialogue) -> None:
    assert _kinds(Toy([dialogue, dialogue])) == [("repeated id", True)]
    assert _kinds(Toy([replace(dialogue, turns=())])) == [("no turns", True)]
    assert _kinds(Toy([replace(dialogue, persona=Persona(age="old", gender="female"))])) == [("persona", True)]
    assert _kinds(Toy([replace(dialogue, persona=Persona(age="unknown"))])) == []
    assert _kinds(Toy([dialogue], name="skipping")) == [("unusable", True)]


def test_spans_say_nothing_of_restyled_utterances(dialogue: Dialogue) -> None:
    turn = replace(
        dialogue.turns[0], user="Yo!", styled_user="Yo!", spans=(Span("user", "restaurant", "area", "x", 5, 9),)
    )
    assert _kinds(Toy([replace(dialogue, turns=(turn, dialogue.turns[1]))])) == []


def test_counts() -> None:
    turns = (Turn(0, "one two", "three"), Turn(1, "four  five\nsix", ""))
    dialogues = [
        Dialogue("a", "toy", "test", ("Homes_1", "Homes_2"), turns),
        Dialogue("b", "toy", "test", ("Media_1",), ()),
    ]
    counts = count(dialogues)
    assert counts == Counts(dialogues=2, services=3, domains=2, turns=3, tokens=6)
    assert (counts.turns_a_dialogue, counts.tokens_a_turn) == (1.5, 2.0)
    assert (Counts().turns_a_dialogue, Counts().tokens_a_turn) == (0.0, 0.0)


GOOD = """\
sgd-accumulated-unofficial
  not official: test/dialogues_001.json
  not official: test/schema.json
  not official: train/dialogues_001.json
  not official: train/dialogues_002.json
  not official: train/schema.json
train: nothing found
test: nothing found
"""


def test_the_check_command_exits_with_1_on_problems_only(release_sgd: Path, write: Any) -> None:
    good = CliRunner().invoke(command, ["check", "sgd", "--option", f"path={release_sgd}"])
    assert (good.exit_code, good.output) == (0, GOOD)
    write("sgd/train/dialogues_002.json", [{"dialogue_id": "2_00000"}, {"dialogue_id": "2_00001"}])
    bad = CliRunner().invoke(
        command, ["check", "sgd", "--option", f"path={release_sgd}", "--split", "train", "--list", "1"]
    )
    assert bad.exit_code == 1
    assert "  problem: unusable: 2\n" in bad.output
    assert "dialogue 2_00000: the key 'turns' is missing\n    ... and 1 more\n" in bad.output


def test_the_stats_command_has_our_counts_and_the_published(release_sgd: Path) -> None:
    shown = CliRunner().invoke(command, ["stats", "sgd", "--option", f"path={release_sgd}"])
    assert shown.exit_code == 0
    assert "a token is a run of characters without white space" in shown.output
    rows = [line.split() for line in shown.output.splitlines()]
    assert ["sgd-accumulated-unofficial", "train", "3", "2", "2", "4.00", "3.25"] in rows
    assert ["SGD", "published", "16,142", "16", "20.44", "9.75"] in rows
    as_json = CliRunner().invoke(command, ["stats", "sgd", "--option", f"path={release_sgd}", "--format", "json"])
    assert json.loads(as_json.output)["rows"][0]["tokens"] == 39


def test_options_are_bound_to_the_reader(release_sgd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = open_with("sgd", [f"path={release_sgd}", "hold_out=[Homes]", "view=frame"])
    assert held.name == "sgd-frame-without-Homes-unofficial"
    with pytest.raises(UserError, match=r"sgd\.veiw: unknown key; did you mean 'view'"):
        open_with("sgd", ["veiw=frame"])
    with pytest.raises(UserError, match="'view' has no value; write KEY=VALUE"):
        open_with("sgd", ["view"])
    monkeypatch.delenv("TOD_BENCH_DATA", raising=False)
    with pytest.raises(SystemExit) as stopped:
        main(["data", "stats", "multiwoz", "--option", "version=2.1"])
    assert stopped.value.code == 2
