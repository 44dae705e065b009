"""A target given by the user's own potential."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count, fits, positive, reals
from pmmtheory.targets.derivative import derivative
from pmmtheory.targets.function import require_derivative, require_function
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.marginal import marginal
from pmmtheory.targets.plane import PlaneQuadrature
from pmmtheory.targets.target import Constant, Target, as_points, generator, unit_vector

_CONTINUOUS, _KINKED = 1e-6, 1e-3
"""What identities by parts may be missed by, on smooth potentials and where F' jumps or has no bound."""


class Potential(LineTarget):
    """The law proportional to exp(-F) for a torch function F, with the drift by automatic differentiation.

    On the line everything else comes by quadrature, for any origin and scale: F is scanned for its minima, and panels are split where
    F' or F'' jumps. A scan cannot find a needle, a well that is narrower than about 1/4000 of the support or far from every other:
    where F has one, name its place (to within the well) in `points`, else its mass is missed without a word.
    In the plane the normaliser, the mean and the covariance come by the trapezoid rule on grids that are refined until two agree (`plane`, with what
    they may be off by), for any origin, rotation and scale. There a scan along rays from the origin, and from `points`, looks for wells: one that is
    narrower than a ray is from the next, or behind a wall of more than 40, is missed unless it is named. Draws raise, and so do kinks, on which the grids
    do not agree. In d > 2 only the drift is supported: enough for particles, while a density, a moment or a draw raises.

    Parameters
    ----------
    potential : callable
        F, mapping a float64 tensor of shape (...) (dim 1) or (..., dim) to one of shape (...), elementwise, differentiable by autograd.
    dim : int
    name : str, optional
    smoothness : float, optional
        L, where it is known; measured otherwise, and infinite where F' jumps.
    points : sequence of numbers, or of pairs of numbers in the plane, optional
        Places where F does something narrow: needles, kinks, steep walls; in the plane, a place in each well that is far from the others.

    Raises
    ------
    InvalidParameter
        If F is not such a function, jumps, or its derivative by autograd is not that of its values.
    NotNormalisable
        If F is unbounded below, or its tails are heavier than exponential.

    Examples
    --------
    >>> mine = Potential(lambda x: x**2 / 2 + torch.cos(x) / 2, dim=1)
    >>> round(mine.mean, 9) + 0.0
    0.0
    >>> Potential(torch.abs).kinks
    (0.0,)
    """

    def __init__(
        self,
        potential: Callable[[Tensor], Tensor],
        dim: int = 1,
        name: str = "Potential",
        smoothness: float | None = None,
        points: Sequence[Any] = (),
    ):
        if not callable(potential):
            raise InvalidParameter("potential", potential, "a function of a torch tensor")
        self._function = potential
        self.dim = count("dim", dim)
        fits("dim", dim, 64.0 * self.dim)
        if not isinstance(name, str):
            raise InvalidParameter("name", name, "a string")
        self._name = name
        self.points = _in_plane(points) if self.dim == 2 else tuple(sorted(reals("points", points)))
        require_function(potential, self.dim)
        if smoothness is not None:
            self.smoothness = Constant(positive("smoothness", smoothness), "given by the user")
        if self.dim == 1:
            require_derivative(self.potential, self.drift, self.quadrature.nodes.flatten())
            self._require_continuity()
        else:
            require_derivative(self.potential, self.drift, torch.randn((8, self.dim), generator=generator(0), dtype=torch.float64))
            self.lsi = self.poincare = None
            if smoothness is None:
                self.smoothness = Constant(float("inf"), "not known")

    def _require_continuity(self) -> None:
        """E F' = 0 and E (x - m) F' = 1, by parts, unless F itself jumps: its drift is then not that of its density."""
        rule, middle = self.quadrature, self.mean

        def slope(x: Tensor) -> Tensor:
            return -self.drift(x).detach()

        scale = math.sqrt(self.covariance)
        size = rule.expect(lambda x: torch.abs(slope(x))) * scale
        off = max(abs(rule.expect(slope)) * scale, abs(rule.expect(lambda x: (x - middle) * slope(x)) - 1))
        if not off <= (_CONTINUOUS if not rule.kinks else _KINKED) * (1 + size):
            raise InvalidParameter("potential", self._name, f"a continuous function, as this is not: the mean of (x - E x) F' misses 1 by {off:.2g}")

    @property
    def name(self) -> str:
        return self._name

    def potential(self, x: Tensor) -> Tensor:
        return self._function(x)

    def drift(self, x: Tensor) -> Tensor:
        return -derivative(self._function, x)

    @cached_property
    def plane(self) -> PlaneQuadrature:  # type: ignore[override]
        """The quadrature in the plane, for dim 2."""
        if self.dim != 2:
            raise InvalidParameter("dim", self.dim, "2, for a quadrature in the plane")
        return PlaneQuadrature(self.potential, self.points, self._name)

    def log_density(self, x: Any) -> Tensor:
        if self.dim == 1:
            return super().log_density(x)
        self._require_few("the normaliser")
        points = as_points(x, 2)
        return -self.potential(points) - self.plane.log_normaliser

    @property
    def mean(self) -> Any:
        if self.dim == 1:
            return super().mean
        self._require_few("the mean")
        return self.plane.mean

    @property
    def covariance(self) -> Any:
        if self.dim == 1:
            return super().covariance
        self._require_few("the covariance")
        return self.plane.covariance

    def along(self, direction: Any) -> Target:
        """The law of u . X on the line, by quadrature across it in the plane."""
        unit = unit_vector(direction, self.dim)
        if self.dim == 1:
            raise InvalidParameter("dim", 1, "2, for the law along a direction")
        self._require_few("the law along a direction")
        return marginal(self.potential, self.plane, unit, self._name)

    def _require_few(self, what: str) -> None:
        if self.dim > 2:
            raise InvalidParameter("dim", self.dim, f"{what} of a Potential is computed for dim = 1 and dim = 2 only")


def _in_plane(points: Any) -> tuple[tuple[float, ...], ...]:
    """Places in the plane; raises InvalidParameter unless they are pairs of finite numbers."""
    allowed = "a sequence of pairs of finite numbers, for dim = 2"
    if isinstance(points, str | bytes) or not isinstance(points, Iterable):
        raise InvalidParameter("points", points, allowed)
    pairs = tuple(tuple(reals("points", pair, allowed)) for pair in points)
    if any(len(pair) != 2 for pair in pairs):
        raise InvalidParameter("points", points, allowed)
    return pairs
