"""What differs between the inputs of a stored result and those of the same experiment now, in words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Place: TypeAlias = tuple[str, ...]

_NESTING = frozenset({"scored", "fit", "upstream", "responses", "state", "acts"})
"""Keys that only say from which earlier step an input comes."""

_WORDS = {"train": "the training split", "dev": "the dev split", "test": "the test split", "split": "the split"}


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """What changed, a phrase each and each once.

    Args:
        before: What `tod_bench.experiments.plan.Plan.result_inputs` gave when the result was made.
        now: What it gives now.
    """
    found = _differences(as_json(before), as_json(now), (), "")
    return tuple(dict.fromkeys(phrase for phrase in found if phrase))


def as_json(value: Any) -> Any:
    """A value as it is after it was written to a JSON file and read back."""
    return json.loads(json.dumps(value, default=str))


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], place: Place, system: str) -> Iterator[str]:
    system = str(now.get("system", system))
    for key in [*now, *(key for key in before if key not in now)]:
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _differences(old, new, (*place, key), system)
        elif old != new:
            yield _phrase((*place, key), old, new, system)


def _phrase(place: Place, before: Any, now: Any, system: str) -> str:
    """One change in words; empty where another phrase tells it."""
    key, section = place[-1], place[-2] if len(place) > 1 else ""
    fixed = {
        "fingerprint": "the corpus's files or options changed",
        "harness": "the code of tod-bench itself changed",
        "version": f"tod-bench is {now}, not {before}",
    }
    if key in fixed:
        return fixed[key]
    if section in ("files", "ratings"):
        return f"the content of {key} changed" if before is not None and now is not None else ""
    if key in ("source", "distribution"):
        owner = f"the metric {section}" if "metric_code" in place else f"the system {system}"
        owner = owner if "code" in place or "metric_code" in place else "the corpus's reader"
        return f"the source of {owner} changed" if key == "source" else f"{owner} is of {now}, not of {before}"
    name = ".".join(part for part in place if part not in _NESTING or part == key)
    is_now = "is no longer set" if now is None else f"is {_brief(now)}"
    return f"{_WORDS.get(key, name)} {is_now}, {'and was not set' if before is None else f'not {_brief(before)}'}"


def _brief(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
