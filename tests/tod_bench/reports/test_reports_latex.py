"""Tables as LaTeX: escaped, well formed, and, where there is a LaTeX, compiled."""

import re
import subprocess

import pytest

from tod_bench.reports.latex import escaped, to_latex
from tod_bench.reports.table import Number, Row, Table

HOSTILE = r"50% of A&B_{c} #1 \input{/etc/passwd} $x^2$ ~ <a|b> [*] `q` “é”" + "\n\0\x1b end"
TABLE = Table(
    title=HOSTILE,
    columns=("JGA", "F_1 & co"),
    rows=(
        Row("t5_small", "multi woz", (Number(57.3, 55.1, 59.5, published=47.17), Number())),
        Row("[x]", "50%", (Number(40.0, spread=0.8), Number(1.0))),
        Row("[x]", "a - b", (Number(-17.3), Number(2.0)), difference=True),
    ),
    signatures={"JGA": ("jga|norm:detok|v:0.2.0_x",)},
    warnings=("column F_1: 100% wrong",),
    notes=("plain: simulated1, split test[:20]",),
    source="Somewhere & Co., Table 1",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50%_a&b#c", r"50\%\_a\&b\#c"),
        (r"\x{1}", r"\textbackslash{}x\{1\}"),
        ("a|b<c>", r"a\textbar{}b\textless{}c\textgreater{}"),
        ("57 ± 1 — ok", r"57 $\pm$ 1 --- ok"),
        ("~^", r"\textasciitilde{}\textasciicircum{}"),
        ("a\nb\0\x1b", "a b"),
    ],
)
def test_escapes(text, expected):
    assert escaped(text) == expected


def test_rows_have_as_many_cells_as_the_table_has_columns():
    text = to_latex(TABLE)
    inside = text.partition(r"\toprule")[2].partition(r"\bottomrule")[0]
    rows = [line for line in inside.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 7  # head, three rows; an interval, a published value and its difference
    assert all(len(re.findall(r"(?<!\\)&", row)) == 3 for row in rows)
    assert r"    t5\_small & multi woz & 57.30 & --- \\" in rows
    assert r"     &  & \scriptsize {[}55.1, 59.5{]} &  \\" in rows
    assert r"     & published & 47.17 &  \\" in rows
    assert r"     & ours $-$ published & +10.13\rlap{$^{*}$} &  \\" in rows
    assert r"40.00 $\pm$ 0.80" in text
    assert "$-$17.30" in text
    assert r"\begin{tabular}{llrr}" in text


def test_what_is_opened_is_closed_and_nothing_is_read_or_run():
    text = to_latex(TABLE)
    bare = re.sub(r"\\[{}\\]", "", text)
    assert bare.count("{") == bare.count("}")
    for name in ("table", "tabular", "minipage"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") == 1
    assert r"\input" not in text.replace(r"\usepackage", "")
    assert text.isprintable() or set(text) - {"\n"} <= set(filter(str.isprintable, text))
    assert not re.search(r"(?<!\\)[#~^]", text.replace("$^{*}$", ""))
    assert text.count("%") == text.count(r"\%") + 1  # the comment of the first line


@pytest.mark.latex
def test_compiles(tmp_path):
    head = "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{booktabs}\n\\begin{document}\n"
    (tmp_path / "t.tex").write_text(head + to_latex(TABLE) + "\\end{document}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "t.pdf").stat().st_size > 1000
