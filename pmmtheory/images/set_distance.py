"""What a distance between two sets of features is, and what features it takes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.finite import all_finite

_LARGEST = 1e20
"""Squares of sums of sixth powers are within double precision."""


@dataclass(frozen=True)
class SetDistance:
    """A distance between the laws that two sets of images were drawn from.

    Attributes
    ----------
    name : str
        Of the distance and of the net whose features it is of.
    estimate : Estimate
        Of the two sets as they are; its error is a standard error, for the randomness of both.
    interval : tuple of two floats
        For the distance of the laws, with 95% confidence.
    bias : float
        By how much the estimate is larger than that on average, as far as known: of a Frechet distance of finite sets, about the
        `noise_floor`; 0 for an unbiased one.
    """

    name: str
    estimate: Estimate
    interval: tuple[float, float]
    bias: float = 0.0

    def __float__(self) -> float:
        return self.estimate.value


def as_features(x: Tensor, y: Tensor, net: str) -> tuple[Tensor, Tensor]:
    """Both sets in double precision, where x is; raises InvalidParameter naming `x`, `y` or `net` where they are no features of one net."""
    if not isinstance(net, str):
        raise InvalidParameter("net", net, "the name of the features, a string")
    for name, one in (("x", x), ("y", y)):
        if not isinstance(one, Tensor) or one.ndim != 2 or len(one) < 3 or not one.shape[1] or one.is_complex():
            raise InvalidParameter(name, tuple(one.shape) if isinstance(one, Tensor) else one, "features of three points or more, of shape (n, d)")
        if not all_finite(one):
            raise InvalidParameter(name, "NaN or infinite values", "finite features")
        if (largest := float(one.to(torch.float64).abs().max())) > _LARGEST:
            raise InvalidParameter(name, f"values up to {largest:g}", f"features of at most {_LARGEST:g}, of whose powers sums are numbers in double precision")
    if x.shape[1] != y.shape[1]:
        raise InvalidParameter("y", tuple(y.shape), f"as many features as x has, {x.shape[1]}")
    return x.to(torch.float64), y.to(x.device, torch.float64)
