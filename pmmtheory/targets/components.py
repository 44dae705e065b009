"""What a mixture asks of its Gaussians at points: the logarithms of their weighted densities, and how they pull."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, scale
from pmmtheory.targets.mixture_pull import MOST, PullTerms, across, pull, pull_terms, written_out
from pmmtheory.targets.target import as_numbers

NARROWEST = 1e-10
"""The least share of its largest eigenvalue that an eigenvalue of a matrix in double precision has six digits with."""

_MOST = 4096
"""Noise levels kept."""


class Components:
    """w_k N(m_k, v_k I): weights (n,), means (n, d) and variances (n,)."""

    axes: Tensor | None = None

    def __init__(self, weights: Tensor, means: Tensor, variances: Tensor):
        self.weights, self.means, self.variances, self.dim = weights, means, variances, means.shape[1]
        self._known: dict[Any, tuple[Tensor, ...]] = {}
        self._across: dict[Any, PullTerms | None] = {}

    @property
    def covariances(self) -> Tensor:
        """(n, d, d)."""
        return self.variances[:, None, None] * torch.eye(self.dim, dtype=torch.float64)

    @property
    def alike(self) -> bool:
        """Whether all have one covariance."""
        return bool((self.variances == self.variances[0]).all())

    def with_spread(self, means: Tensor, variances: Tensor) -> Components:
        """The same weights and axes, with other means and variances."""
        return Components(self.weights, means, variances)

    def spread_along(self, unit: Tensor) -> Tensor:
        """The variances (n,) of u . X."""
        return self.variances

    def draw(self, k: Tensor, z: Tensor) -> Tensor:
        """Points of components k (m,) made of normal numbers z (m, d)."""
        return self.means[k] + torch.sqrt(self.variances[k])[:, None] * z

    def log_parts(self, x: Tensor) -> Tensor:
        """log(w_k N(x; m_k, C_k)), with the component as first axis, which is many times as fast as last."""
        means, _, half, level = self._terms(x, 1.0)
        return self._square(means - x).mul_(half).add_(level)

    def pull(self, x: Tensor, alpha: float | Tensor) -> Tensor:
        """sum_k r_k C_k^-1 (m_k - x) of the components noised to alpha, with r_k the share of component k at x."""
        if not isinstance(alpha, Tensor):
            if self.dim > 1 and across(x) and not torch.compiler.is_compiling() and (known := self._pull_terms(x, alpha)) is not None:
                return pull(x, known)
            means, precision, half, level = self._terms(x, alpha)
            gap = means - x
        else:
            means, v, log_weights = self.first(x)
            share = alpha[..., 0] ** 2 if self.dim > 1 and alpha.ndim else alpha * alpha
            v = share * v + (1 - share)
            gap, precision, half, level = alpha * means - x, 1 / v, -0.5 / v, log_weights - self.dim / 2 * torch.log(v)
        if torch.compiler.is_compiling() and self.means.numel() <= MOST:
            return written_out(gap, precision, half, level) if self.dim > 1 else written_out(gap[..., None], precision, half, level)[..., 0]
        share = torch.softmax(self._square(gap).mul_(half).add_(level), 0)
        if self.dim == 1:
            return (share * (gap * precision)).sum(0)
        if torch.compiler.is_compiling():
            return (share[..., None] * (gap * precision[..., None])).sum(0)
        return torch.einsum("k...,k...d->...d", share * precision, gap)

    def first(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Means, variances and logarithms of weights with the component as first axis, fit for points x."""
        ones = (1,) * (x.ndim if self.dim == 1 else x.ndim - 1)
        means = self.means.reshape(-1, *ones, *(() if self.dim == 1 else (self.dim,)))
        shaped = means, self.variances.reshape(-1, *ones, *self.variances.shape[1:]), torch.log(self.weights).reshape(-1, *ones)
        first, second, third = (like(term, x) for term in shaped)
        return first, second, third

    def _square(self, gap: Tensor) -> Tensor:
        return gap * gap if self.dim == 1 else (gap * gap).sum(-1)

    def _terms(self, x: Tensor, alpha: float) -> tuple[Tensor, ...]:
        """m, 1/v, -1/(2 v) and log(w/det(2 pi C)^(1/2)) of the components noised to alpha, fit for points x: a sampler asks for the same again and again."""
        key = alpha, x.dtype, x.device, x.ndim
        if key not in (known := self._known):
            v = alpha * alpha * self.variances + (1 - alpha * alpha)
            logs = torch.log(2 * math.pi * v)
            level = torch.log(self.weights) - (self.dim / 2 * logs if v.ndim == 1 else logs.sum(-1) / 2)
            ones = (1,) * (x.ndim if self.dim == 1 else x.ndim - 1)
            means = (alpha * self.means).reshape(-1, *ones, *(() if self.dim == 1 else (self.dim,)))
            terms = means, *(term.reshape(-1, *ones, *term.shape[1:]) for term in (1 / v, -0.5 / v, level))
            if len(known) >= _MOST:  # another one, as a thread may be reading this
                known = self._known = {}
            known[key] = tuple(like(term, x) for term in terms)
        return known[key]

    def _pull_terms(self, x: Tensor, alpha: float) -> PullTerms | None:
        key = alpha, x.dtype, x.device
        if key not in (known := self._across):
            if len(known) >= _MOST:
                known = self._across = {}
            known[key] = pull_terms(alpha * self.means, alpha * alpha * self.variances + (1 - alpha * alpha), self.weights, x)
        return known[key]


class TurnedComponents(Components):
    """w_k N(m_k, A_k diag(v_k) A_k'): variances (n, d) along the columns of the rotations axes (n, d, d)."""

    axes: Tensor

    def __init__(self, weights: Tensor, means: Tensor, variances: Tensor, axes: Tensor):
        super().__init__(weights, means, variances)
        self.axes = axes

    @property
    def covariances(self) -> Tensor:
        found = (self.axes * self.variances[:, None, :]) @ self.axes.transpose(1, 2)
        whole = (found + found.transpose(1, 2)) / 2
        return whole[:1].expand_as(whole).clone() if self.alike else whole  # products of one call may differ in the last digit

    @property
    def alike(self) -> bool:
        return super().alike and bool((self.axes == self.axes[0]).all())

    def with_spread(self, means: Tensor, variances: Tensor) -> TurnedComponents:
        return TurnedComponents(self.weights, means, variances, self.axes)

    def spread_along(self, unit: Tensor) -> Tensor:
        return (torch.einsum("i,kij->kj", unit, self.axes) ** 2 * self.variances).sum(-1)

    def draw(self, k: Tensor, z: Tensor) -> Tensor:
        scaled = torch.sqrt(self.variances)[:, None, :] * self.axes
        moved = self.means[k]
        for j in range(len(self.weights)):
            moved[k == j] += z[k == j] @ scaled[j].T
        return moved

    def log_parts(self, x: Tensor) -> Tensor:
        means, _, half, level = self._terms(x, 1.0)
        return (self._along(means - x).square_() * half).sum(-1).add_(level)

    def pull(self, x: Tensor, alpha: float | Tensor) -> Tensor:
        if not isinstance(alpha, Tensor):
            means, precision, half, level = self._terms(x, alpha)
            gap = self._along(means - x)
        else:
            means, v, log_weights = self.first(x)
            v = alpha * alpha * v + (1 - alpha * alpha)
            gap, precision, half, level = self._along(alpha * means - x), 1 / v, -0.5 / v, log_weights - torch.log(v).sum(-1) / 2
        share = torch.softmax((gap * gap * half).sum(-1) + level, 0)
        return torch.einsum("k...j,kij->...i", share[..., None] * (precision * gap), like(self.axes, x))

    def _along(self, gap: Tensor) -> Tensor:
        """Coordinates along the axes of each component."""
        return torch.einsum("k...i,kij->k...j", gap, like(self.axes, gap))


def turned(covariances: Any, n: int, dim: int) -> tuple[Tensor, Tensor]:
    """Variances (n, d) and axes (n, d, d) of covariance matrices; raises InvalidParameter unless they are symmetric and well away from singular ones."""
    listed = [m.tolist() if isinstance(m, np.ndarray | Tensor) else m for m in covariances] if isinstance(covariances, list | tuple) else covariances
    matrices = as_numbers("covariances", listed, "numbers only")
    if matrices.shape != (n, dim, dim):
        raise InvalidParameter("covariances", tuple(matrices.shape), f"an array of shape ({n}, {dim}, {dim}), one matrix a weight")
    if not bool(torch.isfinite(matrices).all()):
        raise InvalidParameter("covariances", covariances, "finite numbers only")
    largest = matrices.abs().amax((1, 2), keepdim=True)
    if bool(((matrices - matrices.transpose(1, 2)).abs() > NARROWEST * largest).any()):
        raise InvalidParameter("covariances", "a matrix that is not symmetric", "symmetric and positive definite matrices")
    for size in largest.flatten().tolist():
        scale("covariances", size)
    distinct, place = torch.unique((matrices / 2 + matrices.transpose(1, 2) / 2) / largest, dim=0, return_inverse=True)
    variances, axes = (part[place] for part in torch.linalg.eigh(distinct))  # of equal matrices in one call, the last digits may differ
    if not bool((variances[:, 0] > NARROWEST * variances[:, -1]).all()):
        least = float((variances[:, 0] / variances[:, -1].abs()).min())
        allowed = f"positive definite matrices, whose smallest eigenvalue is more than {NARROWEST:g} of the largest"
        raise InvalidParameter("covariances", f"a matrix whose smallest eigenvalue is {least:.3g} of its largest", allowed)
    variances = variances * largest[..., 0]
    scale("covariances", float(variances.min()))
    return variances, axes


def like(value: Tensor, x: Tensor) -> Tensor:
    """A tensor of the device and precision of points x."""
    return value.to(device=x.device, dtype=x.dtype)
