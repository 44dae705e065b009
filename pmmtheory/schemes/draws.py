"""The draws a step is a Gaussian given: each can be sampled, and integrated over where a rule exists."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pmmtheory.numerics.rules import gauss_legendre


class Draw(ABC):
    """One auxiliary random variable of a step.

    Attributes
    ----------
    shared : bool
        Whether one value serves all coordinates of a point (an index, a time), or each coordinate has its own.
    """

    shared = True

    @abstractmethod
    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        """Independent values of the given shape on the generator's device."""

    @abstractmethod
    def rule(self, level: int) -> tuple[np.ndarray, np.ndarray]:
        """Nodes and weights of a quadrature rule for its law, finer with the level."""


@dataclass(frozen=True)
class Normal(Draw):
    """A standard normal, one a coordinate; by the trapezoid rule, which keeps its accuracy on exp(i c z)."""

    shared = False

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype, device=generator.device)

    def rule(self, level: int) -> tuple[np.ndarray, np.ndarray]:
        n = round(60 * 1.25**level)
        z = np.linspace(-8.5, 8.5, n)
        w = np.exp(-z * z / 2)
        return z, w / w.sum()


@dataclass(frozen=True)
class Uniform(Draw):
    """A uniform time u in [0, 1], by Gauss-Legendre in sqrt(u): integrands are smooth in sqrt(u), not in u."""

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.rand(shape, generator=generator, dtype=dtype, device=generator.device)

    def rule(self, level: int) -> tuple[np.ndarray, np.ndarray]:
        v, w = gauss_legendre(round(18 * 1.25**level))
        return v * v, 2 * v * w


@dataclass(frozen=True)
class Index(Draw):
    """A uniform element of {0, 1/n, ..., (n-1)/n}; Uniform when n is infinite.

    Beyond 24 values the rule is the Gauss rule of the discrete measure in sqrt(i/n), so its cost does not grow with n.
    """

    n: float

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        if self.n == math.inf:
            return Uniform().sample(shape, generator, dtype)
        return torch.randint(int(self.n), shape, generator=generator, device=generator.device).to(dtype) / self.n

    def rule(self, level: int) -> tuple[np.ndarray, np.ndarray]:
        if self.n == math.inf:
            return Uniform().rule(level)
        order = round(18 * 1.25**level)
        values = np.arange(int(self.n)) / self.n
        if self.n <= order:
            return values, np.full(int(self.n), 1 / self.n)
        v, w = discrete_gauss(int(self.n), order)
        return v * v, w


@lru_cache(maxsize=64)
def discrete_gauss(n: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    """The Gauss rule with `order` nodes of the uniform measure on sqrt(i/n), i < n (Lanczos with reorthogonalisation)."""
    points = np.sqrt(np.arange(n) / n)
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
