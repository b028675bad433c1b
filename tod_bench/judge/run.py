"""Running a judge config: items, requests, verdicts, report; all of it kept in one folder and resumed from it.

report = judge("judge_likert")
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tod_bench.errors import UserError
from tod_bench.files import digest_of, write_json, write_text
from tod_bench.judge.asking import ask_all, judge_answers
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import Draft, drafts_of, random_nonce
from tod_bench.judge.facts import Facts
from tod_bench.judge.families import family_warnings
from tod_bench.judge.items import ItemSet, read_items
from tod_bench.judge.markdown import markdown
from tod_bench.judge.own_questions import QuestionFile
from tod_bench.judge.prompting import Prompt, load_prompt
from tod_bench.judge.ratings import ratings_of
from tod_bench.judge.report import JudgeReport, make_report
from tod_bench.judge.store import Judged, JudgedStore, read_judged
from tod_bench.judge.verdicts import Unscored
from tod_bench.llm.budget import SpendingFile
from tod_bench.llm.client import ChatClient
from tod_bench.provenance import provenance
from tod_metrics.judge.ratings import Rating

FORMAT = 2
"""Version of the files in a run's folder. Format 1 differs in what ``temperature: null`` means, and can be read."""


def run(
    config: JudgeConfig,
    folder: Path,
    client: ChatClient,
    *,
    started: Callable[[int], None] = lambda _: None,
    settled: Callable[[], None] = lambda: None,
    draw: Callable[[Draft], str] = random_nonce,
    items: ItemSet | None = None,
) -> JudgeReport:
    """Asks what is not answered yet, and reports on everything.

    Args:
        config: The judge config.
        folder: Where items, judged queries and the report are kept; a second run goes on from there.
        client: Who is asked; see `tod_bench.judge.clients`.
        started: Called with the number of queries that are still open, before any is asked.
        settled: Called after every query that was settled now.
        draw: Draws the nonce of a query that has none yet; see `tod_bench.judge.prompting`.
        items: Items to judge instead of those that the config names.

    Returns:
        The report, which is also in the folder.

    Raises:
        UserError: Something a user can mend; what was settled before it is kept.
    """
    prompt, items = prepare(config, items)
    keys = [draft.key(client.base_url) for draft in drafts_of(config, prompt, items)]
    with JudgedStore(folder) as store:
        _save_plan(folder, config, prompt, items, keys=keys, base_url=client.base_url)
        started(sum(key not in store for key in keys))
        try:
            ask_all(config, prompt, items, client, store, settled=settled, draw=draw)
        finally:
            _note_spending(folder, client)
    return report_of(folder)


def reparse(config: JudgeConfig, folder: Path) -> JudgeReport:
    """Reads every stored answer again, without a request, and reports anew.

    Raises:
        UserError: Nothing is stored for this config.
    """
    prompt, items = prepare(config)
    base_url = _read(folder / "run.json")["base_url"]
    keys = []
    with JudgedStore(folder) as store:
        for draft in drafts_of(config, prompt, items):
            keys.append(draft.key(base_url))
            stored = store.get(keys[-1])
            if stored is not None:
                again = judge_answers(config, draft.sealed(stored.nonce), stored.attempts, stored.key, prompt.hash)
                store.add(replace(again, pending=stored.pending and isinstance(again.outcome, Unscored)))
        if not any(key in store for key in keys):
            raise UserError(f"{folder} holds no answers to what this config asks; run it without --reparse first")
        _save_plan(folder, config, prompt, items, keys=keys, base_url=base_url)
    return report_of(folder)


def report_of(folder: Path) -> JudgeReport:
    """Makes the report of a folder anew from what is stored in it, and writes it.

    Raises:
        UserError: The folder holds no run, or a file of it cannot be read.
    """
    plan, of_items = _read(folder / "run.json"), stored_items(folder)
    config = _config_of(plan)
    unseen = (plan.get("unseen", 0), len(of_items["attributes"]))
    facts = Facts(config, plan["corpus"], plan["prompt"], split=plan.get("split", ""), unseen=unseen)
    with JudgedStore(folder) as store:
        ratings = ratings_of(facts.watching(_stored(store, plan["keys"], facts)))
    report = make_report(
        config,
        ratings,
        facts,
        **of_items,
        exact_match=plan.get("exact_match", ""),
        notes=family_warnings(config),
        provenance={**provenance(), **{name: plan[name] for name in ("corpus", "fingerprint", "population", "spent")}},
    )
    write_json(folder / "report.json", report.to_json())
    write_text(folder / "report.md", markdown(report))
    return report


def stored_items(folder: Path) -> dict[str, Any]:
    """What a report needs of a run's items, by item: their `attributes`, `words`, and slots that are `wrong`.

    Raises:
        UserError: The folder holds no run.
    """
    items = _read(folder / "items.json")["items"]
    return {
        "attributes": {item["id"]: item["attributes"] for item in items},
        "words": {item["id"]: item["words"] for item in items},
        "wrong": {item["id"]: item["wrong"] for item in items if "wrong" in item},
    }


def stored_ratings(folder: Path) -> tuple[list[Rating], dict[str, dict[str, str]], tuple[str, ...]]:
    """A run's ratings, the attributes of its items' users, and the versions of its pairs (empty without pairs).

    Raises:
        UserError: The folder holds no run.
    """
    plan, attributes = _read(folder / "run.json"), stored_items(folder)["attributes"]
    config = _config_of(plan)
    keys = set(plan["keys"])
    ratings = ratings_of(judged for judged in read_judged(folder) if judged.key in keys)
    return ratings, attributes, config.candidates if config.task == "pairwise" else ()


def stored_questions(folder: Path) -> QuestionFile | None:
    """The questions of the user's own that a run asks; None where it asks none.

    Raises:
        UserError: The folder holds no run.
    """
    return _config_of(_read(folder / "run.json")).question_file


def default_folder(config: JudgeConfig, root: Path = Path("runs/judge"), *, ablation: bool = False) -> Path:
    """Where a run is kept that names no folder: one folder a config and judge.

    A folder of an earlier version, whose name lacks the judge's, goes on to be used for the judge that it holds.
    """
    stem = f"{config.name}_audit" if ablation else config.name
    model = config.judge.model
    plain = re.sub(r"[^\w.-]+", "-", model)
    earlier = root / stem
    if (earlier / "run.json").is_file() and _read(earlier / "run.json")["config"]["judge"]["model"] == model:
        return earlier
    # Two models' names can become the same (a/b, a-b); what was changed is told apart by a digest.
    return root / (f"{stem}_{plain}" if plain == model else f"{stem}_{plain}-{digest_of(model)[:6]}")


def prepare(config: JudgeConfig, items: ItemSet | None = None) -> tuple[Prompt, ItemSet]:
    """The prompt and the items of a config, or the prompt and the items given.

    Raises:
        UserError: The prompt, the corpus or a version cannot be read, or there is nothing to judge.
    """
    prompt = load_prompt(config.task, protocol=config.protocol, file=config.prompt)
    if config.question_file is not None:
        asked = config.question_file.model_dump(mode="json")
        prompt = replace(prompt, hash=digest_of([prompt.hash, asked])[:12])
    items = read_items(config) if items is None else items
    if not items.items:
        raise UserError(f"there is nothing to judge: {items.corpus} has no dialogues in {config.split}")
    return prompt, items


def _stored(store: JudgedStore, keys: list[str], facts: Facts) -> Iterator[Judged]:
    for key in keys:
        judged = store.get(key)
        if judged is None:
            facts.never_asked()
        else:
            yield judged


def _save_plan(
    folder: Path, config: JudgeConfig, prompt: Prompt, items: ItemSet, *, keys: list[str], base_url: str
) -> None:
    """Notes what is asked of which items, before it is asked."""
    listed = [
        {
            "id": item.id,
            "attributes": item.attributes,
            "words": {name: sum(len(t.system.split()) for t in turns) for name, turns in item.versions.items()},
            **(
                {"wrong": {name: [turn.wrong for turn in turns] for name, turns in item.states.items()}}
                if item.states
                else {}
            ),
        }
        for item in items.items
    ]
    write_json(folder / "items.json", {"format": FORMAT, "seed": config.sample.seed, "items": listed})
    spent = _read(folder / "run.json")["spent"] if (folder / "run.json").is_file() else []
    plan = {
        "format": FORMAT,
        "config": config.model_dump(mode="json"),
        "prompt": prompt.hash,
        "corpus": items.corpus,
        "split": items.split,
        "fingerprint": items.fingerprint,
        "population": items.population,
        **({"unseen": unseen} if (unseen := _unseen(items)) else {}),
        "base_url": base_url,
        "spent": spent,
        "exact_match": items.exact_match,
        "keys": keys,
    }
    write_json(folder / "run.json", plan)


def _unseen(items: ItemSet) -> int:
    """Users without a picture, where pictures are shown."""
    return sum(not item.persona.image for item in items.items) if items.images is not None else 0


def _note_spending(folder: Path, client: ChatClient) -> None:
    """Adds what this process has used to what earlier ones did; an interrupted run counts too."""
    plan = _read(folder / "run.json")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    spent = list(plan["spent"])
    session = {}
    # A scripted client costs nothing and has no budget.
    file: SpendingFile | None = getattr(getattr(client, "budget", None), "file", None)
    if file is not None:
        session = {"session": file.session}
        noted = {entry.get("session") for entry in spent} | {file.session}
        # What processes have used that were killed before they could note it.
        for other in file.sessions():
            if other["session"] not in noted:
                until = datetime.fromtimestamp(other["until"], UTC).isoformat(timespec="seconds")
                spent.append({**other, "until": until, "killed": True})
    spent.append({"until": now, **session, **asdict(client.spending())})
    write_json(folder / "run.json", {**plan, "spent": spent})


def _config_of(plan: dict[str, Any]) -> JudgeConfig:
    config = plan["config"]
    if plan["format"] == 1 and config["judge"].get("temperature") is None:
        config = {**config, "judge": {**config["judge"], "temperature": "auto"}}
    try:
        return JudgeConfig.model_validate(config)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise UserError(
            f"the stored config has an error at {place}; run the judge config again to make it anew"
        ) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path.parent} holds no judge run (no {path.name}); run `tod-bench judge` first") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); run the judge config again to make it anew") from None
    if not isinstance(value, dict) or value.get("format") not in (1, FORMAT):
        raise UserError(f"{path} was written by another version of tod-bench; use another --output")
    return value
