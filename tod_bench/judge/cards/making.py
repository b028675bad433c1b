"""Making a card: the runs that it needs, over one sample of items, and the measures that follow from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from tod_bench.errors import UserError
from tod_bench.files import write_json
from tod_bench.inputs import read_json
from tod_bench.judge.agreement import agreements
from tod_bench.judge.cards import answers, checks
from tod_bench.judge.cards.card import FILE, JudgeCard, Measure, missing
from tod_bench.judge.cards.conclusions import conclusions
from tod_bench.judge.cards.gold import gold_measures
from tod_bench.judge.cards.labels import TEXT, Labels, read_labels
from tod_bench.judge.cards.roles import role_measures
from tod_bench.judge.classifier_client import ClassifierClient
from tod_bench.judge.clients import needs_no_server, open_client
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import drafts_of
from tod_bench.judge.items import ItemSet, read_items
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.run import prepare, run, stored_items, stored_ratings
from tod_bench.judge.store import Judged, read_judged
from tod_bench.judge.validity import Words
from tod_bench.llm.config import Access
from tod_bench.llm.estimates import Estimate, estimate
from tod_bench.llm.prices import load_prices
from tod_bench.llm.records import ChatRequest, Usage
from tod_bench.llm.servers import resolve_url
from tod_metrics.judge.ratings import Rating

REPEATS = 3
"""How often the items of the check of self-consistency are asked."""

CHECKED = 50
"""Items of the checks that ask again; the sample itself can be larger."""


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
    plan = _planned(config, labels, items, checked)
    config, read = plan.config, plan.labels
    access = replace(access, spending=folder / "spending.sqlite")
    runs = {name: _run(config, folder / "runs" / name, access, changes, over) for name, changes, over in plan.runs}
    base = runs["base"]
    ablation = runs["personas"].report.ablation if "personas" in runs else ()
    measures = [
        *_agreement(read, base.ratings),
        *gold_measures(base.ratings, read.gold or {}),
        *checks.consistency(runs["repeats"].ratings),
        *_bias(config, base, runs.get("asking")),
        *checks.persona_use(ablation),
        *role_measures(config, plan.few, open_client(config, access), folder / "runs" / "roles"),
        *answers.unread(base.judged),
        *answers.bounded_scores(base.report),
        *answers.costs(base.judged, _price(config, access), reads_tokens=not needs_no_server(config.judge.model)),
    ]
    card = _card(config, base.report, measures, plan.items, read)
    follows = tuple(conclusions(config, measures, base.report, ablation))
    card = replace(card, conclusions=follows, command=command)
    write_json(folder / FILE, card.to_json())
    return card


def card_dry_run(
    config: JudgeConfig, access: Access, *, labels: str | None = None, items: int | None = None, checked: int = CHECKED
) -> Estimate:
    """What a card would take, without sending anything; of telling users apart and of re-asks nobody knows it.

    Args and errors as in `make_card`.
    """
    plan = _planned(config, labels, items, checked)
    asked: dict[str, ChatRequest] = {}
    for _, changes, over in plan.runs:
        changed, shown = plan.config.model_copy(update=dict(changes)), prepare(plan.config, over)[0]
        asked |= {draft.key(""): draft.request for draft in drafts_of(changed, shown, over)}
    local = needs_no_server(config.judge.model)
    url = ClassifierClient.base_url if local else resolve_url(config.judge.base_url)
    return estimate(asked.values(), url, prices=access.prices, batch=access.batch)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is asked for a card: its config, its items, those of the checks, and its runs."""

    config: JudgeConfig
    labels: Labels
    items: ItemSet
    few: ItemSet
    runs: Sequence[tuple[str, Mapping[str, object], ItemSet]]


def _planned(config: JudgeConfig, labels: str | None, size: int | None, checked: int) -> _Plan:
    read = read_labels(labels, config, size)
    if read.items is None and size is not None:
        config = config.model_copy(update={"sample": config.sample.model_copy(update={"items": size})})
    if read.items is not None:
        versions = {TEXT: {"style": "original"}}
        changed = {**config.model_dump(mode="json"), "versions": versions, "published": None}
        config = JudgeConfig.model_validate(changed)
    # What the card checks is asked in runs of its own.
    config = config.model_copy(update={"personas": ("own",), "repeats": 1, "bootstrap": checks.RESAMPLING})
    chosen = read.items or read_items(config)
    few = replace(chosen, items=chosen.items[:: max(1, len(chosen.items) // checked)][:checked])
    runs: list[tuple[str, Mapping[str, object], ItemSet]] = [
        ("base", {}, chosen),
        ("repeats", {"repeats": REPEATS}, few),
    ]
    if config.task != "emotions" and len({item.persona.impression for item in few.items}) > 1:
        runs.append(("personas", {"personas": ("own", "shuffled", "blank")}, few))
    if config.task == "likert" and len(config.questions) > 1 and config.protocol != "picpersona":
        runs.append(("asking", {"ask": "both"}, few))
    return _Plan(config, read, chosen, few, runs)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of a card, read back."""

    report: JudgeReport
    ratings: Sequence[Rating]
    judged: Sequence[Judged]
    words: Words


def _run(config: JudgeConfig, folder: Path, access: Access, changes: Mapping[str, object], items: ItemSet) -> _Run:
    """Runs a config with changes over items, and reads what came of it; each run's client knows what it spent."""
    changed = config.model_copy(update=dict(changes))
    report = run(changed, folder, open_client(changed, access), items=items)
    # The folder may also hold answers to what an earlier config asked.
    keys = set(read_json(folder / "run.json")["keys"])
    judged = [one for one in read_judged(folder) if one.key in keys]
    return _Run(report, stored_ratings(folder)[0], judged, stored_items(folder)["words"])


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


def _bias(config: JudgeConfig, base: _Run, asking: _Run | None) -> list[Measure]:
    found = [answers.echo(base.judged, certainty=config.judge.certainty)]
    if config.task == "pairwise":
        return [*checks.pair_bias(base.report), *found, _not_asked("order of the questions", "one question is asked")]
    position = _not_asked("position", "no two versions are compared")
    if config.task == "emotions":
        why = "one label is asked for, of one text"
        return [position, *found, _not_asked("length", why), _not_asked("order of the questions", why)]
    return [
        position,
        *checks.length_and_score(base.ratings, base.words, str(config.reference)),
        *checks.question_order(base.judged),
        *(checks.asking(asking.report) if asking else []),
        *found,
    ]


def _not_asked(name: str, why: str) -> Measure:
    return missing("bias", name, why)


def _price(config: JudgeConfig, access: Access) -> answers.Price:
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
