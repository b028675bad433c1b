"""Help of the benchmarks: a module's docstring, with examples and tables on lines of their own.

@click.command(help=help_text(__doc__))
"""

import re

_AS_IT_IS = re.compile(r"^(Example: |python |\s)", re.MULTILINE)


def help_text(doc: str | None) -> str:
    r"""A docstring as `click` is to show it: what is laid out in it is marked ``\b``, which is not wrapped.

    Args:
        doc: The docstring; None, as under ``python -OO``, is an empty one.
    """
    paragraphs = (doc or "").strip().split("\n\n")
    return "\n\n".join(f"\b\n{one}" if _AS_IT_IS.search(one) else one for one in paragraphs)
