"""Tables of studies for LaTeX, with the rules of booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pmmtheory.harness.report.rows import Row, row
from pmmtheory.harness.verdict import Outcome

_LONG = 40
"""Rows beyond which a table may break over pages."""
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "±": r"$\pm$",
    "∞": r"$\infty$",
    "×": r"$\times$",
    "−": "$-$",
    "–": "--",
}


def table(name: str, title: str, outcomes: Sequence[Outcome]) -> str:
    r"""A tabular of a study, to be put into a document by \input; beyond 40 rows a longtable.

    Parameters
    ----------
    name, title : str
        Of the study; they stand in a comment.
    outcomes : sequence of Outcome
    """
    rows = [row(number, outcome) for number, outcome in enumerate(outcomes, 1)]
    environment = "longtable" if len(rows) > _LONG else "tabular"
    packages = "booktabs and longtable" if environment == "longtable" else "booktabs"
    head = [
        f"% {' '.join(f'{name}: {title}'.split())}",
        rf"% needs the package{'s' if environment == 'longtable' else ''} {packages}",
        rf"\begin{{{environment}}}{{@{{}}rp{{0.36\linewidth}}lllll@{{}}}}",
        r"\toprule",
        r" & Claim & Target & Predicted & Measured & Interval & Verdict \\",
        r"\midrule",
    ]
    if environment == "longtable":
        head.append(r"\endhead")
    body = [line for one in rows for line in _lines(one)]
    return "\n".join([*head, *body, r"\bottomrule", rf"\end{{{environment}}}", ""])


def escape(text: str) -> str:
    r"""Text as LaTeX shows it; what follows a caret is raised.

    >>> print(escape("KL of A & B_1 falls like step^1.5 at 100%"))
    KL of A \& B\_1 falls like step\textsuperscript{1.5} at 100\%
    >>> print(escape("eps^(-1/2) <= 3 {x}"))
    eps\textsuperscript{(-1/2)} \textless{}= 3 \{x\}
    """
    pieces = re.split(r"\^(\([^()]*\)|-?\w+(?:\.\d+)?)", text)
    return "".join(rf"\textsuperscript{{{_plain(piece)}}}" if i % 2 else _plain(piece) for i, piece in enumerate(pieces))


def _plain(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in re.sub(r"\s+", " ", text))


def _lines(one: Row) -> list[str]:
    """The line of the rate, and one of the constant."""
    count = max(len(one.predicted), len(one.measured), len(one.interval), 1)
    first = [str(one.number), escape(one.statement), escape(one.target)]
    lines = []
    for i in range(count):
        cells = [escape(column[i]) if i < len(column) else "" for column in (one.predicted, one.measured, one.interval)]
        lines.append(" & ".join([*(first if i == 0 else ["", "", ""]), *cells, escape(one.verdict) if i == 0 else ""]) + r" \\")
    return lines
