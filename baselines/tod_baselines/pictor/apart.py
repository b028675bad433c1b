"""Whom tower and base have learned, so that nobody of them is asked about.

What a base has learned of a user would be taken for what a model reads off the picture, and nothing in a table would
show it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from tod_baselines.pictor.material import corpus_of, seen_users
from tod_baselines.pictor.pretraining import Pretraining
from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.images import Images
from tod_bench.records import Persona


@dataclass(frozen=True, slots=True)
class Learned:
    """Whom tower and base have learned, or were tested on.

    Attributes:
        corpus: The name of their corpus.
        pictures: Fingerprint of its pictures: names of other pictures mean others.
        origins: Where the pictures come from (`tod_bench.images.Images.origin`).
    """

    corpus: str
    pictures: str
    origins: frozenset[str]

    @classmethod
    def of(cls, settings: Pretraining) -> "Learned":
        """Those of some settings.

        Raises:
            UserError: The corpus cannot be opened, or has no pictures.
        """
        corpus = corpus_of(settings)
        assert corpus.images is not None
        wanted = {"train": max(settings.dialogues, settings.portraits), "dev": settings.held_out}
        origins = {origin for split, most in wanted.items() for origin in _origins(corpus, corpus.images, split, most)}
        return cls(corpus.name, corpus.images.fingerprint, frozenset(origins))

    def refuse(self, personas: Iterable[Persona | None], images: Images | None) -> None:
        """Refuses users who are among them, or of the same population of a generator.

        Args:
            personas: Users that a model is trained or tested on.
            images: The pictures of their corpus; None where it has none.

        Raises:
            UserError: There is such a user.
        """
        if images is None or images.fingerprint != self.pictures:
            return
        for name in dict.fromkeys(persona.image for persona in personas if persona is not None and persona.image):
            if images.origin(name) in self.origins:
                raise UserError(
                    f"pictor: tower and base learn from {self.corpus} with pictures of the scored corpus ({name}, of "
                    f"{images.origin(name)}); set another corpus, or another seed of it, in pretrain"
                )


def _origins(corpus: Corpus, images: Images, split: str, most: int) -> Iterable[str]:
    for user in islice(seen_users(corpus.dialogues(split)), most):
        origin = images.origin(user.image)
        yield origin
        if origin != user.image:
            return  # of a generator: all others of the split have the same
