"""No distance, moment or weak error leaves out a part of what a law may be off by, whatever its name; and in W2 a share that is off moves between modes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import pytest
import torch

from pmmtheory.divergences import chi2, hellinger, kl, renyi, reverse_kl, tv, w1, w2, weak
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw, PlanarLaw, stationary_law
from pmmtheory.schemes import BAOAB, EulerMaruyama
from pmmtheory.targets import GaussianMixture

TARGET = GaussianMixture([0.6, 0.4], [-1.0, 1.2], [0.8, 1.0])
ACROSS = GaussianMixture([0.3, 0.7], [-1.5, 1.5], [1.0, 1.0])
IN_PLANE = GaussianMixture([0.3, 0.7], [[-1.5, 0.0], [1.5, 0.0]], [1.0, 1.0])
PLACED = ("resolution", "ends", "interpolation")
"""What is read off where it comes from, and not off the dict."""
ADDED = 1e-8


Known = TypeVar("Known", LineLaw, PlanarLaw)
on_line_once = lru_cache(lambda: stationary_law(EulerMaruyama(Overdamped(TARGET), 0.1)))
position_once = lru_cache(lambda: stationary_law(BAOAB(Underdamped(TARGET, 2.0), 0.3), rtol=1e-3).position)
in_plane_once = lru_cache(lambda rtol: stationary_law(EulerMaruyama(Overdamped(IN_PLANE), 0.2), rtol=rtol))


def with_own_errors(law: Known) -> Known:
    own = copy.copy(law)
    own.errors = dict(law.errors)
    return own


def on_line() -> LineLaw:
    return with_own_errors(on_line_once())


def position() -> LineLaw:
    return with_own_errors(position_once())


MEASURES: dict[str, Callable[[LineLaw], Estimate]] = {
    **{f.__name__: (lambda law, f=f: f(law, TARGET)) for f in (tv, kl, w1, w2, chi2, hellinger, reverse_kl)},
    "renyi": lambda law: renyi(law, TARGET, 2.0),
    "weak": lambda law: weak(law, TARGET, torch.cos),
    "w2 to a law": lambda law: w2(on_line(), law),
    **{f"moment {k}": (lambda law, k=k: law.moment(k)) for k in (1, 2, 4)},
}


@pytest.mark.parametrize("make", [on_line, position])
@pytest.mark.parametrize("measure", list(MEASURES))
def test_every_part_is_counted(make: Callable[[], LineLaw], measure: str) -> None:
    own = make()
    own.wider = None
    before = MEASURES[measure](own).error
    for part in sorted({*own.errors, "start", "another"} - {*PLACED}):
        law = make()
        law.wider = None  # it would be computed anew, with errors of its own
        law.errors[part] = law.errors.get(part, 0.0) + ADDED
        assert MEASURES[measure](law).error > before + ADDED**2, part


def in_plane(rtol: float = 1e-3) -> PlanarLaw:
    return with_own_errors(in_plane_once(rtol))


@pytest.mark.parametrize("distance", [tv, kl, w2, chi2, hellinger, reverse_kl])
def test_every_part_is_counted_in_the_plane(distance: Callable[..., Estimate]) -> None:
    before = distance(in_plane(), IN_PLANE).error
    for part in ("solver", "start", "another"):
        law = in_plane()
        law.errors[part] = law.errors.get(part, 0.0) + 1e-4
        assert distance(law, IN_PLANE).error > before + 1e-8, part


@pytest.mark.parametrize("rtol", [3e-2, 1e-3])
def test_a_marginal_is_no_better_than_the_law(rtol: float) -> None:
    """Where the coordinates are independent the law on the line tells: what the solver left was not said of marginals, which were off by twice their error."""
    law = in_plane(rtol)
    law.errors["another"] = 1e-13
    marginal, exact = law.along([1.0, 0.0]), stationary_law(EulerMaruyama(Overdamped(ACROSS), 0.2), rtol=1e-10)
    off = float((marginal.density(marginal.grid) - exact.density(marginal.grid)).abs().sum()) * marginal.spacing / 2
    assert off <= marginal.numerical_error + exact.numerical_error
    assert {part: marginal.errors[part] for part in ("solver", "another")} == {part: law.errors[part] for part in ("solver", "another")}


@pytest.mark.parametrize("apart", [1.5, 3.0, 5.0, 6.0])
@pytest.mark.parametrize("share", [1e-9, 1e-6, 1e-3])
def test_w2_where_the_weights_of_modes_are_off(apart: float, share: float) -> None:
    """Where modes lie apart a share e of the mass changes the square by e times that of the distance, not by e times W2: whichever weights are right."""
    target = GaussianMixture([0.5, 0.5], [-apart, apart], [1.0, 1.0])
    own = stationary_law(EulerMaruyama(Overdamped(target), 0.2))

    def known(weights: torch.Tensor) -> LineLaw:
        law, coarse = (LineLaw(own.grid, own.values * weights, target.density, accuracy=own.accuracy) for _ in range(2))
        law.resolved_by(coarse).errors["mixing"] = share / 2
        return law

    even, uneven = (w2(known(1 + more * torch.tanh(apart * own.grid)), target) for more in (0.0, share))
    assert abs(even.value - uneven.value) <= min(even.error, uneven.error)
