"""Which of two systems is better, by how much, with what p, and what could this test set have shown at all?"""

from tod_bench.scoring.comparison.files import compare_files
from tod_bench.scoring.comparison.systems import Comparison, Settings, compare
from tod_bench.scoring.metrics import task_of

__all__ = ["Comparison", "Settings", "compare", "compare_files", "task_of"]
