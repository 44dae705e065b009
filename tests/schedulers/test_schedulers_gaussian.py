"""The laws of every method on Gaussian data, against recursions written here from the published formulas; and what these catch.

A state is a vector of coefficients on (X, 1, Z_1, ..., Z_n), with X the start of the chain or of a step: whatever is affine is run on
such vectors as it is printed. Nothing here comes from pmmtheory.noise.coefficients.
"""

from __future__ import annotations

import itertools
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
    NoiseSchedule,
    PoissonMidpointScheduler,
    Scheduler,
    dpm_solver,
)
from pmmtheory.schemes import PoissonMidpoint
from pmmtheory.targets import Gaussian
from pmmtheory.testing.broken_schedulers import HalvedVariance, OffByOne, SwappedDPMSolver
from tests.oracles.ho import STEPS, cumulative

SCHEDULE = NoiseSchedule.linear()
BARS = cumulative(SCHEDULE.betas)
CLOSE = 1e-10
CAUGHT = 1e4 * CLOSE
few = settings(max_examples=6)

Vector = np.ndarray
Moments = tuple[float, float]


class Data:
    """N(mean, variance), noised: alpha, sigma, lambda = log(alpha/sigma) and the exact noise at whole training times."""

    def __init__(self, mean: float, variance: float):
        self.mean, self.variance = mean, variance

    def alpha(self, t: float) -> float:
        return math.sqrt(BARS[int(t)])

    def sigma(self, t: float) -> float:
        return math.sqrt(1 - BARS[int(t)])

    def lam(self, t: float) -> float:
        return math.log(self.alpha(t) / self.sigma(t))

    def noised(self, t: float) -> Moments:
        return self.alpha(t) * self.mean, BARS[int(t)] * self.variance + 1 - BARS[int(t)]

    def eps(self, x: Vector, t: float) -> Vector:
        """sigma (x - alpha m)/(alpha^2 v + sigma^2)."""
        centre, variance = self.noised(t)
        return self.sigma(t) * (x - centre * unit(1, len(x))) / variance

    def predicted(self, x: Vector, e: Vector, t: float) -> Vector:
        """The data, from the noise in x."""
        return (x - self.sigma(t) * e) / self.alpha(t)


def unit(k: int, size: int) -> Vector:
    return np.eye(size)[k]


def affine_moments(states: Sequence[tuple[float, Vector]], start: Moments) -> Moments:
    """The mean and variance of a mixture of affine functions, given those of X; the weights come first."""
    mean, variance = start
    centres = [v[0] * mean + v[1] for _, v in states]
    spreads = [v[0] ** 2 * variance + float(v[2:] @ v[2:]) for _, v in states]
    weights = [w for w, _ in states]
    centre = sum(w * c for w, c in zip(weights, centres, strict=True))
    return centre, sum(w * (s + (c - centre) ** 2) for w, s, c in zip(weights, spreads, centres, strict=True))


def one_step(name: str, t: float, s: float) -> tuple[float, float, float]:
    return STEPS[name if s > 0 else "DDIM0"](BARS[int(t)], BARS[int(s)])


def ancestral(name: str, data: Data, times: Sequence[float]) -> Moments:
    """DDPM and DDIM."""
    now = data.noised(times[0])
    for t, s in itertools.pairwise(times):
        a, b, sigma = one_step(name, t, s)
        x = unit(0, 3)
        now = affine_moments([(1.0, a * x + b * data.eps(x, t) + sigma * unit(2, 3))], now)
    return now


def first_order(data: Data, x: Vector, e: Vector, t: float, s: float) -> Vector:
    """DPM-Solver-1; the prediction of the data at s = 0."""
    if s == 0:
        return data.predicted(x, e, t)
    return data.alpha(s) / data.alpha(t) * x - data.sigma(s) * math.expm1(data.lam(s) - data.lam(t)) * e


def single_step(order: int, data: Data, times: Sequence[float]) -> Moments:
    """DPM-Solver-2 and 3 with any r_1 and r_2 (Lu et al. 2022, algorithms 4 and 5)."""
    x, left = unit(0, 2), list(times)
    while len(left) > 1:
        n = min(order, len(left) - 1 - (times[-1] == 0)) or 1
        t, s = left[0], left[n]
        e = data.eps(x, t)
        if n == 1:
            x, left = first_order(data, x, e, t, s), left[1:]
            continue
        h = data.lam(s) - data.lam(t)
        r1 = (data.lam(left[1]) - data.lam(t)) / h
        d1 = data.eps(first_order(data, x, e, t, left[1]), left[1]) - e
        if n == 2:
            x = first_order(data, x, e, t, s) - data.sigma(s) / (2 * r1) * math.expm1(h) * d1
        else:
            middle = left[2]
            r2 = (data.lam(middle) - data.lam(t)) / h
            u2 = first_order(data, x, e, t, middle) - data.sigma(middle) * r2 / r1 * (math.expm1(r2 * h) / (r2 * h) - 1) * d1
            d2 = data.eps(u2, middle) - e
            x = first_order(data, x, e, t, s) - data.sigma(s) / r2 * (math.expm1(h) / h - 1) * d2
        left = left[n:]
    return affine_moments([(1.0, x)], data.noised(times[0]))


def multistep(order: int, weight: float, data: Data, times: Sequence[float]) -> Moments:
    """Multistep DPM-Solver, as its reference code (weight 1) or with the full second difference (weight 2)."""
    x, known, n = unit(0, 2), list[Vector](), len(times) - 1
    for k, (t, s) in enumerate(itertools.pairwise(times)):
        known.insert(0, data.eps(x, t))
        use = min(order, k + 1, n - k if times[-1] == 0 and n < 15 else order)
        after = first_order(data, x, known[0], t, s)
        if use > 1 and s > 0:
            h, h0 = data.lam(s) - data.lam(t), data.lam(t) - data.lam(times[k - 1])
            d0 = (known[0] - known[1]) * h / h0
            if use == 2:
                after -= data.sigma(s) * math.expm1(h) / 2 * d0
            else:
                h1 = data.lam(times[k - 1]) - data.lam(times[k - 2])
                curve = (d0 - (known[1] - known[2]) * h / h1) / ((h0 + h1) / h)
                after -= data.sigma(s) * ((math.expm1(h) / h - 1) * (d0 + h0 / h * curve) + weight * ((math.expm1(h) - h) / h**2 - 0.5) * curve)
        x = after
    return affine_moments([(1.0, x)], data.noised(times[0]))


def plus_plus(data: Data, times: Sequence[float]) -> Moments:
    """DPM-Solver++(2M)."""
    x, before = unit(0, 2), np.zeros(2)
    for k, (t, s) in enumerate(itertools.pairwise(times)):
        m = data.predicted(x, data.eps(x, t), t)
        if s == 0:
            x = m
        else:
            h = data.lam(s) - data.lam(t)
            used = m + (m - before) * h / (2 * (data.lam(t) - data.lam(times[k - 1]))) if k else m
            x = data.sigma(s) / data.sigma(t) * x - data.alpha(s) * math.expm1(-h) * used
        before = m
    return affine_moments([(1.0, x)], data.noised(times[0]))


def karras_heun(data: Data, times: Sequence[float]) -> Moments:
    """Heun in y = x/alpha and sigma/alpha; Euler to the data."""
    x = unit(0, 2)
    for t, s in itertools.pairwise(times):
        width = data.sigma(s) / data.alpha(s) - data.sigma(t) / data.alpha(t)
        y, slope = x / data.alpha(t), data.eps(x, t)
        if s > 0:
            slope = (slope + data.eps(data.alpha(s) * (y + width * slope), s)) / 2
        x = data.alpha(s) * (y + width * slope)
    return affine_moments([(1.0, x)], data.noised(times[0]))


def midpoints(name: str, kind: str, substeps: int, data: Data, times: Sequence[float]) -> Moments:
    """Poisson midpoints, substep by substep, over all outcomes of H_1, ..., H_K."""
    now = data.noised(times[0])
    for k in range(0, len(times) - 1, substeps):
        states = []
        for weight, p, hits in outcomes(kind, substeps):
            x = state = inner = unit(0, 2 + substeps)
            first = data.eps(x, times[k])
            for i, hit in enumerate(hits):
                t, s = times[k + i], times[k + i + 1]
                a, b, sigma = one_step(name, t, s)
                noise = sigma * unit(2 + i, 2 + substeps)
                state = a * state + b * (first + p * hit * (data.eps(inner, t) - first)) + noise
                inner = a * inner + b * first + noise
            states.append((weight, state))
        now = affine_moments(states, now)
    return now


def outcomes(kind: str, substeps: int) -> list[tuple[float, float, tuple[int, ...]]]:
    """Probability, p and H."""
    if kind == "bernoulli":
        every = itertools.product((0, 1), repeat=substeps)
        return [(substeps ** -sum(hits) * (1 - 1 / substeps) ** (substeps - sum(hits)), substeps, hits) for hits in every]
    places = range(int(kind == "interior"), substeps)
    return [(1 / len(places), len(places), tuple(int(i == place) for i in range(substeps))) for place in places]


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


@pytest.mark.parametrize(("name", "kind", "substeps"), MIDPOINTS)
@few
@given(mean=means, variance=variances, steps=st.integers(1, 4), end=ends, spacing=spacings)
def test_mean_and_variance_with_midpoints(name: str, kind: str, substeps: int, mean: float, variance: float, steps: int, end: int, spacing: str) -> None:
    scheduler = PoissonMidpointScheduler(SCHEDULE, steps, substeps, name, kind, spacing, end)
    assert gap(scheduler, partial(midpoints, name, kind, substeps), mean, variance) < CLOSE


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), [("V2", "interior"), ("V1", "single")])
@pytest.mark.parametrize("substeps", [26, 50])
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
