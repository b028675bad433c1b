"""The stage `pictor` of `benchmarks.gpu_run`: a pretrained language model that is given eyes, on the embedded corpus.

A LLaVA is put together of SmolLM2's decoder and a tower that is trained on portraits first; projector and decoder are
then trained on restyled dialogues. Its answers are scored with the users' own pictures and with those of others.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_bench.errors import UserError

if TYPE_CHECKING:
    from benchmarks.gpu_run import Run

IMAGE = "<image>"

CHAT = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% for part in message['content'] if part['type'] == 'image' %}" + IMAGE + "{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}"
    "{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""SmolLM2's own marks around a message, with the place of a picture."""


def measure_pictor(run: "Run", stage: str) -> None:
    """Trains the tower and the model, and scores it with the users' own pictures and with those of others.

    Raises:
        UserError: There is no pretrained model, or Pillow is missing.
    """
    from importlib.util import find_spec

    from tod_baselines.pictor.system import Pictor
    from tod_bench.corpora.base import open_corpus
    from tod_bench.systems import FitContext

    if find_spec("PIL") is None:
        raise UserError("Pillow is not installed")
    sizes = {"train": 12, "dev": 4, "test": 3} if run.tiny else {"train": 3000, "dev": 50, "test": 200}
    corpus = open_corpus("simulated", style="personalised", dialogues=sizes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        record = compose(language_model(run, folder), folder / "model", tower_settings(run))
        run.add(stage, "tower, with reading and drawing", time.perf_counter() - began, "s", record=record)
        settings = pictor_settings(run, folder / "model")
        context = FitContext("response", corpus.schema, 1, folder / "fit", corpus.database, images=corpus.images)
        began = time.perf_counter()
        record = Pictor(**settings).fit(list(corpus.dialogues("train")), [], context)
        whole = time.perf_counter() - began
        kept = ("parameters", "trained_parameters", "precision", "examples", "tokens", "steps", "throughput", "losses")
        known = {name: record[name] for name in kept if name in record}
        run.add(stage, "fine-tuning, everything", whole, "s", record=known, settings={**settings, "model": "SmolLM2"})
        for control in ("none", "shuffled_images"):
            system = Pictor(**settings, control=control)
            system.load(context)
            run_test(run, stage, system, corpus, control)


def language_model(run: "Run", folder: Path) -> Path:
    """The folder of the decoder; with `tiny` one of few random weights is made.

    Raises:
        UserError: There is none.
    """
    if run.tiny:
        return tiny_language_model(folder / "language")
    if run.smollm2 is None:
        raise UserError(
            "no folder of SmolLM2; make one (python -m benchmarks.smollm2 FOLDER) and give --smollm2 FOLDER"
        )
    return run.smollm2


def tower_settings(run: "Run") -> dict[str, Any]:
    """How the tower is trained."""
    if run.tiny:
        options = {"seed": 1001, "dialogues": {"train": 8, "dev": 2, "test": 0}}
        return {"options": options, "dialogues": 1, "portraits": 8, "held_out": 2, "tower_steps": 2, "side": 32}
    options = {"seed": 1001, "dialogues": {"train": 4000, "dev": 300, "test": 0}}
    return {"options": options, "dialogues": 1, "portraits": 4000, "held_out": 300, "tower_steps": 2000}


def pictor_settings(run: "Run", model: Path) -> dict[str, Any]:
    """How the model is trained: in full, but for the tower."""
    inputs = ["policy", "db", "utterance", "image"]
    common = {"model": str(model), "init": "pretrained", "inputs": inputs, "select_by": "last", "epochs": 1}
    if run.tiny:
        return {**common, "max_steps": 2, "batch_size": 2, "max_new_tokens": 4}
    # The rest is for writing the answers, twice.
    minutes = max(0.5, 0.5 * run.left / 60)
    return {**common, "max_minutes": minutes, "learning_rate": 3e-4, "batch_size": 32, "decode_rows": 256}


def compose(language: Path, folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Writes a LLaVA of a language model and a tower that is trained here; gives back the tower's record."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlavaConfig, LlavaForConditionalGeneration

    from tod_baselines.pictor.made import Made, record_of
    from tod_baselines.pictor.pretraining import Pretraining
    from tod_baselines.pictor.scratch import scratch_processor
    from tod_baselines.pictor.vision import StemVisionModel

    pretraining = Pretraining(**settings)
    place = Made(pretraining, "llava-tiny", {}, 1).tower()
    tower = StemVisionModel.from_pretrained(place)
    decoder = AutoModelForCausalLM.from_pretrained(language, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(language)
    tokenizer.add_special_tokens({"additional_special_tokens": [IMAGE]})
    processor = scratch_processor(pretraining, tokenizer)
    processor.chat_template = CHAT
    if len(tokenizer) > decoder.get_input_embeddings().num_embeddings:
        decoder.resize_token_embeddings(len(tokenizer))
    config = LlavaConfig(
        vision_config=tower.config,
        text_config=decoder.config,
        image_token_index=processor.image_token_id,
        image_seq_length=(pretraining.side // pretraining.patch) ** 2 + 1,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        tie_word_embeddings=decoder.config.tie_word_embeddings,
    )
    network = LlavaForConditionalGeneration._from_config(config)
    network.model.vision_tower.load_state_dict(tower.state_dict())
    network.model.language_model.load_state_dict(decoder.model.state_dict())
    network.lm_head.load_state_dict(decoder.lm_head.state_dict())
    network.generation_config = decoder.generation_config
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    return record_of(place)


def run_test(run: "Run", stage: str, system: Any, corpus: Any, control: str) -> None:
    """Scores a system's answers to the test, gold states and acts given."""
    from benchmarks.gpu_run import in_order
    from tod_bench.tasks import turn_inputs
    from tod_metrics import metric
    from tod_metrics.items import ResponseItem

    dialogues = list(corpus.dialogues("test"))
    shown = list(turn_inputs(dialogues, "response", states="gold", acts="gold", database=corpus.database))
    began = time.perf_counter()
    answers = in_order(shown, list(system.predict("response", shown)))
    seconds = time.perf_counter() - began
    gold = {(dialogue.id, turn.index): turn for dialogue in dialogues for turn in dialogue.turns}
    turns = [gold[answer.dialogue_id, answer.turn] for answer in answers]
    pictures = {"none": "own pictures", "shuffled_images": "pictures of others"}[control]
    said = [answer.response or "" for answer in answers]
    run.add(stage, f"values said exactly, {pictures}", values_said(turns, said), "%", turns=len(said))
    run.add(stage, f"answers, {pictures}", len(said) / seconds, "turns/s")
    try:
        bleu = metric("bleu")
        items = [
            ResponseItem(answer.dialogue_id, answer.turn, turn.system, text)
            for answer, turn, text in zip(answers, turns, said, strict=True)
        ]
        run.add(stage, f"BLEU, {pictures}", float(bleu.aggregate(bleu.statistics(items).sum(axis=0))), "")
    except ImportError as error:
        run.skip(f"{stage}, BLEU", str(error))


def values_said(turns: Sequence[Any], said: Sequence[str]) -> float:
    """`slots_said` of the answers, in percent; NaN where no act has a value."""
    from tod_metrics import metric
    from tod_metrics.items import ResponseItem

    slots_said = metric("slots_said")
    items = [
        ResponseItem(
            "",
            turn.index,
            turn.system,
            text,
            acts=tuple((act.domain, act.act, act.slot, act.value) for act in turn.acts),
        )
        for turn, text in zip(turns, said, strict=True)
    ]
    return float(slots_said.aggregate(slots_said.statistics(items).sum(axis=0)))


def tiny_language_model(folder: Path) -> Path:
    """A language model of few random weights, with SmolLM2's marks, as a folder."""
    from transformers import LlamaConfig, LlamaForCausalLM

    from tod_baselines.training.tokenizers import train_tokenizer

    tokenizer = train_tokenizer(["acts: [hotel] [inform] (area) north"], 300, special=("<|im_start|>", "<|im_end|>"))
    dimensions = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    ends = {"pad_token_id": 0, "bos_token_id": None, "eos_token_id": 1}
    LlamaForCausalLM(
        LlamaConfig(vocab_size=len(tokenizer), tie_word_embeddings=True, **dimensions, **ends)
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
