"""Templates by age and gender around a plain answer: our simple form, after Joshi et al. 2017 (personalised bAbI).

Who the user is comes from the persona that the corpus names, not from what they say. The wordings are our own; mood and
formality change nothing. Where the age is unknown the plain answer stays as it is.
"""

from collections.abc import Mapping
from typing import NamedTuple

from tod_baselines.persona_floors.system import PersonaFloor
from tod_bench.systems import TurnInput


class Template(NamedTuple):
    """What is said around an answer; ``{name}`` is how the user is addressed.

    Attributes:
        first: Before the first answer of a dialogue.
        later: Before every other one.
        after: Behind every answer.
        names: Gender -> how the user is addressed; another one where the gender is unknown (the empty key).
    """

    first: str
    later: str
    after: str
    names: Mapping[str, str]


_YOUNG = Template("Hi there, {name}!", "Cool, {name}!", "", {"female": "superstar", "male": "champ", "": "friend"})
_ADULT = Template("Hello, {name}.", "Sure, {name}.", "", {"female": "ma'am", "male": "sir", "": "my friend"})
_SENIOR = Template(
    "Welcome, dear {name}.",
    "Gladly, dear {name}.",
    "Take all the time you need.",
    {"female": "lady", "male": "sir", "": "guest"},
)

TEMPLATES: Mapping[str, Template] = {
    **dict.fromkeys(("toddler", "child", "teenager"), _YOUNG),
    "adult": _ADULT,
    "senior": _SENIOR,
}
"""Age -> its template."""


class ProfileTemplates(PersonaFloor):
    """Answers with a plain answer in the template of the user's age and gender."""

    def restyled(self, answer: str, shown: TurnInput) -> str:
        """The answer in its template."""
        persona = shown.persona
        template = TEMPLATES.get(persona.age) if persona else None
        if persona is None or template is None:
            return answer
        name = template.names.get(persona.gender, template.names[""])
        opening = (template.later if shown.history else template.first).format(name=name)
        return " ".join(part for part in (opening, answer, template.after) if part)
