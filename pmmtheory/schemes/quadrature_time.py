"""A random time that takes the nodes of a quadrature rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import count
from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.schemes.draw import Draw, Rule, keeps_law


@dataclass(frozen=True)
class QuadratureTime(Draw):
    """One of the n Gauss-Legendre nodes of [0, 1], with the probability that is its weight.

    E f(time) is that of a uniform time for polynomials f of degree up to 2n - 1: in place of a uniform time, a randomized midpoint keeps its
    one-step mean to that degree with n times to choose from; n = 1 is the midpoint 1/2 itself.

    Parameters
    ----------
    nodes : int
        n >= 1.

    Raises
    ------
    InvalidParameter
        Unless n is a whole number above 0.

    Examples
    --------
    >>> times, weights = QuadratureTime(2).rule(0)
    >>> round(float(weights @ times**3), 12)
    0.25
    """

    nodes: int

    def __post_init__(self) -> None:
        count("nodes", self.nodes)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        times, weights = (torch.as_tensor(part, device=generator.device) for part in gauss_legendre(self.nodes))
        u = torch.rand(shape, generator=generator, dtype=torch.float64, device=generator.device)
        chosen = torch.searchsorted(torch.cumsum(weights, 0)[:-1].contiguous(), u, right=True)
        return times[chosen].to(dtype)

    def rule(self, level: int) -> Rule:
        """Its own law, whatever the level."""
        return gauss_legendre(self.nodes)

    def mirrored(self, value: Any) -> Any:
        return value if keeps_law(self, QuadratureTime) else None
