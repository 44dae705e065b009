"""A target given by the user's own potential."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count, positive, real
from pmmtheory.targets.derivative import derivative
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.target import Constant


class Potential(LineTarget):
    """The law proportional to exp(-F) for a torch function F, with the drift by automatic differentiation.

    On the line everything else comes by quadrature. In d > 1 only the drift is had: enough for particles,
    while a density, a moment or a draw raises.

    Parameters
    ----------
    potential : callable
        F, mapping a float64 tensor of shape (...) (dim 1) or (..., dim) to one of shape (...), elementwise.
    dim : int
    name : str, optional
    smoothness : float, optional
        L, where it is known; measured on the support otherwise.

    Raises
    ------
    NotNormalisable
        If F is unbounded below, or its tails are heavier than exponential.

    Examples
    --------
    >>> mine = Potential(lambda x: x**2 / 2 + torch.cos(x) / 2, dim=1)
    >>> round(mine.mean, 9) + 0.0
    0.0
    """

    def __init__(
        self, potential: Callable[[Tensor], Tensor], dim: int = 1, name: str = "Potential", smoothness: float | None = None, points: Sequence[float] = ()
    ):
        if not callable(potential):
            raise InvalidParameter("potential", potential, "a function of a torch tensor")
        self._function = potential
        self.dim = count("dim", dim)
        self._name = name
        self.points = tuple(sorted(real("points", p, "a sequence of finite numbers") for p in points))
        probe = torch.zeros((3,) if self.dim == 1 else (3, self.dim), dtype=torch.float64)
        try:
            value = potential(probe)
        except Exception as error:  # the user's own code may raise anything
            raise InvalidParameter(
                "potential", potential, f"a function that accepts a float64 tensor of shape {tuple(probe.shape)} (it raised: {error})"
            ) from error
        if not isinstance(value, Tensor) or value.shape != (3,):
            raise InvalidParameter("potential", getattr(value, "shape", value), f"a function that maps shape {tuple(probe.shape)} to a tensor of shape (3,)")
        if smoothness is not None:
            self.smoothness = Constant(positive("smoothness", smoothness), "given by the user")
        if self.dim == 1:
            _ = self.quadrature
        else:
            self.lsi = self.poincare = None
            if smoothness is None:
                self.smoothness = Constant(float("inf"), "not known")

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
