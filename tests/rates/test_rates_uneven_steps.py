"""Rates on steps that are not evenly spaced, close together, or so small and powers so high that floats end."""

from __future__ import annotations

import math
import warnings

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.rates import fit_rate
from pmmtheory.rates.fit import FEWEST, NEAR

HALVING = [0.1 * 0.5**k for k in range(7)]


def test_a_near_pair_beside_wide_gaps_does_not_decide() -> None:
    """h (1 + a sqrt(h) + b h) with a and b up to 2."""
    steps = [0.11845144715494953, 0.10574018449992964, 0.07105900263438852, 0.05393158425320134, 0.02531139400854068]
    errors = [0.10698382048715753, 0.09554044395841803, 0.06454303704715202, 0.04927571797216902, 0.023576475519433787]
    assert fit_rate(steps, errors, predicted=1.0).verdict != "fail"


def test_hardly_a_verdict_on_uneven_steps_is_false() -> None:
    """Of random steps and corrections far larger than those of schemes: at most 3 in a thousand."""
    random, wrong, decided = np.random.default_rng(11), 0, 0
    for _ in range(1000):
        n = int(random.integers(4, 9))
        steps = 10 ** random.uniform(-1.5, -0.3) * np.exp(-random.uniform(0, math.log(1.5) * n, n))
        power, rate, off = random.choice([0.5, 1.0]), random.choice([1, 2, 3]), random.choice([0, 0.26, -0.26])
        relative = 1 + random.uniform(-2, 2) * steps**power + random.uniform(-2, 2) * steps ** (2 * power)
        if relative.min() <= 0:
            continue
        verdict = fit_rate(steps.tolist(), (steps**rate * relative).tolist(), predicted=rate + off).verdict
        wrong += verdict == ("pass" if off else "fail")
        decided += verdict != "undecided"
    assert wrong <= 3
    assert decided > 300


@given(st.lists(st.floats(1e-4, 0.5), min_size=FEWEST, max_size=12, unique=True))
def test_of_close_steps_one_is_used(steps: list[float]) -> None:
    used = fit_rate(steps, steps, predicted=1.0).used
    near = any(second < NEAR * (1 - 1e-8) * first for first, second in zip(used, used[1:], strict=False))
    assert set(used) <= set(steps)
    assert len(used) == len(steps) if near else used[0] == min(steps)


@given(
    st.sampled_from([{}, {"correction": 100.0}, {"correction": 0.01}, {"crossover": 50.0}, {"crossover": -3.0}, {"crossover": 0.0}]),
    st.sampled_from([-1.0, 0.0, 2.0, 20.0]),
    st.floats(-200, 290),
    st.floats(-5, -0.4),
)
def test_no_number_is_lost_where_floats_end(options: dict[str, float], rate: float, size: float, largest: float) -> None:
    steps = [10**largest * 0.5**k for k in range(7)]
    errors = [10**size * h**rate * (1 + h) for h in steps]
    if max(errors) < 1e300:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit = fit_rate(steps, errors, predicted=rate, constant=10**size, **options)
        for low, high in (fit.interval, fit.constant_interval):
            assert low <= high


def test_a_constant_beyond_floats_is_infinite() -> None:
    fit = fit_rate(HALVING, [1e306 * h**2 for h in HALVING], predicted=2.0)
    assert fit.verdict == "pass" and fit.constant_interval[1] == math.inf
