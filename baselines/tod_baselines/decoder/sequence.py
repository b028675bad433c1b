"""What a decoder-only model reads and writes of a dialogue: one text that grows turn by turn.

    task      turn 1                                                         turn 2
    dst       user  STATE  system                                            user  STATE  system ...
    policy    user  state  [db]  ACTS  system                                user  state  [db]  ACTS ...
    response  user  state  [db]  acts  SYSTEM                                user  state  [db]  acts  SYSTEM ...

Capitals are answers: learned in training, written by the model when it predicts. Everything else is given, as the
harness shows it. `Transcript` makes the text for both, so what comes before an answer is the same in training and when
the model answers; each piece is tokenised by itself, so that the tokens are the same too.

With ``target: changes`` a state is written as what the turn changes of it: slots with a new value, and ``none`` for
those that are gone. Policy and response are shown states in the same form.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from tod_baselines.answers import within
from tod_baselines.decoder.settings import Settings
from tod_bench.errors import UserError
from tod_bench.linearize import (
    ACTS,
    DB,
    STATE,
    SYSTEM,
    USER,
    linearize_acts,
    linearize_db,
    linearize_state,
    parse_acts,
    parse_state,
)
from tod_bench.records import Act, Database, Dialogue, Schema, TaskName, first_values
from tod_bench.systems import TurnInput
from tod_bench.tasks import turn_inputs

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PlainState: TypeAlias = Mapping[str, Mapping[str, str]]
"""A state with one value a slot: domain -> slot -> value."""

Role: TypeAlias = Literal["user", "state", "db", "acts", "system"]

REMOVED = "none"
"""The value that takes a slot out of the state, as in turn updates elsewhere (`tod_bench.updates`)."""

PLAIN_MARKS = (USER, STATE, DB, ACTS, SYSTEM)
"""Marks to be added to a vocabulary with ``marks: plain``."""

LABELS: Mapping[Role, str] = {"state": "state:", "db": "database:", "acts": "acts:", "system": "response:"}
"""What tells apart the assistant's messages with ``marks: chat``."""


class Piece(NamedTuple):
    """A part of the text that is tokenised by itself.

    Attributes:
        text: The text.
        turn: Index of the turn that it belongs to; -1 for the beginning of the text, which belongs to none.
        learned: Whether it is an answer (or the end of one), on which there is a loss.
        special: Whether it is a mark, in which special tokens are read as such; in any other text they are text.
    """

    text: str
    turn: int
    learned: bool = False
    special: bool = False


@dataclass(frozen=True, slots=True)
class Marks:
    """What separates the parts of a dialogue.

    Attributes:
        start: What opens the text.
        openings: What opens a part.
        user_end: What closes the user's utterance.
        end: What closes every other part; a single token, which a model writes to end its answer.
        after: What follows it.
    """

    start: str
    openings: Mapping[Role, str]
    user_end: str
    end: str
    after: str


def marks_of(tokenizer: "PreTrainedTokenizerBase", settings: Settings) -> Marks:
    """The marks of a tokenizer, which has `PLAIN_MARKS` among its tokens or a chat template.

    Raises:
        UserError: It has no token that ends a text, or no chat template where one is wanted, or one that cannot be
            taken apart.
    """
    end = tokenizer.eos_token
    if not end:
        raise UserError(f"decoder: the tokenizer of {settings.model} has no token that ends a text")
    if settings.marks == "plain":
        start = tokenizer.bos_token if _opens_with_bos(tokenizer) else ""
        openings: dict[Role, str] = {"user": USER, "state": STATE, "db": DB, "acts": ACTS, "system": SYSTEM}
        return Marks(start, openings, "", end, "")
    if not tokenizer.chat_template:
        raise UserError(f"decoder: the tokenizer of {settings.model} has no chat template; set marks: plain")
    return _chat_marks(tokenizer, end, settings.model)


def _chat_marks(tokenizer: "PreTrainedTokenizerBase", end: str, model: str) -> Marks:
    """Takes a chat template apart by where it puts the contents of a made-up dialogue."""
    contents = [f"content{number}content" for number in range(4)]
    roles = ("user", "assistant", "user", "assistant")
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=True)]
    whole: str = tokenizer.apply_chat_template(messages, tokenize=False)
    prompt: str = tokenizer.apply_chat_template(messages[:1], tokenize=False, add_generation_prompt=True)
    asked: str = tokenizer.apply_chat_template(messages[:1], tokenize=False)
    parts = []
    for content in contents:
        before, found, whole = whole.partition(content)
        parts.append(before if found else None)
    user_end = asked.partition(contents[0])[2]
    _, _, prompt_end = prompt.partition(contents[0])
    if None in parts or not prompt_end.startswith(user_end) or not whole.startswith(end) or parts[1] != prompt_end:
        raise UserError(f"decoder: the chat template of {model} cannot be taken apart; set marks: plain")
    first_user, assistant, after_and_user = str(parts[0]), prompt_end[len(user_end) :], str(parts[2])
    after = whole[len(end) :]
    opening = after_and_user.removeprefix(end + after)
    if not first_user.endswith(opening) or not after_and_user.startswith(end + after) or not opening:
        raise UserError(f"decoder: the chat template of {model} cannot be taken apart; set marks: plain")
    openings: dict[Role, str] = {role: assistant + label for role, label in LABELS.items()}
    return Marks(first_user.removesuffix(opening), {"user": opening, **openings}, user_end, end, after)


def _opens_with_bos(tokenizer: "PreTrainedTokenizerBase") -> bool:
    ids = tokenizer("a").input_ids
    return tokenizer.bos_token_id is not None and bool(ids) and ids[0] == tokenizer.bos_token_id


def encode(tokenizer: "PreTrainedTokenizerBase", pieces: Sequence[Piece]) -> list[list[int]]:
    """The tokens of each piece."""
    found: list[list[int]] = [[] for _ in pieces]
    for special in (True, False):
        numbers = [number for number, piece in enumerate(pieces) if piece.special == special and piece.text]
        texts = [pieces[number].text for number in numbers]
        if texts:
            ids = tokenizer(texts, add_special_tokens=False, split_special_tokens=not special).input_ids
            for number, tokens in zip(numbers, ids, strict=True):
                found[number] = list(tokens)
    return found


class Transcript:
    """The text of a dialogue for one task, growing turn by turn.

    In training `context`, the gold answer and `answered` alternate. A model's own answer to DST or policy stays in the
    text in the same way. Its response does not (`answered` is not called): the next `context` begins with the response
    of the corpus instead, because that is what the user replied to.

    Args:
        task: The task.
        settings: The settings.
        marks: The marks.
    """

    def __init__(self, task: TaskName, settings: Settings, marks: Marks) -> None:
        self._task, self._settings, self._marks = task, settings, marks
        self._before: TurnInput | None = None
        self._answered = False

    def context(self, shown: TurnInput) -> list[Piece]:
        """What the text has from where it ended up to the answer of a turn: the next one, or a later one."""
        before = self._before
        pieces = list(self._rest(before, shown)) if before else _kept([Piece(self._marks.start, -1, special=True)])
        for index in range(before.turn + 1 if before else 0, len(shown.history)):
            pieces += self._user(shown.history[index].user, index)
            pieces += self._part("system", self._cased(shown.history[index].system), index)
        pieces += self._user(shown.user, shown.turn)
        if shown.state is not None:
            previous = first_values(before.state or {}) if before else {}
            pieces += self._part("state", self.state_text(previous, first_values(shown.state)), shown.turn)
        if shown.db_entries is not None:
            counts = [(domain, len(entries)) for domain, entries in shown.db_entries.items()]
            pieces += self._part("db", linearize_db(counts), shown.turn)
        if shown.acts is not None:
            pieces += self._part("acts", acts_text(shown.acts, self._settings), shown.turn)
        self._before, self._answered = shown, False
        role: Role = {"dst": "state", "policy": "acts", "response": "system"}[self._task]  # type: ignore[assignment]
        return [*pieces, Piece(self._marks.openings[role], shown.turn, special=True)]

    def answer(self, text: str) -> list[Piece]:
        """A gold answer with its end."""
        turn = self._before.turn if self._before else 0
        return _kept([Piece(_spaced(text), turn, True), Piece(self._marks.end, turn, True, special=True)])

    def answered(self) -> None:
        """Says that the answer of the turn, with the token that ends it, stands in the text."""
        self._answered = True

    def state_text(self, previous: PlainState, state: PlainState) -> str:
        """A state as it is written, after the one of the turn before."""
        previous, state = (_cased_state(some, self._settings) for some in (previous, state))
        return linearize_state(changes(previous, state) if self._settings.target == "changes" else state)

    def _rest(self, before: TurnInput, shown: TurnInput) -> Iterator[Piece]:
        """The rest of the turn before: what follows its answer, and the system's utterance."""
        said = shown.history[before.turn].system
        if self._task == "response":
            if not self._answered:
                yield from self._response(said, before.turn)
            else:
                yield from _kept([Piece(self._marks.after, before.turn, special=True)])
            return
        if not self._answered:
            yield Piece(self._marks.end, before.turn, special=True)
        yield from _kept([Piece(self._marks.after, before.turn, special=True)])
        yield from self._part("system", self._cased(said), before.turn)

    def _response(self, said: str, turn: int) -> list[Piece]:
        """The corpus's response in place of the model's: the same tokens as the gold answer of training."""
        return _kept([Piece(_spaced(said), turn), *self._end(turn)])

    def _user(self, text: str, turn: int) -> list[Piece]:
        marks = self._marks
        opening, end = Piece(marks.openings["user"], turn, special=True), Piece(marks.user_end, turn, special=True)
        said = _spaced(self._cased(text))
        # After a line break, as in most chat templates, a blank would be out of place.
        return _kept([opening, Piece(said.lstrip() if opening.text[-1:].isspace() else said, turn), end])

    def _part(self, role: Role, text: str, turn: int) -> list[Piece]:
        opening = Piece(self._marks.openings[role], turn, special=True)
        return _kept([opening, Piece(_spaced(text), turn), *self._end(turn)])

    def _end(self, turn: int) -> tuple[Piece, Piece]:
        # Apart from each other, as they are where the model writes the end itself.
        return Piece(self._marks.end, turn, special=True), Piece(self._marks.after, turn, special=True)

    def _cased(self, text: str) -> str:
        return text.lower() if self._settings.lowercase else text


def dialogue_pieces(
    dialogue: Dialogue, task: TaskName, settings: Settings, marks: Marks, database: Database | None = None
) -> list[Piece]:
    """The text of a dialogue in training, given gold states and acts; entries are counted with the gold state."""
    transcript, pieces = Transcript(task, settings, marks), []
    turns = {turn.index: turn for turn in dialogue.turns}
    previous: PlainState = {}
    for shown in turn_inputs([dialogue], task, states="gold", acts="gold", database=database):
        turn = turns[shown.turn]
        pieces += transcript.context(shown)
        if task == "dst":
            state = first_values(turn.state)
            text, previous = transcript.state_text(previous, state), state
        elif task == "policy":
            text = acts_text(turn.acts, settings)
        else:
            text = turn.system
        pieces += transcript.answer(text)
        transcript.answered()
    return pieces


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read of a model's text.

    Attributes:
        state: The whole state after the turn; None where the task is another.
        acts: The system acts; None where the task is another.
        response: The response; None where the task is another.
        unread: A sentence for each thing that could not be read.
        unknown: Slots that the schema does not have; they are left out of the state.
    """

    state: dict[str, dict[str, str]] | None = None
    acts: tuple[Act, ...] | None = None
    response: str | None = None
    unread: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def read_answer(task: TaskName, text: str, previous: PlainState, settings: Settings, schema: Schema) -> Answer:
    """Reads any text that a model wrote.

    Args:
        task: The task.
        text: The text, without the token that ends it.
        previous: The model's own state of the turn before, which ``target: changes`` is relative to.
        settings: The settings.
        schema: What can be tracked.
    """
    if task == "response":
        return Answer(response=" ".join(text.split()))
    if task == "policy":
        acts, problems = parse_acts(text)
        return Answer(acts=acts, unread=tuple(dict.fromkeys(problems)))
    parsed, problems = parse_state(text)
    written, unknown = within(schema, parsed)
    state = with_changes(previous, written) if settings.target == "changes" else written
    return Answer(state=state, unread=tuple(dict.fromkeys(problems)), unknown=tuple(unknown))


def changes(previous: PlainState, state: PlainState) -> dict[str, dict[str, str]]:
    """What turns one state into the other: slots with new values, and `REMOVED` for those that are gone."""
    found: dict[str, dict[str, str]] = {}
    for domain in {**previous, **state}:
        old, new = previous.get(domain, {}), state.get(domain, {})
        changed = {slot: value for slot, value in new.items() if old.get(slot) != value}
        gone = {slot: REMOVED for slot in old if slot not in new}
        if changed or gone:
            found[domain] = {**changed, **gone}
    return found


def with_changes(previous: PlainState, changed: PlainState) -> dict[str, dict[str, str]]:
    """The state that changes lead to; the inverse of `changes`."""
    state = {domain: dict(slots) for domain, slots in previous.items()}
    for domain, slots in changed.items():
        for slot, value in slots.items():
            if value == REMOVED:
                state.get(domain, {}).pop(slot, None)
            else:
                state.setdefault(domain, {})[slot] = value
    return {domain: slots for domain, slots in state.items() if slots}


def acts_text(acts: Sequence[Act], settings: Settings) -> str:
    """Acts as they are written."""
    if settings.lowercase:
        acts = [Act(act.domain, act.act, act.slot, act.value.lower()) for act in acts]
    return linearize_acts(acts, values=settings.act_values)


def turns_to_drop(lengths: Sequence[int], limit: int) -> int:
    """How many of the oldest turns must go for a text to fit.

    Where it does not fit, it is brought down to half of the limit, so that not every following turn makes the model
    read its text anew. The last turn always stays.

    Args:
        lengths: Tokens of each turn, the beginning of the text counted with the first one.
        limit: Tokens that there is room for.
    """
    total, dropped = sum(lengths), 0
    if total <= limit:
        return 0
    while dropped < len(lengths) - 1 and total > limit // 2:
        total -= lengths[dropped]
        dropped += 1
    return dropped


def _cased_state(state: PlainState, settings: Settings) -> PlainState:
    if not settings.lowercase:
        return state
    return {domain: {slot: value.lower() for slot, value in slots.items()} for domain, slots in state.items()}


def _spaced(text: str) -> str:
    """A text on one line with a blank before it, as models write a text after a mark; nothing for no text."""
    return f" {' '.join(text.split())}" if text.split() else ""


def _kept(pieces: Sequence[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.text]
