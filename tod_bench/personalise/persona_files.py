"""Who users may be: PicPersona's descriptions of faces, or a file of one's own.

faces/demo.json, faces/FI.json     as PicPersona-TOD releases them
mine.csv                           image,impression,age,gender,formality,emotion
mine.json                          a list of objects with these fields, or image -> object without it
"""

import csv
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tod_bench.corpora.jsonstream import RawFile, load_json
from tod_bench.corpora.personas import AGES, EMOTIONS, FORMALITIES, GENDERS, read_personas
from tod_bench.errors import DataError, UserError, did_you_mean
from tod_bench.records import Persona

FACES = ("demo.json", "FI.json")

_FIELDS = tuple(field.name for field in fields(Persona))
_VALUES: Mapping[str, Collection[str]] = {
    "age": (*AGES, "unknown", ""),
    "gender": (*GENDERS, "unknown", ""),
    "formality": (*FORMALITIES, "unknown", ""),
    "emotion": (*EMOTIONS, "unknown", ""),
}


@dataclass(frozen=True, slots=True)
class Faces:
    """Personas that were read.

    Attributes:
        personas: Image -> persona, in the order of the file. Who has no known gender has an empty one here, where the
            released code takes them to be male.
        assumed_male: Images without a gender, which the released code takes to be male.
    """

    personas: Mapping[str, Persona]
    assumed_male: frozenset[str] = frozenset()


def read_faces(place: Path) -> Faces:
    """The personas of a folder or file.

    Raises:
        UserError: There are none, or a field has a value that it cannot have; every error names its place.
    """
    folder = next((one for one in (place, place / "face", place / "dataset/face") if (one / FACES[0]).is_file()), None)
    if folder is not None:
        return _released(folder)
    if not place.is_file():
        raise UserError(
            f"there are no personas at {place}; give a folder with {' and '.join(FACES)}, or a .csv or .json file"
        )
    if place.suffix == ".csv":
        return Faces(_checked(place, _csv_rows(place)))
    if place.suffix == ".json":
        return Faces(_checked(place, _json_rows(place)))
    raise UserError(f"{place} is neither a .csv nor a .json file of personas")


def _released(folder: Path) -> Faces:
    lines = load_json(RawFile(folder / FACES[0]))
    personas = read_personas(folder)
    unsaid = frozenset(image for image, line in lines.items() if "male" not in line.lower())
    return Faces(personas, unsaid)


def _csv_rows(place: Path) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        with place.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if "image" not in (reader.fieldnames or ()):
                raise DataError(
                    f"the first line has no column image; the columns are {','.join(_FIELDS)}", file=str(place)
                )
            return [(f"line {reader.line_num}", row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the file cannot be read ({error})", file=str(place)) from None


def _json_rows(place: Path) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        found = json.loads(place.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataError(f"the file cannot be read ({error})", file=str(place)) from None
    if isinstance(found, dict):
        found = [{"image": image, **given} if isinstance(given, dict) else given for image, given in found.items()]
    if not isinstance(found, list) or not all(isinstance(given, dict) for given in found):
        raise DataError("the file is neither a list of objects nor an object of them", file=str(place))
    return [(f"persona {number}", given) for number, given in enumerate(found, 1)]


def _checked(place: Path, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Persona]:
    personas: dict[str, Persona] = {}
    for where, row in rows:
        persona = _persona(place, where, row)
        if persona.image in personas:
            raise DataError(f"{where}: the image {persona.image!r} is there twice", file=str(place))
        personas[persona.image] = persona
    if not personas:
        raise DataError("the file has no persona", file=str(place))
    return personas


def _persona(place: Path, where: str, row: Mapping[str, Any]) -> Persona:
    for name, value in row.items():
        if name not in _FIELDS:
            problem = f"{where}: a persona has no field {name!r}{did_you_mean(str(name), _FIELDS)}"
            raise DataError(problem, file=str(place))
        if not isinstance(value, str):
            raise DataError(f"{where}: {name} is {value!r:.40}, not a text", file=str(place))
    given = {name: value.strip() for name, value in row.items()}
    if not given.get("image"):
        raise DataError(f"{where}: the image has no name, by which personas are told apart", file=str(place))
    for name, values in _VALUES.items():
        given[name] = given.get(name, "").lower()
        if given[name] not in values:
            known = ", ".join(value for value in values if value)
            raise DataError(f"{where}: {name} is {given[name]!r:.40}; it can be {known}", file=str(place))
    return Persona(**given)
