"""Quadrature on the line for densities exp(-F): support, normaliser, distribution function, each with its error."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import scipy.special
import torch
from torch import Tensor

from pmmtheory.errors import NotConverged, NotNormalisable

DEPTH = 42.0
"""Potential difference beyond which mass is dropped: exp(-42) = 6e-19."""

_FARTHEST = 1e5
_NODES = 24


@lru_cache(maxsize=32)
def gauss_legendre(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the n-point Gauss-Legendre rule on [0, 1]."""
    nodes, weights = scipy.special.roots_legendre(n)
    return (nodes + 1) / 2, weights / 2


def support(potential: Callable[[Tensor], Tensor], depth: float = DEPTH) -> tuple[float, float, float]:
    """The interval outside which F exceeds its minimum by `depth`, and that minimum.

    Raises
    ------
    NotNormalisable
        If F is not finite, not bounded below, does not reach that depth within |x| <= 1e5, or grows slower than linearly beyond it.
    """
    far = torch.cat([torch.linspace(0, 50, 4001, dtype=torch.float64), torch.logspace(math.log10(50.02), 5, 2000, dtype=torch.float64)])
    x = torch.cat([-far.flip(0)[:-1], far])
    f = potential(x)
    if bool(torch.isnan(f).any()) or not bool(torch.isfinite(f[far.numel() - 1 - 100 : far.numel() + 100]).any()):
        raise NotNormalisable("potential", "NaN or infinite", "a potential is a finite number near the origin and never NaN")
    least = int(torch.argmin(f))
    if least in (0, x.numel() - 1) or not math.isfinite(float(f[least])):
        raise NotNormalisable("potential", float(f[least]), "a potential must be bounded below and grow in both directions")
    low, least_x = float(f[least]), x[least]
    deep = torch.nonzero(f - low < depth).flatten()
    first, last = int(deep[0]), int(deep[-1])
    if first == 0 or last == x.numel() - 1:
        raise NotNormalisable(
            "potential",
            f"{float(min(f[0], f[-1])) - low:.3g} above its minimum at |x| = {_FARTHEST:g}",
            f"exp(-F) must be integrable with F at least {depth:g} above its minimum there (tails at least exponential)",
        )
    ends = x[[first - 1, last + 1]]
    beyond = float((potential(least_x + 2 * (ends - least_x)) - low).nan_to_num(nan=math.inf).min())
    if beyond < 1.6 * depth:
        raise NotNormalisable(
            "potential", f"{beyond:.3g} above its minimum at twice the distance where it is {depth:g} above", "tails must be at least exponential"
        )
    return float(ends[0]), float(ends[1]), low


class LineQuadrature:
    """The normalised law exp(-F)/Z on the line, by panels of Gauss-Legendre rules.

    Panels are halved until the normaliser agrees with that of the rule on half as many panels; kinks of F
    only slow this down and the error says so.
    """

    def __init__(self, potential: Callable[[Tensor], Tensor]):
        self.low, self.high, self.minimum = support(potential)
        self._potential = potential
        previous = math.nan
        for panels in (64, 128, 256, 512, 1024, 2048, 4096):
            self._edges = torch.linspace(self.low, self.high, panels + 1, dtype=torch.float64)
            masses = self._masses(lambda x: torch.ones_like(x))
            total = float(masses.sum())
            self.error = abs(total - previous) / total if total > 0 else math.inf
            if self.error < 1e-13:
                break
            previous = total
        if not self.error < 1e-8:
            raise NotConverged("the normaliser of the potential", self.error, 1e-8)
        self.error = max(self.error, 1e-15)
        self.log_normaliser = math.log(total) - self.minimum
        self._below = torch.cat([torch.zeros(1, dtype=torch.float64), torch.cumsum(masses / total, 0)])

    @property
    def edges(self) -> Tensor:
        """The panels."""
        return self._edges

    def log_density(self, x: Tensor) -> Tensor:
        """-F(x) - log Z."""
        return -self._potential(x) - self.log_normaliser

    def expect(self, f: Callable[[Tensor], Tensor]) -> float:
        """E_pi f(X)."""
        return float(self._masses(f).sum()) * math.exp(-self.minimum - self.log_normaliser)

    def cdf(self, x: Tensor) -> Tensor:
        """pi((-inf, x]), to absolute rounding."""
        edges, below = self._edges.to(x.device), self._below.to(x.device)
        y = x.clamp(self.low, self.high)
        panel = torch.clamp(torch.searchsorted(edges, y.contiguous(), right=True) - 1, 0, edges.numel() - 2)
        start = edges[panel]
        nodes, weights = gauss_legendre(_NODES)
        u = torch.as_tensor(nodes, device=x.device)
        w = torch.as_tensor(weights, device=x.device)
        part = (torch.exp(self.log_density(start[..., None] + (y - start)[..., None] * u)) * w).sum(-1) * (y - start)
        return torch.clamp(below[panel] + part, 0.0, 1.0)

    def quantile(self, u: Tensor) -> Tensor:
        """The inverse of cdf, by bracketed Newton steps."""
        panel = torch.clamp(torch.searchsorted(self._below, u.contiguous()) - 1, 0, self._edges.numel() - 2)
        low, high = self._edges[panel], self._edges[panel + 1]
        x = (low + high) / 2
        for _ in range(60):
            gap = self.cdf(x) - u
            low, high = torch.where(gap < 0, x, low), torch.where(gap < 0, high, x)
            newton = x - gap / torch.exp(self.log_density(x)).clamp_min(1e-300)
            step = torch.where((newton > low) & (newton < high), newton, (low + high) / 2)
            if bool((torch.abs(step - x) <= 1e-15 * (1 + torch.abs(x))).all()):
                return step
            x = step
        return x

    def _masses(self, f: Callable[[Tensor], Tensor]) -> Tensor:
        nodes, weights = gauss_legendre(_NODES)
        width = self._edges[1] - self._edges[0]
        x = self._edges[:-1, None] + width * torch.as_tensor(nodes)
        return (f(x) * torch.exp(self.minimum - self._potential(x))) @ torch.as_tensor(weights) * width
