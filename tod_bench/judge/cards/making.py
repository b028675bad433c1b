"""Making a card: the runs that it needs, over one sample of items, and the measures that follow from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from tod_bench.errors import UserError
from tod_bench.files import digest_of, digest_of_files, write_json
from tod_bench.judge.agreement import agreements
from tod_bench.judge.cards import checks
from tod_bench.judge.cards.card import FILE, JudgeCard, Measure, missing
from tod_bench.judge.cards.conclusions import conclusions
from tod_bench.judge.cards.gold import Gold, Key, gold_measures, gold_of
from tod_bench.judge.cards.roles import role_measures
from tod_bench.judge.clients import needs_no_server, open_client
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.items import Item, ItemSet, read_items
from tod_bench.judge.labelled import GOEMOTIONS, Labelled, has_texts, labelled_file, read_labelled
from tod_bench.judge.ratings_csv import read_ratings
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.run import run, stored_ratings
from tod_bench.judge.store import Judged, read_judged
from tod_bench.judge.validity import AblationRow, Words
from tod_bench.llm.client import ChatClient
from tod_bench.llm.config import Access
from tod_bench.llm.prices import load_prices
from tod_bench.llm.records import Usage
from tod_bench.records import Persona
from tod_bench.systems import Exchange
from tod_metrics.judge.ratings import EMOTION, Rating

REPEATS = 3
"""How often the items of the check of self-consistency are asked."""

CHECKED = 50
"""Items of the checks that ask again; the sample itself can be larger."""

TEXT = "text"
"""The version of a labelled text."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What counts as right.

    Attributes:
        source: Where it is from.
        people: Ratings to agree with.
        gold: What is right for each unit.
        items: The items that the labels bring; None where they are about a corpus's.
    """

    source: str
    people: tuple[Rating, ...] = ()
    gold: Gold | None = None
    items: ItemSet | None = None


def make_card(
    config: JudgeConfig,
    folder: Path,
    access: Access,
    *,
    labels: str | None = None,
    items: int | None = None,
    checked: int = CHECKED,
    command: str = "",
) -> JudgeCard:
    """Asks a judge what its card needs, as far as that has not been asked, and writes ``card.json``.

    Args:
        config: The judge config. Of labelled texts only the task, the judge and the size of the sample are used.
        folder: Where the card and its runs are kept; a second call goes on from there.
        access: How the judge is reached. All runs share its cache and its budget.
        labels: A file of people's ratings or of labelled texts, or ``goemotions``; None for no labels.
        items: How many items are judged; None for the config's sample, or for all labelled texts.
        checked: Items of the checks that ask again.
        command: What makes this card, for its reader.

    Raises:
        UserError: Something a user can mend; what was settled before it is kept.
    """
    read = _labels(labels, config, items)
    if read.items is None and items is not None:
        config = config.model_copy(update={"sample": config.sample.model_copy(update={"items": items})})
    if read.items is not None:
        versions = {TEXT: {"style": "original"}}
        changed = {**config.model_dump(mode="json"), "versions": versions, "published": None}
        config = JudgeConfig.model_validate(changed)
    # What the card checks is asked in runs of its own.
    config = config.model_copy(update={"personas": ("own",), "repeats": 1, "bootstrap": checks.RESAMPLING})
    chosen = read.items or read_items(config)
    few = replace(chosen, items=chosen.items[:: max(1, len(chosen.items) // checked)][:checked])
    access = replace(access, spending=folder / "spending.sqlite")
    runs = _Runs(config, folder / "runs", access)
    base = runs.run("base", {}, chosen)
    ablation = _ablation(runs, few)
    measures = [
        *_agreement(read, base.ratings),
        *gold_measures(base.ratings, read.gold or {}),
        *checks.consistency(runs.run("repeats", {"repeats": REPEATS}, few).ratings),
        *_bias(runs, base, few),
        *checks.persona_use(ablation),
        *role_measures(config, few, runs.client(), folder / "runs" / "roles"),
        *checks.unread(base.judged),
        *checks.costs(base.judged, _price(config, access)),
    ]
    card = _card(config, base.report, measures, chosen, read)
    follows = tuple(conclusions(config, measures, base.report, ablation))
    card = replace(card, conclusions=follows, command=command)
    write_json(folder / FILE, card.to_json())
    return card


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of a card, read back."""

    report: JudgeReport
    ratings: Sequence[Rating]
    judged: Sequence[Judged]
    words: Words


@dataclass(frozen=True, slots=True)
class _Runs:
    """The runs of a card: one judge, one folder each."""

    config: JudgeConfig
    folder: Path
    access: Access

    def run(self, name: str, changes: Mapping[str, object], items: ItemSet) -> _Run:
        """Runs the config with changes over items, and reads what came of it."""
        config = self.config.model_copy(update=dict(changes))
        folder = self.folder / name
        report = run(config, folder, self.client(), items=items)
        keep = {item.id for item in items.items}
        judged = [one for one in read_judged(folder) if one.query.item in keep]
        words = {
            item.id: {
                version: sum(len(turn.system.split()) for turn in turns) for version, turns in item.versions.items()
            }
            for item in items.items
        }
        return _Run(report, stored_ratings(folder)[0], judged, words)

    def client(self) -> ChatClient:
        """A client of the judge; each run has its own, so that each knows what it spent."""
        return open_client(self.config, self.access)


def _labels(given: str | None, config: JudgeConfig, size: int | None) -> Labels:
    if given is None:
        return Labels("none")
    path = labelled_file(given, "test")
    if given.partition(":")[0] == GOEMOTIONS:
        return _of_texts(config, path, (GOEMOTIONS, path.stem), size)
    if has_texts(path):
        return _of_texts(config, path, (path.stem, "labelled"), size)
    ratings = read_ratings(path, config.candidates if config.task == "pairwise" else ()).ratings
    raters = len({rating.rater for rating in ratings})
    return Labels(f"{path.name}: {raters} rater{'s' if raters > 1 else ''}", ratings, gold_of(ratings))


def _of_texts(config: JudgeConfig, path: Path, named: tuple[str, str], size: int | None) -> Labels:
    if config.task != "emotions":
        raise UserError(f"{path} holds texts with emotion labels; give it with an emotions config, not {config.task}")
    whole, (name, part) = read_labelled(path), named
    if size is not None and size > len(whole):
        raise UserError(f"{path} has {len(whole)} texts, not {size}; lower --items")
    read = whole if size is None else sorted(whole, key=lambda one: _order(config.sample.seed, one.id))[:size]
    items = ItemSet(name, digest_of_files([path]), len(whole), tuple(map(_item, read)), part)
    gold: dict[Key, frozenset[int | str]] = {(one.id, EMOTION, TEXT, 0): frozenset(one.labels) for one in read}
    people = [Rating(one.id, EMOTION, min(one.labels), TEXT, "gold", turn=0) for one in read if len(one.labels) == 1]
    return Labels(f"{name}, {part}: {len(read)} of {len(whole)} texts", tuple(people), gold, items)


def _order(seed: int, name: str) -> str:
    return digest_of([seed, name])


def _item(one: Labelled) -> Item:
    """A labelled text as a dialogue of one turn, in which the user says nothing."""
    return Item(one.id, Persona(), {TEXT: (Exchange("", one.text),)})


def _agreement(labels: Labels, judge: Sequence[Rating]) -> list[Measure]:
    if not labels.people:
        return [missing("agreement", "alpha, judge and labels", "no labels were given for these items")]
    rated = {rating.item for rating in labels.people}
    if not rated & {rating.item for rating in judge}:
        raise UserError(f"{labels.source}: none of its items, such as {min(rated)!r}, is among those that are judged")
    found = []
    for one in agreements(labels.people, [r for r in judge if r.repeat == 0], checks.RESAMPLING):
        if one.between not in ("people", "judge and consensus"):
            continue
        name = "alpha, people" if one.between == "people" else "alpha, judge and labels"
        if one.alpha is None:
            found.append(missing("agreement", name, one.note, one.question))
        else:
            ends, note = (one.low, one.high), f"{one.level}; {one.same:.1f}% of the pairs of ratings are equal"
            found.append(Measure("agreement", name, one.question, one.alpha, *ends, "alpha", one.units, "units", note))
    return found


def _bias(runs: _Runs, base: _Run, few: ItemSet) -> list[Measure]:
    config = runs.config
    found = [checks.echo(base.judged, certainty=config.judge.certainty)]
    if config.task == "pairwise":
        return [*checks.pair_bias(base.report), *found, _not_asked("order of the questions", "one question is asked")]
    position = _not_asked("position", "no two versions are compared")
    if config.task == "emotions":
        why = "one label is asked for, of one text"
        return [position, *found, _not_asked("length", why), _not_asked("order of the questions", why)]
    both = {"ask": "both"} if len(config.questions) > 1 and config.protocol != "picpersona" else {}
    return [
        position,
        *checks.length_and_score(base.ratings, base.words, str(config.reference)),
        *checks.question_order(base.judged),
        *(checks.asking(runs.run("asking", both, few).report) if both else []),
        *found,
    ]


def _not_asked(name: str, why: str) -> Measure:
    return missing("bias", name, why)


def _ablation(runs: _Runs, few: ItemSet) -> Sequence[AblationRow]:
    """Scores under wrong personas; empty where the task shows none, or there is one persona only."""
    if runs.config.task == "emotions" or len({item.persona.impression for item in few.items}) < 2:
        return ()
    return runs.run("personas", {"personas": ("own", "shuffled", "blank")}, few).report.ablation


def _price(config: JudgeConfig, access: Access) -> checks.Price:
    if needs_no_server(config.judge.model):
        return lambda _: 0.0
    price = load_prices(access.prices).of(config.judge.model, config.judge.base_url or "")

    def cost(counts: Mapping[str, int]) -> float | None:
        if price is None or not counts:
            return None
        usage = Usage(counts["prompt_tokens"], counts["completion_tokens"], counts.get("cached_tokens", 0))
        return price.cost(usage, batch=access.batch)

    return cost


def _card(
    config: JudgeConfig, report: JudgeReport, measures: Sequence[Measure], items: ItemSet, read: Labels
) -> JudgeCard:
    facts = report.provenance
    signature = {
        "prompt": str(facts["prompt"]),
        "protocol": str(facts["protocol"]),
        "order": str(facts["order"]),
        "temperature": str(facts["temperature"]),
        "corpus": items.corpus,
        "fingerprint": items.fingerprint[:12],
        "split": items.split,
        "sample": f"{len(items.items)} of {items.population}",
        "schema": str(config.judge.schema_output),
        "tod_bench": str(facts["tod_bench"]),
    }
    turns = fmean(len(next(iter(item.versions.values()))) for item in items.items)
    about = f"{len(items.items)} items of {items.corpus}, {items.split} ({turns:.1f} turns an item)"
    return JudgeCard(
        judge=config.judge.model,
        returned=", ".join(facts["returned"]) or "none",
        task=config.task,
        config=config.name,
        about=about,
        labels=read.source,
        signature={name: value for name, value in signature.items() if value},
        measures=tuple(measures),
        conclusions=(),
        command="",
        date=datetime.now(UTC).date().isoformat(),
    )
