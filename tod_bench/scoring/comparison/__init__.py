"""Which of two systems is better, by how much, with what p, and what could this test set have shown at all?"""

from tod_bench.scoring.comparison.files import compare_files, task_of
from tod_bench.scoring.comparison.systems import Comparison, Settings, compare

__all__ = ["Comparison", "Settings", "compare", "compare_files", "task_of"]
