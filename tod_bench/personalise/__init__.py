"""Making a personalised corpus of a plain one: PicPersona-TOD's pipeline for any corpus, see ``docs/personalise.md``.

    pairs ─▶ user ─▶ reviews ─▶ system ─▶ checks ─▶ style ─▶ semantic ─▶ natural ─▶ {split}.json + report

Each stage is a file of rows (`tod_bench.personalise.rows`) that is only ever appended to; a row that was made of the
same inputs is not made again. `tod_bench.personalise.run` goes through the stages; what they share is in
`tod_bench.personalise.work`. Utterances are restyled by an arm: rules, or a language model that falls back on them.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tod_bench.personalise.run import Personalised


class CallableModule(ModuleType):
    """The package, which is also the verb: ``tod_bench.personalise(...)``."""

    def __call__(self, *args: Any, **kwargs: Any) -> "Personalised":
        """Calls `tod_bench.personalise.calling.personalise`."""
        from tod_bench.personalise.calling import personalise

        return personalise(*args, **kwargs)


sys.modules[__name__].__class__ = CallableModule
