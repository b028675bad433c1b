"""The measures of the code's shape."""

from benchmarks.shape import HEADS, shape, shape_table

SOURCE = '''"""A module."""


@decorated
def three(value):
    """Says it back."""
    return value


class Thing:
    async def five(self):
        def inner():
            return 1

        return inner


def two():
    return 2
'''


def test_shape_measures_functions_from_def_to_end(tmp_path):
    file = tmp_path / "module.py"
    file.write_text(SOURCE, encoding="utf-8")
    empty = tmp_path / "__init__.py"
    empty.write_text("", encoding="utf-8")
    # Functions of 3, 5, 2 and 2 lines; files of 19 and 0 lines.
    assert shape([file, empty]) == ["19", "2", "9.5", "4", "2.5", "3"]
    assert shape([]) == ["0", "0", "0", "0", "0", "0"]


def test_the_table_has_each_package_and_sums_up():
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in shape_table().splitlines()]
    assert lines[0] == list(HEADS)
    rows = {line[0]: [float(cell.replace(",", "")) for cell in line[1:]] for line in lines[2:]}
    assert {"tod_bench", "tod_bench/statistics", "tod_bench/judge", "tod_metrics", "tod_baselines"} <= set(rows)
    for column in (0, 1, 3, 5):
        assert rows["all"][column] == sum(rows[name][column] for name in ("tod_bench", "tod_metrics", "tod_baselines"))
        parts = sum(values[column] for name, values in rows.items() if name.startswith("tod_bench/"))
        assert rows["tod_bench"][column] == parts
