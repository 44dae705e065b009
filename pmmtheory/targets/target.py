"""What a target is: a density, its drift, its constants, exact draws and reference moments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter


@dataclass(frozen=True)
class Constant:
    """A constant of a target with the place it comes from, e.g. Constant(1.7, "Bakry & Emery 1985")."""

    value: float
    source: str

    def __float__(self) -> float:
        return self.value


class Target(ABC):
    """A probability law pi proportional to exp(-F) on R^d.

    Points have shape (..., d), or (...) when d = 1; numbers, arrays and tensors are accepted and computed in float64
    unless a floating tensor says otherwise.

    Attributes
    ----------
    dim : int
        The dimension d.
    smoothness : Constant
        L, the Lipschitz constant of grad F (infinite where there is none).
    lsi, poincare : Constant or None
        Lower bounds on the log-Sobolev and Poincare constants, in the convention where N(0, 1) has both equal to 1:
        KL(rho, pi) <= I(rho, pi) / (2 lsi) and Var(f) <= E|grad f|^2 / poincare.
    """

    dim: int
    smoothness: Constant
    lsi: Constant | None
    poincare: Constant | None

    @abstractmethod
    def potential(self, x: Tensor) -> Tensor:
        """F(x), up to an additive constant."""

    @abstractmethod
    def log_density(self, x: Any) -> Tensor:
        """log pi(x), normalised."""

    @abstractmethod
    def drift(self, x: Tensor) -> Tensor:
        """-grad F(x), of the shape of x."""

    @abstractmethod
    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n independent points exactly; the same seed gives the same points."""

    def density(self, x: Any) -> Tensor:
        """pi(x)."""
        return torch.exp(self.log_density(x))

    def noised(self, alpha: float) -> Target:
        """The law of alpha X + sqrt(1 - alpha^2) Z with Z ~ N(0, I), where it has a closed form; raises InvalidParameter elsewhere."""
        raise InvalidParameter("target", self.name, "a Gaussian or a GaussianMixture, whose noised laws have a closed form")

    def noised_drift(self, x: Tensor, alpha: float | Tensor) -> Tensor:
        """The gradient of the log density of noised(alpha), for one alpha or one a point, of a shape that broadcasts against x."""
        return self.noised(float(alpha)).drift(x)

    def along(self, direction: Any) -> Target:
        """The law of u . X on the line, u the unit vector of a direction, where it has a closed form; raises InvalidParameter elsewhere."""
        raise InvalidParameter("target", self.name, "a Gaussian or a GaussianMixture, whose marginals have a closed form")

    @property
    def name(self) -> str:
        """The class and its parameters, for tables."""
        return type(self).__name__


def as_points(x: Any, dim: int) -> Tensor:
    """Points as a floating tensor; raises InvalidParameter on a wrong trailing dimension."""
    points = x if isinstance(x, Tensor) and x.is_floating_point() else torch.as_tensor(x, dtype=torch.float64)
    if dim > 1 and (points.ndim == 0 or points.shape[-1] != dim):
        raise InvalidParameter("x", tuple(points.shape), f"points of a target in dimension {dim} have shape (..., {dim})")
    return points


def unit_vector(direction: Any, dim: int) -> Tensor:
    """A direction of length one, shape (dim,); raises InvalidParameter where it has no direction or another shape."""
    vector = torch.as_tensor(direction, dtype=torch.float64).reshape(-1)
    length = float(torch.linalg.vector_norm(vector))
    if tuple(vector.shape) != (dim,) or not 0 < length < float("inf"):
        raise InvalidParameter("direction", tuple(vector.tolist()), f"{dim} finite numbers, not all zero")
    return vector / length


def generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A torch generator that depends on nothing but the seed."""
    return torch.Generator(device=device).manual_seed(seed)
