"""What can be read off the portraits of the embedded corpus, by probes that have seen others.

python -m benchmarks.portraits --out results/portraits

Portraits of the train split teach a small convolutional network and a linear classifier of the pixels to read age,
gender, formality, emotion, clothes and face; both are asked about portraits of the test split. Writes
``probes.json``, ``README.md``, and ``sheet.png``, a contact sheet by attribute.
"""

import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from itertools import count, islice, pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.command import help_text
from benchmarks.report import machine
from tod_bench.files import write_bytes, write_json, write_text
from tod_bench.markdown import table
from tod_bench.progress import progress
from tod_bench.provenance import provenance
from tod_bench.records import Persona
from tod_bench.simulated.personas import draw_persona
from tod_bench.simulated.phrase_tables import phrase_table
from tod_bench.simulated.portraits import VERSION, image_name, portrait
from tod_bench.statistics import bootstrap_interval
from tod_metrics.base import percentage

if TYPE_CHECKING:
    import torch

SEED = 1
SIDE = 64
BATCH = 64
AGES = ("toddler", "child", "teenager", "adult", "senior")
GROWN = ("adult", "senior")
"""The ages that can be formal."""
EMOTIONS = ("positive", "neutral", "negative")


def phrases(group: str) -> tuple[str, ...]:
    """The phrases that an impression may have for clothes, or for the face."""
    return tuple(phrase for kind in phrase_table("portraits")[group].values() for phrase in kind)


CLASSES: Mapping[str, tuple[str, ...]] = {
    "age": AGES,
    "gender": ("female", "male"),
    "formality": ("casual", "formal"),
    "emotion": EMOTIONS,
    "clothes": phrases("clothes"),
    "face": phrases("face"),
}
"""What is read -> what it can be."""


@dataclass(frozen=True)
class Portraits:
    """Portraits and what there is to read off them.

    Attributes:
        pixels: Shape (portraits, 3, side, side), 0 to 255.
        labels: What is read -> the class of each portrait, shape (portraits,).
    """

    pixels: NDArray[np.uint8]
    labels: Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Reading:
    """How well a probe reads one thing, in percent.

    Attributes:
        portraits: How many were asked about.
        accuracy: Portraits that are read rightly.
        low: Lower end of its 95% interval; None where there are too few for one.
        high: Upper end.
        recall: Class -> portraits of it that are read rightly; classes without portraits are left out.
    """

    portraits: int
    accuracy: float
    low: float | None
    high: float | None
    recall: Mapping[str, float]


def persona(split: str, index: int) -> Persona:
    """The user of a dialogue of the embedded corpus."""
    return draw_persona(Random(f"{SEED}/{split}/{index}"), image_name(SEED, split, index))


def classes_of(one: Persona) -> dict[str, str]:
    """The class of a persona in everything that is read."""
    named = {group: next(text for text in CLASSES[group] if text in one.impression) for group in ("clothes", "face")}
    return {name: named.get(name) or getattr(one, name) for name in CLASSES}


def portraits(split: str, number: int) -> Portraits:
    """The first portraits of a split."""
    pixels = np.empty((number, 3, SIDE, SIDE), dtype=np.uint8)
    labels = {name: np.empty(number, dtype=np.int64) for name in CLASSES}
    with progress(f"drawing {split}", number, unit="portraits") as shown:
        for index in range(number):
            one = persona(split, index)
            pixels[index] = np.asarray(portrait(one, one.image, SIDE)).transpose(2, 0, 1)
            for name, value in classes_of(one).items():
                labels[name][index] = CLASSES[name].index(value)
            shown.advance()
    return Portraits(pixels, labels)


def network() -> "torch.nn.Module":
    """Four convolutions and a hidden layer; one output a class of everything that is read."""
    from torch import nn

    sizes = (3, 16, 32, 48, 64)
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
    cells = sizes[-1] * (SIDE // 16) ** 2
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(cells, 256), nn.ReLU(), nn.Linear(256, _width())
    )


def linear() -> "torch.nn.Module":
    """A linear classifier of the pixels, averaged to a quarter of the side."""
    from torch import nn

    return nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(3 * (SIDE // 4) ** 2, _width()))


def _width() -> int:
    return sum(map(len, CLASSES.values()))


PROBES: Mapping[str, tuple[Callable[[], "torch.nn.Module"], float]] = {
    "network": (network, 2e-3),
    "linear": (linear, 3e-3),
}
"""Probe -> what makes it, and the highest learning rate."""


def trained(make: Callable[[], "torch.nn.Module"], rate: float, data: Portraits, epochs: int) -> "torch.nn.Module":
    """A probe that has learned from portraits, everything at once."""
    import torch

    torch.manual_seed(SEED)
    model = make()
    pixels, labels = _inputs(data.pixels), {name: torch.from_numpy(values) for name, values in data.labels.items()}
    steps = epochs * -(-len(pixels) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=steps)
    model.train()
    with progress(f"training {make.__name__}", steps, unit="steps") as shown:
        for _ in range(epochs):
            for rows in torch.randperm(len(pixels)).split(BATCH):
                outputs = _by_name(model(pixels[rows]))
                loss = sum(torch.nn.functional.cross_entropy(outputs[name], labels[name][rows]) for name in CLASSES)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                shown.advance()
    return model.eval()


def _inputs(pixels: NDArray[np.uint8]) -> "torch.Tensor":
    import torch

    return torch.from_numpy(pixels).float() / 127.5 - 1


def _by_name(outputs: "torch.Tensor") -> dict[str, "torch.Tensor"]:
    return dict(zip(CLASSES, outputs.split([len(names) for names in CLASSES.values()], dim=1), strict=True))


def answers(model: "torch.nn.Module", data: Portraits) -> dict[str, NDArray[np.int64]]:
    """What a probe reads off portraits: the class of each, for everything that is read."""
    import torch

    with torch.no_grad():
        outputs = _by_name(torch.cat([model(rows) for rows in _inputs(data.pixels).split(256)]))
    return {name: values.argmax(1).numpy() for name, values in outputs.items()}


def reading(names: Sequence[str], answered: NDArray[np.int64], true: NDArray[np.int64]) -> Reading:
    """How well one thing is read."""
    right = (answered == true).astype(float)
    counted = np.stack([right, np.ones_like(right)], axis=1)
    interval = bootstrap_interval(counted, lambda sums: percentage(sums[..., 0], sums[..., 1]))
    recall = {
        name: round(100 * float(right[true == index].mean()), 1)
        for index, name in enumerate(names)
        if (true == index).any()
    }
    low, high = (None if end is None else round(end, 1) for end in (interval.low, interval.high))
    return Reading(len(right), round(100 * float(right.mean()), 1), low, high, recall)


def readings(answered: Mapping[str, NDArray[np.int64]], test: Portraits) -> dict[str, Reading]:
    """How well everything is read; formality also of those alone who can be formal."""
    found = {name: reading(CLASSES[name], answered[name], test.labels[name]) for name in CLASSES}
    grown = np.isin(test.labels["age"], [AGES.index(age) for age in GROWN])
    if grown.any():
        parts = answered["formality"][grown], test.labels["formality"][grown]
        found["formality of adults and seniors"] = reading(CLASSES["formality"], *parts)
    return found


def most_frequent(train: Portraits, asked: int) -> dict[str, NDArray[np.int64]]:
    """The answers of somebody who sees no picture: always what is most frequent in training."""
    return {name: np.full(asked, np.bincount(values).argmax()) for name, values in train.labels.items()}


def contact_sheet(each: int) -> bytes:
    """Portraits of the test split as one PNG file: a row an age and gender, and a third of it an emotion.

    Args:
        each: Portraits of every age, gender and emotion; of adults and seniors, every other one is formal.
    """
    from PIL import Image, ImageDraw

    left, top = 96, 16
    sheet = Image.new("RGB", (left + SIDE * each * len(EMOTIONS), top + SIDE * 2 * len(AGES)), "white")
    write = ImageDraw.Draw(sheet)
    for column, emotion in enumerate(EMOTIONS):
        write.text((left + column * each * SIDE + 4, 2), emotion, fill="black")
    rows = [(age, gender) for age in AGES for gender in CLASSES["gender"]]
    for row, (age, gender) in enumerate(rows):
        write.text((4, top + row * SIDE + 24), f"{age}\n{gender}", fill="black")
        for column in range(each * len(EMOTIONS)):
            formality = "formal" if age in GROWN and column % 2 else "casual"
            wanted = {"age": age, "gender": gender, "emotion": EMOTIONS[column // each], "formality": formality}
            one = _nth(wanted, column % each // (2 if age in GROWN else 1))
            sheet.paste(portrait(one, one.image, SIDE), (left + column * SIDE, top + row * SIDE))
    written = io.BytesIO()
    sheet.quantize(256).save(written, "PNG", optimize=True)
    return written.getvalue()


def _nth(wanted: Mapping[str, str], number: int) -> Persona:
    """The user of the test split with these attributes before whom so many others have them."""
    fitting = (one for one in map(partial(persona, "test"), count()) if wanted.items() <= classes_of(one).items())
    return next(islice(fitting, number, None))


def page(record: Mapping[str, Any]) -> str:
    """The page of the results."""
    computer, read = record["machine"], record["readings"]
    columns = ["", "network", "linear", "most frequent"]
    rows = [[name, *(_shown(read[probe][name]) for probe in columns[1:])] for name in read["network"]]
    recalls = [
        [group, name, *(read[probe][group]["recall"].get(name, "") for probe in ("network", "linear"))]
        for group in CLASSES
        for name in CLASSES[group]
    ]
    seconds = {name: f"{value:.0f} s" for name, value in record["seconds"].items()}
    lines = [
        "# What can be read off the portraits",
        "",
        f"Portraits of version {VERSION}, {SIDE} x {SIDE} pixels, of the embedded corpus with seed {SEED}. Probes",
        f"learn from {record['train']:,} of the train split and are asked about {record['test']:,} of the test split,",
        "of other users. Accuracy in percent, with 95% intervals over portraits.",
        "",
        table(columns, rows),
        "",
        f"`{record['command']}`: {seconds['all']} of wall time, {seconds['drawing']} of it drawing and",
        f"{seconds['network']} training the network for {record['epochs']} epochs, {computer['torch_threads']}",
        f"thread(s) of {computer['processor']}; {record['milliseconds']:.1f} ms of processor time a portrait.",
        " ".join([f"Made on {record['date']} at commit {str(record['commit'])[:7]}.", *record["remarks"]]),
        "",
        "**network**: four convolutions and a hidden layer, all of it learned here. **linear**: a linear classifier of",
        f"{SIDE // 4} x {SIDE // 4} averaged pixels. **most frequent** sees no picture. Toddlers, children and",
        "teenagers are always casual, so formality is also shown for adults and seniors alone.",
        "",
        "These numbers say how much the drawings hold. They do not say how well people read them, nor how well a model",
        "reads photographs.",
        "",
        "![Portraits by age, gender and emotion; of adults and seniors, every other one is formal](sheet.png)",
        "",
        "## By class",
        "",
        "Share of the portraits of a class that are read rightly, in percent.",
        "",
        table(["", "class", "network", "linear"], recalls, left=2),
        "",
    ]
    return "\n".join(lines)


def _shown(read: Mapping[str, Any]) -> str:
    ends = "" if read["low"] is None else f" [{read['low']:.1f}, {read['high']:.1f}]"
    return f"{read['accuracy']:.1f}{ends}"


@click.command(help=help_text(__doc__))
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/portraits"), help="Folder to write into.")
@click.option("--train", "train_size", default=8000, help="Portraits to learn from.")
@click.option("--test", "test_size", default=1000, help="Portraits to be asked about.")
@click.option("--epochs", default=6, help="Times that the probes see the portraits.")
@click.option("--sheet", default=4, help="Portraits of every age, gender and emotion on the contact sheet.")
@click.option("--remark", "remarks", multiple=True, help="A sentence for the page, on the machine's load, say.")
def main(out: Path, train_size: int, test_size: int, epochs: int, sheet: int, remarks: Sequence[str]) -> None:
    """Draws, trains, asks and writes."""
    computer = machine()  # imports torch, which is not to be timed
    began, worked = time.perf_counter(), time.process_time()
    train, test = portraits("train", train_size), portraits("test", test_size)
    milliseconds = 1000 * (time.process_time() - worked) / (train_size + test_size)
    seconds = {"drawing": time.perf_counter() - began}
    answered = {}
    for name, (make, rate) in PROBES.items():
        started = time.perf_counter()
        answered[name] = answers(trained(make, rate, train, epochs), test)
        seconds[name] = time.perf_counter() - started
    answered["most frequent"] = most_frequent(train, test_size)
    found = {
        name: {what: asdict(one) for what, one in readings(given, test).items()} for name, given in answered.items()
    }
    seconds["all"] = time.perf_counter() - began
    record = {
        "version": VERSION,
        "seed": SEED,
        "side": SIDE,
        "train": train_size,
        "test": test_size,
        "epochs": epochs,
        "readings": found,
        "command": f"python -m benchmarks.portraits --train {train_size} --test {test_size} --epochs {epochs}",
        "date": date.today().isoformat(),
        "commit": provenance()["commit"],
        "remarks": list(remarks),
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "milliseconds": round(milliseconds, 2),
        "machine": computer,
    }
    write_json(out / "probes.json", record)
    write_bytes(out / "sheet.png", contact_sheet(sheet))
    write_text(out / "README.md", page(record))
    print(page(record))


if __name__ == "__main__":
    main()
