"""Binding what a config says against the real signature of what it names, every error at once."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_type_hints

from tod_bench.errors import did_you_mean

if TYPE_CHECKING:
    from pydantic import ValidationError


def bind(target: Callable[..., Any], values: Mapping[str, Any], place: str) -> tuple[dict[str, Any], list[str]]:
    """Validates keyword arguments against a callable's parameters and their annotations.

    Args:
        target: A class or function, all of whose parameters can be given by keyword.
        values: What a config gives.
        place: Where the config gives it, for the errors (``systems.t5.params``).

    Returns:
        The values converted to the annotated types (``"1e-3"`` to a float, say), and one sentence for each error.
    """
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(target).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    hints = get_type_hints(target.__init__ if inspect.isclass(target) else target)
    errors = [
        f"{place}.{name}: unknown key{did_you_mean(name, parameters)}" for name in values if name not in parameters
    ]
    errors += [
        f"{place}.{name}: this key is required"
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty and name not in values
    ]
    bound: dict[str, Any] = {}
    for name in parameters.keys() & values.keys():
        bound[name] = _convert(values[name], hints.get(name, Any), f"{place}.{name}", errors)
    return {name: bound[name] for name in parameters if name in bound}, errors


def in_a_line(error: "ValidationError", whole: str = "") -> str:
    """All that pydantic says of a section, in one line.

    Args:
        error: What it says.
        whole: What the section itself is called, where something is wrong with all of it.
    """
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or whole}: {in_words(item)}" for item in error.errors())


def in_words(error: Mapping[str, Any]) -> str:
    """What pydantic says of a value, in the words of a person who writes configs: what it should be, and what it is."""
    value, kind, details = error.get("input"), str(error["type"]), error.get("ctx") or {}
    if kind == "value_error":
        return str(details.get("error", error["msg"]))
    if kind == "literal_error":
        choices = str(details["expected"])
        near = did_you_mean(str(value), choices.replace("'", "").replace(" or ", ", ").split(", "))
        return f"choose from {choices}, not {_shown(value)}{near}"
    if kind in _KINDS:
        return f"should be {_KINDS[kind]}, not {_shown(value)}"
    return f"{error['msg'][0].lower()}{error['msg'][1:]} (it is {_shown(value)})"


_KINDS = {
    **dict.fromkeys(["tuple_type", "list_type", "set_type"], "a list such as [a, b]"),
    **dict.fromkeys(["dict_type", "mapping_type", "model_type", "model_attributes_type"], "keys and values below it"),
    **dict.fromkeys(["int_type", "int_parsing", "int_from_float"], "a whole number"),
    **dict.fromkeys(["float_type", "float_parsing"], "a number"),
    **dict.fromkeys(["bool_type", "bool_parsing"], "true or false"),
    "string_type": "text (in quotation marks, if YAML reads it as something else)",
}
"""Type of pydantic's error -> what the value should be."""


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _convert(value: Any, annotation: Any, place: str, errors: list[str]) -> Any:
    from pydantic import PydanticUserError, TypeAdapter, ValidationError

    try:
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    except PydanticUserError:
        return value
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        # YAML reads 2.2 as a number where a version was meant, and one value where a list of one was.
        for reading in _readings(value):
            try:
                return adapter.validate_python(reading)
            except ValidationError:
                continue
        errors.extend(f"{place}: {in_words(item)}" for item in _plainest(error.errors()))
    return value


def _readings(value: Any) -> Iterator[Any]:
    """What else a value of YAML can have been meant to be."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
        yield [value]
        yield [str(value)]
    elif isinstance(value, str):
        yield [value]
    elif isinstance(value, list | tuple):
        yield [str(item) if isinstance(item, int | float) and not isinstance(item, bool) else item for item in value]


def _plainest(errors: list[Any]) -> list[Any]:
    """Of a union's errors, one a member, those that are worth a sentence: not that the value is no null."""
    return [error for error in errors if error["type"] != "none_required"] or errors
