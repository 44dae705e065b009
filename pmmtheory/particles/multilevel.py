"""The bias of a scheme in a test function, by multilevel Monte Carlo over coupled chains."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pmmtheory.errors import InvalidParameter, count, positive, scale, whole
from pmmtheory.estimate import Estimate
from pmmtheory.particles.coupled import CoupledDifference, Function, coupled_difference
from pmmtheory.particles.student import interval95, joined
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.randomized_midpoint import RandomizedMidpoint

_PILOT = 100
_MORE = 4
_LEVELS = 8
_LONGEST = 10**6
_MARGIN = 1.2
"""More than the least numbers of particles: variances of a pilot are off by about a tenth."""


@dataclass(frozen=True)
class Bias:
    """E f under the stationary law of a scheme less E f under its target.

    Attributes
    ----------
    estimate : Estimate
        Its error: "sampling", a standard error; "horizon", what the start may add; "levels", the bias that the finest reference chain is left with.
    interval : tuple of two floats
        With 95% confidence: 1.96 standard errors, widened by the other two.
    verdict : "decided" or "undecided"
        Whether the error is within the tolerance.
    reason : str
        Why it is undecided; empty otherwise.
    needed : int
        The pairs, at all levels together, that the tolerance takes by the variances seen.
    particles : int
        The pairs that were run.
    levels : tuple of CoupledDifference
        The scheme less its reference at the same step, the reference less itself at half of the step, and so on.
    drift_calls : float
    plain : float
        The drift calls by which independent chains of the scheme and of the finest reference would reach the same standard error.
    """

    estimate: Estimate
    interval: tuple[float, float]
    verdict: str
    reason: str
    needed: int
    particles: int
    levels: tuple[CoupledDifference, ...]
    drift_calls: float
    plain: float

    def __float__(self) -> float:
        return self.estimate.value

    @property
    def reduction(self) -> float:
        """How many times the cost independent chains would have."""
        return self.plain / self.drift_calls

    def __str__(self) -> str:
        told = f", undecided: {self.reason}" if self.reason else ""
        return f"{self.estimate} ({len(self.levels)} levels, {self.particles} pairs, {self.reduction:.3g} times cheaper than independent chains{told})"


def bias(
    scheme: Scheme,
    function: Function,
    tolerance: float,
    *,
    reference: Scheme | None = None,
    budget: int = 20_000,
    time: float = 20.0,
    burn_in: float = 10.0,
    seed: int = 0,
    device: str = "cpu",
    initial: Any = None,
) -> Bias:
    """E f under the stationary law of a scheme less E f under its target, to a tolerance that the stated error is within or the answer is "undecided".

    With R_l the reference scheme at step a/2^l, of order p,

        E_scheme f - pi f = (E_scheme f - E_{R_0} f) + sum_{l=1}^{L} (E_{R_{l-1}} f - E_{R_l} f) + (E_{R_L} f - pi f),

    each bracket but the last by pairs of chains on one noise path. A pilot of 100 pairs gives the variances V_l, of more, up to an eighth of the budget a
    level, where the function is the same in nearly all, as a rare event is; levels are added until the last
    bracket, of size (E_{R_{L-1}} f - E_{R_L} f)/(2^p - 1) by the order of the reference, is small; and pairs are in proportion to sqrt(V_l/cost_l), which is
    the cheapest choice. For targets whose chains contract on one path, as those of convex potentials do; others are left "undecided".

    Parameters
    ----------
    scheme : Scheme
    function : callable
        f, from positions (n, d), or (n,) on the line, to (n,).
    tolerance : float
        The error that is wanted: standard error, horizon and levels together.
    reference : Scheme, optional
        A scheme of a declared order at the same step as `scheme`; the randomized midpoint method by default.
    budget : int
        The most pairs, at all levels together. Where more are needed the answer is that of the pilot, "undecided", and says how many.
    time, burn_in : float
        What each pair is averaged over, and what goes before, in the time of the dynamics.
    seed, device
    initial : as of simulate

    Raises
    ------
    InvalidParameter
        Naming what is not allowed.
    Diverged
        Where a chain does not stay finite.

    Source: Giles 2008; Giles, Majka, Szpruch, Vollmer & Zygalakis 2020 (arXiv 1605.01384).

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> found = bias(EulerMaruyama(Overdamped(Gaussian()), step_size=0.2), lambda x: x**2, tolerance=0.02)
    >>> found.verdict, abs(found.estimate.value - (1 / 0.9 - 1)) < 3 * found.estimate.error
    ('decided', True)
    """
    wanted, most, key = scale("tolerance", tolerance), count("budget", budget, 4 * _PILOT), whole("seed", seed)
    if not isinstance(scheme, Scheme):
        raise InvalidParameter("scheme", scheme, "a pmmtheory scheme")
    lasting, before = _spans(scheme, time=time, burn_in=burn_in)
    against, order = _reference(scheme, reference)

    def run(level: int, particles: int, part: int) -> CoupledDifference:
        one = scheme if level == 0 else against.with_step(scheme.step_size / 2 ** (level - 1))
        other = against.with_step(scheme.step_size / 2**level)
        step = max(one.step_size, other.step_size)
        return coupled_difference(
            one,
            other,
            function,
            particles=particles,
            steps=max(1, math.ceil(lasting / step)),
            burn_in=math.ceil(before / step),
            seed=(key * 64 + level) * 4 + part,
            device=device,
            initial=initial,
        )

    first = int(type(scheme) is type(against) and scheme.name == against.name)
    pilots = _pilots(run, first, order, wanted, most)
    target = max(wanted / 4, min(0.8 * wanted, wanted - 1.2 * _rest(pilots, order)))
    numbers = _numbers(pilots, target)
    needed = sum(numbers)
    affordable = needed <= most
    levels = tuple(run(first + k, n, 1) if affordable and n > _PILOT else pilots[k] for k, n in enumerate(numbers))
    spent = sum(found.drift_calls for found in pilots) + sum(found.drift_calls for k, found in enumerate(levels) if found is not pilots[k])
    return _answer(levels, order, wanted, needed, spent)


def _spans(scheme: Scheme, **given: Any) -> list[float]:
    """Times of the dynamics; raises InvalidParameter, naming one, where it takes too many steps."""
    for name, span in given.items():
        if positive(name, span) > _LONGEST * scheme.step_size:
            raise InvalidParameter(name, span, f"a time of at most {_LONGEST} steps, {_LONGEST * scheme.step_size:g}")
    return [float(span) for span in given.values()]


def _reference(scheme: Scheme, reference: Any) -> tuple[Scheme, float]:
    """The reference at the step of the scheme, and its order."""
    if reference is None:
        reference = RandomizedMidpoint(scheme.dynamics, scheme.step_size)
    if not isinstance(reference, Scheme):
        raise InvalidParameter("reference", reference, "a pmmtheory scheme, or None for the randomized midpoint method")
    if reference.order is None or not reference.order > 0:
        raise InvalidParameter("reference", reference.name, "a scheme of a declared order, by which its own bias is bounded")
    return reference.with_step(scheme.step_size), min(reference.order, 10.0)


def _pilots(run: Callable[[int, int, int], CoupledDifference], first: int, order: float, wanted: float, most: int) -> list[CoupledDifference]:
    """Levels from the first on, until what is left beyond the last is a small part of the tolerance, or they are too many already."""

    def pilot(level: int) -> CoupledDifference:
        one = run(level, _PILOT, 0)
        while not one.telling and 8 * _MORE * one.particles <= most:
            one = run(level, _MORE * one.particles, 0)
        return one

    found = [pilot(level) for level in range(first, 2)]
    while len(found) < _LEVELS and _beyond(found[-1], order) > wanted / 4 and sum(_numbers(found, 0.8 * wanted)) <= most:
        found.append(pilot(first + len(found)))
    return found


def _beyond(last: CoupledDifference, order: float) -> float:
    """A bound on the bias of the finest chain, by its last difference and two standard errors of that."""
    return (abs(last.estimate.value) + 2 * last.estimate.parts["sampling"]) / (2**order - 1)


def _rest(levels: Any, order: float) -> float:
    """The errors that more pairs do not make smaller, but in so far as they are measured."""
    return float(sum(level.estimate.parts["horizon"] for level in levels) + _beyond(levels[-1], order))


def _numbers(levels: list[CoupledDifference], target: float) -> list[int]:
    """Pairs a level for a standard error at the lowest cost: N_l = sqrt(V_l/C_l) sum_k sqrt(V_k C_k)/target^2."""
    costs = [level.drift_calls / level.particles for level in levels]
    spreads = [level.variances[0] for level in levels]
    total = sum(math.sqrt(v * c) for v, c in zip(spreads, costs, strict=True))
    least = [level.particles for level in levels]
    return [max(n, math.ceil(_MARGIN * math.sqrt(v / c) * total / target**2)) for n, v, c in zip(least, spreads, costs, strict=True)]


def _answer(levels: tuple[CoupledDifference, ...], order: float, wanted: float, needed: int, spent: float) -> Bias:
    value = sum(level.estimate.value for level in levels)
    errors = [level.estimate.parts["sampling"] for level in levels]
    sampling, degrees = math.sqrt(sum(error**2 for error in errors)), joined(errors, [level.freedom for level in levels])
    horizon = sum(level.estimate.parts["horizon"] for level in levels)
    beyond = _beyond(levels[-1], order)
    pairs = sum(level.particles for level in levels)
    estimate = Estimate.of(value, f"multilevel over {pairs} pairs of coupled chains, sampling", sampling=sampling, horizon=horizon, levels=beyond)
    reason = next((f"level {k}: {level.warnings[0]}" for k, level in enumerate(levels) if level.warnings), "")
    if not reason and estimate.error > wanted:
        parts = ", ".join(f"{name} {part:.2g}" for name, part in estimate.parts.items())
        advice = f"about {needed} pairs would reach it" if horizon < wanted / 2 else "a longer burn_in would lower the horizon"
        reason = f"an error of {estimate.error:.2g} ({parts}) for the {wanted:.2g} wanted; {advice}"
    verdict = "undecided" if reason else "decided"
    coarse, fine = levels[0], levels[-1]
    own = math.sqrt(coarse.variances[1] * coarse.costs[0]) + math.sqrt(fine.variances[2] * fine.costs[1])
    plain = own**2 / sampling**2 if sampling else math.inf
    return Bias(estimate, interval95(value, sampling, degrees, horizon + beyond), verdict, reason, needed, pairs, levels, spent, plain)
