"""Every engine, the particles and the distances on "cuda": the same numbers, and nothing meets on two devices. Without a GPU, too: see fake_cuda."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from pmmtheory.divergences import hellinger, kl, reverse_kl, sliced_w2, tv, w1, w2
from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.harness.data import build_data
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.particles import simulate
from pmmtheory.schedulers import (
    DDIM,
    DDPM,
    DPMSolverMultistep,
    ExactPredictor,
    NoiseSchedule,
    PoissonMidpointScheduler,
    Predictor,
    RandomizedMidpointScheduler,
    Scheduler,
)
from pmmtheory.schemes import BAOAB, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture, Product
from tests.devices.conftest import Gpu
from tests.devices.fake_cuda import fake_cuda

TWO = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.5, 0.8])
NEAR = GaussianMixture([0.4, 0.6], [-0.5, 0.5], [1.0, 1.0])
START = Gaussian(0.5, 0.5)
DATA, SCHEDULE = build_data("two modes"), NoiseSchedule.linear()
REVERSE = ReverseDiffusion(DATA, 1.0, 0.5)
PLANE = ReverseDiffusion(build_data("two modes in the plane"), 1.0, 0.5)
TARGET = Gaussian([0.0, 0.0], [1.0, 2.0])
TWO_IN_THE_PLANE = GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.5]], [0.9, 0.8])
NEAR_IN_THE_PLANE = GaussianMixture([0.5, 0.5], [[-0.5, 0.0], [0.5, 0.3]], [0.9, 0.8])
BACK = ReverseDiffusion(Gaussian(dim=3), 1.0, 0.1)
PRODUCT = Product([TWO] * 30)

Make = Callable[[str], Any]
ON_THE_LINE = (kl, tv, w2, hellinger, w1, reverse_kl)


def reversed_(scheme: type[Scheme], *options: Any) -> Make:
    chain = scheme(REVERSE, REVERSE.duration / 6, *options)
    return lambda device: transient_law(chain, REVERSE.marginal(1.0), 2, rtol=1e-3, device=device)


def sampled(sampler: Any, rtol: float, steps: int | None = None) -> Make:
    chain = sampler.chain(ExactPredictor(DATA, SCHEDULE))
    return lambda device: transient_law(chain.scheme, chain.start, chain.steps if steps is None else steps, rtol=rtol, device=device)


def stationary(scheme: Scheme, rtol: float | None = None) -> Make:
    return lambda device: stationary_law(scheme, rtol=rtol, device=device)


LAWS: dict[str, tuple[Make, Any, tuple[Any, ...]]] = {
    "line, no draws": (stationary(EulerMaruyama(Overdamped(TWO), 0.1)), TWO, ON_THE_LINE),
    "line, far modes": (stationary(EulerMaruyama(Overdamped(GaussianMixture([0.6, 0.4], [-9, 9], [1, 1])), 0.1)), TWO, (tv, w2)),
    "line, draws": (stationary(RandomizedMidpoint(Overdamped(TWO), 0.1), 1e-4), TWO, ON_THE_LINE),
    "line, midpoints": (stationary(PoissonMidpoint(Overdamped(NEAR), 0.1), 1e-2), NEAR, (kl, tv, w2)),
    "line, some steps": (lambda device: transient_law(PoissonMidpoint(Overdamped(TWO), 0.1, 5), START, 3, rtol=1e-4, device=device), TWO, (kl, tv, w2)),
    "inhomogeneous, draws": (reversed_(RandomizedMidpoint), REVERSE.marginal(0.5), (kl, tv, w2)),
    "inhomogeneous, midpoints": (reversed_(PoissonMidpoint, 6), REVERSE.marginal(0.5), (kl, tv, w2)),
    "DDPM": (sampled(DDPM(SCHEDULE, 10), 1e-3), DATA, (tv, w2)),
    "DDIM": (sampled(DDIM(SCHEDULE, 10), 1e-5), DATA, (tv, w2)),
    "maps at random": (
        sampled(RandomizedMidpointScheduler(SCHEDULE, times=SCHEDULE.times(8, "log-snr", 100)[5:]), 1e-3, 1),
        SCHEDULE.marginal(DATA, 100),
        (tv, w2),
    ),
    "multistep": (sampled(DPMSolverMultistep(SCHEDULE, 10, 2), 1e-5), DATA, (tv, w2)),
    "scheduler, midpoints": (sampled(PoissonMidpointScheduler(SCHEDULE, 50, midpoints="interior"), 1e-3, 2), DATA, (tv, w2)),
    "phase plane": (stationary(BAOAB(Underdamped(NEAR, 2.0), 0.2), 1e-2), NEAR, (kl, tv)),
    "phase plane, midpoints": (
        lambda device: transient_law(PoissonMidpoint(Underdamped(NEAR, 2.0), 0.2, 2), START, 2, rtol=1e-2, device=device),
        NEAR,
        (kl, tv),
    ),
    "plane": (
        lambda device: transient_law(EulerMaruyama(PLANE, PLANE.duration / 6), PLANE.marginal(1.0), 6, rtol=1e-4, device=device),
        PLANE.marginal(0.5),
        (kl, w2, partial(sliced_w2, directions=4)),
    ),
    "plane, any potential": (stationary(EulerMaruyama(Overdamped(TWO_IN_THE_PLANE), 0.2), 1e-3), TWO_IN_THE_PLANE, (kl, tv)),
    "plane, draws": (
        lambda device: transient_law(
            RandomizedMidpoint(Overdamped(NEAR_IN_THE_PLANE), 0.03), Gaussian([0.0, 0.0], 1.0), 2, rtol=1e-2, device=device, engine="potential_plane"
        ),
        NEAR_IN_THE_PLANE,
        (kl, tv),
    ),
    "plane, several midpoints": (
        lambda device: transient_law(
            PoissonMidpoint(Overdamped(NEAR_IN_THE_PLANE), 0.03, 3), Gaussian([0.0, 0.0], 1.0), 2, rtol=1e-2, device=device, engine="several_midpoints"
        ),
        NEAR_IN_THE_PLANE,
        (kl, tv),
    ),
    "plane over time, several midpoints": (
        lambda device: transient_law(PoissonMidpoint(PLANE, PLANE.duration / 12, 3), PLANE.marginal(1.0), 2, rtol=1e-2, device=device),
        PLANE.marginal(0.9),
        (tv,),
    ),
    "gaussian": (stationary(PoissonMidpoint(Overdamped(Gaussian(dim=5)), 0.1)), Gaussian(dim=5), (kl, tv, w2)),
    "gaussian, some steps": (
        lambda device: transient_law(PoissonMidpoint(Underdamped(TARGET, 2.0), 0.1), Gaussian([0.0, 0.0], 1.0), 3, device=device, engine="gaussian"),
        None,
        (),
    ),
    "gaussian, in time": (lambda device: transient_law(EulerMaruyama(BACK, 0.1), Gaussian(dim=3), 5, device=device, engine="gaussian"), BACK.target, (kl, w2)),
    "product": (stationary(EulerMaruyama(Overdamped(PRODUCT), 0.1), 1e-4), PRODUCT, (kl, tv)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_laws_and_distances(name: str, gpu: Gpu) -> None:
    make, goal, distances = LAWS[name]
    here = make("cpu")
    with gpu():
        there = make("cuda")
        for part in ("grid", "values", "blocks"):
            assert not hasattr(there, part) or getattr(there, part).is_cuda
        found = [distance(there, goal) for distance in distances]
    for distance, estimate in zip(distances, found, strict=True):
        value = distance(here, goal).value
        assert abs(estimate.value - value) <= 1e-9 * value + min(estimate.error, 1e-11)


@pytest.mark.parametrize(
    "scheme",
    [
        PoissonMidpoint(Overdamped(TWO), 0.1),
        RandomizedMidpoint(Underdamped(Gaussian(dim=3), 2.0), 0.1),
        BAOAB(Underdamped(TWO, 2.0), 0.1),
        PoissonMidpoint(REVERSE, REVERSE.duration / 8, 8),
    ],
    ids=lambda scheme: scheme.name,
)
def test_particles(scheme: Scheme) -> None:
    """No GPU draws these numbers: see test_particles_of_a_gpu."""
    here = simulate(scheme, 100, 3, seed=1, dtype=torch.float64)
    with fake_cuda():
        there = simulate(scheme, 100, 3, seed=1, dtype=torch.float64, device="cuda")
        assert there.is_cuda and not there.cpu().is_cuda
        assert torch.equal(there.cpu(), here)


@pytest.mark.parametrize("sampler", [DDIM(SCHEDULE, 4), DDPM(SCHEDULE, 4), DPMSolverMultistep(SCHEDULE, 4), PoissonMidpointScheduler(SCHEDULE, 4)])
@pytest.mark.parametrize("independent", [False, True])
def test_samples_of_a_network(sampler: Scheduler, independent: bool, gpu: Gpu) -> None:
    """With conditioning that is somewhere else, and midpoints shared and not."""

    def network(x: torch.Tensor, t: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x + text + t[:, None] / 1000)

    x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    eps = Predictor.from_network(network, SCHEDULE, "v_prediction", text=torch.ones(1, 3), guidance=2.0, unconditional={"text": torch.zeros(1, 3)})
    here = sampler.sample(eps, x, seed=1, independent=independent)
    with gpu():
        there = sampler.sample(eps, x.to("cuda"), seed=1, independent=independent)
        assert there.is_cuda and bool(torch.isfinite(there).all())
        if gpu is fake_cuda:  # a GPU has random numbers of its own
            assert torch.equal(there.cpu(), here)


class TestTheDevice:
    """What a GPU refuses is refused."""

    def test_two_devices_do_not_meet(self) -> None:
        with fake_cuda():
            there, here = torch.ones(3, device="cuda"), torch.ones(3)
            for meet in (lambda: there + here, lambda: torch.cat([there, here]), lambda: torch.where(here > 0, there, 0.0), lambda: here[(there > 0)]):
                with pytest.raises(RuntimeError, match="two devices"):
                    meet()
            assert (there + 1.0).is_cuda and (there * torch.tensor(2.0)).is_cuda and torch.zeros_like(there).is_cuda and there.new_ones(2).is_cuda
            assert (there + here.to(there.device)).is_cuda and not (there.cpu() + here).is_cuda
            assert float(there.sum()) == 3.0 and there.device.type == "cuda" and here.device.type == "cpu"

    def test_numpy_is_given_nothing(self) -> None:
        with fake_cuda():
            there = torch.ones(3, device="cuda")
            for ask in (there.numpy, lambda: np.asarray(there)):
                with pytest.raises(TypeError, match="numpy"):
                    ask()
            assert np.asarray(there.cpu()).sum() == 3

    def test_generators_have_a_device(self) -> None:
        with fake_cuda():
            with pytest.raises(RuntimeError, match="generator"):
                torch.randn(3, generator=torch.Generator(), device="cuda")
            assert torch.randn(3, generator=torch.Generator("cuda"), device="cuda").is_cuda

    def test_gradients_stay(self) -> None:
        with fake_cuda():
            x = torch.ones(3, device="cuda", dtype=torch.float64).requires_grad_(True)
            (slope,) = torch.autograd.grad((x**2).sum(), x)
            assert slope.is_cuda and slope.cpu().tolist() == [2.0, 2.0, 2.0]

    def test_there_is_none_outside(self) -> None:
        before = torch.cuda.is_available()
        with fake_cuda():
            assert torch.cuda.is_available()
        assert torch.cuda.is_available() == before
