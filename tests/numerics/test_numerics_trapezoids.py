"""What the trapezoid rule is said to miss, against what it does."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.numerics.trapezoids import aliased


def missed(f: Callable[[torch.Tensor], torch.Tensor], whole: float, spacing: float, shift: float) -> tuple[float, float]:
    x = spacing * torch.arange(-math.ceil(50 / spacing), math.ceil(50 / spacing) + 1, dtype=torch.float64) + shift
    values = f(x)
    return abs(spacing * float(values.sum()) - whole), aliased(values, spacing)


@given(st.floats(0.1, 3.0), st.floats(0.0, 1.0), st.floats(3.0, 8.0), st.floats(1e-4, 1.0))
def test_a_bump_with_a_narrow_one_beside(widths: float, shift: float, steepness: float, size: float) -> None:
    """Waves of the narrow one are few, and fall slowly: the square of what half the points miss tells nothing of them."""

    def f(x: torch.Tensor) -> torch.Tensor:
        return torch.exp(-x * x / 2) + size / torch.cosh(steepness * (x - 0.5))

    spacing = widths / steepness
    off, stated = missed(f, math.sqrt(2 * math.pi) + size * math.pi / steepness, spacing, shift * spacing)
    assert off <= stated + 1e-14


@given(st.floats(0.05, 0.5), st.floats(0.0, 1.0))
def test_a_corner_that_nobody_told_of(spacing: float, shift: float) -> None:
    off, stated = missed(lambda x: torch.exp(-x.abs()), 2.0, spacing, shift * spacing)
    assert off <= stated < 1.0 * spacing


@given(st.floats(0.1, 0.4), st.floats(0.0, 1.0))
def test_a_smooth_function_has_all_its_digits(spacing: float, shift: float) -> None:
    off, stated = missed(lambda x: torch.exp(-x * x / 2), math.sqrt(2 * math.pi), spacing, shift * spacing)
    assert off <= stated + 1e-14 < 1e-12
