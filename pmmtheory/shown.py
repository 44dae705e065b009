"""A number and its error as text, which is true as it is read: what the digits leave out is counted."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

from pmmtheory.errors import InvalidParameter

_UPWARDS = Context(prec=2, rounding=ROUND_CEILING)


def shown(value: float, error: float, spec: str) -> str:
    """value +- error, the value by a format specification for floats, or with as many digits as the error leaves; the error has two, rounded up.

    Examples
    --------
    >>> shown(0.123456, 1.23e-4, ""), shown(0.123456, 1.23e-4, ".2g"), shown(0.5, 0.0, "")
    ('0.12346 +- 0.00013', '0.12 +- 0.0036', '0.5 +- 0')
    """
    try:
        text = format(float(value), spec or _warranted(value, error))
        read = Fraction(text.strip().replace(",", "").replace("_", "").rstrip("%"))
    except (ValueError, TypeError):
        raise InvalidParameter("spec", spec, "a format specification for floats, such as .3g") from None
    kind = spec[-1] if spec and spec[-1] in "eEfFgG%" else "g"
    hundred = 100 if kind == "%" else 1
    dropped = Fraction(0) if read == Fraction(repr(float(value))) * hundred else abs(read - Fraction(value) * hundred)
    off = Fraction(repr(float(error))) * hundred + dropped
    upper = _UPWARDS.divide(Decimal(off.numerator), Decimal(off.denominator))
    digits = ".1e" if kind in "eE" else ".2g"
    return f"{text} +- {float(upper):{digits}}{'%' if kind == '%' else ''}"


def _warranted(value: float, error: float) -> str:
    """The format that shows a value to the second digit of its error."""
    if not (error and value):
        return f".{next(n for n in (16, 17) if float(f'{value:.{n}g}') == value)}g"
    return f".{min(17, max(1, math.floor(math.log10(abs(value))) - math.floor(math.log10(error)) + 2))}g"
