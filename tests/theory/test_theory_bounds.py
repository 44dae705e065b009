"""Bounds of theorems hold where the law is known."""

from __future__ import annotations

import math

import pytest

from pmmtheory.divergences import kl
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Gaussian
from pmmtheory.theory.bounds import kandasamy_nagaraj_rate, vempala_wibisono


@pytest.mark.parametrize("step", [0.25, 0.1, 0.01])
def test_vempala_wibisono_on_a_gaussian(step: float) -> None:
    """LMC from N(2, 3) on N(0, 1): a Gaussian at every step, whose KL stays below the bound."""
    mean, variance = 2.0, 3.0
    initial = float(kl(Gaussian(mean, variance), Gaussian()))
    for n in range(40):
        assert float(kl(Gaussian(mean, variance), Gaussian())) <= vempala_wibisono(1.0, 1.0, step, n, initial)
        mean, variance = (1 - step) * mean, (1 - step) ** 2 * variance + 2 * step


def test_its_two_parts() -> None:
    assert vempala_wibisono(2.0, 2.0, 0.1, 0, 5.0) == pytest.approx(5.0 + 8 * 4 * 0.1 / 2)
    assert vempala_wibisono(2.0, 2.0, 0.1, 1000, 5.0, dim=3) == pytest.approx(3 * 1.6, rel=1e-12)
    assert vempala_wibisono(2.0, 2.0, 0.1, 10, 5.0) == pytest.approx(5 * math.exp(-2) + 1.6)


@pytest.mark.parametrize("step", [0.26, 0.0, -0.1, math.nan])
def test_steps_beyond_the_theorem(step: float) -> None:
    with pytest.raises(InvalidParameter, match="step_size"):
        vempala_wibisono(1.0, 1.0, step, 1, 1.0)


def test_kandasamy_nagaraj() -> None:
    """K = step^-g and T = time/step in step^4 K T."""
    for growth in (0, 0.5, 1, 2):
        assert kandasamy_nagaraj_rate(growth) == 4 - growth - 1
