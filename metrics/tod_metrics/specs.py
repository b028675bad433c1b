"""How a metric is named in a line: ``name``, ``name@protocol``, ``name(option=value, ...)@protocol``.

    jga@trade
    inform(state=gold)@mwzeval
    success(active=slot_names, text=delexicalised)

Options are keyword arguments of the metric's class whose values can be written as a word or a number. In YAML and in a
shell a spec with options is put in quotes.
"""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_SPEC = re.compile(r"\s*(?P<name>[^\s()@=,]+)\s*(?:\((?P<options>[^()]*)\)\s*)?(?:@(?P<protocol>.*))?", re.DOTALL)
_FORM = "write name(option=value, ...)@protocol, in quotes where it stands in YAML or a shell"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric's name, options and protocol.

    Attributes:
        name: The metric's name.
        options: Options as written, sorted by name.
        protocol: The protocol; empty for the metric's default.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    protocol: str = ""

    @property
    def label(self) -> str:
        """The spec without its protocol, ``inform(state=gold)``: what a score is called in tables."""
        listed = ",".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.name}({listed})" if listed else self.name

    def __str__(self) -> str:
        return f"{self.label}@{self.protocol}" if self.protocol else self.label


def parse_spec(text: str) -> MetricSpec:
    """Reads a spec; blanks and the order of options do not matter.

    Raises:
        ValueError: It does not have the form.
    """
    match = _SPEC.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} names no metric; {_FORM}")
    options: dict[str, str] = {}
    listed = (match["options"] or "").strip()
    for part in listed.split(",") if listed else ():
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or not name or not value:
            raise ValueError(f"{text!r}: {part.strip()!r} is no option=value; {_FORM}")
        if name in options:
            raise ValueError(f"{text!r}: the option {name!r} is given twice")
        options[name] = value
    return MetricSpec(match["name"], dict(sorted(options.items())), (match["protocol"] or "").strip())


def canonical(text: str) -> str:
    """A spec as all specs of the same metric are written: without blanks, options sorted, no default protocol.

    What is no spec (the name of a count, say) stays as it is.
    """
    try:
        return str(parse_spec(text)).removesuffix("@tod_bench")
    except ValueError:
        return text


def bound_options(spec: MetricSpec, metric_type: type[Any]) -> dict[str, Any]:
    """The options and the protocol of a spec as keyword arguments of the metric's class.

    Raises:
        ValueError: The metric has no such option or protocol, or an option cannot have the value.
    """
    bound = {name: _value(spec.name, name, text, metric_type) for name, text in spec.options.items()}
    return {**bound, "protocol": spec.protocol} if spec.protocol else bound


def check_options(name: str, options: Mapping[str, Any], metric_type: type[Any]) -> None:
    """Refuses keyword arguments that a metric does not take.

    Args:
        name: The metric's name.
        options: The keyword arguments.
        metric_type: The metric's class.

    Raises:
        ValueError: There is no such option or protocol, or a choice is not among those offered.
    """
    accepted = inspect.signature(metric_type).parameters
    for option, value in options.items():
        if option not in accepted:
            if option == "protocol":
                raise ValueError(f"the metric {name!r} has no protocols; leave out '@{value}'")
            raise ValueError(f"the metric {name!r} has no option {option!r}{nearest(option, accepted)}")
        annotation = _hints(metric_type).get(option, Any)
        if get_origin(annotation) is Literal and option != "protocol" and value not in get_args(annotation):
            raise ValueError(_refusal(name, option, value, annotation))
    # A metric that the harness hands nothing to is built to be checked, and says itself what protocols it combines.
    protocols = metric_type.protocols if metric_type.needs else ()
    if "protocol" in options and protocols and options["protocol"] not in protocols:
        offered = ", ".join(protocols)
        raise ValueError(f"the metric {name!r} has no protocol {options['protocol']!r}; choose one of {offered}")


def nearest(word: str, choices: Mapping[str, Any]) -> str:
    """``; did you mean 'x'?`` for the nearest choice, or an empty string where none is near."""
    near = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def _value(metric: str, option: str, text: str, metric_type: type[Any]) -> Any:
    if option == "protocol":
        raise ValueError(f"the protocol of {metric!r} is written after the options: {metric}(...)@{text}")
    accepted = {name: kind for name, kind in _settable(metric_type).items() if name != "protocol"}
    if option not in accepted:
        known = f"; it has {', '.join(accepted)}" if accepted else "; it has none"
        hint = nearest(option, accepted) or known
        raise ValueError(f"the metric {metric!r} has no option {option!r} to set in a spec{hint}")
    annotation = accepted[option]
    kinds = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    for kind in kinds:
        value = _converted(text, kind)
        if value is not None:
            return value
    raise ValueError(_refusal(metric, option, text, annotation))


def _converted(text: str, kind: Any) -> Any:
    """A text as a value of a type; None where it is none."""
    if get_origin(kind) is Literal:
        return next((choice for choice in get_args(kind) if str(choice) == text), None)
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower())
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return None
    return text if kind in (str, Any) else None


def _refusal(metric: str, option: str, value: Any, annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        choices = {str(choice): None for choice in get_args(annotation)}
        wanted = f"{', '.join(choices)}{nearest(str(value), choices)}"
    else:
        names = {bool: "true, false", int: "a whole number", float: "a number"}
        wanted = names.get(annotation, str(annotation))
    return f"the metric {metric!r}: {option} cannot be {value!r}; it takes {wanted}"


def _settable(metric_type: type[Any]) -> dict[str, Any]:
    """Parameter -> its type, of those that a spec can set: not what the harness hands over, nor the domain."""
    handed = {*metric_type.needs, "domain"}
    hints = _hints(metric_type)
    parameters = {
        name: hints.get(name, Any) for name in inspect.signature(metric_type).parameters if name not in handed
    }
    return {name: kind for name, kind in parameters.items() if get_origin(kind) not in (tuple, list, dict)}


def _hints(metric_type: type[Any]) -> dict[str, Any]:
    try:
        return get_type_hints(metric_type.__init__)
    except (NameError, TypeError):
        return {}
