"""Laws on the line of steps whose force turns within much less than their noise: smooth, yet finer than any grid of the noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.divergences import chi2, kl
from pmmtheory.dynamics import Overdamped
from pmmtheory.estimate import Estimate
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.laws.line import grids
from pmmtheory.schemes import EulerMaruyama, Scheme
from pmmtheory.targets import Gaussian, Potential

REACH = 18.0


class Bent(Scheme):
    """LMC with a push that changes its sign within a given length."""

    drift_calls = 1.0

    def __init__(self, dynamics: Overdamped, step_size: float, push: float, place: float, length: float):
        super().__init__(dynamics, step_size)
        self.push, self.place, self.length = push, place, length

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        push = self.push * torch.tanh((x - self.place) / self.length)
        return x + self.step_size * (self.dynamics.drift(x, t) + push), math.sqrt(2 * self.step_size)


def rules(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre rules on panels."""
    t, w = np.polynomial.legendre.leggauss(14)
    return (edges[:-1, None] + np.diff(edges)[:, None] * (t + 1) / 2).ravel(), (np.diff(edges)[:, None] * w / 2).ravel()


def panels(place: float, length: float) -> tuple[np.ndarray, np.ndarray]:
    """On panels that shrink towards a place, down to a length."""
    away = length * 1.6 ** np.arange(math.ceil(math.log(2 * REACH / length) / math.log(1.6)))
    return rules(np.unique(np.clip(np.concatenate([place - away, [place], place + away, np.linspace(-REACH, REACH, 37)]), -REACH, REACH)))


def invariant(x: np.ndarray, w: np.ndarray, middle: np.ndarray, step: float) -> np.ndarray:
    """The density of X' = middle(X) + sqrt(2 step) Z that X has too, at nodes: p = K p, with mass one."""
    kernel = np.exp(-((x[:, None] - middle) ** 2) / (4 * step)) / math.sqrt(4 * math.pi * step)
    system = np.block([[np.eye(len(x)) - kernel * w, np.ones((len(x), 1))], [w, np.zeros(1)]])
    return np.linalg.solve(system, np.append(np.zeros(len(x)), 1.0))[:-1]


def held(found: Estimate, true: float) -> bool:
    return abs(found.value - true) <= found.error + 1e-12 * (1 + abs(true))


def turning(push: float, place: float, length: float, pull: float) -> tuple[Potential, Callable[[np.ndarray], np.ndarray]]:
    """F = push sqrt((x - place)^2 + length^2) + .4 x + pull x^2/2, and its force written out."""
    target = Potential(lambda x: push * torch.sqrt((x - place) ** 2 + length**2) + 0.4 * x + pull * x**2 / 2)
    return target, lambda x: -push * (x - place) / np.sqrt((x - place) ** 2 + length**2) - 0.4 - pull * x


@given(st.floats(-4.3, -1.5), st.floats(-1.5, 0.1), st.floats(-1.5, 1.5), st.sampled_from([0.3, 1.0, 2.0]), st.sampled_from([1e-2, 1e-4, 1e-8]))
def test_turns_of_the_force(length: float, step: float, place: float, push: float, rtol: float) -> None:
    length, step = 10**length, 10**step
    target, force = turning(push, place, length, 0.3)
    law = stationary_law(EulerMaruyama(Overdamped(target), step), rtol=rtol)
    x, w = panels(place, length)
    p = invariant(x, w, x + step * force(x), step)
    log_q = target.log_density(torch.as_tensor(x)).numpy()
    seen = p > 1e-25
    assert all(held(law.moment(k), float(w @ (p * x**k))) for k in (1, 2))
    assert held(kl(law, target), float(w[seen] @ (p * (np.log(np.maximum(p, 1e-300)) - log_q) - p + np.exp(log_q))[seen]))


@given(st.floats(-4.5, -1), st.floats(-1.5, 0), st.sampled_from([0.0, 0.3, -0.7]), st.sampled_from([-2.0, -0.3, 1.0]), st.sampled_from([1e-2, 1e-4, 1e-8]))
def test_turns_of_a_step(length: float, step: float, place: float, push: float, rtol: float) -> None:
    length, step = 10**length, 10**step
    law = stationary_law(Bent(Overdamped(Gaussian()), step, push, place, length), rtol=rtol)
    x, w = panels(place, length)
    p = invariant(x, w, x + step * (push * np.tanh((x - place) / length) - x), step)
    assert all(held(law.moment(k), float(w @ (p * x**k))) for k in (1, 2))


@pytest.mark.parametrize("rtol", [1e-2, 1e-8])
@pytest.mark.parametrize(("length", "step", "place"), [(0.02, 0.3, 0.0), (0.03, 0.05, 1.234)])
def test_turns_of_a_start(length: float, step: float, place: float, rtol: float) -> None:
    """After one step on a Gaussian the moments are those of the start, by a closed form."""
    start, _ = turning(2.0, place, length, 0.3)
    law = transient_law(EulerMaruyama(Overdamped(Gaussian()), step), start, 1, rtol=rtol)
    x, w = panels(place, length)
    q = w * np.exp(start.log_density(torch.as_tensor(x)).numpy())
    mean, square = float(q @ x), float(q @ x**2)
    assert held(law.moment(1), (1 - step) * mean)
    assert held(law.moment(2), (1 - step) ** 2 * square + 2 * step)


def test_without_looking_at_the_step_errors_are_false(monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control: on a grid of the noise alone two resolutions agree on what both miss."""
    step, (target, force) = 0.09235, turning(0.3, 0.0, 8.6681e-4, 0.3)
    nothing = torch.zeros(0, dtype=torch.float64)
    monkeypatch.setattr(grids, "_sharp", lambda *_: (nothing, nothing))
    monkeypatch.setattr(grids, "_followed", lambda *_: lambda edges: torch.ones(len(edges) - 1, dtype=torch.bool))
    law = stationary_law(EulerMaruyama(Overdamped(target), step), rtol=1e-3)
    x, w = panels(0.0, 8.6681e-4)
    true = float(w @ (invariant(x, w, x + step * force(x), step) * x))
    assert abs(law.moment(1).value - true) > 3 * law.moment(1).error


@pytest.mark.parametrize("start", [10.0, -7.0])
def test_chi2_of_one_step_from_far_is_that_of_a_gaussian(start: float) -> None:
    """Its law ends within the reference, whose mass beyond counts as it is."""
    target = Gaussian(0.0, 4.0)
    law = transient_law(EulerMaruyama(Overdamped(target), 0.3), start, 1, rtol=1e-2)
    found, true = chi2(law, target), chi2(Gaussian(start * (1 - 0.3 / 4), 0.6), target)
    assert abs(found.value - true.value) <= found.error + true.error


class Table(Scheme):
    """LMC with a push that is read off a table between whose forty entries it is linear."""

    drift_calls = 1.0
    knots = torch.linspace(-5, 5, 40, dtype=torch.float64)
    push = 0.3 * torch.sin(7.0 * torch.arange(40, dtype=torch.float64) ** 2)

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        push = torch.as_tensor(np.interp(x.numpy(), self.knots.numpy(), self.push.numpy()))
        return x + self.step_size * (self.dynamics.drift(x, t) + push), math.sqrt(2 * self.step_size)


def test_more_kinks_than_are_followed() -> None:
    """The points do not follow them all, which the error says."""
    scheme = Table(Overdamped(Gaussian()), 0.2)
    law = stationary_law(scheme, rtol=1e-2)
    x, w = rules(np.unique(np.concatenate([Table.knots.numpy(), np.linspace(-9, 9, 37)])))
    true = float(w @ (invariant(x, w, scheme.step(torch.as_tensor(x), 0.0, {})[0].numpy(), 0.2) * x))
    assert 1e-4 < law.moment(1).error < 0.1
    assert held(law.moment(1), true)
