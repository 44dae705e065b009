"""What a chain in the plane starts from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pmmtheory.laws.line.unseen import Unseen
from pmmtheory.laws.plane.far import far_covariance
from pmmtheory.laws.plane.law import PlanarLaw
from pmmtheory.laws.potential_plane.grid import bands
from pmmtheory.targets import Target
from pmmtheory.targets.plane import PlaneQuadrature, in_plane


@dataclass(frozen=True)
class Start:
    """Where a chain starts: its box, up to which frequencies it is seen, its density on a product of axes, what is not seen of it, and how it falls
    far out."""

    box: Tensor
    bands: tuple[float, float]
    on: Callable[[tuple[Tensor, Tensor]], Tensor]
    unseen: Unseen | None
    far: Sequence[np.ndarray]

    @classmethod
    def of_law(cls, law: PlanarLaw) -> Start:
        """A law in the plane, as it is known."""
        first, second = law.spacings
        return cls(law.box, (math.pi / first, math.pi / second), law.on, law.unseen, law.far.covariances if law.far else [])

    @classmethod
    def of_target(cls, target: Target, faint: float, kept: Target) -> Start:
        """A target, for a chain that is to keep another, but for waves that have less than a faint share."""
        quadrature = in_plane(target)
        unseen, far = Unseen.in_plane(target, quadrature.box, kept), [far_covariance(target, length_of(quadrature))]
        return cls(quadrature.box, bands(target, quadrature, faint), lambda axes: target.density(points_of(axes)), unseen, far)


def length_of(quadrature: PlaneQuadrature) -> float:
    """Of the box where the mass of a target is."""
    return float((quadrature.box[:, 1] - quadrature.box[:, 0]).max())


def points_of(axes: tuple[Tensor, Tensor]) -> Tensor:
    """The points of a product of two axes, (n, m, 2)."""
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
