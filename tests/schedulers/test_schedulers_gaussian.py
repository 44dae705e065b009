"""The laws of every method on Gaussian data, against recursions from the published formulas; and what these catch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pmmtheory.laws import transient_law
from pmmtheory.noise.coefficients import StagedStep
from pmmtheory.rates import fit_rate
from pmmtheory.schedulers import (
    DDIM,
    DDPM,
    DPMSolver,
    DPMSolverMultistep,
    DPMSolverPlusPlus2M,
    ExactPredictor,
    Heun,
    PoissonMidpointScheduler,
    Scheduler,
    dpm_solver,
)
from pmmtheory.schemes import PoissonMidpoint
from pmmtheory.targets import Gaussian
from pmmtheory.testing.broken_schedulers import HalvedVariance, OffByOne, SwappedDPMSolver
from tests.oracles.ho import STEPS
from tests.oracles.sampler_recursions import SCHEDULE, Data, Moments, ancestral, karras_heun, midpoints, multistep, plus_plus, single_step

CLOSE = 1e-10
CAUGHT = 1e4 * CLOSE
few = settings(max_examples=5)

Recursion = Callable[[Data, Sequence[float]], Moments]
METHODS: dict[str, tuple[Callable[..., Scheduler], Recursion]] = {
    **{name: (partial(DDPM, SCHEDULE, variant=name), partial(ancestral, name)) for name in STEPS if name[0] == "V"},
    **{f"DDIM{eta}": (partial(DDIM, SCHEDULE, eta=eta), partial(ancestral, f"DDIM{eta}")) for eta in (0, 1)},
    **{f"DPMSolver{q}": (partial(DPMSolver, SCHEDULE, order=q), partial(single_step, q)) for q in (1, 2, 3)},
    **{f"Multistep{q}": (partial(DPMSolverMultistep, SCHEDULE, order=q), partial(multistep, q, 1)) for q in (1, 2, 3)},
    "Multistep3Exact": (partial(DPMSolverMultistep, SCHEDULE, order=3, second_difference="exact"), partial(multistep, 3, 2)),
    "PlusPlus2M": (partial(DPMSolverPlusPlus2M, SCHEDULE), plus_plus),
    "Heun": (partial(Heun, SCHEDULE), karras_heun),
}
MIDPOINTS = [
    ("V1", "bernoulli", 4),
    ("V1c", "bernoulli", 3),
    ("V2", "single", 4),
    ("V2", "interior", 4),
    ("V3", "interior", 3),
    ("V3-literal", "interior", 3),
    ("DDIM0", "interior", 2),
]

means, variances, ends, spacings = st.floats(-2, 2), st.floats(0.05, 3), st.sampled_from([0, 1, 20]), st.sampled_from(["uniform", "quadratic"])


def computed(scheduler: Scheduler, mean: float, variance: float, predictor: Any = None) -> Moments:
    """The package's mean and variance of the output."""
    target = Gaussian(mean, variance)
    law: Any = transient_law(scheduler.chain(predictor or ExactPredictor(target, SCHEDULE)), engine="gaussian")
    return float(law.mean), float(law.covariance)


def gap(scheduler: Scheduler, recursion: Recursion, mean: float = 0.8, variance: float = 0.4) -> float:
    """The larger of the differences from a recursion in the mean and in the variance, relative to the size of the law that is aimed at."""
    data = Data(mean, variance)
    (one, spread), (other, wanted) = computed(scheduler, mean, variance), recursion(data, getattr(scheduler, "fine_times", scheduler.times))
    size = max(wanted, data.noised(scheduler.times[-1])[1])
    return max(abs(one - other) / math.sqrt(size + other**2), abs(spread - wanted) / size)


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
@few
@example(mean=0.8, variance=0.4, steps=17, end=0, spacing="uniform")
@given(mean=means, variance=variances, steps=st.integers(1, 9), end=ends, spacing=spacings)
def test_mean_and_variance_of_the_output(name: str, mean: float, variance: float, steps: int, end: int, spacing: str) -> None:
    make, recursion = METHODS[name]
    assert gap(make(steps, spacing=spacing, end=end), recursion, mean, variance) < CLOSE


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind", "substeps"), MIDPOINTS)
@few
@given(mean=means, variance=variances, steps=st.integers(1, 4), end=ends, spacing=spacings)
def test_mean_and_variance_with_midpoints(name: str, kind: str, substeps: int, mean: float, variance: float, steps: int, end: int, spacing: str) -> None:
    scheduler = PoissonMidpointScheduler(SCHEDULE, steps, substeps, name, kind, spacing, end)
    assert gap(scheduler, partial(midpoints, name, kind, substeps), mean, variance) < CLOSE


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind", "substeps"), [("V2", "interior", 26), ("V1", "single", 50)])
def test_many_substeps(name: str, kind: str, substeps: int) -> None:
    """More than a rule for times has nodes: a scheduler has no times between its own."""
    scheduler = PoissonMidpointScheduler(SCHEDULE, SCHEDULE.size // substeps, substeps, name, kind)
    assert gap(scheduler, partial(midpoints, name, kind, substeps)) < CLOSE


PLANE = np.array([[1.0, 0.6], [0.6, 0.7]])


@pytest.mark.parametrize("name", [*METHODS, "PMM"])
def test_the_covariance_in_the_plane(name: str) -> None:
    """On the eigenvectors of the data's covariance the axes are apart: mean zero, no covariance between them."""
    if name == "PMM":
        scheduler: Scheduler = PoissonMidpointScheduler(SCHEDULE, 4, 3, "V1")
        recursion: Recursion = partial(midpoints, "V1", "bernoulli", 3)
    else:
        make, recursion = METHODS[name]
        scheduler = make(6)
    target = Gaussian(torch.zeros(2), torch.as_tensor(PLANE))
    law: Any = transient_law(scheduler.chain(ExactPredictor(target, SCHEDULE)), engine="gaussian")
    own, axes = np.linalg.eigh(PLANE)
    each = [recursion(Data(0.0, float(v)), getattr(scheduler, "fine_times", scheduler.times))[1] for v in own]
    np.testing.assert_allclose(np.asarray(law.covariance), axes @ np.diag(each) @ axes.T, rtol=CLOSE, atol=CLOSE)
    np.testing.assert_allclose(np.asarray(law.mean), 0.0, atol=1e-13)


class TestControls:
    """Each is wrong in one place: the comparisons above, or the order, must notice."""

    @pytest.mark.parametrize("variant", ["V2", "V3", "V3-literal", "V1b"])
    def test_the_variance_of_another_variant(self, variant: str) -> None:
        assert gap(DDPM(SCHEDULE, 8, "V1", end=20), partial(ancestral, variant)) > CAUGHT

    def test_half_the_variance(self) -> None:
        assert gap(HalvedVariance(SCHEDULE, 8), METHODS["V1"][1]) > CAUGHT

    @pytest.mark.parametrize("steps", [8, 40])
    def test_a_predictor_asked_one_training_time_away(self, steps: int) -> None:
        assert gap(OffByOne(SCHEDULE, steps), METHODS["DDIM0"][1]) > CAUGHT > CLOSE > gap(DDIM(SCHEDULE, steps), METHODS["DDIM0"][1])

    @pytest.mark.parametrize("substeps", [2, 4])
    def test_one_of_the_later_midpoints_with_the_weight_of_all(self, substeps: int) -> None:
        """Option 2 with p = K in place of K - 1: no longer unbiased for the K steps."""

        class Overweight(PoissonMidpoint):
            def push(self, change: torch.Tensor, t: Any = 0.0) -> torch.Tensor:
                return self.substeps * self.dynamics.respond(self.substep, change, t)

        class Broken(PoissonMidpointScheduler):
            def scheme(self, predictor: Any, event_shape: tuple[int, ...] | None = None) -> Any:
                right = super().scheme(predictor, event_shape)
                return Overweight(right.dynamics, self.substeps, self.substeps, self.midpoints)

        recursion: Recursion = partial(midpoints, "V2", "interior", substeps)
        arguments = (SCHEDULE, 4, substeps, "V2", "interior")
        assert gap(PoissonMidpointScheduler(*arguments), recursion) < CLOSE < CAUGHT < gap(Broken(*arguments), recursion)

    def test_the_second_difference_of_order_three(self) -> None:
        make, _ = METHODS["Multistep3Exact"]
        assert gap(make(8), METHODS["Multistep3"][1]) > CAUGHT

    @pytest.mark.slow
    def test_swapped_weights_of_dpm_solver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def swapped(levels: Any) -> StagedStep:
            a, b = right(levels)
            return StagedStep(a, [*b[:-1], b[-1][::-1]])

        right = dpm_solver.dpm_solver
        assert order(lambda n: DPMSolver(SCHEDULE, n, 2, **GRID), 2.0) == "pass"
        monkeypatch.setattr(dpm_solver, "dpm_solver", swapped)
        assert gap(DPMSolver(SCHEDULE, 8), METHODS["DPMSolver2"][1]) > CAUGHT
        assert order(lambda n: DPMSolver(SCHEDULE, n, 2, **GRID), 2.0) == "fail"
        assert order(lambda n: DPMSolver(SCHEDULE, n, 2, **GRID), 1.0) == "pass"

    @pytest.mark.slow
    def test_swapped_weights_of_the_multistep_solver(self) -> None:
        assert gap(SwappedDPMSolver(SCHEDULE, 8), METHODS["Multistep2"][1]) > CAUGHT
        assert order(lambda n: DPMSolverMultistep(SCHEDULE, n, 2, **GRID), 2.0) == "pass"
        assert order(lambda n: SwappedDPMSolver(SCHEDULE, n, 2, **GRID), 2.0) == "fail"


GRID: dict[str, Any] = {"spacing": "log-snr", "end": 100}


def order(make: Callable[[int], Scheduler], claimed: float) -> str:
    """The verdict on the rate of the error in one point of Gaussian data: the exact flow keeps it one deviation above the mean."""
    steps, data = (48, 72, 96, 144, 192), Data(0.7, 0.2)
    start, end = (torch.tensor([mean + math.sqrt(variance)], dtype=torch.float64) for mean, variance in (data.noised(1000), data.noised(100)))
    errors = [float((make(n).sample(ExactPredictor(Gaussian(0.7, 0.2), SCHEDULE), start) - end).abs()) for n in steps]
    return fit_rate([1 / n for n in steps], errors, predicted=claimed).verdict
