"""`pmmtheory certify`: the table of certified numbers, and whether every stated error holds."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Context, Decimal
from typing import TYPE_CHECKING

from pmmtheory.errors import InvalidParameter
from pmmtheory.harness.errors import UsageError

if TYPE_CHECKING:
    from pmmtheory.rigor import Certificate

HEAD = ("number", "value", "stated error", "enclosure", "verdict")


def show(groups: Sequence[str] | None, bits: int) -> bool:
    """Print a row a number as soon as it is certified; whether all stated errors are proved to hold.

    Raises
    ------
    UsageError
        Without the library of balls, or for a group that does not exist.
    """
    try:
        from pmmtheory.rigor import certificates
    except ImportError as error:
        raise UsageError(f"{error}.") from error
    try:
        todo = certificates(groups or None, bits)
    except InvalidParameter as error:
        raise UsageError(str(error)) from error
    print(line(HEAD))
    print(line(["---"] * len(HEAD)))
    verdicts = []
    for found in todo:
        print(line(row(found)), flush=True)
        verdicts.append(found.verdict)
    counts = ", ".join(f"{verdicts.count(verdict)} {words}" for verdict, words in _WORDS.items() if verdict in verdicts)
    print(f"\n{len(verdicts)} stated errors: {counts}.")
    return all(verdict == "holds" for verdict in verdicts)


_WORDS = {"holds": "proved to hold", "fails": "proved not to hold", "open": "neither, as an enclosure is too wide"}


def row(found: Certificate) -> list[str]:
    """The cells of a number."""
    return [found.name, repr(found.stated.value), f"{found.stated.error:.2g}", enclosed(found), found.verdict]


def enclosed(found: Certificate) -> str:
    """The middle with the digits that are known, up to 24, and half of the width."""
    middle, half = found.enclosure.middle, found.enclosure.width / 2
    plain, up = Context(prec=60), Context(prec=2, rounding=ROUND_CEILING)
    exact, loose = (plain.divide(Decimal(x.numerator), Decimal(x.denominator)) for x in (middle, half))
    least = exact.adjusted() - 23 if exact else -30
    place = max(loose.adjusted() - 1 if loose else least, least)
    shown = exact.quantize(Decimal(1).scaleb(place), context=Context(prec=80))
    error = up.plus(loose + abs(shown - exact) + Decimal(1).scaleb(exact.adjusted() - 55))
    return f"{shown:f} +- {error:.1e}"


def line(cells: Sequence[str]) -> str:
    """A row of a table of Markdown."""
    return f"| {' | '.join(cells)} |"
