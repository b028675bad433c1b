"""The training, from dialogues to a model in a folder: called by `Decoder.fit`, under `accelerate launch` too."""

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tod_baselines.decoder.answering import Answerer
from tod_baselines.decoder.evaluation import criterion, loss_scorer, task_scorer
from tod_baselines.decoder.examples import longest_answer, training_sequences
from tod_baselines.decoder.flops import RowFlops
from tod_baselines.decoder.models import new_model, ready_tokenizer, save_model
from tod_baselines.decoder.packing import RowSampler, Tokens, row_of, use_packed_attention
from tod_baselines.decoder.sequence import marks_of
from tod_baselines.decoder.settings import PREDICTION_SETTINGS, Settings
from tod_baselines.training.arguments import argument_values
from tod_baselines.training.data import few_shot
from tod_baselines.training.devices import computes_in_bf16, device, processes, silence_logging
from tod_baselines.training.folder import claim, close, digest_of_dialogues, finished
from tod_bench.errors import UserError
from tod_bench.records import Dialogue, TaskName
from tod_bench.splits import evenly_spaced
from tod_bench.systems import FitContext

if TYPE_CHECKING:
    from transformers import PreTrainedModel, TrainingArguments

    from tod_baselines.decoder.trainer import RowTrainer


def train(
    settings: Settings,
    tasks: Sequence[TaskName],
    dialogues: Sequence[Dialogue],
    dev: Sequence[Dialogue],
    context: FitContext,
) -> dict[str, Any]:
    """Trains a model into ``context.folder``, or goes on where a killed training stopped, and returns its record.

    Under `accelerate launch` every process calls this with the same arguments. With ``epochs: 0`` the model is kept as
    it is.

    Raises:
        UserError: The settings do not fit together, or the folder holds another training.
    """
    from transformers import set_seed

    folder, group = context.folder, processes()
    claim(folder, inputs_of(settings, tasks, dialogues, dev, context.seed))
    before = finished(folder)
    if before is not None:
        return before
    if not dev and settings.select_by != "last" and settings.epochs:
        raise UserError("decoder: there are no dev dialogues to select a checkpoint by; set select_by: last")
    silence_logging()
    used = few_shot(dialogues, settings.few_shot, settings.few_shot_seed) if settings.epochs else []
    set_seed(context.seed)
    with group.main_process_first():
        tokenizer = ready_tokenizer(settings, used, context)
    model = new_model(settings, tokenizer)
    record = {
        **({"few_shot_dialogues": [dialogue.id for dialogue in used]} if settings.few_shot < 1 else {}),
        "dialogues": len(used),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "trained_parameters": sum(
            part.numel() for part in model.parameters() if part.requires_grad and settings.epochs
        ),
        "vocabulary": len(tokenizer),
        "precision": "bf16" if computes_in_bf16(settings.precision) else "fp32",
        "processes": group.num_processes,
        "max_new_tokens": settings.max_new_tokens,
    }
    if settings.epochs:
        marks = marks_of(tokenizer, settings)
        make = partial(
            training_sequences,
            tasks=tasks,
            tokenizer=tokenizer,
            settings=settings,
            marks=marks,
            database=context.database,
        )
        sequences = list(make(used))
        record |= report(sequences, settings)
        model.to(device())
        check_longest(model, record["longest_sequence"], settings)
        answerer = Answerer(model, tokenizer, settings, record["max_new_tokens"], context.schema)
        tested = evenly_spaced(dev, settings.dev_dialogues)
        by_loss = criterion(settings, tasks) == "loss"
        score = loss_scorer(model, list(make(tested)), settings) if by_loss else task_scorer(answerer, tasks, tested)
        record |= learn(model, sequences, score, criterion(settings, tasks), settings, context)
    if group.is_main_process:
        save_model(folder / "model", model, tokenizer)
        close(folder, record)
    group.wait_for_everyone()
    return record


def inputs_of(
    settings: Settings, tasks: Sequence[TaskName], train: Sequence[Dialogue], dev: Sequence[Dialogue], seed: int
) -> dict[str, Any]:
    """Everything that decides a training, as JSON values; settings of decoding alone do not."""
    digests = {"train": digest_of_dialogues(train), "dev": digest_of_dialogues(dev)}
    training = {name: value for name, value in settings.to_json().items() if name not in PREDICTION_SETTINGS}
    return {"recipe": training, "tasks": list(tasks), "seed": seed, **digests}


def report(sequences: Sequence[Tokens], settings: Settings) -> dict[str, Any]:
    """What is trained on, and the longest answer to allow: a quarter above the longest of training.

    Raises:
        UserError: There is nothing to learn.
    """
    if not sequences:
        raise UserError("decoder: the training dialogues have no turn with an answer to learn")
    longest = longest_answer(sequences)
    return {
        "sequences": len(sequences),
        "tokens": sum(len(some.ids) for some in sequences),
        "learned_tokens": sum(int(some.learned.sum()) for some in sequences),
        "longest_sequence": max(len(some.ids) for some in sequences),
        "longest_answer": longest,
        "max_new_tokens": min(settings.max_new_tokens, longest + longest // 4 + 8),
    }


def check_longest(model: "PreTrainedModel", longest: int, settings: Settings) -> None:
    """Refuses a turn that alone is longer than a model can read: dialogues are cut between turns, never within one.

    Raises:
        UserError: There is such a turn.
    """
    from tod_baselines.decoder.decoding import longest_text

    bound = longest_text(model.get_base_model() if hasattr(model, "get_base_model") else model)
    if longest > bound:
        raise UserError(
            f"decoder: a turn of the training dialogues has {longest} tokens, and {settings.model} reads {bound} at "
            "most; take another model, or leave the dialogue out"
        )


def learn(
    model: "PreTrainedModel",
    sequences: Sequence[Tokens],
    score: Callable[[], dict[str, float]],
    judged_by: str,
    settings: Settings,
    context: FitContext,
) -> dict[str, Any]:
    """Trains a model in place and returns what the record says of it: steps, seconds, losses and scores on dev."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    attention = base.config._attn_implementation
    if settings.packing:
        use_packed_attention(base)
    record = make_trainer(model, sequences, score, judged_by, settings, context).learn(context.folder)
    base.set_attn_implementation(attention)
    return record


def make_trainer(
    model: "PreTrainedModel",
    sequences: Sequence[Tokens],
    score: Callable[[], dict[str, float]],
    judged_by: str,
    settings: Settings,
    context: FitContext,
) -> "RowTrainer":
    """A trainer, ready to start or to go on."""
    from transformers import PrinterCallback

    from tod_baselines.decoder.trainer import RowTrainer
    from tod_baselines.training.callbacks import EvaluateEvery
    from tod_baselines.training.clock import Clock

    group = processes()
    sampler = RowSampler(
        [len(some.ids) for some in sequences],
        seed=context.seed,
        row_tokens=settings.batch_tokens if settings.packing else None,
        rank=group.process_index,
        processes=group.num_processes,
    )
    if not settings.packing and group.num_processes > 1 and len(sequences) % group.num_processes:
        raise UserError(
            f"decoder: {len(sequences)} sequences cannot be divided evenly over {group.num_processes} processes "
            "without packing; set packing: true"
        )
    unwanted = unwanted_inputs(model, settings)
    trainer = RowTrainer(
        model=model,
        args=training_arguments(settings, judged_by, len(sampler), context),
        train_dataset=sequences,
        eval_dataset=sequences,  # asked for, never used: `evaluate` is ours
        data_collator=partial(collate, unwanted=unwanted),
        callbacks=[EvaluateEvery(settings.evaluate_every)],
        sampler=sampler,
        score=score,
        flops=RowFlops.of(model, some_logits="logits_to_keep" not in unwanted),
        clock=Clock(settings.max_minutes, settings.save_minutes),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def unwanted_inputs(model: "PreTrainedModel", settings: Settings) -> frozenset[str]:
    """What of a row a model's forward pass is not given."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    unwanted = set() if settings.packing else {"segments"}
    if "logits_to_keep" not in inspect.signature(base.forward).parameters:
        unwanted.add("logits_to_keep")
    return frozenset(unwanted)


def collate(sequences: Sequence[Tokens], unwanted: frozenset[str]) -> dict[str, Any]:
    """The inputs of a row."""
    return {name: part for name, part in row_of(sequences).items() if name not in unwanted}


def training_arguments(settings: Settings, judged_by: str, rows: int, context: FitContext) -> "TrainingArguments":
    """The settings in transformers' terms."""
    from transformers import TrainingArguments

    return TrainingArguments(**argument_values(settings, judged_by, rows, 1, context))
