"""What systems make of what a model wrote."""

from collections.abc import Mapping

from tod_bench.records import Schema


def within(schema: Schema, state: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The slots of a state that the schema has, values in the schema's case; and the names of the others."""
    kept: dict[str, dict[str, str]] = {}
    unknown = []
    for domain, slots in state.items():
        for slot, value in slots.items():
            spec = schema.get(domain, {}).get(slot)
            if spec is None:
                unknown.append(f"{domain} {slot}")
            else:
                # A model that reads and writes lower case cannot know how the schema writes a value.
                written = next((known for known in spec.values if known.lower() == value), value)
                kept.setdefault(domain, {})[slot] = written
    return kept, unknown
