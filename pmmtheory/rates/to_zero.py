"""What a curve is at step 0, from three steps."""

from __future__ import annotations

from collections.abc import Sequence

from pmmtheory.estimate import Estimate


def to_zero(values: Sequence[Estimate], share: float) -> Estimate:
    """The parabola through values at x, share x and share^2 x, at 0.

    The part "extrapolation" of its error is by how much the first value changes it or, as that may vanish by chance, twice the square of what is left
    at the last, relatively: the next term of a geometric series.

    Examples
    --------
    >>> print(to_zero([Estimate(1 + x + x**2 + x**3, 0.0, "by hand") for x in (0.02, 0.01, 0.005)], 0.5))
    1.000001 +- 5.2e-05
    """
    once = [(near - share * far) / (1 - share) for far, near in zip(values, values[1:], strict=False)]
    found: Estimate = (once[1] - share**2 * once[0]) / (1 - share**2)
    beyond = max(abs(found.value - once[1].value), 2 * abs(found.value) * (values[2].value / found.value - 1) ** 2)
    return Estimate(found.value, found.error + beyond, "extrapolation to step 0", {**found.parts, "extrapolation": beyond})
