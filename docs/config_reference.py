"""Fills the tables of `configs.md` from the models that configs are validated by: ``python docs/config_reference.py``.

A table stands between ``<!-- keys: NAME -->`` and ``<!-- end -->``; NAME is the class of a section of a config.
"""

import inspect
import re
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from tod_bench.experiments.config import EvalConfig
from tod_bench.judge import JudgeConfig

PAGE = Path(__file__).with_name("configs.md")
MARK = re.compile(r"<!-- keys: (\w+) -->\n.*?<!-- end -->", re.DOTALL)


def sections(*roots: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """The models that can be reached from some models, by name, these first."""
    reached: dict[str, type[BaseModel]] = {}
    waiting = list(roots)
    while waiting:
        model = waiting.pop(0)
        if model.__name__ not in reached:
            reached[model.__name__] = model
            waiting += [part for field in model.model_fields.values() for part in models_in(field.annotation)]
    return reached


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models in an annotation, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models_in(argument)]


def table(model: type[BaseModel]) -> str:
    """A row for each key: its type, its default, and what the class's docstring says of it."""
    said = descriptions(model)
    rows = []
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = "required" if field.is_required() or default is PydanticUndefined else f"`{in_yaml(default)}`"
        rows.append(f"| `{name}` | {words(field.annotation)} | {shown} | {said.get(name, '')} |")
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows])


def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """What the section ``Attributes:`` says of each key, in the docstring of a class or of those it derives from."""
    parents = [parent for parent in model.__bases__ if issubclass(parent, BaseModel) and parent is not BaseModel]
    inherited = {name: text for parent in parents for name, text in descriptions(parent).items()}
    _, _, attributes = (inspect.getdoc(model) or "").partition("Attributes:\n")
    said: dict[str, list[str]] = {}
    name = ""
    for line in attributes.split("\n"):
        start = re.match(r"    (\w+): (.*)", line)
        if start:
            name = start[1]
            said[name] = [start[2]]
        elif line.startswith("        ") and name:
            said[name].append(line.strip())
        elif line.strip():
            break
    texts = {name: " ".join(lines).replace("``", "`").replace("|", "\\|") for name, lines in said.items()}
    return inherited | {name: text[:1].upper() + text[1:] for name, text in texts.items()}


def in_yaml(value: Any) -> str:
    """A default as it would be written in a config."""
    if isinstance(value, BaseModel):
        return str(value.model_dump(exclude_defaults=True))
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(in_yaml, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return '""' if value == "" else str(value)


def words(annotation: Any) -> str:
    """A type in the words of a person who writes configs."""
    names = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "anything"}
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        text = ", ".join(f"`{choice}`" for choice in arguments)
    elif origin is Annotated:
        text = words(arguments[0])
    elif origin in (Union, types.UnionType):
        text = " or ".join(words(argument) for argument in arguments if argument is not type(None))
    elif origin is dict:
        text = f"{words(arguments[0])} → {words(arguments[1])}"
    elif origin in (tuple, list):
        items = [words(argument) for argument in arguments if argument is not Ellipsis]
        text = f"list of {items[0]}" if len(items) == 1 else f"list of {len(items)}: {', '.join(items)}"
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        text = f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    else:
        text = names[annotation]
    return text


def filled(text: str) -> str:
    """The page with every table as the models are now."""
    models = sections(EvalConfig, JudgeConfig)
    return MARK.sub(lambda mark: f"<!-- keys: {mark[1]} -->\n{table(models[mark[1]])}\n<!-- end -->", text)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
