"""What the user of a dialogue feels, by which dialogues and faces are paired: positive, neutral or negative.

    sources:  vader            VADER's rules (Hutto & Gilbert 2014), by the package vaderSentiment
              labels.json/csv  labels of one's own
              anything else    a classifier of the hub, or a folder, such as cardiffnlp/twitter-roberta-base-sentiment

Utterances have labels, and a dialogue the one that the released code makes of them (`of_utterances`).

VADER's score of an utterance (``compound``, -1 to 1) is positive from 0.5 and negative from -0.5. On the 1,000 test
dialogues of MultiWOZ this gives 48.7% positive, 50.4% neutral and 0.9% negative ones with the texts of 2.2, and 46.9,
49.7 and 3.4% with those of 2.1, whose blanks and punctuation differ; the paper has 50.92, 52.44 and 0.55 (which add to
more than 100).
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, get_args

from tod_bench.errors import DataError, UserError, extra_needed
from tod_bench.files import digest_of, digest_of_files
from tod_bench.records import Dialogue

Emotion: TypeAlias = Literal["positive", "neutral", "negative"]

EMOTIONS: tuple[Emotion, ...] = get_args(Emotion)

VERSION = 1
"""Goes up when the same words get other labels."""

VADER = "vader"
BOUND = 0.5
"""VADER's score from which an utterance is positive, and, negated, negative."""

_CLASSES: Mapping[str, Emotion] = {
    **dict(zip(("label_0", "label_1", "label_2"), ("negative", "neutral", "positive"), strict=True)),
    **{emotion: emotion for emotion in EMOTIONS},
    **{"neg": "negative", "neu": "neutral", "pos": "positive"},
}
"""What classifiers call their classes; ``LABEL_0`` to ``LABEL_2`` are those of twitter-roberta."""


class EmotionSource(Protocol):
    """What labels dialogues."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """Everything of it that decides a label, as JSON values."""
        ...

    def emotions(self, dialogues: Sequence[Dialogue]) -> Iterator[Emotion]:
        """A label for each dialogue, in order.

        Raises:
            UserError: A dialogue has none.
        """
        ...


def open_emotions(setting: str) -> EmotionSource:
    """What an option ``emotion`` names.

    Raises:
        UserError: A file is not there or not one of labels, or there is no such classifier.
        MissingExtraError: A package is not installed.
    """
    if setting == VADER:
        return Vader()
    path = Path(setting)
    if path.suffix in (".json", ".csv"):
        labels = Labels(path)
        labels.read()
        return labels
    return Classifier(setting)


def of_utterances(labels: Iterable[Emotion]) -> Emotion:
    """The label of a dialogue: as ``set_emotion`` of the released ``1.SGD_to_Mwoz.py`` has it.

    Negative where any utterance is; else neutral where there are more than twice as many neutral utterances as
    positive ones; else positive.
    """
    found = list(labels)
    if "negative" in found:
        return "negative"
    return "neutral" if found.count("neutral") > 2 * found.count("positive") else "positive"


@dataclass(frozen=True)
class Vader:
    """VADER's rules and lexicon."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """The package's version and the bound."""
        from importlib.metadata import version

        with extra_needed("personalise", "the emotion of dialogues by VADER"):
            _analyser()
        return {"emotion": VADER, "version": VERSION, "package": version("vaderSentiment"), "bound": BOUND}

    def emotions(self, dialogues: Sequence[Dialogue]) -> Iterator[Emotion]:
        """A label for each dialogue, in order."""
        for dialogue in dialogues:
            yield of_utterances(vader_label(turn.user) for turn in dialogue.turns)


def vader_label(utterance: str) -> Emotion:
    """VADER's label of an utterance."""
    with extra_needed("personalise", "the emotion of dialogues by VADER"):
        score = _analyser().polarity_scores(utterance)["compound"]
    if score >= BOUND:
        return "positive"
    return "negative" if score <= -BOUND else "neutral"


@cache
def _analyser() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


@dataclass(frozen=True)
class Labels:
    """Labels of one's own: of dialogues, or of utterances.

    A JSON file maps each dialogue's id to its label, or to a list with one for each user utterance. A CSV file has the
    columns ``dialogue`` and ``emotion``, and ``turn`` where the labels are of utterances. Of dialogues with one id in
    several splits, ``SPLIT/ID`` tells which is meant.

    Args:
        path: The file.
    """

    path: Path

    @property
    def identity(self) -> Mapping[str, Any]:
        """The digest of the labels."""
        return {"emotion": "labels", "version": VERSION, "labels": digest_of(self._labels)}

    def emotions(self, dialogues: Sequence[Dialogue]) -> Iterator[Emotion]:
        """A label for each dialogue, in order.

        Raises:
            UserError: A dialogue has none, or not one for each of its user utterances.
        """
        for dialogue in dialogues:
            labels = self._labels.get(f"{dialogue.split}/{dialogue.id}", self._labels.get(dialogue.id))
            if labels is None:
                raise DataError("there is no emotion of this dialogue", file=str(self.path), dialogue=dialogue.id)
            if isinstance(labels, str):
                yield labels
            elif len(labels) != len(dialogue.turns):
                problem = f"there are {len(labels)} labels for {len(dialogue.turns)} user utterances"
                raise DataError(problem, file=str(self.path), dialogue=dialogue.id)
            else:
                yield of_utterances(labels)

    def read(self) -> None:
        """Reads the file.

        Raises:
            UserError: It is not there, or not one of labels.
        """
        _ = self._labels

    @cached_property
    def _labels(self) -> Mapping[str, Emotion | list[Emotion]]:
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"the labels {self.path} cannot be read ({error})") from None
        return self._of_csv(text) if self.path.suffix == ".csv" else self._of_json(text)

    def _of_json(self, text: str) -> dict[str, Emotion | list[Emotion]]:
        try:
            found = json.loads(text)
        except ValueError as error:
            raise DataError(f"the file is no JSON ({error})", file=str(self.path)) from None
        if not isinstance(found, dict):
            raise DataError("the file is not an object: dialogue id -> label", file=str(self.path))
        return {
            name: [self._label(name, one) for one in given] if isinstance(given, list) else self._label(name, given)
            for name, given in found.items()
        }

    def _of_csv(self, text: str) -> dict[str, Emotion | list[Emotion]]:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        columns = set(rows[0]) if rows else set()
        if not {"dialogue", "emotion"} <= columns:
            raise DataError("the file has no columns dialogue and emotion", file=str(self.path))
        if "turn" not in columns:
            return {row["dialogue"]: self._label(row["dialogue"], row["emotion"]) for row in rows}
        of_turns: dict[str, dict[int, Emotion]] = {}
        for row in rows:
            if not (row["turn"] or "").isdecimal():
                raise DataError(
                    f"{row['turn']!r} is no number of a turn", file=str(self.path), dialogue=row["dialogue"]
                )
            label = self._label(row["dialogue"], row["emotion"])
            of_turns.setdefault(row["dialogue"], {})[int(row["turn"])] = label
        for name, labels in of_turns.items():
            if sorted(labels) != list(range(len(labels))):
                raise DataError("a turn has no label; turns count from 0", file=str(self.path), dialogue=name)
        return {name: [labels[turn] for turn in sorted(labels)] for name, labels in of_turns.items()}

    def _label(self, dialogue: str, given: Any) -> Emotion:
        label = next((emotion for emotion in EMOTIONS if emotion == str(given).strip().lower()), None)
        if label is None:
            problem = f"{given!r:.40} is no emotion; write {', '.join(EMOTIONS)}"
            raise DataError(problem, file=str(self.path), dialogue=dialogue)
        return label


@dataclass(frozen=True)
class Classifier:
    """A classifier of texts with the classes positive, neutral and negative.

    Args:
        place: Its name on the hub, or a folder.
    """

    place: str

    @property
    def identity(self) -> Mapping[str, Any]:
        """Its weights, or its name and commit on the hub."""
        folder = Path(self.place)
        if folder.is_dir():
            weights = digest_of_files(sorted(path for path in folder.iterdir() if path.is_file()))
            return {"emotion": "classifier", "version": VERSION, "weights": weights}
        commit = getattr(self._pipeline.model.config, "_commit_hash", None)
        return {"emotion": self.place, "version": VERSION, "commit": commit}

    def emotions(self, dialogues: Sequence[Dialogue]) -> Iterator[Emotion]:
        """A label for each dialogue, in order.

        Raises:
            UserError: The model has other classes.
        """
        for dialogue in dialogues:
            said = [turn.user for turn in dialogue.turns]
            found = self._pipeline(said, truncation=True, batch_size=16) if said else []
            yield of_utterances(self._class(one["label"]) for one in found)

    def _class(self, name: str) -> Emotion:
        known = _CLASSES.get(name.lower())
        if known is None:
            raise UserError(
                f"the classifier {self.place} has a class {name!r}; its classes must be {', '.join(EMOTIONS)}"
            )
        return known

    @cached_property
    def _pipeline(self) -> Any:
        with extra_needed("train", "a classifier of emotions"):
            from transformers import pipeline
        try:
            return pipeline("text-classification", model=self.place, device=-1)
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).partition("\n")[0]
            raise UserError(f"--emotion {self.place}: no such classifier can be loaded ({reason})") from None
