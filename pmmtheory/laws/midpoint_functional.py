"""The law of a Poisson midpoint step: a functional of a Gaussian walk, integrated over all midpoints at once.

Overdamped, from x, with D_s(w) = b(x + s a b0 + w) - b0 and W the noise of the trajectory,

    E exp(i xi (X' - x - a b0)) = E[ exp(i xi W_1) prod_j (1 - p + p exp(i xi push(D_{s_j}(W_{s_j})))) ].

Write f_j(v) for the conditional expectation of the product up to s_j given W_{s_j} = sqrt(2 a s_j) v. Then f moves
forward by pointwise products and by the Mehler operator, which is diag(rho^n) on orthonormal Hermite polynomials with
rho = sqrt(s_j / s_{j+1}): a contraction in L2 of the Gaussian, whose products have modulus at most one. At the end
exp(i c v), c = xi sqrt(2a), has the Hermite coefficients (ic)^n exp(-c^2/2) / sqrt(n!).

The law is analytic in 1/K (sums over substeps of polynomials are polynomials in 1/K), so that large and infinite K are
reached by interpolation from few small K, at a cost that does not grow with K.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Index, PoissonMidpoint, Scheme

DIRECT = 24
"""The largest K whose substeps are walked one by one."""

_LADDER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def midpoint_characteristic(scheme: Scheme, x: Tensor, t: float, spacing: float, count: int, level: int) -> Tensor:
    """See laws.characteristic.characteristic; x of shape (n,), result (n, count)."""
    pmm = _checked(scheme)
    basis = hermite(round(24 * 1.4**level))
    functional = _single if pmm.midpoints.kind == "single" else _bernoulli
    coefficients = _over_substeps(pmm, level, lambda k: functional(pmm, k, x, t, spacing, count, basis, level))
    readout = _plane_wave(spacing * math.sqrt(2 * pmm.step_size) * np.arange(count), basis.order)
    return torch.einsum("kq,qkx->xk", torch.as_tensor(readout, device=x.device), coefficients)


def midpoint_moments(scheme: Scheme, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
    """E(X' - c) and E(X' - c)^2 with c = x + a b(x), by the same recursion on the first two powers of the push."""
    pmm = _checked(scheme)
    basis = hermite(48)

    def moments(k: float) -> Tensor:
        first, second = _jets(pmm, k, x, t, basis)
        noise = 2 * pmm.step_size
        return torch.stack([first[0], second[0] + 2 * math.sqrt(noise) * first[1] + noise])

    mean, square = _over_substeps(pmm, 1, moments)
    return mean, square


class HermiteBasis:
    """Orthonormal Hermite polynomials on Gauss-Hermite nodes.

    `values[n, q]` is the n-th polynomial at node q; `analysis` maps nodal values to coefficients.
    """

    def __init__(self, order: int):
        self.order = order
        nodes, weights = np.polynomial.hermite_e.hermegauss(order)
        values = np.ones((order, order))
        values[1] = nodes
        for n in range(1, order - 1):
            values[n + 1] = (nodes * values[n] - math.sqrt(n) * values[n - 1]) / math.sqrt(n + 1)
        self.nodes, self.values = nodes, values
        self.analysis = values * (weights / weights.sum())

    def mehler(self, rho: float) -> np.ndarray:
        """The matrix of f -> E f(rho v + sqrt(1 - rho^2) Z) on nodal values."""
        return self.values.T @ (rho ** np.arange(self.order)[:, None] * self.analysis)


@lru_cache(maxsize=16)
def hermite(order: int) -> HermiteBasis:
    """The basis with `order` nodes."""
    return HermiteBasis(order)


@lru_cache(maxsize=4096)
def _mehler(order: int, j: int) -> np.ndarray:
    return hermite(order).mehler(math.sqrt(j / (j + 1)))


def _checked(scheme: Scheme) -> PoissonMidpoint:
    if not isinstance(scheme, PoissonMidpoint) or not isinstance(scheme.dynamics, Overdamped):
        raise InvalidParameter("scheme", scheme.name, "PoissonMidpoint over Overdamped, for the law of random midpoints on the line")
    return scheme


def _over_substeps(pmm: PoissonMidpoint, level: int, value: Callable[[float], Tensor]) -> Tensor:
    """value(K), directly for small K and for one midpoint, else by polynomial interpolation in 1/K."""
    substeps = pmm.substeps
    if pmm.midpoints.kind == "single" or substeps <= DIRECT:
        return value(substeps)
    nodes = [k for k in _LADDER if k >= pmm.intensity][: 7 + level]
    inverse = np.array([1 / k for k in nodes])
    total: Tensor | None = None
    for i, k in enumerate(nodes):
        others = np.delete(inverse, i)
        part = float(np.prod((1 / substeps - others) / (inverse[i] - others))) * value(k)
        total = part if total is None else total + part
    assert total is not None
    return total


def _change(pmm: PoissonMidpoint, s: float, x: Tensor, t: float, nodes: Tensor) -> Tensor:
    """What a midpoint at time s adds to the next state, at every (node of W_s, start point): shape (q, n)."""
    a, system = pmm.step_size, pmm.dynamics
    b0 = system.drift(x, t)
    midpoint = x + s * a * b0 + math.sqrt(2 * a * s) * nodes[:, None]
    return pmm.push(system.drift(midpoint, t + s * a) - b0, s)


def _waves(push: Tensor, spacing: float, count: int) -> Tensor:
    """exp(i k spacing push) for k < count, by repeated products: (q, n) -> (q, count, n)."""
    wave = torch.polar(torch.ones_like(push), spacing * push)
    result = torch.empty((push.shape[0], count, push.shape[1]), dtype=wave.dtype, device=push.device)
    result[:, 0] = 1.0
    for k in range(1, count):
        torch.mul(result[:, k - 1], wave, out=result[:, k])
    return result


def _apply(matrix: np.ndarray, f: Tensor) -> Tensor:
    """A real matrix on the first axis of a complex tensor."""
    real = torch.view_as_real(f).reshape(f.shape[0], -1)
    image = torch.as_tensor(matrix, device=f.device) @ real
    return torch.view_as_complex(image.reshape(*f.shape, 2))


def _bernoulli(pmm: PoissonMidpoint, substeps: float, x: Tensor, t: float, spacing: float, count: int, basis: HermiteBasis, level: int) -> Tensor:
    """Hermite coefficients of f at the end of the step, shape (order, count, n), for independent midpoints."""
    steps, p = int(substeps), pmm.intensity / substeps
    nodes = torch.as_tensor(basis.nodes, device=x.device)
    f = torch.ones((basis.order, count, x.shape[0]), dtype=torch.complex128, device=x.device)
    for j in range(1, steps):
        waves = _waves(_change(pmm, j / steps, x, t, nodes), spacing, count)
        f *= waves.mul_(p).add_(1 - p)
        if j < steps - 1:
            f = _apply(_mehler(basis.order, j), f)
    last = math.sqrt(1 - 1 / steps) ** np.arange(basis.order) if steps > 1 else np.ones(basis.order)
    return _apply(last[:, None] * basis.analysis, f)


def _single(pmm: PoissonMidpoint, substeps: float, x: Tensor, t: float, spacing: float, count: int, basis: HermiteBasis, level: int) -> Tensor:
    """The same for one uniform midpoint: a sum over its time of one product each."""
    nodes = torch.as_tensor(basis.nodes, device=x.device)
    total = torch.zeros((basis.order, count, x.shape[0]), dtype=torch.complex128, device=x.device)
    for s, weight in zip(*Index(substeps).rule(level), strict=True):
        waves = _waves(_change(pmm, float(s), x, t, nodes), spacing, count)
        total += _apply(weight * math.sqrt(s) ** np.arange(basis.order)[:, None] * basis.analysis, waves)
    return total


def _jets(pmm: PoissonMidpoint, substeps: float, x: Tensor, t: float, basis: HermiteBasis) -> tuple[Tensor, Tensor]:
    """Hermite coefficients of E[S | W_1] and E[S^2 | W_1] for the sum S of all pushes; shape (order, n) each."""
    nodes = torch.as_tensor(basis.nodes, device=x.device)
    analysis = torch.as_tensor(basis.analysis, device=x.device)
    powers = torch.arange(basis.order, dtype=torch.float64, device=x.device)[:, None]
    first = torch.zeros((basis.order, x.shape[0]), dtype=x.dtype, device=x.device)
    second = torch.zeros_like(first)
    if pmm.midpoints.kind == "single":
        for s, weight in zip(*Index(substeps).rule(1), strict=True):
            push = _change(pmm, float(s), x, t, nodes)
            fade = weight * math.sqrt(s) ** powers
            first, second = first + fade * (analysis @ push), second + fade * (analysis @ push**2)
        return first, second
    steps, p = int(substeps), pmm.intensity / substeps
    for j in range(1, steps):
        push = _change(pmm, j / steps, x, t, nodes)
        second = second + 2 * p * push * first + p * push**2
        first = first + p * push
        if j < steps - 1:
            step = torch.as_tensor(_mehler(basis.order, j), device=x.device)
            first, second = step @ first, step @ second
    fade = math.sqrt(1 - 1 / steps) ** powers if steps > 1 else torch.ones_like(powers)
    return fade * (analysis @ first), fade * (analysis @ second)


def _plane_wave(c: np.ndarray, order: int) -> np.ndarray:
    """Hermite coefficients of exp(i c v) against the standard Gaussian: (ic)^n exp(-c^2/2) / sqrt(n!), shape (c, order)."""
    n = np.arange(order)
    log_factorial = np.cumsum(np.log(np.maximum(n, 1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        log_size = np.where(n == 0, 0.0, n * np.log(c[:, None])) - log_factorial / 2 - c[:, None] ** 2 / 2
    return np.exp(log_size) * 1j**n
