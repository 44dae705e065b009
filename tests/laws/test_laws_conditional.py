"""Laws by moments on Gaussian data of wide spectra: stated errors against many digits, bounds on W2 given the midpoints against all midpoint sets."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import numpy as np
import ot
import pytest
import scipy.linalg
import torch

from pmmtheory.divergences import frechet, w2, w2_bounds
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LinearLaw, transient_law
from pmmtheory.laws.gaussian.conditional import ConditionalVariance
from pmmtheory.laws.step.affine import AffineSteps
from pmmtheory.particles import simulate
from pmmtheory.schedulers import DDIM, DDPM, ExactPredictor, NoiseSchedule, PoissonMidpointScheduler, Scheduler
from pmmtheory.targets import Gaussian
from tests.oracles.ho import STEPS, cumulative

SCHEDULE = NoiseSchedule.linear()
WIDE = [2e-11, 1e-8, 1e-6, 1e-4, 0.05, 1.0, 80.0]
FEW = torch.tensor([0.01, 0.3, 4.0], dtype=torch.float64)


def law_of(sampler: Scheduler, data: Gaussian, start: Any = None) -> LinearLaw:
    law = transient_law(sampler.chain(ExactPredictor(data, sampler.schedule), start), rtol=0.1, engine="gaussian")
    assert isinstance(law, LinearLaw)
    return law


def in_many_digits(name: str, steps: int) -> list[mpmath.mpf]:
    """The variances that DDIM, V1 or V2 end with from the noised data, from the published coefficients in 50 digits."""
    with mpmath.workdps(50):
        bars = [mpmath.mpf(1)]
        for beta in SCHEDULE.betas:
            bars.append(bars[-1] * (1 - mpmath.mpf(beta)))
        at = [bars[int(t)] for t in SCHEDULE.times(steps)]
        found = []
        for value in WIDE:
            v, c = mpmath.mpf(value), None
            for k, (a, b) in enumerate(itertools.pairwise(at)):
                spread, ratio = a * v + 1 - a, a / b
                c = spread if c is None else c
                if name == "DDIM" or k == steps - 1:
                    move, noise = (1 - (1 - a) / spread) / mpmath.sqrt(ratio) + mpmath.sqrt((1 - b) * (1 - a)) / spread, 0
                elif name == "V1":
                    move, noise = 1 / mpmath.sqrt(ratio) - 2 * (1 / mpmath.sqrt(ratio) - 1) / spread, (1 - ratio) / ratio
                else:
                    move, noise = (1 - (1 - ratio) / spread) / mpmath.sqrt(ratio), (1 - ratio) * (1 - b) / (1 - a)
                c = move**2 * c + noise
            found.append(c)
        return found


@pytest.mark.slow
@pytest.mark.parametrize("steps", [10, 250])
@pytest.mark.parametrize("name", ["DDIM", "V1", "V2"])
def test_errors_on_every_axis(name: str, steps: int) -> None:
    """Where hardly any variance is, the last step is a difference of numbers that are nearly one: its digits go, and the stated error says so."""
    sampler = DDIM(SCHEDULE, steps) if name == "DDIM" else DDPM(SCHEDULE, steps, name)
    law = law_of(sampler, Gaussian(0.0, WIDE))
    exact = in_many_digits(name, steps)
    off = [abs(float(mpmath.mpf(float(seen)) / told - 1)) for seen, told in zip(law.blocks[:, 0, 0], exact, strict=True)]
    stated = law.axis_errors.tolist()
    assert all(o <= s for o, s in zip(off, stated, strict=True))
    assert max(off) > 1e-7 and law.numerical_error >= max(stated)  # the control: four units and the steps alone would say 1e-13
    assert stated[-1] < 1e-12


def test_the_error_of_a_distance_weighs_the_axes() -> None:
    data = Gaussian(0.0, WIDE)
    law = law_of(DDIM(SCHEDULE, 20), data)
    assert law.numerical_error > 1e-6 and w2(law, data).error < 1e-11


def dense(sampler: str, steps: int, mean: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and covariance of DDPM with matrices, from the published coefficients."""
    bars, eye = cumulative(SCHEDULE.betas), np.eye(len(mean))
    times = SCHEDULE.times(steps)
    m, c = math.sqrt(bars[1000]) * mean, bars[1000] * covariance + (1 - bars[1000]) * eye
    for t, s in itertools.pairwise(times):
        a, b, noise = STEPS[sampler if s > 0 else "DDIM0"](bars[int(t)], bars[int(s)])
        score = np.linalg.inv(bars[int(t)] * covariance + (1 - bars[int(t)]) * eye) * math.sqrt(1 - bars[int(t)])
        move = a * eye + b * score
        m, c = move @ m - b * score @ (math.sqrt(bars[int(t)]) * mean), move @ c @ move.T + noise**2 * eye
    return m, c


@pytest.mark.slow
def test_frechet_distances_of_digits_by_matrices() -> None:
    """In 64 dimensions, with a mean, three of them without variance: the Bures distance by scipy's square root, and by POT."""
    from pmmtheory.images import image_spectrum, load_images

    spectrum = image_spectrum("digits")
    x = load_images("digits").flat().numpy()
    mean, covariance = x.mean(0), np.cov(x.T, bias=True)
    assert spectrum.still == 3 and np.allclose(spectrum.axes * spectrum.variances @ spectrum.axes.T, covariance, rtol=0, atol=1e-14)
    for name in ("V1", "V3"):
        found = frechet(law_of(DDPM(SCHEDULE, 20, name), spectrum.centred), spectrum.centred)
        m, c = dense(name, 20, mean, covariance)
        assert np.abs(m - mean).max() < 1e-12  # the mean is kept exactly
        assert np.abs(c[:, [0, 32, 39]]).max() < 1e-12  # axes without variance get none
        cross = np.sqrt(np.linalg.eigvals(c @ covariance).real.clip(0)).sum()
        assert found.value**2 == pytest.approx(np.trace(c) + np.trace(covariance) - 2 * cross, abs=1e-6)
        near = 1e-9 * np.eye(64)  # a root by Newton's method needs it
        half = scipy.linalg.sqrtm(c + near)
        cross = scipy.linalg.sqrtm(half @ (covariance + near) @ half).real
        assert found.value**2 == pytest.approx(np.trace(c) + np.trace(covariance) + 128e-9 - 2 * np.trace(cross), abs=1e-5)
        near *= 100  # its roots by eigenvalues are not a number where rounding makes one negative
        assert found.value == pytest.approx(float(ot.gaussian.bures_wasserstein_distance(m, mean, c + near, covariance + near)), abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["V1", "V2", "V3"])
@pytest.mark.parametrize("midpoints", ["interior", "bernoulli"])
def test_the_mean_of_the_noised_data_is_kept(variant: str, midpoints: str) -> None:
    """By every set of midpoints: the law on the line has no other mean, so that nothing is lost with data about theirs."""
    sampler = PoissonMidpointScheduler(SCHEDULE, 10, 4, variant, midpoints)
    moved, still = (law_of(sampler, Gaussian(mean, 0.3)) for mean in (5.0, 0.0))
    assert moved.mean == pytest.approx(5.0, abs=1e-11)
    assert moved.covariance == pytest.approx(still.covariance, rel=1e-9)


def every_deviation(sampler: PoissonMidpointScheduler, data: Gaussian) -> tuple[torch.Tensor, torch.Tensor]:
    """Deviations on every axis (sets, axes) given the midpoints of all steps, and the weights of these: substep by substep from the published formulas."""
    bars, times, k = cumulative(SCHEDULE.betas), sampler.fine_times, sampler.substeps
    outcomes = list(itertools.product((0, 1), repeat=k)) if sampler.midpoints == "bernoulli" else [tuple(int(i == j) for i in range(k)) for j in range(1, k)]
    v = data.variances.numpy()
    states = [(1.0, bars[int(times[0])] * v + 1 - bars[int(times[0])])]
    for first in range(0, len(times) - 1, k):
        after = []
        for hits in outcomes:
            if sampler.midpoints == "bernoulli":
                weight, p = math.prod(1 / k if hit else 1 - 1 / k for hit in hits), k
            else:
                weight, p = 1 / (k - 1), k - 1
            x = inner = np.zeros((1 + k, len(v)))
            x = x + np.eye(1 + k)[0][:, None]
            inner = x
            eps = None
            for i, hit in enumerate(hits):
                t, s = times[first + i], times[first + i + 1]
                a, b, noise = STEPS[sampler.variant if s > 0 else "DDIM0"](bars[int(t)], bars[int(s)])
                asked = math.sqrt(1 - bars[int(t)]) * inner / (bars[int(t)] * v + 1 - bars[int(t)])
                eps = asked if eps is None else eps
                fresh = noise * np.eye(1 + k)[1 + i][:, None]
                x, inner = a * x + b * (eps + p * hit * (asked - eps)) + fresh, a * inner + b * eps + fresh
            after.append((weight, x[0] ** 2, (x[1:] ** 2).sum(0)))
        states = [(w * weight, r * c + q) for w, c in states for weight, r, q in after]
    weights, variances = (torch.tensor(np.array(part)) for part in zip(*states, strict=True))
    return torch.sqrt(variances), weights


@pytest.mark.slow
@pytest.mark.parametrize(("midpoints", "steps", "substeps"), [("interior", 4, 6), ("bernoulli", 4, 3), ("interior", 2, 40)])
@pytest.mark.parametrize("variant", ["V2", "V3"])
def test_bounds_given_all_midpoints(midpoints: str, steps: int, substeps: int, variant: str) -> None:
    data = Gaussian(0.0, FEW)
    sampler = PoissonMidpointScheduler(SCHEDULE, steps, substeps, variant, midpoints)
    law = law_of(sampler, data)
    deviations, weights = every_deviation(sampler, data)
    mean, square = weights @ deviations, weights @ deviations**2
    assert law.given is not None
    low, high = law.given()
    assert torch.allclose(law.blocks[:, 0, 0], square, rtol=1e-9, atol=0) and torch.allclose(high, torch.sqrt(square), rtol=1e-9, atol=0)
    assert bool((low <= mean * (1 + 1e-12)).all()) and bool((mean <= high * (1 + 1e-12)).all())
    assert bool((high - low >= 0.9 * (high - mean)).all())
    assert bool(((mean - low) < high - mean).all())  # nearer than the root of the mean variance
    below, above = w2_bounds(law, data)
    coupling = math.sqrt(float((weights @ (deviations - torch.sqrt(FEW)) ** 2).sum()))
    assert below.value <= coupling <= above.value + above.error
    assert below.value == pytest.approx(float((torch.sqrt(square) - torch.sqrt(FEW)).square().sum().sqrt()), rel=1e-9)


@pytest.mark.slow
def test_bounds_hold_on_the_line_where_w2_is_known() -> None:
    """By the law on the grid, which shares nothing with the moments but the step."""
    data = Gaussian(0.0, 0.3)
    sampler = PoissonMidpointScheduler(SCHEDULE, 20, 5, "V3", "interior")
    below, above = w2_bounds(law_of(sampler, data), data)
    exact = w2(transient_law(sampler.chain(ExactPredictor(data, SCHEDULE)), rtol=1e-6), data)
    assert below.value - below.error <= exact.value + exact.error and exact.value - exact.error <= above.value + above.error
    assert below.value + below.error < exact.value - exact.error and exact.value + exact.error < above.value - above.error


@pytest.mark.slow
def test_particles_lie_between_the_bounds() -> None:
    """Means of squares, and of the deviations over runs that share their midpoints, are those of particles."""
    data = Gaussian(0.0, FEW)
    sampler = PoissonMidpointScheduler(SCHEDULE, 20, 10, "V3", "interior")
    law = law_of(sampler, data)
    chain = sampler.chain(ExactPredictor(data, SCHEDULE))
    x = simulate(chain, particles=40_000, seed=3, dtype=torch.float64)
    points = getattr(x, "points", x)
    square = (points**2).mean(0)
    off = 5 * (points**2).std(0) / math.sqrt(len(points))
    assert bool(((square - law.blocks[:, 0, 0]).abs() < off).all())
    low, high = law.given()  # type: ignore[misc]
    mean = points.abs().mean(0) * math.sqrt(math.pi / 2)  # of |S Z| with Z normal
    slack = 5 * points.abs().std(0) * math.sqrt(math.pi / 2) / math.sqrt(len(points))
    assert bool((low - slack < mean).all()) and bool((mean < high + slack).all())


def test_the_root_of_any_random_variance() -> None:
    """Two-point and many-point laws of R^2 and Q, wide and narrow: the bounds hold, and are tight where there are few points."""
    generator = torch.Generator().manual_seed(5)
    for count, spread in itertools.product((2, 3, 30), (1e-9, 0.01, 1.0, 3.0)):
        shape = (count, 4, 1, 1)
        matrix, noise = (torch.exp(spread * torch.randn(shape, generator=generator, dtype=torch.float64)) for _ in range(2))
        weights = torch.rand(count, generator=generator, dtype=torch.float64)
        weights = weights / weights.sum()
        steps = AffineSteps(matrix, torch.zeros(shape[:3], dtype=torch.float64), noise, weights)
        variances = torch.tensor([0.1, 1.0, 1.0, 7.0], dtype=torch.float64)
        after = ConditionalVariance.fixed(variances).after(steps, listed=True).after(steps, listed=True)
        one = matrix[..., 0, 0] ** 2 * variances + noise[..., 0, 0]
        two = (matrix[:, None, :, 0, 0] ** 2 * one + noise[:, None, :, 0, 0]).reshape(-1, 4)
        exact = ((weights[:, None] * weights).reshape(-1, 1) * torch.sqrt(two)).sum(0)
        low, high = after.root
        assert bool((low <= exact * (1 + 1e-14)).all() and (exact <= high * (1 + 1e-14)).all())
        if spread <= 0.01:
            assert bool(((high - low) <= 1.5 * (high - exact) + 3e-13 * exact).all())
        loose, _ = ConditionalVariance.fixed(variances).after(steps, listed=False).after(steps, listed=False).root
        assert bool((loose <= low * (1 + 1e-12)).all())


@pytest.mark.slow
def test_what_is_refused() -> None:
    data = Gaussian(0.0, FEW)
    law = law_of(PoissonMidpointScheduler(SCHEDULE, 10, 20, "V2", "bernoulli"), data)
    assert frechet(law, data).value > 0
    with pytest.raises(InvalidParameter, match="single midpoints or among at most 12 substeps"):
        w2_bounds(law, data)
    with pytest.raises(InvalidParameter, match="for the w2 of a mixture"):
        w2(law, data)
    with pytest.raises(InvalidParameter, match="for frechet"):
        frechet(transient_law(DDIM(SCHEDULE, 10).chain(ExactPredictor(Gaussian(0.0, 0.3), SCHEDULE))), Gaussian(0.0, 0.3))
    exact = law_of(DDIM(SCHEDULE, 10), data)
    assert w2_bounds(exact, data) == (w2(exact, data), w2(exact, data)) and frechet(exact, data) == w2(exact, data)
