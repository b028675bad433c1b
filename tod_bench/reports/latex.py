r"""A table as LaTeX: a float that needs the package ``booktabs`` alone and says below itself what its numbers mean."""

from collections.abc import Sequence

from tod_bench.numerals import decimal
from tod_bench.reports.numbers import Number, written
from tod_bench.reports.table import Row, Table

_SPECIAL = {
    **{"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}"},
    **{"|": r"\textbar{}", "±": r"$\pm$", "·": r"$\cdot$", "−": "$-$", "×": r"$\times$", "→": r"$\rightarrow$"},
    **{"—": "---", "–": "--", "\n": " ", "\r": " ", "\t": " ", "\N{NO-BREAK SPACE}": "~", "…": r"\ldots{}"},
    # A row that begins with a bracket would be taken for an argument of the line end before it.
    **{"[": "{[}", "]": "{]}", '"': "''", "`": r"\textasciigrave{}"},
}


def to_latex(table: Table) -> str:
    r"""The whole table: ``\input`` it into a document that loads ``booktabs``."""
    lines = [
        "% Needs \\usepackage{booktabs}; for signatures in typewriter type also \\usepackage[T1]{fontenc}.",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{escaped(table.title)}}}",
        rf"  \begin{{tabular}}{{{'l' * len(table.labels)}{'r' * len(table.columns)}}}",
        r"    \toprule",
        _line([*table.labels, *map(escaped, table.columns)]),
        r"    \midrule",
        *_rows(table.rows, table.labels),
        r"    \bottomrule",
        r"  \end{tabular}",
        *_below(table),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text that LaTeX prints as it stands; control characters are left out."""
    return "".join(_SPECIAL.get(sign, sign if sign.isprintable() else "") for sign in text)


def _rows(rows: Sequence[Row], labels: Sequence[str]) -> list[str]:
    """Up to four lines a row, since a page is narrow: numbers, intervals, published values, differences from them."""
    lines: list[str] = []
    for number, row in enumerate(rows):
        if number and row.of_systems and not rows[number - 1].of_systems:
            lines.append(r"    \midrule")
        elif number and rows[number - 1].system != row.system:
            lines.append(r"    \addlinespace")
        texts = [written(one, signed=row.difference) for one in row.numbers]
        values = [_numeral(text.partition(" [")[0]) for text in texts]
        intervals = [escaped(bracket + rest) for _, bracket, rest in (text.partition("[") for text in texts)]
        lines.append(_line([*map(escaped, row.called(labels)), *values]))
        blank = [""] * (len(labels) - 1)
        lines += _second_line([*blank, ""], [rf"\scriptsize {text}" if text else "" for text in intervals])
        published = [
            "" if one.published is None else decimal(one.published, signed=row.difference) for one in row.numbers
        ]
        lines += _second_line([*blank, "published"], [_numeral(text) for text in published])
        lines += _second_line([*blank, "ours $-$ published"], list(map(_from_published, row.numbers)))
    return lines


def _second_line(labels: list[str], cells: list[str]) -> list[str]:
    return [_line([*labels, *cells])] if any(cells) else []


def _from_published(number: Number) -> str:
    gap = number.from_published
    if gap is None:
        return ""
    return _numeral(decimal(gap, signed=True)) + (r"\rlap{$^{*}$}" if number.inside is False else "")


def _numeral(text: str) -> str:
    return f"$-${text[1:]}" if text.startswith("-") else escaped(text)


def _line(cells: Sequence[str]) -> str:
    return "    " + " & ".join(cells) + r" \\"


def _below(table: Table) -> list[str]:
    says = ["Intervals are 95% bootstrap intervals over dialogues."]
    if table.source:
        says.append(f"Published values: {table.source}; * marks those outside our interval.")
    says += [f"Warning: {warning}." for warning in table.warnings]
    says += [f"{note}." for note in table.notes]
    lines = [r"  \par\medskip", r"  \begin{minipage}{\linewidth}\footnotesize\raggedright"]
    lines += [f"    {escaped(text)}" for text in says]
    for label, signatures in table.signatures.items():
        listed = ", ".join(rf"\texttt{{{_breakable(signature)}}}" for signature in signatures)
        lines.append(rf"    \par {escaped(label)}: {listed}")
    return [*lines, r"  \end{minipage}"]


def _breakable(signature: str) -> str:
    # Signatures have no spaces, and LaTeX would let them run off the page.
    return escaped(signature).replace(r"\textbar{}", r"\textbar{}\allowbreak ")
