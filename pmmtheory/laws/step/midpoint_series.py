"""The law of a step with any number of random midpoints in the plane, as a Hermite series.

From x, with Z' = (X' - E X') / w and w the deviation of the noise of a step,

    E exp(i zeta Z') = exp(-|zeta|^2 / 2) sum_alpha c_alpha(x) (i zeta)^alpha.

With W the noise of the trajectory over w and S the sum of all pushes over w, the series in y = i zeta is

    E[exp(y . (W_1 + S))] exp(-y^2 / 2) = sum_beta y^beta sum_gamma y^gamma E[S^beta / beta!  He_gamma(W_1) / gamma!],

and E[S^beta / beta! | W_1] is found by the walk of laws.step.feynman_kac: a midpoint at s multiplies the series of exp(y . S) by that of
1 + p (exp(y . d) - 1), d what it pushes over w, and between two times the noise that is known is carried over by Mehler's formula. The walk takes few
symmetric steps, from which any number K is extrapolated as there, with the factor (1 + p (exp(y . d) - 1))^(K/N) a step.

The pushes are small for small steps, so that the series ends early on a law whose waves are not much shorter than the noise. With infinitely many substeps it
is asymptotic, as powers of the number of midpoints grow faster than any power.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pmmtheory.laws.step.midpoint_step import SOON, MidpointStep, checked
from pmmtheory.numerics.interpolation import lagrange
from pmmtheory.numerics.mehler import hermite_coefficients, mehler
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.numerics.truncated_series import exponential, exponents, logarithm, multiply_wave, place, wave
from pmmtheory.schemes import PoissonStructure, Scheme

_DIRECT = 4
"""The largest K whose substeps are walked one by one."""

_LADDERS = ((1, 2, 3), (1, 2, 3, 4), (1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6))
"""The numbers of steps of walks from which larger K are extrapolated, by level."""

_RULES, _FINE = (8, 10, 12, 16, 20, 24), 34
"""Nodes an axis of rules for the noise that are tried, and of the one that tells whether they do."""

_STARTS = {"cpu": 64, "cuda": 4096}
"""Starts from which a step is taken at once."""


def midpoint_series(scheme: Scheme, x: Tensor, degree: int, level: int, nodes: int = _RULES[0]) -> tuple[Tensor, Tensor]:
    """E X', (n, 2), and c, (k, n), of a step from x, (n, 2), for alpha in the order of `exponents(degree)`.

    nodes : at least so many an axis has the rule for the noise at a midpoint, see `nodes_for`.
    """
    found = [_from(scheme, some, degree, level, max(nodes + level, degree // 2 + 4)) for some in x.split(_STARTS[x.device.type])]
    return torch.cat([mean for mean, _ in found]), torch.cat([series for _, series in found], 1)


def nodes_for(scheme: Scheme, x: Tensor, tolerance: float) -> int | None:
    """How many nodes an axis tell the mean and the second moments of what a midpoint pushes, over the noise of a step, to the tolerance; None for too many.

    A force that turns within that noise is aliased, and may be alike by rules that differ little; so three in a row must tell.
    """
    fine = _push_moments(scheme, x, _FINE)

    def tells(nodes: int) -> bool:
        return float((_push_moments(scheme, x, nodes) - fine).abs().max()) <= tolerance

    return next((nodes for nodes in _RULES if all(tells(n) for n in range(nodes, nodes + 3))), None)


def _push_moments(scheme: Scheme, x: Tensor, nodes: int) -> Tensor:
    """E d and E d_j d_k for midpoints late and early in a step, stacked."""
    pmm = checked(scheme)
    step = MidpointStep(pmm, 0.0)
    places, weights = (torch.as_tensor(part, device=x.device) for part in gauss_hermite(nodes))
    grid, shares = torch.cartesian_prod(places, places), torch.outer(weights, weights).reshape(-1)
    late = 1.0 if pmm.substeps == math.inf else 1 - 1 / max(2.0, pmm.substeps)
    found = []
    for push in step.pushes([late / 3, late], x, grid):
        d = push.detach() / step.width(1.0)
        found += [torch.einsum("q,qnj->nj", shares, d), torch.einsum("q,qnj,qnk->njk", shares, d, d).reshape(len(x), 4)]
    return torch.cat(found, 1)


def _from(scheme: Scheme, x: Tensor, degree: int, level: int, nodes: int) -> tuple[Tensor, Tensor]:
    pmm = checked(scheme)
    step = MidpointStep(pmm, 0.0)
    pushed = _walked(step, x, degree, nodes, _LADDERS[min(level, len(_LADDERS) - 1)])
    known = _on_both_axes(hermite_coefficients(nodes), pushed)
    series = x.new_zeros((len(exponents(degree)), len(x)))
    for (i, j), own in zip(exponents(degree), known, strict=True):
        for k in range(min(degree - i - j + 1, nodes)):
            for m in range(min(degree - i - j - k + 1, nodes)):
                series[place(i + k, j + m)] += own[k, m]
    moved = torch.stack([series[place(1, 0)], series[place(0, 1)]])
    series = multiply_wave(series, exponential(np.eye(degree + 1)[1]), -moved)
    system, a = pmm.dynamics, pmm.step_size
    still = system.transport(a, x, 0.0) + system.respond(a, system.drift(x, 0.0), 0.0)
    return (still + step.width(1.0) * moved.T).detach(), series.detach()


def _walked(step: MidpointStep, x: Tensor, powers: int, nodes: int, ladder: tuple[int, ...]) -> Tensor:
    """E[S^beta / beta! | W_1] at the product of two Gauss-Hermite rules, (beta, nodes^2, n)."""
    pmm, width, k = step.pmm, step.width(1.0), step.pmm.substeps
    exact = k <= _DIRECT
    ladder = (int(k),) if exact else ladder
    places = torch.as_tensor(gauss_hermite(nodes)[0], device=x.device)
    grid = torch.cartesian_prod(places, places)
    u: dict[int, Tensor] = {}
    times = sorted({j / n for n in ladder for j in range(1, n + (not exact))})
    first = None if exact else next(step.pushes([SOON], x, grid))
    if first is not None and float(first.abs().max()) > 1e-12 * width:
        times = [SOON, *times]
    for s, push in zip(times, step.pushes(times, x, grid), strict=True):
        direction = (push / width).movedim(-1, 0).contiguous()
        for n in ladder:
            now = round(s * n)
            if s != SOON and now / n != s:
                continue
            taylor = _factor(pmm, n, powers, exact, 0 < now < n)
            u[n] = multiply_wave(u[n], taylor, direction) if n in u else wave(taylor, direction)
            if 0 < now < n - exact:
                u[n] = _carried(u[n], nodes, (step.width(s) / step.width((now + 1) / n)) ** 2)
    if k == 1:
        return wave(np.eye(powers + 1)[0], x.new_zeros((2, len(grid), len(x))))
    if exact:
        return _carried(u[int(k)], nodes, (step.width(1 - 1 / k) / width) ** 2)
    shares = lagrange([1 / n**2 for n in ladder], 1 / k**2)
    return torch.stack([share * u[n] for share, n in zip(shares, ladder, strict=True)]).sum(0)


def _carried(u: Tensor, nodes: int, kept: float) -> Tensor:
    return _on_both_axes(mehler(nodes, kept), u).reshape(u.shape)


def _on_both_axes(matrix: np.ndarray, u: Tensor) -> Tensor:
    """A matrix applied to both axes of values at the product of two rules, (k, nodes^2, n): (k, nodes, nodes, n)."""
    one, nodes = torch.as_tensor(matrix, device=u.device), len(matrix)
    return torch.matmul(one, (one @ u.reshape(len(u), nodes, -1)).reshape(len(u), nodes, nodes, -1))


def _factor(pmm: PoissonStructure, steps: int, powers: int, exact: bool, inner: bool) -> np.ndarray:
    """The Taylor coefficients in t = y . d of what a time of the walk multiplies by."""
    if exact:
        return _taylor(pmm.intensity, pmm.substeps, 1 / pmm.substeps, powers)
    return _taylor(pmm.intensity, pmm.substeps, 1 / steps if inner else 0.5 / steps - 0.5 / pmm.substeps, powers)


@lru_cache(maxsize=256)
def _taylor(intensity: float, substeps: float, share: float, powers: int) -> np.ndarray:
    """Of (1 + c (e^t - 1) / K)^(share K), exp(share c (e^t - 1)) for K = inf."""
    wave_less_one = np.array([0.0, *(1 / math.factorial(k) for k in range(1, powers + 1))])
    if substeps == math.inf:
        return exponential(share * intensity * wave_less_one)
    one = np.eye(powers + 1)[0]
    return exponential(share * substeps * logarithm(one + intensity / substeps * wave_less_one))
