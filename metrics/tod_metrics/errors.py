"""Errors that a user can cause, told in one sentence; the harness catches them in one place."""

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Something a user can mend; its text is one sentence: what is wrong, where, and what to do.

    The command line prints the text without a traceback and exits with 2.
    """


class MissingExtraError(UserError, ImportError):
    """A package that only some of tod-bench needs is not installed.

    Args:
        what: What needs it, the subject of the sentence.
        package: The package.
        extra: The extra of tod-bench that brings it.
    """

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(f"{what} needs {package}: pip install 'tod-bench[{extra}]'")
        self.what, self.package, self.extra = what, package, extra


@contextmanager
def extra_needed(extra: str, what: str) -> Iterator[None]:
    """Guards the imports of an extra's packages.

    Args:
        extra: The extra of tod-bench that brings them.
        what: What needs them, for the message.

    Raises:
        MissingExtraError: An import inside of the block failed.
    """
    try:
        yield
    except MissingExtraError:
        raise
    except ImportError as error:
        raise MissingExtraError(what, (error.name or str(error)).partition(".")[0], extra) from error
