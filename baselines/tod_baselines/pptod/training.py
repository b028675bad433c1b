"""The training, from dialogues to a model in a folder: called by `PPTOD.fit`, and so under `accelerate launch` too."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tod_baselines.pptod.batches import BatchSampler
from tod_baselines.pptod.evaluation import criterion, dev_scorer
from tod_baselines.pptod.examples import Examples
from tod_baselines.pptod.fast import accelerated, check_convertible
from tod_baselines.pptod.generation import Generator
from tod_baselines.pptod.models import pretrained_model, scratch_model
from tod_baselines.pptod.recipe import PREDICTION_SETTINGS, Recipe
from tod_baselines.pptod.released.examples import TOKENS, ReleasedExamples, training_readings
from tod_baselines.pptod.tokenizers import corpus_marks, load_tokenizer, train_tokenizer
from tod_baselines.pptod.training_data import TrainingData, make_training_data
from tod_baselines.training.arguments import argument_values, history
from tod_baselines.training.data import few_shot
from tod_baselines.training.devices import computes_in_bf16, device, processes, silence_logging
from tod_baselines.training.folder import TOKENS as TOKENS_FILE
from tod_baselines.training.folder import claim, digest_of_dialogues, finish, finished, last_checkpoint, save
from tod_baselines.training.throughput import Dtype, Shape, Throughput, matmul_peak, seq2seq_flops, shape_of
from tod_bench.errors import UserError
from tod_bench.linearize import MARKS
from tod_bench.progress import progress
from tod_bench.records import Dialogue, TaskName
from tod_bench.systems import FitContext

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, Seq2SeqTrainingArguments

    from tod_baselines.pptod.trainer import DialogueTrainer
    from tod_baselines.training.callbacks import TrainingClock


def train(
    recipe: Recipe,
    tasks: Sequence[TaskName],
    dialogues: Sequence[Dialogue],
    dev: Sequence[Dialogue],
    context: FitContext,
) -> dict[str, Any]:
    """Trains a model into ``context.folder``, or goes on where a killed training stopped, and returns its record.

    Under `accelerate launch` every process calls this with the same arguments.

    Raises:
        UserError: The settings do not fit together, or the folder holds another training.
    """
    from transformers import set_seed

    from tod_baselines.training.callbacks import CountSteps, TrainingClock

    folder, group = context.folder, processes()
    claim(folder, inputs_of(recipe, tasks, dialogues, dev, context.seed))
    before = finished(folder)
    if before is not None:
        return before
    if not dev and recipe.select_by != "last":
        raise UserError("pptod: there are no dev dialogues to select a checkpoint by; set select_by: last")
    silence_logging()
    used = few_shot(dialogues, recipe.few_shot, recipe.few_shot_seed)
    set_seed(context.seed)
    with group.main_process_first():
        tokenizer = ready_tokenizer(recipe, used, context)
    model = new_model(recipe, tokenizer)
    shape = shape_of(model)
    if recipe.engine == "ctranslate2":
        check_convertible(model.config)
    with group.main_process_first():
        training_data = make_training_data(
            model, tokenizer, used, tasks, recipe, folder / TOKENS_FILE, context.database
        )
    greedy = replace(recipe, num_beams=1)  # beams are a setting of prediction, and must not choose the checkpoint
    generator = Generator(model, tokenizer, greedy, output_budget(training_data.examples, recipe), context.schema)
    trainer = make_trainer(generator, tasks, training_data, dev, context)
    clock = TrainingClock()
    trainer.add_callback(clock)
    dtype: Dtype = "bfloat16" if computes_in_bf16(recipe.precision) else "float32"
    peak = matmul_peak(dtype, device()) * group.num_processes if recipe.probe else None
    with progress("training", trainer.args.max_steps, unit="steps") as shown:
        trainer.add_callback(CountSteps(shown))
        outcome = trainer.train(resume_from_checkpoint=last_checkpoint(folder / "checkpoints"))
    record = {
        **({"few_shot_dialogues": [dialogue.id for dialogue in used]} if recipe.few_shot < 1 else {}),
        "dialogues": len(used),
        **training_data.dataset.report(),
        "max_new_tokens": generator.max_new_tokens,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "vocabulary": len(tokenizer),
        "precision": "bf16" if computes_in_bf16(recipe.precision) else "fp32",
        "processes": group.num_processes,
        "steps": outcome.global_step,
        "throughput": throughput(trainer, clock, shape, dtype, peak).to_json(),
        **history(trainer),
    }
    if group.is_main_process:
        finish(folder, model, tokenizer, record)
    group.wait_for_everyone()
    return record


def inputs_of(
    recipe: Recipe, tasks: Sequence[TaskName], train: Sequence[Dialogue], dev: Sequence[Dialogue], seed: int
) -> dict[str, Any]:
    """Everything that decides a training, as JSON values; settings of decoding alone do not."""
    digests = {"train": digest_of_dialogues(train), "dev": digest_of_dialogues(dev)}
    training = {name: value for name, value in recipe.to_json().items() if name not in PREDICTION_SETTINGS}
    return {"recipe": training, "tasks": list(tasks), "seed": seed, **digests}


def ready_tokenizer(recipe: Recipe, dialogues: Sequence[Dialogue], context: FitContext) -> "PreTrainedTokenizerBase":
    """The pretrained model's tokenizer, or one trained on the dialogues, which is kept for other processes to load."""
    marks = marks_of(recipe)
    if recipe.init == "pretrained":
        return load_tokenizer(recipe.model, marks)
    place = context.folder / "tokenizer"
    if not place.exists():
        texts = tokenizer_texts(dialogues, recipe)
        all_marks = marks if recipe.format == "pptod" else corpus_marks(dialogues, context.schema)
        save(place, train_tokenizer(texts, recipe.vocab_size, all_marks, recipe.tokenizer))
    return load_tokenizer(place, marks)


def marks_of(recipe: Recipe) -> tuple[str, ...]:
    """The marks that every tokenizer of the recipe's format has."""
    return TOKENS if recipe.format == "pptod" else MARKS


def tokenizer_texts(dialogues: Sequence[Dialogue], recipe: Recipe) -> list[str]:
    """Each utterance once, and each value of a state or act once, as the model will see them."""
    if recipe.format == "pptod":
        found = training_readings(dialogues, ("dst", "policy", "response"), recipe, None)
        return list(
            dict.fromkeys(text for one in found for text in (*(said for _, said in one.context), one.target or ""))
        )
    write = str.lower if recipe.lowercase else str
    texts: dict[str, None] = {}
    for dialogue in dialogues:
        for turn in dialogue.turns:
            values = (values[0] for slots in turn.state.values() for values in slots.values())
            texts.update(
                dict.fromkeys(map(write, (turn.user, turn.system, *values, *(act.value for act in turn.acts))))
            )
    return list(texts)


def new_model(recipe: Recipe, tokenizer: "PreTrainedTokenizerBase") -> "PreTrainedModel":
    """The model to train, from scratch or pretrained."""
    if recipe.init == "scratch":
        return scratch_model(recipe, tokenizer)
    return pretrained_model(recipe.model, tokenizer, recipe.dropout)


def output_budget(examples: Examples | ReleasedExamples, recipe: Recipe) -> int:
    """Longest output to decode, in tokens: a quarter above the longest of training, within the recipe's limit."""
    longest = int(examples.target_lengths.max(initial=0))
    return min(recipe.max_target_tokens, longest + longest // 4 + 8)


def make_trainer(
    generator: Generator,
    tasks: Sequence[TaskName],
    training_data: TrainingData,
    dev: Sequence[Dialogue],
    context: FitContext,
) -> "DialogueTrainer":
    """A trainer, ready to start or to go on."""
    from transformers import PrinterCallback

    from tod_baselines.pptod.trainer import DialogueTrainer
    from tod_baselines.training.callbacks import EvaluateEvery, StopAfter

    recipe, group = generator.recipe, processes()
    sampler = BatchSampler(
        training_data.dataset.lengths,
        training_data.dataset.target_lengths if recipe.sort_targets else None,
        seed=context.seed,
        batch_size=recipe.batch_size if recipe.batching == "examples" else None,
        batch_tokens=recipe.batch_tokens,
        rank=group.process_index,
        processes=group.num_processes,
    )
    trainer = DialogueTrainer(
        model=training_data.model,
        args=training_arguments(recipe, criterion(recipe, tasks), len(sampler), context),
        train_dataset=training_data.dataset,
        eval_dataset=training_data.dataset,  # asked for, never used: `evaluate` is ours
        data_collator=training_data.collate,
        callbacks=[
            EvaluateEvery(recipe.evaluate_every),
            *([StopAfter(recipe.max_minutes)] if recipe.max_minutes else []),
        ],
        sampler=sampler,
        loss=accelerated(training_data.model, recipe),
        score=dev_scorer(generator, tasks, dev, context.database),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def training_arguments(recipe: Recipe, judged_by: str, batches: int, context: FitContext) -> "Seq2SeqTrainingArguments":
    """The recipe in transformers' terms."""
    from transformers import Seq2SeqTrainingArguments

    return Seq2SeqTrainingArguments(**argument_values(recipe, judged_by, batches, recipe.batch_size, context))


def throughput(
    trainer: "DialogueTrainer", clock: "TrainingClock", shape: Shape, dtype: Dtype, peak: float | None
) -> Throughput:
    """What all processes computed in the steps that a clock has seen, without padding.

    Which examples these steps used is told by the sampler again, so that nothing has to be counted while they run.
    """
    from accelerate.utils import gather_object

    data, sampler = trainer.train_dataset, trainer.sampler
    accumulation = trainer.args.gradient_accumulation_steps
    steps = -(-len(sampler) // accumulation)  # an epoch
    used: list[int] = []
    epochs = range(clock.first_step // steps, -(-trainer.state.global_step // steps))
    for epoch in epochs:
        sampler.set_epoch(epoch)
        first, last = (
            min(steps, max(0, step - epoch * steps)) for step in (clock.first_step, trainer.state.global_step)
        )
        used += [number for batch in list(sampler)[first * accumulation : last * accumulation] for number in batch]
    source, target = data.lengths[used], data.target_lengths[used]
    shares = gather_object([(int(source.sum() + target.sum()), seq2seq_flops(shape, source, target))])
    return Throughput(
        parameters=sum(parameter.numel() for parameter in trainer.model.parameters()),
        tokens=sum(tokens for tokens, _ in shares),
        flops=sum(flops for _, flops in shares),
        seconds=clock.seconds,
        dtype=dtype,
        peak=peak,
        steps=trainer.state.global_step - clock.first_step,
    )
