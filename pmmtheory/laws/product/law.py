"""A law of independent coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.law import Law
from pmmtheory.targets.target import as_points


class ProductLaw(Law):
    """The law of independent coordinates, each with a law of the line or of a phase plane.

    Attributes
    ----------
    dim : int
        d.
    distinct : tuple of (law, tensor of its coordinates)
    errors : mapping of names to floats
        What the law may be off by, in total variation: each part is the sum of that of the coordinates.
    numerical_error : float
        Their sum.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.laws import stationary_law
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Cosine, Product
    >>> law = stationary_law(EulerMaruyama(Overdamped(Product([Cosine()] * 1000)), step_size=0.1))
    >>> law.dim, law.numerical_error < 1e-6
    (1000, True)
    """

    def __init__(self, distinct: Sequence[tuple[Any, Tensor]]):
        self.distinct = tuple(distinct)

    @property
    def dim(self) -> int:
        return sum(len(places) for _, places in self.distinct)

    @property
    def errors(self) -> dict[str, float]:  # type: ignore[override]
        names = dict.fromkeys(name for law, _ in self.distinct for name in law.errors)
        return {name: sum(len(places) * law.errors.get(name, 0.0) for law, places in self.distinct) for name in names}

    def inherit(self, error: float) -> None:
        """Nothing: coordinates are told one by one what the laws were off by that they started from."""

    def coordinate(self, j: int) -> Any:
        """The law of coordinate j."""
        for law, places in self.distinct:
            if bool((places == j).any()):
                return law
        raise InvalidParameter("j", j, f"a coordinate from 0 to {self.dim - 1}")

    @property
    def position(self) -> ProductLaw:
        """The law of the position."""
        return ProductLaw([(getattr(law, "position", law), places) for law, places in self.distinct])

    @property
    def velocity(self) -> ProductLaw:
        """The law of the velocity."""
        if not all(hasattr(law, "velocity") for law, _ in self.distinct):
            raise InvalidParameter("law", "a law without velocity", "one of underdamped dynamics")
        return ProductLaw([(law.velocity, places) for law, places in self.distinct])

    @property
    def mean(self) -> Tensor:
        """E X, (d,); (2, d) with velocities."""
        return self._spread([torch.as_tensor(law.mean, dtype=torch.float64) for law, _ in self.distinct])

    @property
    def variances(self) -> Tensor:
        """The variance of each coordinate, (d,); its covariance with the velocity, (2, 2, d), where there is one."""
        return self._spread([torch.as_tensor(law.covariance, dtype=torch.float64) for law, _ in self.distinct])

    @property
    def covariance(self) -> Tensor:
        """The covariance of the state with d^2 entries, (d, d); (2 d, 2 d) with velocities."""
        each = self.variances
        if each.ndim == 1:
            return torch.diag(each)
        blocks = each.shape[0]
        return torch.diag_embed(each).permute(0, 2, 1, 3).reshape(blocks * self.dim, blocks * self.dim)

    def density(self, x: Any) -> Tensor:
        """The density at positions of shape (..., d)."""
        return torch.exp(self.log_density(x))

    def log_density(self, x: Any) -> Tensor:
        """Its logarithm at positions of shape (..., d): far from underflow in high dimensions."""
        points = as_points(x, self.dim)
        points = points[..., None] if self.dim == 1 else points
        return torch.stack([torch.log(law.density(points[..., places])).sum(-1) for law, places in self.distinct]).sum(0)

    @cached_property
    def _order(self) -> Tensor:
        return torch.argsort(torch.cat([places for _, places in self.distinct]))

    def _spread(self, values: list[Tensor]) -> Tensor:
        """A value of every coordinate along the last axis."""
        return torch.cat([value[..., None].expand(*value.shape, len(places)) for value, (_, places) in zip(values, self.distinct, strict=True)], -1)[
            ..., self._order
        ]
