"""Exact covariances by moments against 80 digits: every scheme, overdamped and underdamped, stationary and after n steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.laws import LinearLaw, stationary_law, transient_law
from pmmtheory.targets import Gaussian
from tests.oracles.linear_chain import stationary_error
from tests.oracles.linear_schemes import MANY, SHARED, SPLITTINGS, assume_stable, exact_after, exact_stationary, on_gaussian, relative

DIGITS = 1e-10
"""What is asked for; `law.numerical_error` says what was reached, and rounding adds up over substeps."""

curvatures = st.floats(-1, 1).map(lambda power: 10**power)
frictions = st.floats(-1, 1).map(lambda power: 10**power)
shares = st.floats(0.02, 0.9)


def law_of(name: str, step_size: float, lam: float, friction: float | None) -> LinearLaw:
    law = stationary_law(on_gaussian(name, step_size, lam, friction), engine="gaussian")
    assert isinstance(law, LinearLaw)
    return law


def within(seen: Any, exact: np.ndarray, stated: float) -> None:
    """Closer than what is asked for, and than four times what is stated."""
    assert relative(seen, exact) < min(DIGITS, 4 * stated + 2e-15)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARED)
@settings(max_examples=5)
@given(lam=curvatures, x=shares)
def test_overdamped(name: str, lam: float, x: float) -> None:
    law = law_of(name, x / lam, lam, None)
    within(law.covariance, exact_stationary(name, x / lam, lam, None), law.numerical_error)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SHARED, *SPLITTINGS])
@settings(max_examples=5)
@given(lam=curvatures, friction=frictions, share=shares)
def test_underdamped(name: str, lam: float, friction: float, share: float) -> None:
    """Steps up to what keeps every scheme stable: the explicit ones need lam a < 2 friction or so."""
    step = share * friction / (lam + friction**2)
    law = law_of(name, step, lam, friction)
    within(law.covariance, exact_stationary(name, step, lam, friction), law.numerical_error)


@pytest.mark.parametrize("name", SPLITTINGS)
@settings(max_examples=5)
@given(lam=curvatures, friction=frictions, share=st.floats(0.3, 1.9))
def test_splittings_with_large_steps(name: str, lam: float, friction: float, share: float) -> None:
    step = share / math.sqrt(lam)
    assume_stable(name, step, lam, friction)
    law = law_of(name, step, lam, friction)
    within(law.covariance, exact_stationary(name, step, lam, friction), law.numerical_error)


@pytest.mark.slow
@pytest.mark.parametrize(("lam", "friction", "step"), [(1.7, None, 0.2), (0.6, 1.3, 0.5)])
@pytest.mark.parametrize("name", MANY)
def test_many_substeps(name: str, lam: float, friction: float | None, step: float) -> None:
    law = law_of(name, step, lam, friction)
    assert relative(law.covariance, exact_stationary(name, step, lam, friction)) < DIGITS


def test_the_error_of_many_substeps() -> None:
    law = law_of("bernoulli 1000", 0.5, 0.6, 1.3)
    assert relative(law.covariance, exact_stationary("bernoulli 1000", 0.5, 0.6, 1.3)) < 4 * law.numerical_error


@pytest.mark.slow
@pytest.mark.parametrize("friction", [None, 1.3])
@pytest.mark.parametrize("kind", ["bernoulli", "single"])
def test_a_million_substeps(kind: str, friction: float | None) -> None:
    """K and infinity differ by c/K + c'/K^2, c and c' from two more K in 80 digits."""
    step, lam, few = 0.5, 0.6, (40, 80)
    at_infinity = exact_stationary(f"{kind} inf", step, lam, friction)
    far = stationary_error("PoissonMidpoint", step, lam, friction, None, kind)
    one, two = ((stationary_error("PoissonMidpoint", step, lam, friction, k, kind) - far) * k for k in few)
    first = 2 * two - one
    expected = at_infinity + first / 1e6
    seen = law_of(f"{kind} 1000000", step, lam, friction).covariance
    assert relative(seen, expected) < 1e-9
    assert relative(at_infinity, expected) > 2e-8


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SHARED, *SPLITTINGS])
@settings(max_examples=4)
@given(lam=curvatures, friction=frictions, share=shares, n=st.integers(0, 40), wide=st.floats(0.1, 3))
def test_after_some_steps(name: str, lam: float, friction: float, share: float, n: int, wide: float) -> None:
    """From N(0, wide/lam), with velocities from N(0, 1)."""
    step, start = share * friction / (lam + friction**2), Gaussian(0.0, wide / lam)
    law = transient_law(on_gaussian(name, step, lam, friction), start, n, engine="gaussian")
    within(law.covariance, exact_after(name, step, lam, friction, n, np.diag([wide / lam, 1.0])), law.numerical_error)
    if name not in SPLITTINGS:
        law = transient_law(on_gaussian(name, share / lam, lam, None), start, n, engine="gaussian")
        within(law.covariance, exact_after(name, share / lam, lam, None, n, wide / lam), law.numerical_error)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lmc", "rmm", "bernoulli 3", "single inf", "UBU"])
def test_after_some_steps_from_a_law(name: str) -> None:
    """From the correlated stationary law of another chain; steps add up, and the stationary law stays."""
    step, lam, friction = 0.4, 1.7, 1.3
    chain, start = on_gaussian(name, step, lam, friction), law_of("UBU", 0.9, 0.8, 2.0)
    law = transient_law(chain, start, 9, engine="gaussian")
    within(law.covariance, exact_after(name, step, lam, friction, 9, start.covariance.numpy()), law.numerical_error)
    half = transient_law(chain, start, 4, engine="gaussian")
    within(transient_law(chain, half, 5, engine="gaussian").covariance, law.covariance.numpy(), law.numerical_error)
    still = law_of(name, step, lam, friction)
    within(transient_law(chain, still, 7, engine="gaussian").covariance, still.covariance.numpy(), still.numerical_error)


@pytest.mark.slow
def test_another_chain_is_told_apart() -> None:
    seen = law_of("bernoulli 8", 0.3, 1.7, 1.3).covariance
    for other in ("bernoulli 13", "single 8", "lmc"):
        assert relative(seen, exact_stationary(other, 0.3, 1.7, 1.3)) > 1e4 * DIGITS
    assert relative(seen, exact_stationary("bernoulli 8", 0.3, 1.7, 1.3001)) > 1e3 * DIGITS
