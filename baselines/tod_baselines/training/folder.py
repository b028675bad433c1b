"""The folder of a training: what lies in it, and who may use it.

inputs.json      what is trained on what; a folder is never used for two things
few_shot.json    ids of the dialogues used, where not all are
tokenizer/       the tokenizer, where it was trained here
tokens.arrow     the tokens of the training examples, while the training goes on
checkpoints/     where a killed training goes on
model/           the finished model (safetensors) and tokenizer
fit.json         the record; it is written last, so its presence says that the training is finished
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_bench.errors import UserError
from tod_bench.files import write_json
from tod_bench.records import Dialogue

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


TOKENS = "tokens.arrow"


def claim(folder: Path, inputs: dict[str, Any]) -> None:
    """Notes what a folder is for.

    Raises:
        UserError: It holds a training with other inputs.
    """
    note = folder / "inputs.json"
    if not note.exists():
        write_json(note, inputs)
        return
    before = json.loads(note.read_text(encoding="utf-8"))
    differing = sorted(name for name in inputs if before.get(name) != inputs[name])
    if differing:
        raise UserError(
            f"{folder} holds a training with other inputs ({', '.join(differing)} differ); "
            "choose another folder, or delete this one"
        )


def finished(folder: Path) -> dict[str, Any] | None:
    """The record of a finished training; None while it is not finished."""
    note = folder / "fit.json"
    if not note.exists():
        return None
    record: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
    return record


def last_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint that was written to its end; transformers writes the trainer's state last."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda place: int(place.name.split("-")[1]))
    whole = [place for place in found if _is_whole(place / "trainer_state.json")]
    return str(whole[-1]) if whole else None


def _is_whole(state: Path) -> bool:
    # A kill or a full disk while it is being written leaves the beginning of it.
    try:
        json.loads(state.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def finish(
    folder: Path, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", record: dict[str, Any]
) -> None:
    """Writes the model and the record, and deletes what only the training needed."""
    save(folder / "model", model, tokenizer)
    close(folder, record)


def close(folder: Path, record: dict[str, Any]) -> None:
    """Writes the record of a training whose model is saved, and deletes what only the training needed."""
    if "few_shot_dialogues" in record:
        write_json(folder / "few_shot.json", record["few_shot_dialogues"])
    write_json(folder / "fit.json", record)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    (folder / TOKENS).unlink(missing_ok=True)


def save(place: Path, *parts: "PreTrainedModel | PreTrainedTokenizerBase") -> None:
    """Saves a model or tokenizer (or both) into a folder that appears only when it is complete."""
    partial = place.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    for part in parts:
        part.save_pretrained(partial)
    shutil.rmtree(place, ignore_errors=True)
    partial.rename(place)


def digest_of_dialogues(dialogues: Sequence[Dialogue]) -> str:
    """Digest of all that a training reads of some dialogues."""
    digest = hashlib.sha256()
    for dialogue in dialogues:
        for turn in dialogue.turns:
            digest.update(repr((dialogue.id, turn.user, turn.system, turn.state, turn.acts, turn.db_matches)).encode())
    return digest.hexdigest()
