"""The rules of every kind of pair see all the mass of both laws: int q (p/q) and int q are 1."""

from __future__ import annotations

from typing import Any

import pytest

from pmmtheory.divergences.measured import measured
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.harness.hunt.relations.masses import MASSES, seen
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import BAOAB, EulerMaruyama
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture

FAR = GaussianMixture([0.999, 0.001], [0.0, 12.0], [1.0, 0.2])
APART = GaussianMixture([0.7, 0.3], [[-2.0, 0.0], [4.0, 3.0]], covariances=[[[1.0, 0.3], [0.3, 0.5]], [[0.4, 0.0], [0.0, 0.2]]])


def on_the_line() -> tuple[Any, list[Any]]:
    law = transient_law(EulerMaruyama(Overdamped(FAR), 0.1), Gaussian(1.0, 0.1), 2)
    return law, [FAR, Gaussian(3.0, 30.0), Cosine(amplitude=0.5), stationary_law(EulerMaruyama(Overdamped(Gaussian(2.0, 0.3)), 0.1))]


def in_the_phase_plane() -> tuple[Any, list[Any]]:
    law = stationary_law(BAOAB(Underdamped(Cosine(amplitude=0.5), 1.0), 0.4), rtol=1e-5)
    return law, [Cosine(amplitude=0.5)]


def in_the_plane() -> tuple[Any, list[Any]]:
    law = transient_law(EulerMaruyama(Overdamped(APART), 0.05), Gaussian([0.0, 0.0], 2.0), 2, rtol=1e-4)
    return law, [APART, Gaussian([1.0, 1.0], 0.2), Gaussian([8.0, 1.0], 0.5)]


@pytest.mark.parametrize("pairs", [on_the_line, in_the_phase_plane, in_the_plane])
@pytest.mark.parametrize("f", MASSES, ids=lambda f: f.name)
def test_both_masses_are_one(pairs: Any, f: Any) -> None:
    law, others = pairs()
    for other in others:
        found = measured(f, law, other)
        allowed = seen(found)
        assert abs(found.value - 1) <= allowed + 1e-12
        assert allowed < 0.05
