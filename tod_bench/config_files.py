"""Reading configs: YAML files, overrides, and every error of a file at once with the nearest key that is right."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from tod_bench.binding import in_words
from tod_bench.errors import DataError, UserError, did_you_mean
from tod_bench.inputs import parse_yaml, read_text
from tod_bench.shipped import config_names, shipped_folder

Model = TypeVar("Model", bound=BaseModel)

SMALL = "_small"
"""Ends the names of small variants."""


def load_validated(model: type[Model], name: str, overrides: Sequence[str] = (), *, small: bool = False) -> Model:
    """Reads a config of any sort and validates its shape.

    Args:
        model: What the file must hold.
        name: A path, or the name of a shipped config.
        overrides: ``key=value`` pairs; the key is dotted, the value YAML (``systems.t5.params.epochs=2``).
        small: Whether its small variant is wanted.

    Raises:
        UserError: The file is missing, is not YAML, or has errors; all of them are in the message, a line each. Or it
            has no small variant.
    """
    path = config_path(name)
    raw = read_yaml(path)
    if small:
        make_small(raw, str(path))
    return validated(model, str(path), raw, overrides)


def make_small(raw: dict[str, Any], place: str) -> None:
    """Turns a raw config into its small variant: sets the dotted keys that it names under ``small``, and its name.

    Raises:
        UserError: It has none.
    """
    settings = raw.pop("small", None)
    if not isinstance(settings, dict):
        raise UserError(f"{place} has no small variant (no key `small`); run it without --small")
    for key, value in settings.items():
        set_key(raw, str(key), value)
    raw["name"] = f"{raw.get('name')}{SMALL}"


def validated(model: type[Model], place: str, raw: dict[str, Any], overrides: Sequence[str]) -> Model:
    """Validates keys and values that are already read; see `load_validated`.

    Args:
        model: What they must be.
        place: Where they come from, for errors.
        raw: The keys and values; overrides are set in it.
        overrides: ``key=value`` pairs.

    Raises:
        LayoutError: They have errors.
    """
    for override in overrides:
        key, value = parse_override(override)
        set_key(raw, key, value)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise LayoutError(place, list(_sentences(error, model)), *_without_errors(model, raw, error)) from None


class LayoutError(UserError):
    """A config has errors of layout: keys that do not exist, values of the wrong type.

    Attributes:
        sentences: The errors.
        rest: What is left of the config without them; None where too little is left.
        whole: Whether `rest` lacks nothing but unknown keys, so that its parts can be checked against each other.
    """

    def __init__(self, place: str, sentences: Sequence[str], rest: BaseModel | None, whole: bool) -> None:
        super().__init__(error_list(place, sentences))
        self.sentences, self.rest, self.whole = tuple(sentences), rest, whole


def _without_errors(
    model: type[BaseModel], raw: dict[str, Any], error: ValidationError
) -> tuple[BaseModel | None, bool]:
    """A config without the keys that have errors, and whether they were unknown ones alone."""
    left, whole = deepcopy(raw), True
    while True:
        items = error.errors()
        whole &= all(item["type"] == "extra_forbidden" for item in items)
        deleted = [_delete(left, item["loc"]) for item in items]
        if not any(deleted):
            return None, whole
        try:
            return model.model_validate(left), whole
        except ValidationError as again:
            error = again


def _delete(raw: Any, location: Sequence[int | str]) -> bool:
    """Deletes the value at a location, or the nearest section above it that is there; False at the top."""
    parents: list[tuple[Any, int | str]] = []
    for part in location:
        has = part in raw if isinstance(raw, dict) else isinstance(raw, list) and part in range(len(raw))
        if not has:
            # A required key is missing: the section that should have it goes.
            break
        parents.append((raw, part))
        raw = raw[part]
    if not parents:
        return False
    section, key = parents[-1]
    del section[key]
    return True


def config_path(name: str) -> Path:
    """The file of a config: the path as given, or the shipped config of that name.

    Raises:
        UserError: There is neither.
    """
    shipped = shipped_folder("eval_configs") / f"{name.removesuffix('.yaml')}.yaml"
    for path in (Path(name), shipped):
        if path.is_file():
            return path
    raise UserError(f"there is no config {name}{did_you_mean(name, config_names())}; see `tod-bench list configs`")


def error_list(place: str, sentences: Sequence[str]) -> str:
    """The message of a config's errors: one line each, below a line that counts them."""
    count = f"{len(sentences)} error{'s' if len(sentences) > 1 else ''}"
    return "\n".join([f"{place} has {count}:", *(f"  - {sentence}" for sentence in sentences)])


class _UniqueKeys(yaml.SafeLoader):
    """A loader that refuses a key that is given twice, which YAML forbids and PyYAML lets pass."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # As the file has it: later on, keys that are merged in (`<<`) stand beside those that replace them.
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.tag != "tag:yaml.org,2002:str":
                continue
            if key_node.value in seen:
                raise yaml.YAMLError(f"line {key_node.start_mark.line + 1}: the key {key_node.value!r} is given twice")
            seen.add(key_node.value)
        return node


def read_yaml(path: Path) -> dict[str, Any]:
    """The keys and values of a config file.

    Raises:
        UserError: It cannot be read, or is something else.
    """
    raw = parse_yaml(read_text(path), str(path), lambda text: unshared(yaml.load(text, Loader=_UniqueKeys)))
    if not isinstance(raw, dict):
        raise UserError(f"{path} should hold keys and values, such as `name: my_table`")
    return raw


def unshared(value: Any) -> Any:
    """A value with a section of its own wherever one stands in several places (``*name``, ``<<: *name``).

    PyYAML puts the same object into all of them, so that an override of one would set the others, too.

    Raises:
        RecursionError: A section holds itself.
    """
    if isinstance(value, dict):
        return {key: unshared(part) for key, part in value.items()}
    return [unshared(part) for part in value] if isinstance(value, list) else value


_SHORT_FOR = {"corpora": "corpus", "systems": "system", "tasks": "metrics"}


EACH = "*"
"""In place of a part of a dotted key: every entry there that has the rest of the key already."""


def set_key(raw: dict[str, Any], key: str, value: Any) -> None:
    """Sets a dotted key of a raw config, making the sections on the way.

    ``systems.*.params.max_minutes`` sets the key of every system that has it, and of no other.

    Raises:
        UserError: Something on the way holds no keys, or no entry has the key.
    """
    keys = list(_each_key(raw, key.split("."))) if EACH in key.split(".") else [key.split(".")]
    if not keys:
        raise UserError(f"{key}: no entry has this key, so nothing is set; name one in place of {EACH}")
    for parts in keys:
        _set_one(raw, parts, value)


def _each_key(node: Any, parts: Sequence[str]) -> Iterator[list[str]]:
    """The keys that a key with `EACH` in it stands for: those that are there."""
    first, *rest = parts
    names = node if first == EACH else [first]
    for name in list(names) if isinstance(node, dict) else ():
        if name in node:
            yield from ([name, *more] for more in _each_key(node[name], rest)) if rest else [[name]]


def _set_one(raw: dict[str, Any], parts: Sequence[str], value: Any) -> None:
    key = ".".join(parts)
    *parents, last = parts
    node: Any = raw
    for depth, parent in enumerate(parents):
        if depth == 1 and isinstance(node, dict) and isinstance(node.get(parent), str | list):
            # `oracle: oracle` and `dst: [jga]` are short for sections, which can be added to.
            node[parent] = {_SHORT_FOR.get(parents[0], ""): node[parent]}
        node = node.setdefault(parent, {}) if isinstance(node, dict) else None
        if not isinstance(node, dict):
            raise UserError(f"{key}: {parent!r} holds no keys, so nothing below it can be set")
    node[last] = value


def parse_override(override: str) -> tuple[str, Any]:
    """The key and the YAML value of a ``key=value`` pair.

    Raises:
        UserError: It is not such a pair.
    """
    key, sign, value = override.partition("=")
    if not sign or not key:
        raise UserError(f"{override!r} should be key=value, e.g. seeds=[1,2,3]")
    try:
        return key, parse_yaml(value, override)
    except DataError:
        return key, value


def _sentences(error: ValidationError, root: type[BaseModel]) -> Iterator[str]:
    for item in error.errors():
        if item["type"] == "too_short" and item["input"]:
            continue  # its items are wrong, and each of them has a sentence
        place = ".".join(str(part) for part in item["loc"]) or "the file"
        if item["type"] == "extra_forbidden":
            *parents, key = item["loc"]
            yield f"{place}: unknown key{did_you_mean(str(key), _fields_at(parents, root))}"
        elif item["type"] == "missing":
            yield f"{place}: this key is required"
        else:
            yield f"{place}: {in_words(item)}"


def _fields_at(location: Sequence[int | str], root: type[BaseModel]) -> list[str]:
    """The keys that the section at a location can have."""
    annotation: Any = root
    for part in location:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(part))
            annotation = field.annotation if field else None
        else:
            annotation = _item_model(annotation)
    model = _item_model(annotation) or annotation
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _item_model(annotation: Any) -> Any:
    """The model among the arguments of a type such as ``dict[str, Model]`` or ``Model | None``."""
    arguments = getattr(annotation, "__args__", ())
    return next((item for item in arguments if isinstance(item, type) and issubclass(item, BaseModel)), None)
