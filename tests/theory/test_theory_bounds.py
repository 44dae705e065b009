"""Bounds of theorems hold where the law is known."""

from __future__ import annotations

import math

import pytest

from pmmtheory.divergences import kl
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Gaussian
from pmmtheory.theory.bounds import (
    AssumptionViolated,
    find_theorems,
    kandasamy_nagaraj,
    kandasamy_nagaraj_calls,
    kandasamy_nagaraj_rate,
    vempala_wibisono,
)


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


@pytest.mark.parametrize(
    ("change", "assumption"),
    [({"step_size": 1.1}, "alpha L < c1"), ({"steps": 1001}, "T < c2"), ({"initial_energy": -1.0}, "min F >= 0")],
)
def test_calls_outside_the_assumptions_name_them(change: dict[str, float], assumption: str) -> None:
    inside = {"step_size": 0.1, "substeps": 4, "steps": 999, "dim": 1, "smoothness": 1.0, "initial_energy": 1.0}
    assert kandasamy_nagaraj(**inside) == pytest.approx(1e-4 * (2 + 4 * 999))
    with pytest.raises(AssumptionViolated, match=assumption):
        kandasamy_nagaraj(**(inside | change))


@pytest.mark.parametrize(("eps", "kappa", "dim"), [(1e-4, 3.0, 5), (1e-5, 10.0, 2)])
def test_the_complexity_of_pmm_follows_from_theorem_2(eps: float, kappa: float, dim: int) -> None:
    """KL = (alpha L)^4 K d^2 T = eps^2 with T = kappa/(alpha L) and K = alpha/h, h L = eps^2/(kappa d): T = kappa^(3/2) d^(3/4)/eps."""
    alpha = eps / (kappa**0.5 * dim**0.75)
    substeps, steps = round(alpha * kappa * dim / eps**2), round(kappa / alpha)
    second = kandasamy_nagaraj(alpha, substeps, steps, dim, 1.0, 0.0) - kandasamy_nagaraj(alpha, 1, 1, 1, 1.0, 0.0) / 2
    assert second == pytest.approx(eps**2, rel=1e-2)
    assert kandasamy_nagaraj_calls("PMM", eps, kappa, dim) == pytest.approx(steps, rel=1e-2)


def test_every_file_gives_theorems_with_one_name_each() -> None:
    found = find_theorems("pmmtheory.theory.bounds")
    assert {"KN 1", "KN 2", "KN 3", "VW 1", "SN lemma 1"} <= set(found)
    assert all(theorem.assumptions and callable(theorem.bound) for theorem in found.values())
