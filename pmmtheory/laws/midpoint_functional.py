"""The law of a Poisson midpoint step: a functional of a Gaussian walk, integrated over all midpoints at once.

Overdamped, from x, with D_s(w) = b(x + s a b0 + w) - b0 and W the noise of the trajectory,

    E exp(i xi (X' - x - a b0)) = E[ exp(i xi W_1) prod_j (1 - p + p exp(i xi push(D_{s_j}(W_{s_j})))) ].

Write u_j(v) for the density of W_{s_j} = sqrt(2 a s_j) v weighted by the product up to s_j. It moves forward by pointwise
products, of modulus at most one, and by the Gaussian transition v -> rho v + sqrt(1 - rho^2) Z, rho = sqrt(s_j / s_{j+1}),
a contraction. On a uniform grid of v both are spectrally accurate: u is band limited up to its own smoothness.

For large and infinite K the walk takes N << K symmetric steps instead, with the factor per step

    m_N = (1 + y/2N) / (1 - y/2N),   y = g / (1 + g/2K),   g = exp(i xi push(D)) - 1,

which is 1 + g/K at N = K and exp(g/N) up to N^-3. The result is even in 1/N, so few small N extrapolate it to N = K at a
cost that does not grow with K.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Index, PoissonMidpoint, Scheme

_REACH = 8.4
_CHUNK = 60_000
"""Complex numbers in one block of work: a block stays in cache."""

_DIRECT = 24
"""The largest K whose substeps are walked one by one."""

_LADDERS = ((2, 3), (2, 3, 4), (2, 3, 4, 6), (2, 3, 4, 6, 8), (3, 4, 6, 8, 12), (3, 4, 6, 8, 12, 16), (4, 6, 8, 12, 16, 24), (4, 6, 8, 12, 16, 24, 32))
"""The N from which larger K are extrapolated: the error falls with the product of all 1/N^2 and with the step."""


def _ladder(pmm: PoissonMidpoint, level: int) -> tuple[int, ...]:
    roughness = pmm.step_size * float(pmm.dynamics.target.smoothness)
    return _LADDERS[level + (roughness > 0.01) + (roughness > 0.04)]


def midpoint_characteristic(scheme: Scheme, x: Tensor, t: float, spacing: float, count: int, level: int) -> Tensor:
    """See laws.characteristic.characteristic; x of shape (n,), result (n, count)."""
    pmm = _checked(scheme)
    walk = walk_grid(math.ceil(2 * (math.sqrt(2 * pmm.step_size) * spacing * count + 2.5)) / 2)
    frequencies = spacing * torch.arange(count, dtype=torch.float64, device=x.device)
    rows = max(1, _CHUNK // (len(walk.nodes) * count))
    return torch.cat([_functional(pmm, part, t, frequencies, walk, level) for part in x.split(rows)])


def midpoint_moments(scheme: Scheme, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
    """E(X' - c) and E(X' - c)^2 with c = x + a b(x), by the same recursion on the first two powers of the push."""
    pmm = _checked(scheme)
    walk = walk_grid(14.0)
    if pmm.midpoints.kind == "single":
        mean, square = _single_moments(pmm, x, t, walk)
    elif pmm.substeps <= _DIRECT:
        mean, square = _bernoulli_moments(pmm, int(pmm.substeps), x, t, walk)
    else:  # sums over substeps of polynomials are polynomials in 1/K
        ladder = (1, 2, 3, 4, 6, 8)
        weights = _lagrange([1 / n for n in ladder], 1 / pmm.substeps)
        mean, square = torch.stack([w * _bernoulli_moments(pmm, n, x, t, walk) for w, n in zip(weights, ladder, strict=True)]).sum(0)
    return mean, square


class WalkGrid:
    """The uniform grid of v with trapezoid weights of the standard Gaussian, and the transitions on it."""

    def __init__(self, band: float):
        count = 2 * math.ceil(_REACH * band / math.pi) + 1
        self.nodes = np.linspace(-_REACH, _REACH, count)
        density = np.exp(-(self.nodes**2) / 2)
        self.weights = density / density.sum()
        self._transitions: dict[int, np.ndarray] = {}

    def transition(self, j: int) -> np.ndarray:
        """The matrix that carries u from time j to j+1, in any unit, by trigonometric interpolation: it keeps the mass exactly."""
        if j not in self._transitions:
            rho = math.sqrt(j / (j + 1))
            m = len(self.nodes)
            k = 2 * math.pi / (m * (self.nodes[1] - self.nodes[0])) * np.arange((m + 1) // 2)
            w = np.where(k > 0, 2.0, 1.0) / m * np.exp(-(k**2) / (2 * (j + 1)))
            ends, starts = np.outer(self.nodes, k), rho * np.outer(k, self.nodes)
            self._transitions[j] = (np.cos(ends) * w) @ np.cos(starts) + (np.sin(ends) * w) @ np.sin(starts)
        return self._transitions[j]


@lru_cache(maxsize=64)
def walk_grid(band: float) -> WalkGrid:
    """The grid whose Nyquist frequency is `band`; it must exceed all frequencies at which the law is read."""
    return WalkGrid(band)


def _checked(scheme: Scheme) -> PoissonMidpoint:
    if not isinstance(scheme, PoissonMidpoint) or type(scheme).step is not PoissonMidpoint.step or not isinstance(scheme.dynamics, Overdamped):
        raise InvalidParameter("scheme", scheme.name, "PoissonMidpoint over Overdamped with its own step, for the law of random midpoints on the line")
    return scheme


def _functional(pmm: PoissonMidpoint, x: Tensor, t: float, frequencies: Tensor, walk: WalkGrid, level: int) -> Tensor:
    if pmm.midpoints.kind == "single":
        return _single(pmm, x, t, frequencies, walk, level)
    if pmm.substeps <= _DIRECT:
        return _bernoulli(pmm, int(pmm.substeps), x, t, frequencies, walk)
    ladder = _ladder(pmm, level)
    weights = _lagrange([1 / n**2 for n in ladder], 1 / pmm.substeps**2)
    return torch.stack([w * _bernoulli(pmm, n, x, t, frequencies, walk) for w, n in zip(weights, ladder, strict=True)]).sum(0)


def _lagrange(nodes: list[float], at: float) -> list[float]:
    """The weights of polynomial interpolation from the nodes to a point."""
    return [math.prod((at - other) / (node - other) for other in nodes if other != node) for node in nodes]


def _push(pmm: PoissonMidpoint, s: float, x: Tensor, t: float, nodes: Tensor) -> Tensor:
    """What a midpoint at time s adds to the next state, at every (node of W_s, start point): shape (q, n)."""
    a, system = pmm.step_size, pmm.dynamics
    b0 = system.drift(x, t)
    midpoint = x + s * a * b0 + math.sqrt(2 * a * s) * nodes[:, None]
    return pmm.push(system.drift(midpoint, t + s * a) - b0)


def _waves(push: Tensor, frequencies: Tensor) -> Tensor:
    """exp(i xi_k push) for equally spaced xi_k, by repeated squaring: (q, n) -> (q, count, n)."""
    count = frequencies.shape[0]
    wave = torch.polar(torch.ones_like(push), float(frequencies[1]) * push)
    result = torch.empty((push.shape[0], count, push.shape[1]), dtype=wave.dtype, device=push.device)
    result[:, 0] = 1.0
    done, power = 1, wave[:, None]
    while done < count:
        more = min(done, count - done)
        torch.mul(result[:, :more], power, out=result[:, done : done + more])
        done, power = done + more, power * power
    return result


def _readout(pmm: PoissonMidpoint, s: float, frequencies: Tensor, nodes: Tensor) -> Tensor:
    """E[exp(i xi W_1) | W_s = sqrt(2 a s) v], shape (q, count)."""
    c = math.sqrt(2 * pmm.step_size) * frequencies
    return torch.polar(torch.exp(-(c**2) * (1 - s) / 2).expand(nodes.shape[0], -1), math.sqrt(s) * nodes[:, None] * c)


def _bernoulli(pmm: PoissonMidpoint, steps: int, x: Tensor, t: float, frequencies: Tensor, walk: WalkGrid) -> Tensor:
    """The characteristic function for independent midpoints by a walk of N = `steps`, shape (n, count); exact for N = K."""
    nodes, weights = (torch.as_tensor(a, device=x.device) for a in (walk.nodes, walk.weights))
    u = weights[:, None, None].expand(-1, frequencies.shape[0], x.shape[0]).to(torch.complex128)
    exact = steps == pmm.substeps
    for j in range(1, steps if exact else steps + 1):
        g = _waves(_push(pmm, j / steps, x, t, nodes), frequencies).sub_(1)
        if pmm.intensity != 1:
            g *= pmm.intensity
        if exact:
            u = u * g.div_(steps).add_(1)
        elif j < steps:
            u = u * _factor(g, steps, pmm.substeps)
        else:  # half a step at the end of the symmetric walk; the chain itself has no midpoint at time 1
            u = u * torch.sqrt(_factor(g, steps, pmm.substeps) / (1 + g / pmm.substeps))
        if j < steps - exact:
            flat = torch.view_as_real(u).reshape(u.shape[0], -1)
            u = torch.view_as_complex((torch.as_tensor(walk.transition(j), device=x.device) @ flat).reshape(*u.shape, 2))
    return torch.einsum("qkn,qk->nk", u, _readout(pmm, 1 - exact / steps, frequencies, nodes))


def _factor(g: Tensor, steps: int, substeps: float) -> Tensor:
    """m_N of the module's docstring."""
    above, below = 1 / (2 * substeps) + 1 / (2 * steps), 1 / (2 * substeps) - 1 / (2 * steps)
    return (g * above).add_(1).div_((g * below).add_(1))


def _single(pmm: PoissonMidpoint, x: Tensor, t: float, frequencies: Tensor, walk: WalkGrid, level: int) -> Tensor:
    """The same for one uniform midpoint: a sum over its time."""
    nodes, weights = (torch.as_tensor(a, device=x.device) for a in (walk.nodes, walk.weights))
    total = torch.zeros((x.shape[0], frequencies.shape[0]), dtype=torch.complex128, device=x.device)
    for s, share in zip(*Index(pmm.substeps).rule(level), strict=True):
        waves = _waves(_push(pmm, float(s), x, t, nodes), frequencies)
        total += torch.einsum("qkn,qk->nk", waves, share * weights[:, None] * _readout(pmm, float(s), frequencies, nodes))
    return total


def _bernoulli_moments(pmm: PoissonMidpoint, steps: int, x: Tensor, t: float, walk: WalkGrid) -> Tensor:
    """E(X' - c) and E(X' - c)^2, stacked, from E[S; W_s] and E[S^2; W_s] of the sum S of all pushes."""
    p = pmm.intensity / steps
    nodes, weights = (torch.as_tensor(a, device=x.device)[:, None] for a in (walk.nodes, walk.weights))
    first = torch.zeros((nodes.shape[0], x.shape[0]), dtype=x.dtype, device=x.device)
    second = torch.zeros_like(first)
    for j in range(1, steps):
        push = _push(pmm, j / steps, x, t, nodes[:, 0])
        second = second + 2 * p * push * first + p * push**2 * weights
        first = first + p * push * weights
        if j < steps - 1:
            step = torch.as_tensor(walk.transition(j), device=x.device)
            first, second = step @ first, step @ second
    noise = math.sqrt(2 * pmm.step_size * (1 - 1 / steps)) * nodes
    return torch.stack([first.sum(0), (second + 2 * noise * first).sum(0) + 2 * pmm.step_size])


def _single_moments(pmm: PoissonMidpoint, x: Tensor, t: float, walk: WalkGrid) -> Tensor:
    nodes, weights = (torch.as_tensor(a, device=x.device)[:, None] for a in (walk.nodes, walk.weights))
    total = torch.zeros((2, x.shape[0]), dtype=x.dtype, device=x.device)
    for s, share in zip(*Index(pmm.substeps).rule(1), strict=True):
        push = _push(pmm, float(s), x, t, nodes[:, 0])
        noise = math.sqrt(2 * pmm.step_size * s) * nodes
        total += share * torch.stack([(push * weights).sum(0), ((push**2 + 2 * noise * push) * weights).sum(0)])
    return total + torch.tensor([[0.0], [2 * pmm.step_size]], dtype=x.dtype, device=x.device)
