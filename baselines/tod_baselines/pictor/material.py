"""What tower and base learn from: dialogues, users with their pictures, and users that are held out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from tod_baselines.pictor.pretraining import Pretraining
from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.errors import UserError
from tod_bench.images import Images
from tod_bench.progress import track
from tod_bench.records import Database, Dialogue, Persona


@dataclass(frozen=True, slots=True)
class Material:
    """What is learned from.

    Attributes:
        dialogues: Dialogues of the train split, for the base.
        users: Users of the train split, one a dialogue, each with a picture and an impression.
        held_out: Such users of the dev split.
        images: The pictures.
        database: The corpus's database; None where it has none.
    """

    dialogues: tuple[Dialogue, ...]
    users: tuple[Persona, ...]
    held_out: tuple[Persona, ...]
    images: Images
    database: Database | None


def corpus_of(settings: Pretraining) -> Corpus:
    """The corpus, opened.

    Raises:
        UserError: It cannot be opened, or has no pictures.
    """
    try:
        corpus = open_corpus(settings.corpus, **settings.reader_options)
    except TypeError as error:
        raise UserError(f"pictor: pretrain.options do not fit the corpus {settings.corpus}: {error}") from None
    if corpus.images is None:
        raise UserError(
            f"pictor: pretrain.corpus: {corpus.name} has no pictures; take one that has, or set its image folder in "
            "pretrain.options"
        )
    return corpus


def material_of(settings: Pretraining) -> Material:
    """Reads the corpus once.

    Raises:
        UserError: It has too few dialogues or users with a picture, or none to hold out.
    """
    corpus = corpus_of(settings)
    assert corpus.images is not None
    dialogues: list[Dialogue] = []
    users: list[Persona] = []
    wanted = max(settings.dialogues, settings.portraits)
    read = track(islice(corpus.dialogues("train"), wanted), "reading what the base learns", wanted, unit="dialogues")
    for dialogue in read:
        if len(dialogues) < settings.dialogues:
            dialogues.append(dialogue)
        users += seen_users([dialogue])
    held_out = tuple(islice(seen_users(corpus.dialogues("dev")), settings.held_out))
    for name, found, asked in (
        ("dialogues", len(dialogues), settings.dialogues),
        ("portraits", len(users), settings.portraits),
        ("held_out", len(held_out), 1),
    ):
        if found < asked:
            raise UserError(
                f"pictor: pretrain.{name} asks for {asked}, and {corpus.name} has {found}; set it lower, or read more "
                "with pretrain.options"
            )
    return Material(tuple(dialogues), tuple(users[: settings.portraits]), held_out, corpus.images, corpus.database)


def seen_users(dialogues: Iterable[Dialogue]) -> Iterator[Persona]:
    """The users of some dialogues that have a picture and an impression."""
    for dialogue in dialogues:
        persona = dialogue.persona
        if persona is not None and persona.image and persona.impression.strip():
            yield persona
