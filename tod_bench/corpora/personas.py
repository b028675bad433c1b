"""Who a face belongs to: PicPersona-TOD's descriptions of images, read into attributes.

``demo.json`` has a free-form line for each image (``gender : female, age : adult, emotion : positive, formality :
casual``, separators vary). As the corpus's own script does, an attribute is the first of its words, in a fixed order,
that occurs anywhere in the line; who is not ``female`` is ``male``.
"""

from collections.abc import Mapping
from pathlib import Path

from tod_bench.corpora.jsonstream import RawFile, load_json
from tod_bench.errors import DataError
from tod_bench.records import Persona

AGES = ("toddler", "child", "teenager", "adult", "senior")
EMOTIONS = ("positive", "neutral", "negative")
FORMALITIES = ("casual", "formal")
GENDERS = ("female", "male")


def persona(image: str, description: str, impression: str = "") -> Persona:
    """The persona of an image.

    Args:
        image: Path of the image below the image folder.
        description: Its line of ``demo.json``.
        impression: Its sentence of ``FI.json``.
    """
    line = description.lower()
    return Persona(
        image=image,
        impression=impression,
        age=_first(AGES, line),
        gender="female" if "female" in line else "male",
        formality=_first(FORMALITIES, line),
        emotion=_first(EMOTIONS, line),
    )


def read_personas(folder: str | Path) -> Mapping[str, Persona]:
    """The personas of all images of a ``face`` folder that ``demo.json`` describes, by image path.

    Raises:
        DataError: ``demo.json`` or ``FI.json`` is missing or not a mapping of texts, or an image has no impression.
    """
    described, impressions = (_texts(RawFile(Path(folder) / name)) for name in ("demo.json", "FI.json"))
    for image in described:
        if image not in impressions:
            raise DataError(f"there is no first impression of {image}", file=str(Path(folder) / "FI.json"))
    return {image: persona(image, line, impressions[image]) for image, line in described.items()}


def _first(words: tuple[str, ...], line: str) -> str:
    return next((word for word in words if word in line), "unknown")


def _texts(file: RawFile) -> dict[str, str]:
    texts = load_json(file)
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise DataError("the file is not an object of texts", file=str(file))
    return texts
