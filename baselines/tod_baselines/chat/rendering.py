"""Prompt templates: one jinja2 file makes the messages of a prompt.

    {% call message("system") %}You track what the user wants.{% endcall %}
    {% for example in examples %}
    {% call message("user") %}{{ example.user }}{% endcall %}
    {% call message("assistant") %}{{ example.answer }}{% endcall %}
    {% endfor %}
    {% call message("user") %}{{ shown.input.user }}{% endcall %}

A message is what a ``call`` holds, without blanks around it; text between the calls says nothing to the model and must
be blank. What the variables hold is text: no utterance can be taken for template code or for another message.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_bench.errors import MissingExtraError, UserError, did_you_mean
from tod_bench.llm.records import Message

if TYPE_CHECKING:
    import jinja2

FOLDER = Path(__file__).with_name("templates")
"""The templates that ship with the recipes."""

OF_A_TEMPLATE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What Python raises where a template asks something impossible of its variables."""

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Template:
    """A template that is loaded.

    Attributes:
        name: The name or file that it was loaded by.
        digest: Hex SHA-256 of its text and of the shipped templates that it includes.
        compiled: The template as jinja2 has it.
    """

    name: str
    digest: str
    compiled: "jinja2.Template"

    @classmethod
    def load(cls, name_or_path: str) -> "Template":
        """Loads a shipped template by its name, or a file.

        Raises:
            UserError: There is no such template, or it is no jinja2.
            MissingExtraError: jinja2 is not installed.
        """
        jinja2, environment = _environment()
        path = Path(name_or_path)
        if not path.suffix:
            path = FOLDER / f"{name_or_path}.jinja"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            shipped = sorted(file.stem for file in FOLDER.glob("*.jinja") if not file.stem.startswith("_"))
            raise UserError(
                f"prompt: there is no template {name_or_path}{did_you_mean(name_or_path, shipped)}; give a jinja2 "
                f"file, or one of {', '.join(shipped)}"
            ) from None
        try:
            compiled = environment.from_string(text)
            digest = _digest(environment, text)
        except jinja2.TemplateSyntaxError as error:
            raise UserError(f"prompt: {path}, line {error.lineno}: {error.message}") from None
        except jinja2.TemplateNotFound as error:
            raise UserError(f"prompt: {path} includes {error}, which no shipped template is called") from None
        return cls(name_or_path, digest, compiled)

    def messages(self, **variables: Any) -> tuple[Message, ...]:
        """The messages of the prompt.

        Raises:
            UserError: The template asks for what is not there, makes no message, or has text outside of messages.
        """
        import jinja2

        collected: list[Message] = []

        def message(role: str, caller: Any) -> str:
            if role not in ROLES:
                raise UserError(f"prompt: {self.name}: a message is of {', '.join(ROLES)}, not of {role!r}")
            collected.append(Message(role, str(caller()).strip()))
            return ""

        try:
            outside = self.compiled.render(**variables, message=message)
        except (jinja2.TemplateError, *OF_A_TEMPLATE) as error:
            raise UserError(f"prompt: {self.name}{_line_of(error)}: {error}") from None
        if outside.strip():
            raise UserError(
                f"prompt: {self.name} has text outside of its messages ({outside.strip()[:40]!r}); put it into "
                '{% call message("user") %} ... {% endcall %}'
            )
        if not collected:
            raise UserError(f'prompt: {self.name} makes no message; it needs {{% call message("user") %}}')
        return tuple(collected)


def _environment() -> Any:
    """The module jinja2, and an environment in which a template can read its variables and do nothing else."""
    try:
        import jinja2
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError:
        raise MissingExtraError("prompt templates", "jinja2", "chat") from None
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    # jinja2's own is made for web pages: it would show a model "rosa\\u0027s" for "rosa's".
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return jinja2, environment


def _digest(environment: Any, text: str) -> str:
    """SHA-256 of a template and of all that it includes."""
    from jinja2 import TemplateAssertionError, TemplateNotFound, meta

    texts, names = [text], list(meta.find_referenced_templates(environment.parse(text)))
    seen: set[str] = set()
    while names:
        name = names.pop(0)
        if name is None:
            raise TemplateAssertionError("the name of an included template must stand there as text", 1)
        if name in seen:
            continue
        seen.add(name)
        if not (FOLDER / name).is_file():
            raise TemplateNotFound(name)
        texts.append((FOLDER / name).read_text(encoding="utf-8"))
        names += meta.find_referenced_templates(environment.parse(texts[-1]))
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _line_of(error: Exception) -> str:
    """Where in a template an error arose, as far as the traceback tells."""
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""
