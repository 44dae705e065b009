"""The difference of two chains' stationary expectations, by chains on one noise path."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.errors import InvalidParameter, count, fits, whole
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.devices import known_device
from pmmtheory.numerics.finite import all_finite
from pmmtheory.particles.noise_path import advance, parts
from pmmtheory.particles.simulate import LONGEST, diverged, simulate, stream
from pmmtheory.particles.student import freedom, interval95
from pmmtheory.schemes import Scheme

Function = Callable[[Tensor], Tensor]

_LEAST = 8
SHADOWS = 256
"""The most pairs whose coming together from other starts is looked at."""
_WIDE = 3.0
_TELLING = 5
"""Pairs that must differ from the others, for their variance to say something."""

_FORGOTTEN = 0.1
"""What may be left of the distance of chains from different starts once the start is said to be forgotten."""


@dataclass(frozen=True)
class CoupledDifference:
    """E f under the stationary law of one chain less that of another, from pairs of chains on one noise path.

    Attributes
    ----------
    estimate : Estimate
        Its error: "sampling", the standard error over independent pairs, and "horizon", by how much the start may still move it.
    interval : tuple of two floats
        With 95% confidence: Student's for the sampling, widened by the horizon.
    freedom : float
        Its degrees of freedom: fewer, the heavier the tails of the differences.
    variances : tuple of three floats
        Of one pair's time average: of the difference, and of each chain alone.
    contraction : float
        The rate c at which chains from different starts on one noise path come together, like exp(-c t); 0 where they do not.
    particles, steps : int
        Pairs, and their steps of the longer size that are averaged over, after `burn_in` others.
    costs : tuple of two floats
        Drift calls of each chain of a pair.
    drift_calls : float
        All that were spent, those of the check of the start included.
    warnings : tuple of str
        What speaks against the number; empty where nothing does.
    telling : bool
        Whether enough pairs differ from the others for their variance to say something.
    """

    estimate: Estimate
    interval: tuple[float, float]
    freedom: float
    variances: tuple[float, float, float]
    contraction: float
    particles: int
    steps: int
    burn_in: int
    costs: tuple[float, float]
    drift_calls: float
    warnings: tuple[str, ...] = ()
    telling: bool = True

    def __float__(self) -> float:
        return self.estimate.value

    @property
    def reduction(self) -> float:
        """How many times the variance of two independent chains is that of the pair; infinite where the pair never differs."""
        own, one, other = self.variances
        return (one + other) / own if own else math.inf

    def __str__(self) -> str:
        told = "".join(f"; {warning}" for warning in self.warnings)
        return f"{self.estimate} (variance reduced {self.reduction:.3g} times, {self.particles} pairs{told})"


def coupled_difference(
    scheme: Scheme,
    other: Scheme,
    function: Function,
    *,
    particles: int = 1000,
    steps: int = 100,
    burn_in: int = 100,
    seed: int = 0,
    device: str = "cpu",
    initial: Any = None,
) -> CoupledDifference:
    """E f under the stationary law of `scheme` less that under the stationary law of `other`.

    Both chains of a pair read one noise path, each at the times that it asks for, and each has exactly the law of its own scheme. They stay close where
    the force contracts, so that the difference is known far better than either expectation. Each pair gives one average over time; pairs are
    independent, and the standard error is theirs.

    What is left of the start is measured: the first 256 pairs are run again, on a path of their own, from the start, from where the pairs ended,
    and from there three times as far from their mean. The first two give the "horizon", the last two the contraction. Chains that have not
    forgotten a start are warned of; a well that no start is in cannot be seen. So is a function that fewer than five pairs tell apart, as the indicator of
    a rare event: its standard error says nothing.

    Parameters
    ----------
    scheme, other : Scheme
        On the same dynamics and target; the longer step is a multiple of the shorter one.
    function : callable
        f, from positions (n, d), or (n,) on the line, to (n,).
    particles : int
        Pairs, 8 or more.
    steps, burn_in : int
        Of the longer size: averaged over, and before.
    seed, device
    initial : as of simulate
        Both chains start there. The target itself where it can be sampled.

    Raises
    ------
    InvalidParameter
        Naming what is not allowed.
    Diverged
        Where a chain does not stay finite.

    Source: Giles 2008 (multilevel Monte Carlo); Fang & Giles 2019, for stationary laws of contracting chains.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> lmc = EulerMaruyama(Overdamped(Gaussian()), step_size=0.2)
    >>> found = coupled_difference(lmc, lmc.with_step(0.1), lambda x: x**2, particles=2000)
    >>> abs(found.estimate.value - (1 / 0.9 - 1 / 0.95)) < 4 * found.estimate.error
    True
    """
    pair = _pair(scheme, other)
    n, length, before = count("particles", particles, _LEAST), count("steps", steps, 1, LONGEST), count("burn_in", burn_in, 0, LONGEST)
    key, place = whole("seed", seed), known_device(device)
    shape, few = scheme.dynamics.state_shape, min(n, SHADOWS)
    fits("particles", particles, 40.0 * n * math.prod(shape))
    start = simulate(scheme, n, 0, key, place, torch.float64, initial)
    if not bool(torch.isfinite(start.square().sum())):
        raise InvalidParameter("initial", initial, "points whose squares are numbers in double precision")
    values(function, pair, start)
    totals, states = _averages(pair, [start, start], function, length, before, stream(key, 1, place))
    gaps, rate, left = _memory(pair, start[:few], [state[:few] for state in states], function, before, stream(key, 2, place))
    means = totals / length
    difference = means[0] - means[1]
    sampling = float(difference.std()) / math.sqrt(n)
    horizon = abs(float(gaps.mean())) + 2 * float(gaps.std()) / math.sqrt(few)
    estimate = Estimate.of(float(difference.mean()), f"{n} pairs of coupled chains, sampling", sampling=sampling, horizon=horizon)
    warnings = [f"after the {before} steps of the burn-in {100 * left:.0f}% of the distance from a start far off is left"] if not left < _FORGOTTEN else []
    apart = int((difference != difference.median()).sum())
    telling = apart >= _TELLING or torch.equal(*states)
    if not telling:
        warnings.append(f"the difference is the same in all but {apart} of {n} pairs, which say nothing of how far it varies")
    one, two = (own.drift_calls * k for own, k in zip(pair, parts(pair), strict=True))
    costs, calls = (one * (before + length), two * (before + length)), (one + two) * (n * (before + length) + 3 * few * before)
    spread = (float(difference.var()), float(means[0].var()), float(means[1].var()))
    interval = interval95(estimate.value, sampling, degrees := freedom(difference), horizon)
    return CoupledDifference(estimate, interval, degrees, spread, rate, n, length, before, costs, calls, tuple(warnings), telling)


def values(function: Any, pair: Sequence[Scheme], state: Tensor) -> Tensor:
    """f at the positions of states (..., n, *state_shape), as float64; raises InvalidParameter unless it is a finite number a particle."""
    system = pair[0].dynamics
    points = system.position(state)
    if not callable(function):
        raise InvalidParameter("function", function, "a function from positions (n, d), or (n,) on the line, to (n,)")
    wanted = tuple(state.shape[: state.ndim - len(system.state_shape)])
    flat = points.reshape(-1, *points.shape[len(wanted) :])
    try:
        found = function(flat)
    except Exception as error:
        raise InvalidParameter("function", f"{type(error).__name__}: {error}", f"a function of positions, as of shape {tuple(flat.shape)}") from error
    if not isinstance(found, Tensor) or found.is_complex() or tuple(found.shape) != (len(flat),):
        got = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise InvalidParameter("function", got, f"one whose answer is a real tensor of shape (n,), at positions of shape {tuple(flat.shape)}")
    found = found.detach().to(torch.float64)
    if not all_finite(found):
        raise InvalidParameter("function", "NaN or infinite values", "one that is finite where the chains are")
    return found.reshape(wanted)


def _pair(scheme: Any, other: Any) -> tuple[Scheme, Scheme]:
    for name, one in (("scheme", scheme), ("other", other)):
        if not isinstance(one, Scheme) or isinstance(one, Chain):
            raise InvalidParameter(name, one, "a pmmtheory scheme")
    parts([scheme, other])
    return scheme, other


def _averages(
    pair: Sequence[Scheme], states: list[Tensor], function: Function, steps: int, burn_in: int, generator: torch.Generator
) -> tuple[Tensor, list[Tensor]]:
    """The sums over time of f of each chain, (2, n), and where they end."""
    totals = torch.zeros((len(pair), len(states[0])), dtype=torch.float64, device=states[0].device)
    for i in range(burn_in + steps):
        states = moved(pair, states, generator, i, burn_in + steps)
        if i >= burn_in:
            totals += torch.stack([values(function, pair, state) for state in states])
    return totals, states


def moved(pair: Sequence[Scheme], states: Sequence[Tensor], generator: torch.Generator, i: int, steps: int) -> list[Tensor]:
    """The states a step later; raises Diverged where one is not finite."""
    with torch.no_grad():
        states = advance(pair, states, generator)
    for scheme, state in zip(pair, states, strict=True):
        if not all_finite(state):
            raise diverged(scheme, state, i + 1, steps)
    return list(states)


def _memory(
    pair: Sequence[Scheme], start: Tensor, ends: list[Tensor], function: Function, steps: int, generator: torch.Generator
) -> tuple[Tensor, float, float]:
    """What is left of the start in f(X) - f(Y), one a pair, the rate of contraction and what is left of a distance."""
    middle = ends[0].mean(0)
    wide = [middle + _WIDE * (middle - end) for end in ends]
    states = [torch.stack([start, end, far]) for end, far in zip(ends, wide, strict=True)]
    first = _apart(states)
    for i in range(steps):
        states = moved(pair, states, generator, i, steps)
    difference = values(function, pair, states[0]) - values(function, pair, states[1])
    left = _apart(states) / first if first else 0.0
    time = steps * max(scheme.step_size for scheme in pair)
    rate = max(-math.log(max(left, 1e-300)) / time, 0.0) if time else 0.0
    return difference[0] - difference[1], rate, left


def _apart(states: Sequence[Tensor]) -> float:
    """The root mean square distance of those that began at the ends and those that began far off."""
    return math.sqrt(sum(float((state[1] - state[2]).square().mean()) for state in states))
