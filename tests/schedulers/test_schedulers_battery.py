"""What every scheduler must do: found by the folder, on Gaussian data, on images, and when asked for nonsense."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.discover import classes
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import transient_law
from pmmtheory.particles import simulate
from pmmtheory.schedulers import (
    DDIM,
    DDPM,
    DPMSolver,
    DPMSolverMultistep,
    DPMSolverPlusPlus2M,
    ExactPredictor,
    Heun,
    NoiseSchedule,
    PoissonMidpointScheduler,
    Scheduler,
)
from pmmtheory.targets import Gaussian

SCHEDULE = NoiseSchedule.linear()
SCHEDULERS: dict[str, type[Scheduler]] = classes("pmmtheory.schedulers", Scheduler)
EACH = pytest.mark.parametrize("kind", SCHEDULERS.values(), ids=SCHEDULERS)


class Convolution:
    """A small convolution."""

    def __init__(self) -> None:
        self.weight = torch.randn(3, 3, 3, 3, generator=torch.Generator().manual_seed(0)) / 6

    def __call__(self, x: Tensor, t: Any) -> Tensor:
        return torch.tanh(torch.nn.functional.conv2d(x, self.weight.to(x.dtype), padding=1) + t / 1000)


def test_the_folder_holds_the_methods_of_the_paper() -> None:
    assert {"DDIM", "DDPM", "DPMSolver", "DPMSolverMultistep", "DPMSolverPlusPlus2M", "Heun", "PoissonMidpointScheduler"} <= set(SCHEDULERS)


@EACH
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_images_keep_their_shape_and_a_seed_its_result(kind: type[Scheduler], dtype: torch.dtype) -> None:
    scheduler, network = kind(SCHEDULE, 7), Convolution()
    noise = torch.randn(4, 3, 8, 8, dtype=dtype, generator=torch.Generator().manual_seed(1))
    one, other = (scheduler.sample(network, noise, seed=5) for _ in range(2))
    assert one.shape == noise.shape and one.dtype == dtype and bool(torch.isfinite(one).all())
    assert torch.equal(one, other)


def test_a_network_may_have_an_attribute_called_target() -> None:
    network, noise = Convolution(), torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    plain = DDIM(SCHEDULE, 3).sample(network, noise)
    network.target = "noise"  # type: ignore[attr-defined]
    assert torch.equal(DDIM(SCHEDULE, 3).sample(network, noise), plain)


@pytest.mark.slow
@EACH
@pytest.mark.parametrize("data", [Gaussian(0.7, 0.3), Gaussian([0.5, -1.0], [0.2, 0.6])], ids=["line", "plane"])
def test_samples_of_gaussian_data_have_their_mean_and_variance(kind: type[Scheduler], data: Gaussian) -> None:
    n = 4000
    x = torch.randn((n, data.dim) if data.dim > 1 else n, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    end = kind(SCHEDULE, 80).sample(ExactPredictor(data, SCHEDULE), x, seed=4, independent=True)
    assert end.shape == x.shape
    # 80 steps of DDIM are 1% off, and samples of this size 1.6% in the mean and 2.2% in the variance
    assert bool(((end.mean(0) - torch.as_tensor(data.mean)).abs() < 0.08 * torch.sqrt(data.variances)).all())
    assert bool(((end.var(0) / data.variances - 1).abs() < 0.15).all())


@EACH
def test_a_chain_runs_as_particles_too(kind: type[Scheduler]) -> None:
    scheduler = kind(SCHEDULE, 6)
    chain = scheduler.chain(ExactPredictor(Gaussian(), SCHEDULE))
    assert chain.scheme.dynamics.position(simulate(chain, particles=10, dtype=torch.float64)).shape == (10,)


@EACH
def test_a_chain_of_a_network_starts_from_noise(kind: type[Scheduler]) -> None:
    chain = kind(SCHEDULE, 6).chain(Convolution(), event_shape=(3, 8, 8))
    assert chain.scheme.dynamics.position(simulate(chain, particles=4)).shape == (4, 3, 8, 8)


@pytest.mark.slow
@EACH
@pytest.mark.parametrize("spacing", ["uniform", "quadratic"])
def test_times_of_ones_own(kind: type[Scheduler], spacing: str) -> None:
    """The same sampler to the last bit as by their name; and from a noise level below the first."""
    predictor = ExactPredictor(Gaussian(0.7, 0.3), SCHEDULE)
    midpoints = {"substeps": 3} if kind is PoissonMidpointScheduler else {}
    named = kind(SCHEDULE, 6, spacing=spacing, end=10, **midpoints)  # type: ignore[arg-type]
    grid = getattr(named, "fine_times", named.times)
    own = kind(SCHEDULE, times=grid, **midpoints)  # type: ignore[arg-type]
    assert (own.times, own.steps, own.end, own.calls) == (named.times, named.steps, named.end, named.calls)
    one, other = (transient_law(made.chain(predictor), engine="gaussian") for made in (own, named))
    assert (one.mean, one.covariance) == (other.mean, other.covariance)
    late = transient_law(kind(SCHEDULE, times=grid[3:], **midpoints).chain(predictor), engine="gaussian")  # type: ignore[arg-type]
    wanted = float(SCHEDULE.marginal(Gaussian(0.7, 0.3), 10).covariance)
    assert 0 < abs(late.covariance - wanted) < abs(one.covariance - wanted)  # half of the way leaves less of the error


@EACH
@pytest.mark.parametrize("times", [[1000], [1000, 500, 500], [0, 1000], [1001, 0], [500, -1], "some", [1000, math.nan, 0], None])
def test_times_that_are_none(kind: type[Scheduler], times: Any) -> None:
    with pytest.raises(InvalidParameter, match="times = " if times is not None else "steps = None"):
        kind(SCHEDULE, times=times, **({"substeps": 1} if kind is PoissonMidpointScheduler else {}))  # type: ignore[arg-type]


@EACH
def test_times_and_their_number_are_not_both_given(kind: type[Scheduler]) -> None:
    for other in ({"steps": 2}, {"spacing": "quadratic"}, {"end": 5}):
        with pytest.raises(InvalidParameter, match="given without steps, spacing and end"):
            kind(SCHEDULE, times=[1000, 500, 0], **other)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in SCHEDULERS.values() if kind not in (DDPM, PoissonMidpointScheduler)])
def test_standard_normal_data_stay_put(kind: type[Scheduler]) -> None:
    """eps = sigma x: the flow is the identity, which a method of any order follows as the steps shrink."""
    x = torch.linspace(-2, 2, 5, dtype=torch.float64)
    assert torch.allclose(kind(SCHEDULE, 400).sample(ExactPredictor(Gaussian(), SCHEDULE), x), x, rtol=0.02)


@EACH
def test_nonsense_is_refused_in_one_sentence(kind: type[Scheduler]) -> None:
    x = torch.randn(3, dtype=torch.float64)
    exact = ExactPredictor(Gaussian(), SCHEDULE)
    cases: list[tuple[Any, str]] = [
        (lambda: kind(SCHEDULE, 1001), "steps"),
        (lambda: kind(SCHEDULE, 0), "steps"),
        (lambda: kind(SCHEDULE, 5, spacing="even"), "spacing"),
        (lambda: kind("linear", 5), "schedule"),  # type: ignore[arg-type]
        (lambda: kind(SCHEDULE, 5).sample(lambda x, t: x * math.nan, x), "predictor"),
        (lambda: kind(SCHEDULE, 5).sample(lambda x, t: torch.where(torch.as_tensor(t) == 600, x / 0, x), x), "predictor"),
        (lambda: kind(SCHEDULE, 5).sample(lambda x, t: x[..., None], x), "predictor"),
        (lambda: kind(SCHEDULE, 5).sample(lambda x, t: 0.0, x), "predictor"),
        (lambda: kind(SCHEDULE, 5).sample("network", x), "predictor"),
        (lambda: kind(SCHEDULE, 5).sample(exact, torch.randn(3, 2)), "x"),
        (lambda: kind(SCHEDULE, 5).sample(exact, x / 0), "x"),
        (lambda: kind(SCHEDULE, 5).sample(exact, [1.0]), "x"),  # type: ignore[arg-type]
    ]
    for make, name in cases:
        with pytest.raises(InvalidParameter) as error:
            make()
        assert error.value.name == name and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: DDPM(SCHEDULE, 5, variant="V4"), "variant"),
        (lambda: DDPM(SCHEDULE, 5, variant=""), "variant"),
        (lambda: DDIM(SCHEDULE, 5, eta=1.5), "eta"),
        (lambda: DPMSolver(SCHEDULE, 5, order=4), "order"),
        (lambda: DPMSolverMultistep(SCHEDULE, 5, order=0), "order"),
        (lambda: DPMSolverMultistep(SCHEDULE, 5, second_difference="half"), "second_difference"),
        (lambda: PoissonMidpointScheduler(SCHEDULE, 10, substeps=101), "substeps"),
        (lambda: PoissonMidpointScheduler(SCHEDULE, 10, substeps=0), "substeps"),
        (lambda: PoissonMidpointScheduler(SCHEDULE, 20, spacing="quadratic"), "substeps"),
        (lambda: PoissonMidpointScheduler(SCHEDULE, 10, midpoints="two"), "midpoints"),
        (lambda: PoissonMidpointScheduler(SCHEDULE, 10, variant="V9"), "variant"),
    ],
)
def test_parameters_of_one_method_are_checked(make: Any, name: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        make()
    assert error.value.name == name and "\n" not in str(error.value)


def test_orders_and_calls() -> None:
    assert DPMSolverMultistep(SCHEDULE, 10, 3).orders == (1, 2, 3, 3, 3, 3, 3, 3, 2, 1)
    assert DPMSolverMultistep(SCHEDULE, 10, 3, lower_order_final=False).orders == (1, 2, 3, 3, 3, 3, 3, 3, 3, 1)
    assert DPMSolverMultistep(SCHEDULE, 20, 3).orders[-3:] == (3, 3, 1)
    assert DPMSolverMultistep(SCHEDULE, 10, 2, end=1).orders == (1,) + (2,) * 9
    assert DPMSolver(SCHEDULE, 9, 3).bounds == (0, 3, 6, 8, 9) and DPMSolver(SCHEDULE, 9, 3, end=1).bounds == (0, 3, 6, 9)
    assert DPMSolver(SCHEDULE, 8, 3, end=1).bounds == (0, 3, 6, 8)
    assert (Heun(SCHEDULE, 9).calls, Heun(SCHEDULE, 9, end=1).calls, DPMSolverPlusPlus2M(SCHEDULE, 9).calls) == (17, 18, 9)
    pmm = PoissonMidpointScheduler(SCHEDULE, 20)
    assert (pmm.substeps, pmm.calls, len(pmm.times), len(pmm.fine_times)) == (50, 20 * 1.98, 21, 1001)
    assert PoissonMidpointScheduler(SCHEDULE, 20, midpoints="interior").calls == 40
    assert PoissonMidpointScheduler(SCHEDULE, 20, 1).calls == 20
