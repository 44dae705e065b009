"""What a target is: a density, its drift, its constants, exact draws and reference moments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count, fits, whole

if TYPE_CHECKING:
    from pmmtheory.targets.plane import PlaneQuadrature


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
    coordinates_first : bool
        Whether `drift` is fastest on points (n, d) whose coordinates are each contiguous in memory (a transposed (d, n) tensor), as particles then are.
    plane : PlaneQuadrature or None
        The quadrature of a target in the plane, where it has one of its own.
    """

    coordinates_first: bool = False
    plane: PlaneQuadrature | None = None
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

    def curvature(self, x: Tensor) -> Tensor:
        """F''(x), where the target is on the line; raises InvalidParameter elsewhere."""
        raise InvalidParameter("dim", self.dim, f"curvature: {self.name} has none, as only a target on the line does")

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
    def isotropic(self) -> bool:
        """Whether it is a Gaussian with one variance on all axes."""
        return False

    @property
    def name(self) -> str:
        """The class and its parameters, for tables."""
        return type(self).__name__


def as_points(x: Any, dim: int) -> Tensor:
    """Points as a floating tensor; raises InvalidParameter on a wrong trailing dimension, or what is no array of numbers."""
    points = x if isinstance(x, Tensor) and x.is_floating_point() else as_numbers("x", x)
    if dim > 1 and (points.ndim == 0 or points.shape[-1] != dim):
        raise InvalidParameter("x", tuple(points.shape), f"points of a target in dimension {dim} have shape (..., {dim})")
    return points


def as_numbers(name: str, values: Any, allowed: str = "a number, or an array or tensor of numbers") -> Tensor:
    """Values as a float64 tensor; raises InvalidParameter where they are no numbers."""
    try:
        if not (isinstance(values, Tensor) and values.is_complex()):
            return torch.as_tensor(values, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        pass
    raise InvalidParameter(name, values, allowed)


def as_shares(u: Any) -> Tensor:
    """Levels of a quantile as a tensor; raises InvalidParameter unless all lie in [0, 1]."""
    shares = as_numbers("u", u)
    if not bool(((shares >= 0) & (shares <= 1)).all()):
        raise InvalidParameter("u", u, "numbers from 0 to 1")
    return shares


def draws(n: Any, dim: int) -> int:
    """A number of draws in a dimension; raises InvalidParameter unless it is a whole number of at least 1 whose points fit into the memory."""
    whole_number = count("n", n)
    fits("n", n, whole_number * dim)
    return whole_number


def unit_vector(direction: Any, dim: int) -> Tensor:
    """A direction of length one, shape (dim,); raises InvalidParameter where it has no direction or another shape."""
    vector = as_numbers("direction", direction).reshape(-1)
    length = float(torch.linalg.vector_norm(vector))
    if tuple(vector.shape) != (dim,) or not 0 < length < float("inf"):
        raise InvalidParameter("direction", tuple(vector.tolist()), f"{dim} finite numbers, not all zero")
    return vector / length


def generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A torch generator that depends on nothing but the seed; raises InvalidParameter unless torch takes that."""
    key = whole("seed", seed)
    if not -(2**63) <= key < 2**64:
        raise InvalidParameter("seed", seed, "a whole number from -2^63 to 2^64 - 1")
    return torch.Generator(device=device).manual_seed(key)
