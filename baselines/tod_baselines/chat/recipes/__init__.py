"""The recipes that ship, and those of other people: ``json``, or ``my_recipes:Mine`` for a class of a module."""

from importlib import import_module

from tod_baselines.chat.recipe import Recipe
from tod_bench.errors import UserError, did_you_mean

SHIPPED = {
    "json": "tod_baselines.chat.recipes.json_:Json",
    "sql": "tod_baselines.chat.recipes.sql:Sql",
    "python": "tod_baselines.chat.recipes.python:Python",
    "tools": "tod_baselines.chat.recipes.tools:Tools",
    "tools_as_text": "tod_baselines.chat.recipes.tools:ToolsAsText",
    "pipeline": "tod_baselines.chat.recipes.pipeline:Pipeline",
}
"""Name of a recipe -> where its class is."""


def recipe_names() -> list[str]:
    """Names of the recipes that ship."""
    return list(SHIPPED)


def recipe_class(name: str) -> type[Recipe]:
    """The class of a recipe.

    Args:
        name: The name of one that ships, or ``module:Class`` of a module that Python finds, in the working folder too.

    Raises:
        UserError: There is no such recipe.
    """
    place = SHIPPED.get(name, name)
    module_name, colon, class_name = place.partition(":")
    if not colon:
        raise UserError(
            f"recipe: there is no recipe {name!r}{did_you_mean(name, SHIPPED)}; choose from {', '.join(SHIPPED)}, "
            "or name a class of your own as module:Class"
        )
    module = _module(module_name, name)
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, Recipe)):
        raise UserError(
            f"recipe: {module_name} has no class {class_name} that extends tod_baselines.chat.recipe.Recipe"
        )
    return found


def _module(module_name: str, name: str) -> object:
    import sys
    from pathlib import Path

    folder = str(Path.cwd())
    added = name not in SHIPPED and folder not in sys.path
    if added:
        sys.path.insert(0, folder)
    try:
        return import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name not in module_name.split("."):
            raise UserError(f"recipe: {name} cannot be imported: {error}") from None
        raise UserError(f"recipe: there is no module {module_name} in the working folder or on Python's path") from None
    finally:
        if added:
            sys.path.remove(folder)
