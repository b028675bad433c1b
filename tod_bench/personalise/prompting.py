"""Prompts: jinja2 files, each of which makes one or two messages.

    You rewrite what a user says ... {{ persona.impression }}
    ---
    Rewrite: {{ text }}

What stands above a line of three dashes is the system message, and what stands below it, or all where there is none,
is the user message. The shipped ones are beside this module, in ``prompts/``. What the variables hold is text and is
never read as template code. A template is tried out when it is loaded, so that a wrong name is told before anything is
paid for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_bench.errors import UserError, extra_needed
from tod_bench.files import digest_of
from tod_bench.inputs import read_text
from tod_bench.llm.records import Content, ImagePart, Message, TextPart

if TYPE_CHECKING:
    import jinja2

FOLDER = Path(__file__).with_name("prompts")

_SEPARATOR = re.compile(r"^---[ \t]*\n", re.M)

OF_A_TEMPLATE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What Python raises where a template asks something impossible of its variables."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A template that is loaded.

    Attributes:
        name: ``user``, ``system``, ...
        digest: Sixteen hex digits that stand for its text.
        parts: The templates of its messages, the user message last.
    """

    name: str
    digest: str
    parts: tuple["jinja2.Template", ...]

    def messages(self, image: ImagePart | None = None, **variables: Any) -> tuple[Message, ...]:
        """The messages, a picture in the last.

        Args:
            image: A picture; None for none.
            **variables: What the template is given.

        Raises:
            UserError: The template asks for what is not there.
        """
        *above, last = self._texts(variables)
        content: Content = last if image is None else (TextPart(last), image)
        return (*(Message("system", text) for text in above), Message("user", content))

    def render(self, **variables: Any) -> str:
        """The text of all messages, one below the other; errors as of `messages`."""
        return "\n\n".join(self._texts(variables))

    def _texts(self, variables: Mapping[str, Any]) -> list[str]:
        import jinja2

        try:
            return [part.render(**variables).strip() for part in self.parts]
        except (jinja2.TemplateError, *OF_A_TEMPLATE) as error:
            raise UserError(f"the prompt {self.name} cannot be made: {error}") from None


def load_prompt(name: str, example: Mapping[str, Any], folder: Path | None = None) -> Prompt:
    """Loads a prompt: the user's own where a folder has it, else the shipped one.

    Args:
        name: Its name: the file is ``NAME.jinja``.
        example: Every variable that it is given, with a value; texts among them must come out of the template in full.
        folder: Folder of the user's own templates; None for the shipped ones alone.

    Raises:
        UserError: The folder is not there, or a template is no jinja2, names what it is not given, or leaves out the
            variable ``text``.
        MissingExtraError: jinja2 is not installed.
    """
    with extra_needed("personalise", "prompts of a language model"):
        import jinja2
        from jinja2.sandbox import ImmutableSandboxedEnvironment

    if folder is not None and not folder.is_dir():
        raise UserError(f"there is no folder {folder} of prompts (user.jinja, system.jinja)")
    own = folder / f"{name}.jinja" if folder is not None else None
    path = own if own is not None and own.is_file() else FOLDER / f"{name}.jinja"
    text = read_text(path)
    environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    try:
        parts = tuple(map(environment.from_string, _SEPARATOR.split(text, maxsplit=1)))
    except jinja2.TemplateSyntaxError as error:
        raise UserError(f"{path}, line {error.lineno}: {error.message}") from None
    prompt = Prompt(name, digest_of(text)[:16], parts)
    try:
        shown = prompt.render(**example)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    if "text" in example and example["text"] not in shown:
        raise UserError(f"{path}: the prompt needs {{{{ text }}}}, the utterance to rewrite")
    return prompt


def read_own(folder: Path | None, known: tuple[str, ...]) -> None:
    """Refuses a folder of prompts that holds one that nobody asks for.

    Raises:
        UserError: It does.
    """
    if folder is None or not folder.is_dir():
        return
    for file in sorted(folder.glob("*.jinja")):
        if file.stem not in known:
            raise UserError(f"{file}: there is no prompt {file.stem}; name it {' or '.join(known)}")
