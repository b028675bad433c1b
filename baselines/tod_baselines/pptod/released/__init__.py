"""PPTOD's own format (Su et al. 2022), so that its released checkpoints can be scored as they are: ``format: pptod``.

    words.py      utterances and slots as PPTOD's data has them
    spans.py      belief states, acts, database marks and responses as text, and back
    examples.py   source and target of a turn, token for token
    decoding.py   what a checkpoint writes, from its start token to its end token

The facts are from awslabs/pptod (`DST/dataclass.py`, `E2E_TOD/dataclass.py`, `modelling/T5Model.py`) and from the
script that made its data, `preprocess.py` of TonyNemo/UBAR-MultiWOZ. `docs/t5.md` says what differs.
"""
