"""The bias of a scheme by multilevel Monte Carlo: right in 20 dimensions, within what it says, and undecided where it cannot be told."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.particles import bias
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, Potential

DIM = 20
RIPPLE = Cosine(amplitude=0.4, frequency=1.2)
AXES = torch.linalg.qr(torch.randn(DIM, DIM, generator=torch.Generator().manual_seed(0), dtype=torch.float64))[0]
ZERO = torch.zeros(DIM, dtype=torch.float64)


class Rotated(Potential):
    """A product of ripples along other axes."""

    def drift(self, x: Tensor) -> Tensor:
        return RIPPLE.drift(x @ AXES.T) @ AXES


ROTATED = Rotated(lambda x: RIPPLE.potential(x @ AXES.T).sum(-1), dim=DIM, name="rotated ripples")


class OfNoOrder(EulerMaruyama):
    orders = {}


def squares(x: Tensor) -> Tensor:
    """A sum over the rotated coordinates, in which the target is a product."""
    return (x @ AXES.T).pow(2).sum(-1)


def cosines(x: Tensor) -> Tensor:
    return torch.cos(x @ AXES.T).sum(-1)


def exact(scheme: Scheme) -> float:
    """LMC and midpoints of all coordinates at once are, coordinate by coordinate, chains on the line."""
    line = scheme.over(Overdamped(RIPPLE))
    return DIM * (stationary_law(line, rtol=1e-5).moment(2).value - RIPPLE.covariance - RIPPLE.mean**2)


@pytest.mark.slow
def test_in_twenty_dimensions_by_exact_laws() -> None:
    lmc = EulerMaruyama(Overdamped(ROTATED), 0.2)
    found = bias(lmc, squares, 0.3, initial=ZERO, time=10.0, burn_in=8.0)
    assert found.verdict == "decided" and found.estimate.error <= 0.3
    assert abs(found.estimate.value - exact(lmc)) < 3 * found.estimate.error
    assert found.reduction > 5


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [EulerMaruyama(Overdamped(ROTATED), 0.1), PoissonMidpoint(Overdamped(ROTATED), 0.1, 4)])
def test_small_biases_by_exact_laws(scheme: Scheme) -> None:
    """The error is a twentieth of the bias of LMC, and the pairs reach it with a small part of what independent chains would take."""
    found = bias(scheme, squares, 0.04, initial=ZERO)
    assert abs(found.estimate.value - exact(scheme)) < 3 * found.estimate.error
    assert found.reduction > 20


@pytest.mark.slow
def test_a_reference_itself_has_one_level_less() -> None:
    """The randomized midpoint method: its own steps are halved, none is compared with itself."""
    rmm = RandomizedMidpoint(Overdamped(Gaussian()), 0.5)
    found = bias(rmm, lambda x: x**2, 0.05, time=10.0, burn_in=8.0)
    wanted = 3 * (2 - 2 * 0.5 + 0.25) / (6 - 6 * 0.5 + 3 * 0.25 - 0.125) - 1
    assert abs(found.estimate.value - wanted) < 3 * found.estimate.error
    assert found.levels[0].variances[0] > 0


class TestUndecided:
    @pytest.mark.slow
    def test_says_how_many_pairs_it_would_take(self) -> None:
        """As many as the square of the tolerance says: a fourth of it takes about sixteen times as many."""
        lmc = EulerMaruyama(Overdamped(Gaussian()), 0.4)
        found = [bias(lmc, lambda x: x**2, tolerance, budget=400, time=8.0, burn_in=14.0) for tolerance in (0.004, 0.001)]
        for one in found:
            assert one.verdict == "undecided" and f"about {one.needed} pairs" in one.reason and one.needed > 400 >= one.particles
        assert 8 < found[1].needed / found[0].needed < 40

    @pytest.mark.slow
    def test_what_it_says_is_enough(self) -> None:
        lmc = EulerMaruyama(Overdamped(Gaussian()), 0.4)
        needed = bias(lmc, lambda x: x**2, 0.02, budget=400, time=8.0, burn_in=6.0).needed
        found = bias(lmc, lambda x: x**2, 0.02, budget=needed, time=8.0, burn_in=6.0)
        assert found.verdict == "decided" and abs(found.estimate.value - 0.25) < 3 * found.estimate.error

    @pytest.mark.slow
    def test_wells_apart(self) -> None:
        lmc = EulerMaruyama(Overdamped(GaussianMixture([0.5, 0.5], [-5.0, 5.0], [1.0, 1.0])), 0.4)
        found = bias(lmc, lambda x: x**2, 1e3, time=4.0, burn_in=6.0)
        assert found.verdict == "undecided" and "of the burn-in" in found.reason


@pytest.mark.slow
def test_intervals_in_one_dimension_hold() -> None:
    """Of 30 intervals 95%: at least 25 hold the bias, by chance less with a probability below 1e-2."""
    lmc = EulerMaruyama(Overdamped(Gaussian()), 0.8)
    found = [bias(lmc, lambda x: x**2, 0.4, time=4.0, burn_in=4.0, seed=seed) for seed in range(30)]
    assert sum(one.interval[0] <= 2 / 3 <= one.interval[1] for one in found) >= 25


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"scheme": "LMC"}, "scheme"),
        ({"function": 3}, "function"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"tolerance": math.nan}, "tolerance"),
        ({"reference": "RMM"}, "reference"),
        ({"reference": OfNoOrder(Overdamped(Gaussian()), 0.1)}, "reference"),
        ({"budget": 5}, "budget"),
        ({"time": 1e9}, "time"),
        ({"burn_in": -1.0}, "burn_in"),
    ],
)
def test_what_is_not_allowed(change: dict[str, object], name: str) -> None:
    good = {"scheme": EulerMaruyama(Overdamped(Gaussian()), 0.1), "function": lambda x: x**2, "tolerance": 0.5, "time": 1.0, "burn_in": 1.0}
    with pytest.raises(InvalidParameter, match=f"^{name} = "):
        bias(**(good | change))


def test_an_indicator_that_no_pair_tells_apart_is_undecided() -> None:
    lmc = EulerMaruyama(Overdamped(Gaussian()), 0.5)
    found = bias(lmc, lambda x: (x > 6).double(), 3e-4, time=2.0, burn_in=5.0)
    assert found.verdict == "undecided" and "say nothing of how far it varies" in found.reason


def test_a_pilot_that_few_pairs_tell_apart_takes_more() -> None:
    lmc = EulerMaruyama(Overdamped(Gaussian()), 0.5)
    found = bias(lmc, lambda x: (x > 2.5).double(), 1e-2, time=1.0, burn_in=5.0)
    assert found.verdict == "decided" and found.levels[0].particles > 100 and found.levels[0].telling
    exact = (math.erfc(2.5 * math.sqrt(0.75 / 2)) - math.erfc(2.5 / math.sqrt(2))) / 2
    assert found.interval[0] <= exact <= found.interval[1]
