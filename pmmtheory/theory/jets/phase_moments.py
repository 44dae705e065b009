"""The moments of one step in the phase plane as power series in the derivatives of the force, by running the step itself: see jets.moments."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics import BlockFactor, Underdamped
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.theory.jets import operations, shapes
from pmmtheory.theory.jets.force import AnyForce, KnownForce
from pmmtheory.theory.jets.jet import Jet, jet
from pmmtheory.theory.jets.moments import Make
from pmmtheory.theory.jets.nodes import nodes, require_told
from pmmtheory.theory.jets.series import INFINITESIMALS, KEPT, ONE, WEIGHT, Monomial, NoSeries, Rows, kept, times

Place = tuple[int, int, Monomial]
PhaseMoments = dict[Place, np.ndarray]
"""E (U' - U)^j (V' - V)^k as a sum over monomials in the b_n, at each velocity: by j, k and monomial."""

HIGHEST = 4
"""The highest power of the step: a force b_n comes with n + 1 of them at least, U' - U with one, and V' - V with half of one."""

VELOCITIES = np.linspace(-1.5, 1.5, 5)
"""Where moments are read: polynomials in the velocity, of a degree below their number up to the highest power of the step."""

_SMALL = 2.0**-8
"""A step at which what is left out is small, and all else is not."""

assert operations and shapes


def stepped(scheme: Scheme, draws: dict[str, Any], velocity: Tensor) -> tuple[list[Jet], list[Tensor]]:
    """The displacement of U and V in one step from U = 0 under any force, and the entries of the covariance of its noise, for every node."""
    start = torch.stack([torch.zeros_like(velocity), velocity], -1)
    mean, factor = scheme.step(Jet({ONE: start}, start.shape), 0.0, draws)
    moved = [jet(part) for part in (jet(mean) - start).unbind(-1)]
    if isinstance(factor, BlockFactor):
        entries = factor.covariance
    elif isinstance(factor, float | int):
        entries = (factor**2, 0.0, factor**2)
    else:
        raise NoSeries("its noise is no matrix of two blocks")
    if any(isinstance(entry, Jet) for entry in entries):
        raise NoSeries("its noise depends on the force")
    return moved, [torch.as_tensor(entry, dtype=torch.float64).expand(velocity.shape) for entry in entries]


def phase_moments(make: Make, step_size: float, friction: float, level: int) -> PhaseMoments:
    """Of one step with any force; those that are zero are missing."""
    with kept(HIGHEST):
        scheme = make(Underdamped(AnyForce(), friction), step_size)
        draws, weights = nodes(scheme, level)
        count = len(weights)
        many = {name: scheme.draws[name].mapped(value, lambda part: _repeated(part, count)) for name, value in draws.items()}
        velocity = torch.as_tensor(VELOCITIES).repeat_interleave(count)
        moved, covariance = stepped(scheme, many, velocity)
        _require_known(moved)
        powers = [_powers(part.rows, velocity, highest) for part, highest in zip(moved, (HIGHEST, 2 * HIGHEST), strict=True)]
        noise, orders = _noise(covariance), set(_orders())
        found: PhaseMoments = {}
        for p, q in ((0, 0), *_orders()):
            product = {m: row for m, row in times(powers[0][p], powers[1][q], HIGHEST).items() if not any(m[:INFINITESIMALS])}
            if not product:
                continue
            rows = torch.stack(list(product.values())).reshape(len(product), len(VELOCITIES), count)
            others = [(a, b) for a, b in noise if (p + a, q + b) in orders]
            shares = torch.stack([math.comb(p + a, p) * math.comb(q + b, q) * noise[a, b].reshape(len(VELOCITIES), count) * weights for a, b in others])
            for (a, b), values in zip(others, torch.einsum("mvc,ovc->omv", rows, shares).numpy(), strict=True):
                for monomial, value in zip(product, values, strict=True):
                    found[p + a, q + b, monomial] = found.get((p + a, q + b, monomial), 0.0) + value
        return found


def _orders() -> Iterator[tuple[int, int]]:
    return ((j, k) for j in range(HIGHEST + 1) for k in range(2 * (HIGHEST - j) + 1) if j + k)


def _repeated(part: Any, count: int) -> Tensor:
    """Draws of every node, for each velocity; nodes are the last axis but one."""
    values = torch.as_tensor(part)
    return values.repeat(*(1,) * (values.ndim - 2), len(VELOCITIES), 1) if values.shape[-2] == count else values


def _require_known(moved: list[Jet]) -> None:
    if min(part.known for part in moved) - (WEIGHT - KEPT.weight) < HIGHEST:
        raise NoSeries("it divides by powers of the force")
    if any(min(m) < 0 for part in moved for m in part.rows):
        raise NoSeries("it divides by a force that may be zero")


def _powers(rows: Rows, like: Tensor, highest: int) -> list[Rows]:
    held = {m: row.expand(like.shape) for m, row in rows.items() if bool((row != 0).any())}
    result: list[Rows] = [{ONE: torch.ones_like(like)}]
    for _ in range(highest):
        result.append(times(result[-1], held, HIGHEST))
    return result


def _noise(covariance: list[Tensor]) -> dict[tuple[int, int], Tensor]:
    """E G_u^a G_v^b of the Gaussian noise, for a + b even."""
    uu, uv, vv = covariance
    found = {(0, 0): torch.ones_like(uu)}
    for a in range(HIGHEST + 1):
        for b in range(2 * HIGHEST + 1):
            if (a + b) % 2 or (a, b) == (0, 0) or 2 * a + b > 2 * HIGHEST:
                continue
            found[a, b] = torch.zeros_like(uu)  # by parts in G_u, or in G_v alone
            if a > 1:
                found[a, b] += (a - 1) * uu * found[a - 2, b]
            if a and b:
                found[a, b] += b * uv * found[a - 1, b - 1]
            if not a:
                found[a, b] += (b - 1) * vv * found[a, b - 2]
    return found


def require_own_step(make: Make, friction: float) -> None:
    """Raise NoSeries unless the series is what the same step gives with numbers, for a polynomial force about a place that is not 0."""
    betas, place = [0.7, -0.9, 0.6, -0.5, 0.8, 0.4, -0.7, 0.5, -0.6, 0.3, 0.8, -0.4], 0.7
    require_told(make(Underdamped(Gaussian(), friction), _SMALL))
    with kept(HIGHEST):
        scheme, known = (make(Underdamped(force, friction), _SMALL) for force in (AnyForce(), KnownForce(betas, place)))
        draws, weights = nodes(scheme, 0)
        some = torch.linspace(0, len(weights) - 1, min(len(weights), 200)).long().unique()
        draws = {name: scheme.draws[name].mapped(value, lambda part: torch.as_tensor(part)[..., some, :]) for name, value in draws.items()}
        velocity = torch.linspace(-1.0, 2.0, len(some), dtype=torch.float64)
        moved, covariance = stepped(scheme, draws, velocity)
        start = torch.stack([torch.full_like(velocity, place), velocity], -1)
        mean, factor = known.step(start, 0.0, draws)
        other = [*(mean - start).unbind(-1), *(factor.covariance if isinstance(factor, BlockFactor) else (factor**2, 0.0, factor**2))]
        values = [_at(part, betas) for part in moved]
        gap = max(float((torch.as_tensor(one, dtype=torch.float64).detach() - two).abs().max()) for one, two in zip(other, [*values, *covariance], strict=True))
        if not gap <= 100 * _SMALL ** (HIGHEST + 1) + 1e-14:
            raise NoSeries(f"one step from {place} differs by {gap:.1e} from its series in the derivatives of the force there")


def _at(series: Jet, betas: list[float]) -> Tensor:
    """A series with numbers for b_n."""
    total = torch.zeros(series.shape, dtype=torch.float64)
    for monomial, row in series.rows.items():
        total = total + row * math.prod(b**p for b, p in zip(betas, monomial[INFINITESIMALS:], strict=True))
    return total


def refined_gap(make: Make, friction: float) -> float:
    """By how much finer rules for the draws change a moment of one step: not at all where it is a polynomial in the draws."""
    one, other = (phase_moments(make, _SMALL, friction, level) for level in (0, 2))
    return max((float(np.abs(one.get(key, 0.0) - other.get(key, 0.0)).max()) for key in one | other), default=0.0)
