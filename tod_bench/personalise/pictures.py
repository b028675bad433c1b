"""Pictures of personas, for models that see."""

from functools import lru_cache
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.images import FolderImages
from tod_bench.llm.records import ImagePart
from tod_bench.records import Persona


@lru_cache(maxsize=256)
def picture(folder: Path, image: str) -> ImagePart | None:
    """The picture of a persona; None where the folder does not have it.

    Args:
        folder: Folder of pictures.
        image: Path of the picture in it.
    """
    try:
        return ImagePart(FolderImages(folder).data_url(image), "low")
    except UserError:
        return None


def in_words(persona: Persona) -> str:
    """What a persona's picture shows, as a sentence; empty where nothing is known."""
    known = {name: value for name in ("age", "gender", "formality", "emotion") if (value := getattr(persona, name))}
    known = {name: value for name, value in known.items() if value != "unknown"}
    said = [
        f"{known['gender']} {known['age']}"
        if {"gender", "age"} <= known.keys()
        else known.get("age", known.get("gender", "")),
        f"{known['formality']} in dress and manners" if "formality" in known else "",
        f"in a {known['emotion']} mood on the picture" if "emotion" in known else "",
    ]
    words = ", ".join(part for part in said if part)
    return f"Age, dress and mood: {words}." if words else ""
