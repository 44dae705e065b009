"""Expectations of test functions under the law of a chain, with the errors of many chains."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain, chain_of
from pmmtheory.errors import InvalidParameter, count, fits, flag, required, whole
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.devices import known_device
from pmmtheory.numerics.finite import all_finite
from pmmtheory.particles.coupled import Function, values
from pmmtheory.particles.simulate import LONGEST, diverged, sample_step, simulate, stream
from pmmtheory.schemes import Scheme

_LEAST = 8
_SIGMAS = 4.0
_MIXED = 1.1
"""The largest ratio of Gelman and Rubin of chains that have mixed."""


@dataclass(frozen=True)
class Expectations:
    """E f of several test functions f under the law of a chain.

    Attributes
    ----------
    values : mapping of names to Estimates
        The errors are standard errors over independent chains.
    ess : mapping of names to floats
        Of how many independent points of the same law the mean would have that standard error.
    drift : mapping of names to floats
        The mean of the second half of a chain less that of the first, in standard errors of it; beyond 4 the law still moved. Empty at a
        fixed time.
    mixing : mapping of names to floats
        The ratio R of Gelman and Rubin: the deviation of all points over that within chains. Far above 1, a chain has not seen what others have.
        Empty at a fixed time.
    drift_calls : float
    particles, steps, burn_in : int
    warnings : tuple of str
        What speaks against the numbers, empty where nothing does.
    """

    values: Mapping[str, Estimate]
    ess: Mapping[str, float]
    drift: Mapping[str, float]
    mixing: Mapping[str, float]
    drift_calls: float
    particles: int
    steps: int
    burn_in: int
    warnings: tuple[str, ...] = ()

    @property
    def stationary(self) -> bool:
        """Whether nothing speaks against the numbers."""
        return not self.warnings

    def __getitem__(self, name: str) -> Estimate:
        return self.values[name]

    def __str__(self) -> str:
        lines = [f"{name}: {value} (ess {self.ess[name]:.3g})" for name, value in self.values.items()]
        return "\n".join([*lines, *(f"warning: {warning}" for warning in self.warnings)])

    __repr__ = __str__


def expectations(
    scheme: Scheme | Chain,
    functions: Any,
    *,
    particles: int = 1000,
    steps: int | None = None,
    burn_in: int | None = None,
    at_end: bool = False,
    seed: int = 0,
    device: str = "cpu",
    dtype: torch.dtype = torch.float64,
    initial: Any = None,
) -> Expectations:
    """E f under the stationary law of a chain by averages over time, or `at_end` under its law after `steps` steps.

    Every chain gives one number a function, its average over time; chains are independent, so that the standard error is the deviation of these
    numbers over sqrt(n), however strongly a chain is correlated in time. Whether chains have forgotten their start is looked at in two ways (`drift`,
    `mixing`), and what speaks against it stands in `warnings`. A part of space that no chain has seen cannot be noticed.

    Parameters
    ----------
    scheme : Scheme or Chain
    functions : mapping of names to functions, a sequence of functions, or one
        From positions (n, d), or (n,) on the line, to (n,); a whole number k stands for the mean over coordinates of x^k.
    particles : int
        Chains, 8 or more.
    steps, burn_in : int
        Steps that are averaged over, and steps before; half as many as `steps` unless said. `at_end`, all steps, and none.
    at_end : bool
    seed, device, dtype, initial : as of simulate

    Raises
    ------
    InvalidParameter
        Naming what is not allowed.
    Diverged
        Where a chain does not stay finite.

    Source: Gelman & Rubin 1992; Geweke 1992.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> found = expectations(EulerMaruyama(Overdamped(Gaussian()), step_size=0.5), {"square": 2}, steps=100)
    >>> abs(found["square"].value - 4 / 3) < 4 * found["square"].error, found.stationary
    (True, True)
    """
    chain = chain_of(scheme, initial, steps)
    own, length = chain.scheme, count("steps", required("steps", chain.steps), 0 if at_end is True else 2, LONGEST)
    n, key, place = count("particles", particles, _LEAST), whole("seed", seed), known_device(device)
    if flag("at_end", at_end) and burn_in:
        raise InvalidParameter("burn_in", burn_in, "none, for the law after a number of steps")
    before = length // 2 if burn_in is None else count("burn_in", burn_in, 0, LONGEST)
    named = _named(functions)
    fits("particles", particles, 8.0 * n * (math.prod(own.dynamics.state_shape) + 3 * len(named)))
    state = simulate(own, n, 0, key, place, dtype, chain.start)
    read = _reader(own, named)
    read(state)
    if at_end:
        own.dynamics.require_time_for(length, own.step_size)
        last = _run(own, state, 0, length, stream(key, 1, place), lambda i, x: None)
        return _at_end(read(last), list(named), own.drift_calls * n * length, length)
    if not own.dynamics.autonomous:
        raise InvalidParameter("at_end", at_end, "True for dynamics that depend on time: they have no stationary law")
    sums = torch.zeros((3, len(named), n), dtype=torch.float64, device=place)
    half = length // 2

    def tally(i: int, x: Tensor) -> None:
        if i >= before:
            seen = read(x)
            sums[int(i - before >= half)] += seen
            sums[2] += seen.square()

    _run(own, state, 0, before + length, stream(key, 1, place), tally)
    return _averaged(sums, half, length, before, list(named), own.drift_calls * n * (before + length))


def _named(functions: Any) -> dict[str, Function]:
    """Functions by their names."""
    if isinstance(functions, Mapping):
        pairs = list(functions.items())
    else:
        listed = list(functions) if isinstance(functions, Sequence) and not isinstance(functions, str) else [functions]
        pairs = [(getattr(one, "__name__", f"x^{one}"), one) for one in listed]
    allowed = "one function or whole number k for x^k, or a mapping of different names to them"
    if not pairs or len({name for name, _ in pairs}) < len(pairs) or not all(isinstance(name, str) for name, _ in pairs):
        raise InvalidParameter("functions", functions, allowed)
    found = {}
    for name, one in pairs:
        if not callable(one) and (isinstance(one, bool) or not isinstance(one, int) or not 1 <= one <= 64):
            raise InvalidParameter("functions", functions, allowed)
        found[name] = one if callable(one) else _power(one)
    return found


def _power(k: int) -> Function:
    return lambda x: (x**k).reshape(len(x), -1).mean(1)


def _reader(scheme: Scheme, named: Mapping[str, Function]) -> Callable[[Tensor], Tensor]:
    """All functions of states, (functions, n)."""
    return lambda state: torch.stack([values(function, (scheme,), state) for function in named.values()])


def _run(scheme: Scheme, state: Tensor, first: int, last: int, generator: torch.Generator, told: Callable[[int, Tensor], None]) -> Tensor:
    """Steps first, ..., last - 1, each told; raises Diverged where a state is not finite."""
    for i in range(first, last):
        with torch.no_grad():
            state = sample_step(scheme, state, i * scheme.step_size, generator)
        if not all_finite(state):
            raise diverged(scheme, state, i + 1, last)
        told(i, state)
    return state


def _at_end(seen: Tensor, names: list[str], calls: float, steps: int) -> Expectations:
    n = seen.shape[1]
    found = {}
    for name, row in zip(names, seen, strict=True):
        found[name] = Estimate.of(float(row.mean()), f"{n} independent chains, sampling", sampling=float(row.std()) / math.sqrt(n))
    return Expectations(found, dict.fromkeys(names, float(n)), {}, {}, calls, n, steps, 0)


def _averaged(sums: Tensor, half: int, length: int, before: int, names: list[str], calls: float) -> Expectations:
    """From the sums over the first and the second half of each chain, and of squares: (3, functions, n)."""
    n = sums.shape[2]
    means, squares = (sums[0] + sums[1]) / length, sums[2] / length
    moves = sums[1] / (length - half) - sums[0] / half
    found, ess, drift, mixing, warnings = {}, {}, {}, {}, []
    for name, mean, square, move in zip(names, means, squares, moves, strict=True):
        error = float(mean.std()) / math.sqrt(n)
        found[name] = Estimate.of(float(mean.mean()), f"time averages of {n} independent chains, sampling", sampling=error)
        inside = max(float((square - mean.square()).mean()), 0.0) * length / (length - 1)
        between = float(mean.var())
        every = inside * (length - 1) / length + between
        ess[name] = min(every / error**2, float(n * length)) if error else float(n * length)
        spread = float(move.std()) / math.sqrt(n)
        drift[name] = abs(float(move.mean())) / spread if spread else 0.0
        mixing[name] = math.sqrt(every / inside) if inside else 1.0 if not between else math.inf
        if drift[name] > _SIGMAS:
            warnings.append(f"{name} still moved: its halves differ by {drift[name]:.1f} standard errors; a longer burn_in may mend it")
        if mixing[name] > _MIXED:
            warnings.append(f"chains disagree on {name}: R = {mixing[name]:.2f}, where 1 is agreement; more steps may mend it")
    return Expectations(found, ess, drift, mixing, calls, n, length, before, tuple(warnings))
