"""Modes of which a law has no digits, of the reference or of what steps lead to: counted, or refused. Against laws by their logarithms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracles import in_logs

from pmmtheory.divergences import Estimate, chi2, hellinger, kl, line_far_out, renyi, reverse_kl
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import stationary_law, transient_law, transient_laws
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture

ORDERS = 1.5, 2.0, 3.0


def target_of(parts: in_logs.Parts) -> GaussianMixture:
    return GaussianMixture(*map(list, zip(*parts, strict=True)))


def grid(parts: in_logs.Parts, spacing: float, width: float = 9.0) -> tuple[np.ndarray, float]:
    low, high = (end([m + sign * width * math.sqrt(v + 0.5) for _, m, v in parts]) for end, sign in ((min, -1), (max, 1)))
    x = np.arange(low, high, spacing)
    return x, spacing


def holds(estimate: Estimate, value: float) -> bool:
    return abs(estimate.value - value) <= estimate.error + 1e-9 * abs(value) + 1e-13


@settings(max_examples=8, deadline=None)
@given(
    weight=st.floats(1e-3, 0.5), away=st.floats(3.0, 15.0), variance=st.floats(0.6, 1.2), step=st.floats(0.15, 0.4), n=st.sampled_from([(3, 2), (4, 2), (5, 3)])
)
@example(weight=0.00403, away=14.156, variance=0.8, step=0.4, n=(3, 2))
@example(weight=0.5, away=12.0, variance=0.6, step=0.2, n=(5, 3))
def test_laws_after_other_numbers_of_steps(weight: float, away: float, variance: float, step: float, n: tuple[int, int]) -> None:
    """The mode that both are to reach decides large powers, and has 1e-30 of the mass: chi2 .00914809086 +- 2e-11 for .00914809175."""
    parts = [(1 - weight, 0.0, 1.0), (weight, away, variance)]
    x, spacing = grid(parts, 0.03, 18.0)
    kernel = in_logs.lmc(parts, step, x, x)
    logs = [in_logs.lmc(parts, step, np.array([0.3]), x)[0]]
    for _ in range(n[0] - 1):
        logs.append(in_logs.after(logs[-1], kernel, spacing))
    other, law = transient_laws(EulerMaruyama(Overdamped(target_of(parts)), step), 0.3, [n[1], n[0]])
    there = logs[n[0] - 1], logs[n[1] - 1], spacing
    assert holds(kl(law, other), in_logs.kl(*there)) and holds(reverse_kl(law, other), in_logs.kl(there[1], there[0], spacing))
    for order in ORDERS:
        value = in_logs.renyi(*there, order)
        if value < 8:  # all of it is on the grid
            assert holds(renyi(law, other, order), value)
    assert chi2(law, other).error <= 1e-4 * chi2(law, other).value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("weight", "away", "step", "rtol"),
    [(6.7e-6, 13.665, 0.3, 0.1), (6.29e-10, 13.877, 0.4, 0.1), (1e-6, 6.0, 0.3, 1e-8)],
)
def test_a_faint_mode_of_the_reference(weight: float, away: float, step: float, rtol: float) -> None:
    """chi2 .004694107 +- 3e-7 for .004699361."""
    parts = [(1 - weight, 0.0, 1.0), (weight, away, 0.5)]
    x, spacing = grid(parts, 0.05)
    log, there = in_logs.invariant(in_logs.poisson_midpoint(parts, step, x, x), spacing), in_logs.mixture(parts)(x)
    target = target_of(parts)
    law = stationary_law(PoissonMidpoint(Overdamped(target), step, 2), rtol=rtol)
    assert holds(kl(law, target), in_logs.kl(log, there, spacing)) and holds(reverse_kl(law, target), in_logs.kl(there, log, spacing))
    told = []
    for order in ORDERS:
        try:
            told.append((renyi(law, target, order), in_logs.renyi(log, there, spacing, order)))
        except (InvalidParameter, NotConverged):
            continue
    assert told and all(holds(*one) for one in told)


def test_a_mode_that_steps_lead_to_and_no_law_has_yet() -> None:
    """Renyi of order 3 .004968644831 +- 3e-12 for .004968644837: below the digits of midpoints anything may be where neither law has mass yet."""
    chain = PoissonMidpoint(Overdamped(GaussianMixture([0.99, 0.01], [0.0, 16.0], [1.0, 1.0])), 0.3, 2)
    other, law = transient_laws(chain, 0.0, [3, 4])
    assert kl(law, other).error < 1e-9 and hellinger(law, other).error < 1e-9
    for divergence in (chi2, lambda p, q: renyi(p, q, 3.0)):
        with pytest.raises(InvalidParameter, match="^law = .* is decided by densities that are known"):
            divergence(law, other)


@settings(max_examples=20, deadline=None)
@given(start=st.floats(-6.0, 6.0), variance=st.floats(0.6, 2.0), step=st.floats(0.05, 0.5), n=st.integers(1, 6))
def test_densities_have_digits_however_small_they_are(start: float, variance: float, step: float, n: int) -> None:
    """LMC on a Gaussian from a point, exactly: seen where the density is 1e-50 and less."""
    law = transient_law(EulerMaruyama(Overdamped(Gaussian(0.0, variance)), step), start, n)
    ratio = 1 - step / variance
    mean, spread = ratio**n * start, 2 * step * sum(ratio ** (2 * k) for k in range(n))
    wide = law.wider(-18.0, 18.0)
    x, p = wide.grid, wide.values
    told = wide.uncertainty(x, p) < 0.01 * p
    log = in_logs.gaussian(x[told].numpy(), mean, spread)
    off, allowed = (abs(torch.log(p[told]).numpy() - log), (wide.uncertainty(x, p) / p)[told].numpy())
    assert log.min() < -50 and (off <= allowed + 1e-12).all()


@pytest.mark.parametrize(("variance", "step", "n"), [(50.0, 0.3, 5), (50.0, 0.05, 30), (100.0, 0.3, 5)])
def test_what_a_wide_start_has_beyond_the_grid_is_not_told(variance: float, step: float, n: int) -> None:
    """5.08761 +- .0042 for 5.07849: right, or refused."""
    first, law = transient_laws(EulerMaruyama(Overdamped(Gaussian()), step), Gaussian(0.0, variance), [1, n])
    after = [(1 - step) ** (2 * k) * variance + 2 * step * sum((1 - step) ** (2 * j) for j in range(k)) for k in (1, n)]
    right = kl(*(Gaussian(0.0, v) for v in after))
    for divergence, pair in ((reverse_kl, (law, first)), (kl, (first, law))):
        try:
            found = divergence(*pair)
        except InvalidParameter:
            continue
        assert abs(found.value - right.value) <= found.error + right.error
    x = law.grid
    off = (law.density(x) - torch.exp(torch.as_tensor(in_logs.gaussian(x.numpy(), 0.0, after[1])))).abs()
    assert bool((off <= law.uncertainty(x, law.density(x))).all())


def test_powers_that_grow_again_beyond_where_they_have_decayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renyi of order 1.8, decided where the law has 1e-27: refused, and 22.5234 +- 1e-8 for 22.5297 where it is told to where it has decayed alone."""
    parts, step, order = [(1 - 4.333795655487282e-06, 0.0, 1.2), (4.333795655487282e-06, -6.038184317337436, 0.3948515068917866)], 0.1158, 1.8148
    x, spacing = grid(parts, 0.02, 20.0)
    kernel, logs = in_logs.lmc(parts, step, x, x), [in_logs.lmc(parts, step, np.array([2.04]), x)[0]]
    for _ in range(5):
        logs.append(in_logs.after(logs[-1], kernel, spacing))
    value = in_logs.renyi(logs[5], logs[1], spacing, order)

    def found() -> Estimate:
        other, law = transient_laws(EulerMaruyama(Overdamped(target_of(parts)), step), 2.04, [2, 6])
        return renyi(law, other, order)

    with pytest.raises(InvalidParameter, match="finite"):
        found()
    monkeypatch.setattr(line_far_out, "_beside_a_law", line_far_out._decayed)
    assert value > 22 and not holds(found(), value)
