"""Noise schedules against their published formulas, their inverses and their refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.errors import InvalidParameter
from pmmtheory.schedulers import NoiseSchedule
from pmmtheory.targets import Gaussian
from tests.oracles.ho import cumulative

SCHEDULES = {"linear": NoiseSchedule.linear(), "scaled_linear": NoiseSchedule.scaled_linear(), "cosine": NoiseSchedule.cosine()}
EACH = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


@EACH
def test_alpha_bar_is_the_product_of_one_minus_beta(schedule: NoiseSchedule) -> None:
    expected = np.array(cumulative(schedule.betas))
    t = torch.arange(1001.0, dtype=torch.float64)
    np.testing.assert_allclose(schedule.alpha(t) ** 2, expected, rtol=1e-12)
    np.testing.assert_allclose(schedule.sigma(t) ** 2, 1 - expected, rtol=1e-12, atol=1e-15)
    assert schedule.alpha(0) == 1 and schedule.sigma(0) == 0


def test_betas_are_those_of_the_papers() -> None:
    np.testing.assert_allclose(SCHEDULES["linear"].betas, [1e-4 + (0.02 - 1e-4) * i / 999 for i in range(1000)], rtol=1e-12)
    low, high = math.sqrt(0.00085), math.sqrt(0.012)
    np.testing.assert_allclose(SCHEDULES["scaled_linear"].betas, [(low + (high - low) * i / 999) ** 2 for i in range(1000)], rtol=1e-12)
    cosine = [math.cos((t / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(1001)]
    np.testing.assert_allclose(
        SCHEDULES["cosine"].betas, [min(1 - after / before, 0.999) for before, after in zip(cosine, cosine[1:], strict=False)], rtol=1e-11
    )


@pytest.mark.parametrize("kind", ["linear", "scaled_linear", "cosine"])
def test_every_size_has_the_same_continuum_limit(kind: str) -> None:
    coarse, fine = (getattr(NoiseSchedule, kind)(size) for size in (1000, 4000))
    for share in (0.1, 0.5, 0.9):
        assert abs(coarse.forward_time(1000 * share) - fine.forward_time(4000 * share)) < 0.01 * fine.forward_time(4000 * share)


@EACH
@given(t=st.floats(1e-3, 1000))
def test_time_at_inverts_the_signal_to_noise_ratio(schedule: NoiseSchedule, t: float) -> None:
    assert abs(schedule.time_at(schedule.log_snr(t)) - t) <= 1e-11 * 1000
    both = torch.tensor([t, 1000 - t / 2], dtype=torch.float64)
    assert torch.allclose(schedule.time_at(schedule.log_snr(both)), both, rtol=0, atol=1e-8)


@EACH
def test_numbers_and_tensors_agree_and_log_alpha_is_linear_between(schedule: NoiseSchedule) -> None:
    t = torch.linspace(0.25, 999.75, 41, dtype=torch.float64)
    for name in ("log_alpha", "alpha", "sigma", "log_snr", "forward_time"):
        method = getattr(schedule, name)
        assert torch.equal(method(t), torch.tensor([method(float(s)) for s in t], dtype=torch.float64))
    assert abs(schedule.log_alpha(500.5) - (schedule.log_alpha(500) + schedule.log_alpha(501)) / 2) < 1e-14
    assert schedule.log_snr(0) == math.inf and schedule.time_at(math.inf) == 0
    assert abs(schedule.log_snr(300.0) - math.log(schedule.alpha(300.0) / schedule.sigma(300.0))) < 1e-12


def test_small_noise_keeps_its_digits() -> None:
    schedule = NoiseSchedule([1e-14, 0.5])
    assert abs(schedule.sigma(1.0) / 1e-7 - 1) < 1e-12


@EACH
def test_marginals_are_those_of_the_forward_process(schedule: NoiseSchedule) -> None:
    data = Gaussian(1.3, 0.4)
    law, process = schedule.marginal(data, 321.5), ReverseDiffusion(data, horizon=5.0, stop=0.0).marginal(schedule.forward_time(321.5))
    assert abs(law.mean - process.mean) < 1e-14 and abs(law.covariance - process.covariance) < 1e-14  # type: ignore[attr-defined]


@given(steps=st.integers(1, 1000), end=st.sampled_from([0, 1, 7]))
def test_uniform_times_fall_evenly(steps: int, end: int) -> None:
    times = SCHEDULES["linear"].times(min(steps, 1000 - end), end=end)
    gaps = -np.diff(times)
    assert (times[0], times[-1], len(times)) == (1000, end, min(steps, 1000 - end) + 1)
    assert gaps.min() >= 1 and gaps.max() - gaps.min() <= 1 and all(t == int(t) for t in times)


def test_quadratic_and_log_snr_times() -> None:
    schedule = SCHEDULES["linear"]
    roots = np.sqrt(schedule.times(30, "quadratic", end=10))
    assert np.abs(-np.diff(roots) - (math.sqrt(1000) - math.sqrt(10)) / 30).max() < 0.2
    levels = schedule.log_snr(torch.tensor(schedule.times(30, "log-snr", end=2), dtype=torch.float64))
    assert float(torch.diff(levels).std() / torch.diff(levels).mean()) < 1e-9


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: NoiseSchedule([0.1, 1.0]), "betas"),
        (lambda: NoiseSchedule([0.0]), "betas"),
        (lambda: NoiseSchedule([0.1, math.nan]), "betas"),
        (lambda: NoiseSchedule([]), "betas"),
        (lambda: NoiseSchedule("beta"), "betas"),  # type: ignore[arg-type]
        (lambda: NoiseSchedule.linear(10), "betas"),
        (lambda: NoiseSchedule.linear(0), "size"),
        (lambda: NoiseSchedule.linear().times(1001), "steps"),
        (lambda: NoiseSchedule.linear().times(1000, end=1), "steps"),
        (lambda: NoiseSchedule.linear().times(500, "quadratic"), "steps"),
        (lambda: NoiseSchedule.linear().times(0), "steps"),
        (lambda: NoiseSchedule.linear().times(10, "log-snr"), "end"),
        (lambda: NoiseSchedule.linear().times(10, end=1000), "end"),
        (lambda: NoiseSchedule.linear().times(10, end=-1), "end"),
        (lambda: NoiseSchedule.linear().times(10, "cubic"), "spacing"),
        (lambda: NoiseSchedule.linear().alpha(1000.5), "t"),
        (lambda: NoiseSchedule.linear().alpha(math.nan), "t"),
        (lambda: NoiseSchedule.linear().time_at(-50.0), "log_snr"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(make: object, name: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        make()  # type: ignore[operator]
    assert error.value.name == name and str(error.value).startswith(f"{name} = ") and "\n" not in str(error.value)


def test_more_steps_than_training_steps_says_so() -> None:
    with pytest.raises(InvalidParameter, match="more steps than the 1000 training steps"):
        NoiseSchedule.linear().times(2000)
