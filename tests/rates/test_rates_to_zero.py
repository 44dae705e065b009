"""What a curve is at step 0 lies within the error of what three steps tell of it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pmmtheory.estimate import Estimate
from pmmtheory.rates.to_zero import to_zero


@given(st.floats(0.5, 2), *3 * [st.floats(-0.2, 0.2)], st.sampled_from([0.25, 0.5]))
def test_a_limit_is_within_its_error(limit: float, first: float, second: float, third: float, share: float) -> None:
    """Of a polynomial of degree 3 in the step; where the difference that tells the error vanishes by chance, what is left of the step tells it."""
    steps = [1.0, share, share**2]
    curve = [Estimate(limit * (1 + first * x + second * x**2 + third * x**3), 1e-9, "by hand") for x in steps]
    found = to_zero(curve, share)
    assume(abs(second) > 4 * abs(third) or first**2 > abs(third))
    assert found.agrees(limit)
    line = [Estimate(limit * (1 + first * x + second * x**2), 1e-9, "by hand") for x in steps]
    assert to_zero(line, share).value == pytest.approx(limit, rel=1e-12)
