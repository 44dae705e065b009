"""What every target in d > 1 must hold: force, density, draws and moments are those of one law."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pmmtheory.divergences import tv
from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Banana, Funnel, Gaussian, GaussianMixture, LogisticRegression, Phi4, Ring, Target

LEANING = [[[1.0, 0.6], [0.6, 0.5]], [[0.3, -0.2], [-0.2, 0.9]]]
TARGETS: dict[str, Target] = {
    "gaussian": Gaussian([0.3, -0.2], [[1.0, 0.4], [0.4, 0.7]]),
    "mixture": GaussianMixture([0.3, 0.7], [[0.0, 1.0], [1.0, -1.0]], [0.6, 0.4]),
    "leaning mixture": GaussianMixture([0.3, 0.7], [[0.0, 1.0], [1.0, -1.0]], covariances=LEANING),
    "banana": Banana(2, 0.9, 0.7, 0.6),
    "long banana": Banana(4, 1.3, -0.4, 0.5),
    "funnel": Funnel(2, 0.8),
    "wide funnel": Funnel(5, 1.0),
    "ring": Ring(2.0, 0.4),
    "pointed ring": Ring(1.0, 0.7, 0.2),
    "two sites": Phi4(2, 0.7, 0.8, 0.3),
    "phi4": Phi4(5, 1.3, 1.1, -0.2),
    "logistic": LogisticRegression([[1.0, 0.3, 0.0], [0.2, -1.0, 2.0], [1.5, 1.0, 1.0]], [0, 1, 1], 2.0),
}
WIDE = {"banana": ((-6.5, 6.5, 601), (-8.0, 38.0, 1501)), "funnel": ((-5.2, 5.2, 151), (-110.0, 110.0, 5001))}
"""Where those live that nine deviations do not hold: low, high and points of both axes."""

PLANE = [name for name, target in TARGETS.items() if target.dim == 2]
DRAWN = NORMALISED = [name for name in TARGETS if name != "logistic"]


def points(target: Target, n: int, seed: int = 0) -> torch.Tensor:
    return 1.5 * torch.randn((n, target.dim), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def within(values: torch.Tensor, wanted: torch.Tensor) -> bool:
    """Whether the mean over the first axis is within four and a half standard errors of what is wanted."""
    error = values.std(0) / math.sqrt(len(values))
    return bool((torch.abs(values.mean(0) - wanted) <= 4.5 * error + 1e-12).all())


def misses(target: Target, law: Target, n: int = 40_000) -> list[str]:
    """What draws of a law say against a target."""
    x = law.sample(n, seed=11)
    force, eye = target.drift(x), torch.eye(target.dim, dtype=torch.float64)
    centred = x - torch.as_tensor(target.mean)
    checks = {
        "mean": within(centred, torch.zeros(target.dim)),
        "covariance": within(centred[:, :, None] * centred[:, None, :], torch.as_tensor(target.covariance)),
        "mean force": within(force, torch.zeros(target.dim)),
        "Stein": within(-x[:, :, None] * force[:, None, :], eye),
    }
    return [name for name, held in checks.items() if not held]


@pytest.mark.parametrize("name", TARGETS)
def test_the_drift_is_the_gradient(name: str) -> None:
    target, x = TARGETS[name], points(TARGETS[name], 30).requires_grad_()
    (slope,) = torch.autograd.grad(target.potential(x).sum(), x)
    assert target.drift(x).shape == x.shape and target.potential(x).shape == (30,)
    assert torch.allclose(target.drift(x), -slope, rtol=1e-10, atol=1e-10)
    batch = x.detach().reshape(2, 3, 5, target.dim)
    assert torch.equal(target.drift(batch).reshape(30, target.dim), target.drift(x.detach()))
    single = target.drift(x.detach().float())
    assert single.dtype == torch.float32 and torch.allclose(single.double(), target.drift(x.detach()), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NORMALISED)
def test_the_log_density_is_minus_the_potential_and_a_constant(name: str) -> None:
    target, x = TARGETS[name], points(TARGETS[name], 30)
    gap = target.log_density(x) + target.potential(x)
    assert torch.allclose(gap, gap[0].expand(30), rtol=0, atol=1e-10 * (1 + float(target.potential(x).abs().max())))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PLANE if name in NORMALISED])
def test_the_density_integrates_to_one(name: str) -> None:
    """And has the mean and covariance that are stated; by the trapezoid rule, spectrally accurate for what dies out at both ends."""
    target = TARGETS[name]
    reach = 9 * torch.sqrt(torch.as_tensor(target.covariance).diagonal()) + 4
    ends = WIDE.get(name, tuple((-float(r), float(r), 1201) for r in reach))
    axes = [torch.linspace(low, high, n, dtype=torch.float64) for low, high, n in ends]
    x = torch.cartesian_prod(*axes)
    mass = target.density(x) * math.prod(float(axis[1] - axis[0]) for axis in axes)
    assert float(mass.sum()) == pytest.approx(1, abs=1e-7)
    centred = x - torch.as_tensor(target.mean)
    assert torch.allclose(mass @ centred, torch.zeros(2, dtype=torch.float64), atol=1e-7)
    assert torch.allclose((centred.T * mass) @ centred, torch.as_tensor(target.covariance), rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_draws_have_the_moments_and_the_force(name: str) -> None:
    assert misses(TARGETS[name], TARGETS[name]) == []
    assert torch.equal(TARGETS[name].sample(5, seed=3), TARGETS[name].sample(5, seed=3))
    assert not torch.equal(TARGETS[name].sample(5, seed=3), TARGETS[name].sample(5, seed=4))


@pytest.mark.parametrize("name", TARGETS)
def test_the_smoothness_bounds_the_hessian(name: str) -> None:
    target = TARGETS[name]
    for x in points(target, 6, 5):
        hessian = torch.autograd.functional.hessian(lambda y: target.potential(y[None])[0], x)
        assert float(torch.linalg.eigvalsh(hessian).abs().max()) <= float(target.smoothness) * (1 + 1e-9)
    assert target.smoothness.source


class TestWhatTheyCatch:
    """The negative controls: draws of a law that is not quite the target's."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("target", "law"),
        [
            (Banana(2, 1.0, 0.5, 0.5), Banana(2, 1.0, 0.5, 0.53)),
            (Banana(3, 1.0, 0.5, 0.5), Banana(3, 1.0, -0.5, 0.5)),
            (Funnel(2, 1.0), Funnel(2, 0.95)),
            (Ring(2.0, 0.4), Ring(2.0, 0.42)),
            (Phi4(4, 1.0, 1.0), Phi4(4, 0.9, 1.0)),
            (Ring(2.0, 0.4), Ring(2.0, 0.4, 2.0)),
            (TARGETS["leaning mixture"], TARGETS["mixture"]),
        ],
    )
    def test_another_law(self, target: Target, law: Target) -> None:
        assert misses(target, law)


def test_smoothness_of_a_ring_is_attained() -> None:
    """At the centre, where F'' is (1 - p_0/e)/w^2, or far out, where it tends to 1/w^2."""
    pointed, blunt = Ring(1.0, 0.3, 0.05), Ring(1.0, 0.3, 5.0)
    for target, x in ((pointed, [0.0, 0.0]), (blunt, [1e5, 0.0])):
        found = torch.autograd.functional.hessian(lambda y, t=target: t.potential(y[None])[0], torch.tensor(x, dtype=torch.float64))
        assert float(torch.linalg.eigvalsh(found).abs().max()) == pytest.approx(float(target.smoothness), rel=1e-4)


@pytest.mark.parametrize("size", [1e-40, 1.0, 1e40])
@pytest.mark.parametrize(("width", "smoothing"), [(1e-5, 0.5), (0.3, 0.01), (2.0, 3.0), (1e5, 1.0)])
def test_a_ring_of_any_size(size: float, width: float, smoothing: float) -> None:
    """E |x|^2 against quadrature of the radial law in |x| itself, which has no p; and draws of it."""
    from scipy.integrate import quad

    target, unit = Ring(size, size * width, size * smoothing), Ring(1.0, width, smoothing)
    middle = math.hypot(1.0, smoothing)

    def weight(t: float) -> float:
        return t * math.exp(-(((math.hypot(t, smoothing) - middle) / width) ** 2) / 2)

    # around |x| = 1 the width of |x| is width p_0/1, or sqrt(2 width p_0) from the centre; 12 of them hold all but 1e-30
    top = math.sqrt((middle + 12 * width) ** 2 - smoothing**2)
    low = math.sqrt(max(0.0, (max(middle - 12 * width, smoothing)) ** 2 - smoothing**2))
    mass = quad(weight, low, top, epsabs=0, epsrel=1e-11, limit=200, points=[1.0])[0]
    square = quad(lambda t: t * t * weight(t), low, top, epsabs=0, epsrel=1e-11, limit=200, points=[1.0])[0]
    assert float(target.covariance[0, 0]) / size**2 == pytest.approx(square / mass / 2, rel=1e-9)
    far = math.log(2 * math.pi * mass)
    assert float(target.log_density(torch.tensor([0.0, size], dtype=torch.float64))) + 2 * math.log(size) == pytest.approx(-far, rel=1e-7, abs=1e-7)
    x = target.sample(2000, 3) / size
    assert within((x**2).sum(-1), torch.tensor(square / mass)) and torch.allclose(x, unit.sample(2000, 3), rtol=1e-6, atol=1e-9 * width)


@pytest.mark.parametrize("angle", np.linspace(0.3, 5, 3))
def test_a_ring_turns_into_itself(angle: float) -> None:
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    x, target = points(TARGETS["ring"], 20), TARGETS["ring"]
    assert torch.allclose(target.drift(x @ turn.T), target.drift(x) @ turn.T, rtol=1e-12, atol=1e-12)
    assert torch.allclose(target.log_density(x @ turn.T), target.log_density(x), rtol=1e-12, atol=1e-12)


def test_a_straight_banana_is_a_gaussian() -> None:
    straight, gaussian = Banana(3, 2.0, 0.0, 0.5), Gaussian(0.0, [4.0, 0.5, 1.0])
    x = points(gaussian, 20)
    assert torch.allclose(straight.log_density(x), gaussian.log_density(x), rtol=1e-13) and float(straight.smoothness) == 2.0


def test_a_funnel_far_down_its_neck() -> None:
    """e^(-x_1) overflows there; what is on the axis keeps a number."""
    x = torch.tensor([[-2000.0, 0.0], [-1500.0, 0.0]], dtype=torch.float64)
    assert bool(torch.isfinite(Funnel(2, 3.0).drift(x)).all()) and bool(torch.isfinite(Funnel(2, 3.0).log_density(x)).all())


@pytest.mark.slow
def test_a_chain_on_a_ring() -> None:
    """The normaliser by quadrature in the plane is the closed form, and the error of LMC halves with its step, by exact laws."""
    target = Ring(2.0, 0.6)
    origin = torch.zeros((1, 2), dtype=torch.float64)
    closed = float(-target.potential(origin) - target.log_density(origin))
    assert target.plane.log_normaliser == pytest.approx(closed, abs=target.plane.error)
    coarse, fine = (tv(stationary_law(EulerMaruyama(Overdamped(target), step), rtol=1e-4), target) for step in (0.05, 0.025))
    assert 1.8 < coarse.value / fine.value < 2.2 and coarse.error < 0.01 * coarse.value
