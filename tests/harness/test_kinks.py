"""The laws of schemes where gradients have kinks: against particles, line laws and other resolutions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from experiments.measures import hoelder_gradient
from experiments.measures.huber_midpoint import _density, _distances, _law, huber, measure
from pmmtheory.divergences import kl, tv, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian, Potential


@pytest.mark.slow
def test_particles_have_that_law() -> None:
    """In every panel but those of the far tail."""
    target, n = Potential(huber), 200_000
    _, _, masses, half = _law(0.6, 14, 22, 44.0)
    start = Gaussian(0.0, 2.6)
    found = simulate(RandomizedMidpoint(Overdamped(target), 0.6), n, 60, seed=5, dtype=torch.float64, initial=start).abs().numpy()
    counts, told = np.histogram(found, np.concatenate([[0.0], np.cumsum(2 * half)]))[0], masses.reshape(len(half), -1).sum(1)
    seen = told > 1e-3
    assert seen.sum() > 8 and np.all(np.abs(counts / n - told)[seen] < 4.5 * np.sqrt(told / n)[seen])


@pytest.mark.parametrize("x", [0.3, -0.97, 1.02, 4.0])
@pytest.mark.parametrize("share", [0.1, 0.7])
def test_a_step_has_that_density(x: float, share: float) -> None:
    """By draws of the midpoint's noise, given its time."""
    a, rng = 0.3, np.random.default_rng(3)
    before, after = rng.normal(size=400_000) * np.sqrt(2 * share * a), rng.normal(size=400_000) * np.sqrt(2 * a * (1 - share))
    middle = x - share * a * np.clip(x, -1, 1) + before
    ends = x - a * np.clip(middle, -1, 1) + before + after
    edges = np.linspace(ends.min(), ends.max(), 41)
    y = (edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * (np.arange(20) + 0.5) / 20).ravel()
    told = _density(a, share, np.full_like(y, x), y).reshape(40, 20).mean(1) * (edges[1:] - edges[:-1])
    counts = np.histogram(ends, edges)[0]
    assert abs(told.sum() - 1) < 1e-4
    assert np.all(np.abs(counts - told * len(ends)) < 5 * np.sqrt(told * len(ends) + 1) + 5)


@pytest.mark.slow
def test_other_resolutions_are_within_the_error() -> None:
    found, other = measure("cpu", 0.1), _distances(0.1, 18, 30, 60.0)
    for name, value in other.items():
        assert abs(found[name].value - value) < found[name].error


@pytest.mark.slow
def test_an_axis_that_is_too_short_is_seen() -> None:
    """What lies beyond the end is where the displacement is largest: a shorter axis moves W2 by more than the stated error."""
    found, short = measure("cpu", 0.0125), _distances(0.0125, 14, 22, 24.0)
    assert abs(found["w2"].value - short["w2"]) > found["w2"].error


def test_huber_is_smooth_once() -> None:
    x = torch.tensor([-1.0, 1.0], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(huber(x).sum(), x)
    assert slope.tolist() == [-1.0, 1.0]


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "midpoint"), [(EulerMaruyama, False), (RandomizedMidpoint, True)])
def test_without_its_rough_part_the_law_is_that_of_a_gaussian(scheme: type[Scheme], midpoint: bool) -> None:
    law = stationary_law(scheme(Overdamped(Gaussian()), 0.05), engine="line")
    found = hoelder_gradient.distances(0.05, 1, midpoint, 8, 12, 48, 24, 12, share=0.0)
    for distance in (tv, kl, w2):
        estimate = distance(law, Gaussian())
        assert abs(found[distance.__name__] - estimate.value) < 1e-8 * estimate.value + estimate.error
    assert found["missed"] < 1e-10


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("x", "share"), [(0.0, 0.2), (0.01, 0.7), (-0.3, 0.9), (1.5, 0.5), (0.05, 0.99)])
def test_a_step_of_a_hoelder_gradient_has_that_density(k: int, x: float, share: float) -> None:
    """By draws of the midpoint's noise, given its time."""
    a, rng, step = 0.2, np.random.default_rng(4), hoelder_gradient._Step(0.2, k, 0.5, 4, 60, 30)

    def force(x: np.ndarray) -> np.ndarray:
        return x + 0.5 * (1 + 0.5**k) * np.sign(x) * np.abs(x) ** (0.5**k)

    before, after = rng.normal(size=400_000) * np.sqrt(2 * share * a), rng.normal(size=400_000) * np.sqrt(2 * a * (1 - share))
    ends = x - a * force(x - share * a * force(np.array(x)) + before) + before + after
    edges = np.linspace(ends.min(), ends.max(), 41)
    y = (edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * (np.arange(20) + 0.5) / 20).ravel()
    told = step._at(share, np.full_like(y, x), y).reshape(40, 20).mean(1) * (edges[1:] - edges[:-1])
    counts = np.histogram(ends, edges)[0]
    assert abs(told.sum() - 1) < 1e-4
    assert np.all(np.abs(counts - told * len(ends)) < 5 * np.sqrt(told * len(ends) + 1) + 5)


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "step"), [("RMM", 0.003125), ("LMC", 0.0125)])
def test_other_resolutions_of_a_hoelder_gradient_are_within_the_error(scheme: str, step: float) -> None:
    found, other = hoelder_gradient.measure("cpu", step, scheme, 2), hoelder_gradient.distances(step, 2, scheme == "RMM", 10, 17, 72, 34, 15)
    for name, estimate in found.items():
        assert abs(estimate.value - other[name]) < estimate.error


def test_a_hoelder_gradient_names_what_is_not_allowed() -> None:
    for options, name in (({"scheme": "PMM", "halvings": 1}, "scheme"), ({"scheme": "RMM", "halvings": 0}, "halvings")):
        with pytest.raises(InvalidParameter, match=f"^{name} = "):
            hoelder_gradient.measure("cpu", 0.1, **options)
