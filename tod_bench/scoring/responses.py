"""What a file of responses is scored by where no metrics are named: by how its responses are written and what the corpus has."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from metrics.sources import delexicalised_share
from metrics.venues import SEARCHED
from tod_bench.records import Dialogue, Prediction
