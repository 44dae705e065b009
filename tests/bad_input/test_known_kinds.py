"""Kinds of bad input that users have given: each is refused in one sentence that names the parameter, before anything large is begun."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from pmmtheory.chain import Chain
from pmmtheory.divergences import renyi, sliced_w2, tv, w2, weak
from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import InvalidParameter, fits, room_for
from pmmtheory.laws import diffusion_law, stationary_law, transient_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import BAOAB, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Splitting
from pmmtheory.targets import Cosine, DoubleWell, Gaussian, GaussianMixture, Potential, Product
from tests.bad_input.trial import tried

LINE, RIPPLED = Gaussian(), Cosine()
REVERSE = ReverseDiffusion(GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.1, 0.1]), 2.0, 0.02)
SAMPLE = torch.stack([torch.linspace(-1, 1, 200), torch.linspace(-1, 1, 200) ** 2], -1)


def lmc(step_size: float, target: Any = RIPPLED) -> EulerMaruyama:
    return EulerMaruyama(Overdamped(target), step_size)


class _Splitting(Splitting):
    parts: Any = (("B", 0.5), ("X", 1.0))


class _Letters(_Splitting):
    parts = "BAOAB"


def potential(function: Callable[[torch.Tensor], Any], dim: int = 1) -> Callable[[], Potential]:
    return lambda: Potential(function, dim=dim)


REFUSED: dict[str, tuple[str, Callable[[], Any]]] = {
    "detached": ("potential = .*autograd", potential(lambda x: x.detach() ** 2 / 2)),
    "detached in part": ("potential = .*derivative by autograd", potential(lambda x: x**2 / 2 + torch.cos(x.detach()))),
    "through numpy": ("potential = .*autograd", potential(lambda x: torch.as_tensor(np.square(x.numpy())))),
    "detached through numpy": ("potential = .*autograd", potential(lambda x: torch.as_tensor(np.square(x.detach().numpy())))),
    "one number": (r"potential = .*tensor of shape \(3,\)", potential(lambda x: x.sum())),
    "points of one axis only": (r"potential = .*any shape", potential(lambda x: x**2 / 2 if x.ndim == 1 else (x**2).sum(-1))),
    "another shape": (r"potential = .*tensor of shape \(3,\)", potential(lambda x: x[..., None] ** 2)),
    "nothing": ("potential = .*NoneType", potential(lambda x: None)),
    "an error": ("potential = .*it raised: division by zero", potential(lambda x: 1 / 0)),
    "NaN": ("potential = 'NaN", potential(lambda x: x**2 * math.nan)),
    "NaN in part": ("potential = 'NaN'", potential(lambda x: torch.where(x > 1, math.nan, x**2 / 2))),
    "NaN in the plane": ("potential = 'NaN", potential(lambda x: (x**2).sum(-1) * math.nan, 2)),
    "a jump": ("potential = .*continuous", potential(lambda x: x**2 / 2 + 3.0 * (x > 0.5))),
    "a small jump": ("potential = .*continuous", potential(lambda x: x**2 / 2 + 1e-4 * (x > 0.5))),
    "walls": ("potential = .*continuous", potential(lambda x: torch.where(torch.abs(x) < 1, x**2, math.inf))),
    "steps": ("normaliser|potential", potential(lambda x: torch.round(x) ** 2 + 0 * x)),
    "curvature in the plane": ("dim = 2 .*on the line", lambda: Gaussian(dim=2).curvature(torch.zeros(2))),
    "curvature of a product": ("dim = 2 .*on the line", lambda: Product([LINE, RIPPLED]).curvature(torch.zeros(2))),
    "a distribution function in the plane": ("dim = 2 .*on the line", lambda: Gaussian(dim=2).cdf(torch.zeros(2))),
    "a level above 1": ("u = 2.0 .*0 to 1", lambda: RIPPLED.quantile(2.0)),
    "a device": ('device = \'abacus\' .*"cpu" or "cuda"', lambda: stationary_law(lmc(0.1), device="abacus")),
    "a device of torch": ("device = .*meta", lambda: diffusion_law(LINE, LINE, 1.0, device=torch.device("meta"))),  # type: ignore[arg-type]
    "no device": ("device = None", lambda: stationary_law(lmc(0.1), device=None)),  # type: ignore[arg-type]
    "a dtype": ("dtype = 'float64'", lambda: simulate(lmc(0.1), 5, 3, dtype="float64")),  # type: ignore[arg-type]
    "a seed": ("seed = 0.5 .*whole number", lambda: LINE.sample(3, seed=0.5)),  # type: ignore[arg-type]
    "a large seed": ("seed = 1.* 2\\^64", lambda: LINE.sample(3, seed=10**30)),
    "order": ("order = nan", lambda: renyi(LINE, Gaussian(1.0), math.nan)),
    "no directions": ("directions = 0", lambda: sliced_w2(SAMPLE, Gaussian(dim=2), 0)),
    "directions": ("directions = nan", lambda: sliced_w2(SAMPLE, Gaussian(dim=2), math.nan)),  # type: ignore[arg-type]
    "a sample of NaN": ("sample = .*finite", lambda: w2(torch.full((200,), math.nan), LINE)),
    "f raises": ("f = .*it raised: division by zero", lambda: weak(LINE, Gaussian(1.0), lambda x: 1 / 0)),  # type: ignore[arg-type, return-value]
    "f of words": ("f = .*numbers", lambda: weak(LINE, Gaussian(1.0), lambda x: "a")),  # type: ignore[arg-type, return-value]
    "a start": ("initial = 'here'", lambda: Chain(lmc(0.1), "here", 1)),
    "a start of NaN": ("initial = nan", lambda: transient_law(lmc(0.1), math.nan, 1)),
    "past the end": ("steps = 100 .*at most 19 .*ends at time 1.98", lambda: simulate(EulerMaruyama(REVERSE, 0.1), 5, 100)),
    "the law past the end": ("steps = 100 .*at most 19", lambda: transient_law(EulerMaruyama(REVERSE, 0.1), REVERSE.marginal(2.0), 100)),
    "before the data": ("t = -1.0 .*at least 0", lambda: REVERSE.score(torch.zeros(2), -1.0)),
    "no time": ("t = None", lambda: REVERSE.marginal(None)),  # type: ignore[arg-type]
    "a letter": ("parts = \\('X', 1.0\\)", lambda: _Splitting(Underdamped(LINE, 2.0), 0.1)),
    "letters": ("parts = 'BAOAB'", lambda: _Letters(Underdamped(LINE, 2.0), 0.1)),
    "particles": ("particles = 1000000000000000 .*GiB", lambda: simulate(lmc(0.1), 10**15, 1)),
    "draws": ("n = 1000000000000000 .*GiB", lambda: RIPPLED.sample(10**15)),
    "a dimension": ("dim = 1000000000000000 .*GiB", lambda: Gaussian(dim=10**15)),
    "many steps": ("steps = 10000000 .*one after the other", lambda: transient_law(BAOAB(Underdamped(RIPPLED, 2.0), 0.1), RIPPLED, 10**7)),
    "steps of a diffusion": ("steps = .*one after the other", lambda: transient_law(EulerMaruyama(REVERSE, 1e-12), REVERSE.marginal(2.0), 10**12)),
    "a small step": ("which takes .* points", lambda: stationary_law(lmc(1e-12))),
    "the smallest step": ("which takes .* points", lambda: stationary_law(lmc(1e-300))),
    "a law of large steps": (
        "walk over the midpoints .* GiB, more than .* quarter",
        lambda: transient_law(PoissonMidpoint(Overdamped(RIPPLED), 1e7), RIPPLED, 3),
    ),
    "rules of large steps": ("normal draw .* GiB, more than", lambda: transient_law(RandomizedMidpoint(Overdamped(DoubleWell()), 1e6), LINE, 3)),
    "a chain that is killed": ("no mass is left", lambda: transient_law(lmc(0.1, DoubleWell()), DoubleWell(), 10**7)),
    "diverging particles": ("diverged: after step", lambda: simulate(lmc(1.0, DoubleWell()), 50, 100)),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_in_one_sentence(kind: str) -> None:
    said, call = REFUSED[kind]
    outcome = tried(call)
    assert outcome.kind == "refused", outcome
    assert re.search(said, outcome.said), outcome.said
    assert outcome.said.endswith(".") and "\n" not in outcome.said


@pytest.mark.slow
@pytest.mark.parametrize("function", [torch.abs, lambda x: 3 * torch.relu(x - 1), lambda x: torch.sqrt(torch.abs(x))])
def test_no_constant_across_a_kink(function: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """L is infinite where F' jumps."""
    assert float(Potential(lambda x: x**2 / 2 + function(x)).smoothness) == math.inf


@pytest.mark.slow
@pytest.mark.parametrize("size", [3.0, 30.0, 1e6, 1e300])
@pytest.mark.parametrize("mean", [0.0, 1000.0])
def test_the_largest_stable_step_is_found_from_any(size: float, mean: float) -> None:
    """2/L for LMC and 2/sqrt(L) for BAOAB, however large the step, and wherever the target."""
    with pytest.raises(InvalidParameter, match=r"steps below (2|1\.99999\d*)\.$"):
        stationary_law(lmc(size, Gaussian(mean, 1)))
    with pytest.raises(InvalidParameter, match=r"steps below (2|1\.99999\d*)\.$"):
        stationary_law(BAOAB(Underdamped(Gaussian(mean, 1), 2.0), min(size, 1e6)), engine="phase_plane")


@pytest.mark.slow
def test_a_target_far_away_has_its_law() -> None:
    """A mean of 1000 changes nothing."""
    near, far = (stationary_law(BAOAB(Underdamped(Gaussian(mean, 1), 2.0), 0.1), engine="phase_plane") for mean in (0, 1000))
    assert abs(float(far.covariance[0, 0] - near.covariance[0, 0])) < 4 * (far.numerical_error + near.numerical_error)
    assert float(tv(far.position, Gaussian(1000, 1))) < 1e-4


def test_devices_of_torch_are_devices() -> None:
    assert float(stationary_law(lmc(0.1), device=torch.device("cpu")).mean) == float(stationary_law(lmc(0.1)).mean)  # type: ignore[arg-type]


def test_what_fits_is_let_through() -> None:
    fits("n", 10, 1e6)
    room_for("a law", 1e6)
    for check in (lambda: fits("n", 10, 1e18), lambda: room_for("a law", 1e18)):
        assert "more than" in tried(check).said and tried(check).kind == "refused"
