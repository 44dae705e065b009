"""What makes simulation fast changes no law: drifts across memory, and midpoints in rounds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.particles import sample_step, simulate, stream
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, Scheme
from pmmtheory.schemes.drawn import drawn
from pmmtheory.schemes.layout import coordinates_first
from pmmtheory.schemes.midpoints import Midpoints
from pmmtheory.schemes.poisson_random import all_midpoints
from pmmtheory.targets import GaussianMixture
from tests.particles.modes import MODES

N = 40_000


def drift_in_float64(target: GaussianMixture, x: np.ndarray) -> np.ndarray:
    """The formula itself, point by point and component by component."""
    w, m, v = (np.asarray(part, dtype=np.float64) for part in (target.weights, target.means, target.variances))
    gap = m[None] - x[:, None]
    level = np.log(w) - m.shape[1] / 2 * np.log(v) - (gap**2).sum(-1) / (2 * v)
    share = np.exp(level - level.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    return (share[..., None] * gap / v[:, None]).sum(1)


@pytest.mark.slow
@given(
    seed=st.integers(0, 10**6),
    modes=st.integers(1, 8),
    dim=st.integers(2, 5),
    spread=st.sampled_from([0.0, 1.0, 10.0, 300.0]),
    shift=st.sampled_from([0.0, 1e4, -1e4]),
    least=st.sampled_from([1e-30, 1e-3, 1.0]),
    equal=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_the_drift_across_memory_is_the_formula(seed: int, modes: int, dim: int, spread: float, shift: float, least: float, equal: bool, dtype: Any) -> None:
    """As far as moving the point and the means by 8 units of rounding of their distance from the centre, of the largest coordinate where the
    means are too far apart for that route, does: L times that, L = reach^2/v^2 + 1/v, plus as many units of the drift itself."""
    draw = np.random.default_rng(seed)
    w = np.exp(draw.uniform(math.log(least), 0, modes))
    v = np.full(modes, draw.uniform(0.2, 3)) if equal else draw.uniform(0.2, 3, modes)
    target = GaussianMixture(w / w.sum(), spread * draw.standard_normal((modes, dim)) + shift, v)
    x = coordinates_first(torch.tensor(target.means.numpy()[draw.integers(modes, size=50)] + 2 * draw.standard_normal((50, dim))).to(dtype))
    found, wanted = target.drift(x).double().numpy(), drift_in_float64(target, x.double().numpy())
    means = target.means.numpy()
    centred = np.abs(means - target.weights.numpy() @ means).max()
    near = (centred**2 * dim) / v.min() <= 256
    size = centred + np.abs(x.double().numpy() - means.mean(0)).max() if near else np.abs(means).max() + np.abs(x.double().numpy()).max()
    gaps = np.abs(means[:, None] - means[None]).max() * math.sqrt(dim) + 8 * float(equal is False) * (1 + centred)
    unit = torch.finfo(dtype).eps
    reach = (gaps**2 / v.min() ** 2 + 1 / v.min()) * size + np.abs(wanted).max() + (size / v.min() if not near else 0)
    assert np.abs(found - wanted).max() <= 8 * dim * unit * reach * (1 + size * size / v.min()) ** (0.0 if near else 0.5)


def test_far_means_and_a_shift_in_float32() -> None:
    """Shifted by 1e4, where float32 has steps of 1e-3, the drift is right to 2e-5; an expanded square about no centre is off by more than 1."""
    far = GaussianMixture(MODES.weights, MODES.means + 1e4, MODES.variances)
    x = coordinates_first((far.sample(500, 1)).float())
    error = np.abs(far.drift(x).double().numpy() - drift_in_float64(far, x.double().numpy())).max()
    assert error < 2e-5
    m, y = far.means.float(), x
    naive = torch.softmax(torch.log(far.weights.float()) - ((y * y).sum(1, keepdim=True) - 2 * y @ m.T + (m * m).sum(1)), 1) @ m / 0.5 - y / 0.5
    assert float((naive.double() - torch.tensor(drift_in_float64(far, x.double().numpy()))).abs().max()) > 1


@pytest.mark.parametrize("kind", ["bernoulli", "single", "interior"])
@pytest.mark.parametrize("substeps", [2, 3, 40, 100_000, math.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_midpoints_have_the_law_of_the_draw(kind: str, substeps: float, dtype: torch.dtype) -> None:
    """Number of midpoints after time 0, sum of their times: means within 4.5 standard errors of closed forms; its variance too where it is binomial."""
    n = 50_000
    index, times = (part.double().numpy() for part in all_midpoints(Midpoints(substeps, kind), n, stream(3, 1, "cpu"), dtype))
    assert ((times > 0) & (times < 1)).all() and (np.diff(index) >= 0).all()
    assert (np.diff(times)[np.diff(index) == 0] > 0).all()
    number, total = (np.bincount(index.astype(int), weights, n) for weights in (None, times))
    later = 1.0 if kind == "interior" else 1 - 1 / substeps
    share = (1.0 if substeps == math.inf else 1 - 1 / substeps) if kind != "interior" else 1.0
    time = 0.5 * later if kind != "interior" else 0.5
    spread = (substeps - 1) / substeps * (1 - 1 / substeps) if substeps < math.inf else 1.0
    deviation = math.sqrt(spread if kind == "bernoulli" else share * (1 - share))
    assert abs(number.mean() - share) <= 4.5 * deviation / math.sqrt(n)
    assert abs(total.mean() - time) <= 4.5 * total.std() / math.sqrt(n)
    if kind == "bernoulli":
        assert abs(number.var() - spread) <= 4.5 * ((number - number.mean()) ** 2).std() / math.sqrt(n)


def by_draws(scheme: Scheme, x: Tensor, seed: int) -> Tensor:
    """A step as it is written, with draws of its own."""
    generator = stream(seed, 7, "cpu")
    mean, factor = scheme.step(x, 0.0, drawn(scheme, x, generator))
    return mean + factor * torch.randn(x.shape, generator=generator, dtype=x.dtype)


@pytest.mark.slow
@pytest.mark.parametrize("substeps", [1, 2, 5, 1000, math.inf])
@pytest.mark.parametrize("kind", ["bernoulli", "single"])
@pytest.mark.parametrize("build", [Overdamped, lambda target: Underdamped(target, friction=1.5)], ids=["overdamped", "underdamped"])
def test_a_step_in_rounds_has_the_law_of_a_step(build: Any, kind: str, substeps: float) -> None:
    """A long step from one state: first moments, all second ones and the fourths within 4.5 standard errors of those of `step` and its draws."""
    scheme = PoissonMidpoint(build(MODES), 0.6, substeps, kind)
    start = torch.linspace(-0.7, 0.9, math.prod(scheme.dynamics.state_shape), dtype=torch.float64).reshape(scheme.dynamics.state_shape)
    x = start.expand(N, *start.shape)
    new, old = sample_step(scheme, coordinates_first(x), 0.0, stream(1, 1, "cpu")).reshape(N, -1), by_draws(scheme, x, 2).reshape(N, -1)
    for f in (lambda y: y, lambda y: (y[:, :, None] * y[:, None]).reshape(N, -1), lambda y: y**4):
        a, b = f(new), f(old)
        assert bool(((a.mean(0) - b.mean(0)).abs() <= 4.5 * ((a.var(0) + b.var(0)) / N).sqrt()).all())


class Weaker(PoissonMidpoint):
    def midpoint_force(self, state: Tensor, t: Any, delay: Any) -> Tensor:
        return 0.0 * state


class Stepping(PoissonMidpoint):
    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        return x + 1.0, 0.0


class Pushing(PoissonMidpoint):
    def push(self, change: Tensor, t: Any = 0.0) -> Tensor:
        return 0.0 * change


class Pulled(Overdamped):
    def drift(self, x: Tensor, t: Any = 0.0) -> Tensor:
        return torch.full_like(x, 3.0)


class Mine(GaussianMixture):
    def drift(self, x: Tensor) -> Tensor:
        return torch.full_like(x, -2.0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Weaker, Pushing])
def test_pieces_that_are_overridden_are_obeyed(kind: type[PoissonMidpoint]) -> None:
    """Against `step` itself, and unlike the scheme that they were made from."""
    x = torch.tensor([0.3, 1.4], dtype=torch.float64).expand(N, 2)
    new, old = sample_step(kind(Overdamped(MODES), 0.6, 9), x, 0.0, stream(1, 1, "cpu")), by_draws(kind(Overdamped(MODES), 0.6, 9), x, 2)
    parent = by_draws(PoissonMidpoint(Overdamped(MODES), 0.6, 9), x, 2)
    gap = ((new.var(0) - old.var(0)).abs(), (new.mean(0) - old.mean(0)).abs())
    assert float(gap[0].max()) < 4.5 * 2 * float(old.var(0).max()) / math.sqrt(N) and float(gap[1].max()) < 4.5 * math.sqrt(2 * float(old.var(0).max()) / N)
    assert float((new.var(0) - parent.var(0)).abs().max()) + float((new.mean(0) - parent.mean(0)).abs().max()) > 0.05


@pytest.mark.slow
def test_a_step_and_drifts_that_are_overridden_are_obeyed() -> None:
    scheme = Stepping(Overdamped(MODES), 0.5, 4)
    assert simulate(scheme, 3, 5, initial=[0.0, 1.0]).tolist() == [[5.0, 6.0]] * 3
    for system, force in ((Pulled(MODES), 3.0), (Overdamped(Mine(MODES.weights, MODES.means, MODES.variances)), -2.0)):
        for made in (EulerMaruyama(system, 0.01), PoissonMidpoint(system, 0.01, 8)):
            x = simulate(made, 20_000, 10, initial=[0.0, 0.0])
            assert abs(float(x.mean()) - 0.1 * force) < 4.5 * math.sqrt(0.2 / 40_000)
