"""A target given by the user's own potential."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count, fits, positive, reals
from pmmtheory.targets.derivative import derivative
from pmmtheory.targets.function import require_derivative, require_function
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.target import Constant, generator

_CONTINUOUS, _KINKED = 1e-6, 1e-3
"""What identities by parts may be missed by, on smooth potentials and where F' jumps or has no bound."""


class Potential(LineTarget):
    """The law proportional to exp(-F) for a torch function F, with the drift by automatic differentiation.

    On the line everything else comes by quadrature, for any origin and scale: F is scanned for its minima, and panels are split where
    F' or F'' jumps. A scan cannot find a needle, a well that is narrower than about 1/4000 of the support or far from every other:
    where F has one, name its place (to within the well) in `points`, else its mass is missed without a word.
    In d > 1 only the drift is supported: enough for particles, while a density, a moment or a draw raises.

    Parameters
    ----------
    potential : callable
        F, mapping a float64 tensor of shape (...) (dim 1) or (..., dim) to one of shape (...), elementwise, differentiable by autograd.
    dim : int
    name : str, optional
    smoothness : float, optional
        L, where it is known; measured otherwise, and infinite where F' jumps.
    points : sequence of numbers, optional
        On the line, places where F does something narrow: needles, kinks, steep walls.

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
        points: Sequence[float] = (),
    ):
        if not callable(potential):
            raise InvalidParameter("potential", potential, "a function of a torch tensor")
        self._function = potential
        self.dim = count("dim", dim)
        fits("dim", dim, 64.0 * self.dim)
        if not isinstance(name, str):
            raise InvalidParameter("name", name, "a string")
        self._name = name
        self.points = tuple(sorted(reals("points", points)))
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

    def log_density(self, x: Any) -> Tensor:
        if self.dim > 1:
            raise InvalidParameter("dim", self.dim, "the normaliser of a Potential is computed for dim = 1 only")
        return super().log_density(x)
