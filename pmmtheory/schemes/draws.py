"""The draws a step is a Gaussian given: normals, uniform times and indices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor

from pmmtheory.errors import count_or_infinity, room_for
from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.schemes.draw import Draw, Rule, keeps_law

_SOME = 18
"""Values in the lowest rule that takes some of those that are there: exact for half the degree of as many nodes of a Gauss rule."""

_FARTHEST = 9.0
"""Where the rule for a normal draw with jumps ends."""


@dataclass(frozen=True)
class Normal(Draw):
    """A standard normal, one a coordinate; by the trapezoid rule, which keeps its accuracy on exp(i c z)."""

    shared = False

    @property
    def normal(self) -> bool:
        return not self.shared and keeps_law(self, Normal)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype, device=generator.device)

    def rule(self, level: int) -> Rule:
        room_for("the rule for a normal draw", 60 * _denser(level))
        n = round(60 * _denser(level))
        z = np.linspace(-8.5, 8.5, n)
        w = np.exp(-z * z / 2)
        return z, w / w.sum()

    def cells(self, count: int) -> np.ndarray | None:
        return np.linspace(-7.013, 7.017, count + 1) if self.normal else None

    def split(self, places: tuple[float, ...], level: int) -> Rule:
        """Gauss-Legendre between the jumps, under the density."""
        z, weights = _between([-_FARTHEST, *places, _FARTHEST], round(36 * _denser(level)))
        mass = np.exp(-z * z / 2) * weights
        return z, mass / mass.sum()

    def probes(self, count: int) -> np.ndarray:
        return np.linspace(-0.37, 0.41, count)

    def mirrored(self, value: Any) -> Any:
        return -value if self.normal else None


@dataclass(frozen=True)
class Uniform(Draw):
    """A uniform time u in [0, 1], by Gauss-Legendre: integrands are smooth in u once the noise up to it, of variance u, is integrated over."""

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.rand(shape, generator=generator, dtype=dtype, device=generator.device)

    def rule(self, level: int) -> Rule:
        return gauss_legendre(_order(level))

    def cells(self, count: int) -> np.ndarray | None:
        if not keeps_law(self, Uniform):
            return None
        return np.append(np.linspace(1e-6, 1 - 1e-9, count) ** 2, 1 - 1e-12)  # as near to 1 as to 0

    def split(self, places: tuple[float, ...], level: int) -> Rule:
        """Gauss-Legendre between the jumps."""
        return _between([0.0, *places, 1.0], _order(level))

    def mirrored(self, value: Any) -> Any:
        return value if keeps_law(self, Uniform) else None


_EVERY = 256
"""The most values of an index of which all are taken."""


@dataclass(frozen=True)
class Index(Draw):
    """A uniform element of {0, 1/n, ..., (n-1)/n}; Uniform when n is infinite.

    The rule has all values up to 256 of them: a step may do what it likes with the number of a datum. Of more it is the Gauss rule of the discrete
    measure, for a step that varies smoothly with the index; a law of another is refused.
    """

    n: float

    def __post_init__(self) -> None:
        count_or_infinity("n", self.n)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        if self.n == math.inf:
            return Uniform().sample(shape, generator, dtype)
        return torch.randint(int(self.n), shape, generator=generator, device=generator.device).to(dtype) / self.n

    def rule(self, level: int) -> Rule:
        return all_of(int(self.n)) if self.n <= _EVERY else smooth_in(self.n, level)

    def every(self) -> np.ndarray | None:
        return all_of(int(self.n))[0] if _EVERY < self.n < math.inf and keeps_law(self, Index) else None

    def cells(self, count: int) -> np.ndarray | None:
        return Uniform().cells(count) if self.n == math.inf and keeps_law(self, Index) else None

    def split(self, places: tuple[float, ...], level: int) -> Rule:
        return Uniform().split(places, level)

    def mirrored(self, value: Any) -> Any:
        return value if keeps_law(self, Index) else None


def all_of(n: int) -> Rule:
    """The values i/n, i < n, of equal weights."""
    return np.arange(n) / n, np.full(n, 1 / n)


def smooth_in(n: float, level: int) -> Rule:
    """A rule for the values i/n, i < n, whose cost does not grow with n, for functions that vary smoothly with i/n."""
    if n == math.inf:
        return Uniform().rule(level)
    order = _order(level)
    return all_of(int(n)) if n <= order else discrete_gauss(int(n), order)


@lru_cache(maxsize=64)
def some_of(n: int, level: int) -> Rule:
    """Some of the values i/n, i < n, with positive weights: exact for their uniform measure for polynomials of a degree below their number.

    They exist by Tchakaloff's theorem, and non-negative least squares find them. All, where that saves little.
    """
    order, (values, shares) = round(_SOME * _denser(level)), all_of(n)
    if n <= 1.5 * order:
        return values, shares
    basis = np.linalg.qr(np.polynomial.legendre.legvander(2 * values - 1, order - 1))[0]
    weights = nnls(basis.T, basis.mean(0))[0]
    chosen = np.flatnonzero(weights)
    return values[chosen], weights[chosen] / weights.sum()


def _denser(level: int) -> float:
    """How many times as many nodes the rules of a level have as those of the lowest."""
    return 1.25**level


def _order(level: int) -> int:
    """Nodes for a uniform time."""
    return max(2, round(11 * _denser(level)))


def _between(ends: list[float], order: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre between each two of the ascending ends."""
    edges = np.array(ends)
    nodes, weights = gauss_legendre(order)
    return (edges[:-1, None] + np.diff(edges)[:, None] * nodes).ravel(), (np.diff(edges)[:, None] * weights).ravel()


@lru_cache(maxsize=64)
def discrete_gauss(n: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    """The Gauss rule with `order` nodes of the uniform measure on i/n, i < n (Lanczos with reorthogonalisation)."""
    points = np.arange(n) / n
    basis = [np.full(n, 1 / math.sqrt(n))]
    diagonal, off = [], []
    for _ in range(order):
        image = points * basis[-1]
        diagonal.append(float(image @ basis[-1]))
        for _ in range(2):
            for vector in basis:
                image = image - (image @ vector) * vector
        off.append(float(np.linalg.norm(image)))
        basis.append(image / off[-1])
    jacobi = np.diag(diagonal) + np.diag(off[:-1], 1) + np.diag(off[:-1], -1)
    nodes, vectors = np.linalg.eigh(jacobi)
    return np.clip(nodes, 0.0, 1.0), vectors[0] ** 2
