"""``tod-bench import``: another tool's prediction file turned into ours."""

from pathlib import Path

import click

SHOWN = 20
"""Mismatches that are printed; the rest are counted."""


@click.command()
@click.argument("form", metavar="FORMAT")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The prediction file to write; .jsonl.gz is gzipped.",
)
@click.option("--corpus", help="The corpus that was answered, to match ids and turns with.")
@click.option("--split", default="test", show_default=True, help="Its split, such as test or dev[:200].")
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the corpus's reader, such as version=2.1.",
)
@click.option("--partial", is_flag=True, help="Accept missing dialogues and turns.")
@click.option("--updates", is_flag=True, help="States are what each turn changes; add them up into whole states.")
def command(
    *,
    form: str,
    file: Path,
    output: Path,
    corpus: str | None,
    split: str,
    options: tuple[str, ...],
    partial: bool,
    updates: bool,
) -> None:
    """Turn another tool's prediction file into ours.

    FORMAT is one of those below, or auto, which says what it recognises. What does not fit the corpus is named, and
    then nothing is written. Ids are read in any case, with or without .json; gzipped files are read as they are.

    \b
    slots: a belief state a turn, slots by their full names
      {"SNG0073.json": [{"restaurant-area": "centre", "hotel-book day": "friday"}, ...]}
    \b
    mwzeval: MultiWOZ_Evaluation; `response`, `state` or both, and `active_domains`
      {"sng0073": [{"response": "[value_name] is nice .",
                    "state": {"restaurant": {"area": "centre"}}}, ...]}
    \b
    trade: TRADE; lists of domain-slot-value, or its own file with `pred_bs_ptr`
      {"SNG0073.json": {"0": ["restaurant-area-centre", "hotel-book day-friday"], ...}}
    \b
    simpletod: what SimpleTOD generates; an entry a turn in each list
      {"SNG0073.json": {"generated_turn_belief": [["restaurant area centre"], ...],
                        "generated_response": ["[restaurant_name] is nice", ...]}}
    \b
    pptod: PPTOD and the DAMD family; the generated spans of each turn
      [{"dial_id": "sng0073", "turn_num": 0, "bspn_gen": "[restaurant] area centre",
        "resp_gen": "[value_name] is nice ."}, ...]
    \b
    convlab3: ConvLab-3's predictions.json; dialogues are found by the user's words
      [{"speaker": "user", "utt_idx": 0, "utterance": "...",
        "predictions": {"state": {"restaurant": {"area": "centre"}}}}, ...]
    \b
    sgd: a folder of dialogues_*.json in SGD's own layout, or one such file
      [{"dialogue_id": "1_00000", "turns": [{"speaker": "USER", "frames": [
        {"service": "Hotels_1", "state": {"slot_values": {"city": ["Paris"]}}}]}, ...]}]

    \b
    Examples:
      tod-bench import mwzeval predictions.json -o predictions.jsonl --corpus multiwoz
      tod-bench import auto model_output.json -o predictions.jsonl --corpus multiwoz
      tod-bench import sgd dstc8_output/ -o predictions.jsonl --corpus sgd --split dev
    """
    from tod_bench.cli.printing import say
    from tod_bench.errors import UserError
    from tod_bench.importers import import_predictions
    from tod_bench.predictions import write_predictions
    from tod_bench.reports.corpora import open_with

    if output.resolve() == file.resolve() or (output.exists() and file.exists() and output.samefile(file)):
        raise UserError(f"{file} would be overwritten with what is read from it; give another file after -o")
    opened = open_with(corpus, options) if corpus else None
    imported = import_predictions(file, opened, format=form, split=split, partial=partial, updates=updates)
    for line in (*imported.notices, *imported.mismatches[:SHOWN]):
        say(line)
    if imported.mismatches:
        more = len(imported.mismatches) - SHOWN
        counted = f"{len(imported.mismatches)} mismatches" + (f", {more} of them not shown" if more > 0 else "")
        raise UserError(f"{file} was not imported: {counted}")
    write_predictions(output, imported.predictions)
    say(f"{len(imported.predictions)} turns written to {output}")
