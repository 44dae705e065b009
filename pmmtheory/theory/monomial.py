"""Products of powers, as bounds are made of."""

from __future__ import annotations

import math

_LEAST, _MOST = math.log(5e-324), math.log(1.7e308)


def monomial(*powers: tuple[float, float]) -> float:
    """The product of base^exponent over the pairs, bases of at least 0; never 0 by rounding, and infinite where no float is as large.

    An upper bound that fell to 0, or raised an error, would be none.

    Examples
    --------
    >>> monomial((2.0, 3), (4.0, -0.5)), monomial((1e-200, 4)), monomial((1e200, 4)), monomial((0.0, 2))
    (4.0, 5e-324, inf, 0.0)
    """
    if any(base == 0 and exponent > 0 for base, exponent in powers):
        return 0.0
    logarithm = math.fsum(exponent * math.log(base) for base, exponent in powers if exponent)
    if not -600 < logarithm < 600:
        return math.inf if logarithm > _MOST else math.exp(max(logarithm, _LEAST))
    try:
        value = math.prod(float(base) ** exponent for base, exponent in powers)
    except OverflowError:
        value = 0.0
    return value if 0 < value < math.inf else math.exp(logarithm)
