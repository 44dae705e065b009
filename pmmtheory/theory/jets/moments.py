"""The moments of one step as power series in the derivatives of the force, by running the step itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.theory.jets import operations, shapes
from pmmtheory.theory.jets.force import AnyForce, KnownForce
from pmmtheory.theory.jets.jet import Jet, jet
from pmmtheory.theory.jets.nodes import nodes, require_told
from pmmtheory.theory.jets.operations import SIDE
from pmmtheory.theory.jets.series import INFINITESIMALS, ONE, Monomial, NoSeries, Rows, times, weight

Make = Callable[[Dynamics, float], Scheme]
Moments = dict[tuple[int, Monomial], float]
"""E (X' - x)^k as a sum over monomials in the b_n: by k and monomial."""

HIGHEST = 8
"""The highest moment, and the highest power of the root of the step."""

_SMALL = 2.0**-8
"""A step at which what is left out is small, and all else is not."""

assert operations and shapes


def stepped(scheme: Scheme, draws: dict[str, Any], count: int) -> tuple[Jet, Jet]:
    """The mean of the displacement and the factor of one step from x = 0 under any force, for each node of the draws."""
    mean, factor = scheme.step(Jet({}, (count,)), 0.0, draws)
    return jet(mean), jet(factor)


def moments(make: Make, step_size: float, level: int) -> Moments:
    """Of one step on the line with any force; those that are zero are missing."""
    scheme = make(Overdamped(AnyForce()), step_size)
    draws, weights = nodes(scheme, level)
    mean, factor = stepped(scheme, draws, len(weights))
    if min(mean.known, factor.known) < HIGHEST - 1:
        raise NoSeries("it divides by powers of the force")
    shape = weights.shape
    small = {m: row.expand(shape) for m, row in mean.rows.items() if weight(m) < HIGHEST and bool((row != 0).any())}
    if any(min(m) < 0 for m in (*small, *factor.rows)):
        raise NoSeries("it divides by a force that may be zero")
    means = _powers(small, weights, HIGHEST)
    noise = _powers({m: row.expand(shape) for m, row in times(factor.rows, factor.rows, HIGHEST).items()}, weights, HIGHEST // 2)
    found: Moments = {}
    for k in range(1, HIGHEST + 1):
        for j in range(k // 2 + 1):
            share = math.comb(k, 2 * j) * math.prod(range(2 * j - 1, 0, -2))
            for monomial, row in times(means[k - 2 * j], noise[j], HIGHEST - k).items():
                if not any(monomial[:INFINITESIMALS]):
                    found[k, monomial] = found.get((k, monomial), 0.0) + share * float(row @ weights)
    return found


def _powers(rows: Rows, like: Tensor, highest: int) -> list[Rows]:
    """The n-th power up to the weight HIGHEST - n, as moments need no more."""
    result = [{ONE: torch.ones_like(like)}]
    for n in range(1, highest + 1):
        result.append(times(result[-1], rows, HIGHEST - n))
    return result


def require_own_step(make: Make, level: int) -> None:
    """Raise NoSeries unless the series is what the same step gives with numbers, for a polynomial force about a place that is not 0."""
    betas = [SIDE.sign * 0.7, -0.9, 0.6, -0.5, 0.8, 0.4, -0.7, 0.5, -0.6, 0.3, 0.8, -0.4]
    place = 0.7
    require_told(make(Overdamped(Gaussian()), _SMALL))
    scheme, known = make(Overdamped(AnyForce()), _SMALL), make(Overdamped(KnownForce(betas, place)), _SMALL)
    draws, weights = nodes(scheme, level)
    some = torch.linspace(0, len(weights) - 1, min(len(weights), 400)).long().unique()
    draws = {name: scheme.draws[name].mapped(value, lambda part: torch.as_tensor(part)[..., some]) for name, value in draws.items()}
    mean, factor = stepped(scheme, draws, len(some))
    other = known.step(torch.full((len(some),), place, dtype=torch.float64), 0.0, draws)
    for series, number, start in ((mean, other[0], place), (factor, other[1], 0.0)):
        value = torch.zeros(series.shape, dtype=torch.float64)
        for monomial, row in series.rows.items():
            value = value + row * math.prod(b**p for b, p in zip(betas, monomial[INFINITESIMALS:], strict=True))
        gap = (torch.as_tensor(number, dtype=torch.float64).detach() - start - value).abs().max()
        if not float(gap) <= 100 * _SMALL ** (series.known / 2 + 1) + 1e-14:
            raise NoSeries(f"one step from {place} differs by {float(gap):.1e} from its series in the derivatives of the force there")


def refusal(make: Make, name: str, reason: Any) -> InvalidParameter:
    return InvalidParameter("scheme", name, f"one whose step is a power series in the force and its derivatives: {reason}")
