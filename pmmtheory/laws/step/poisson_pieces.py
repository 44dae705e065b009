"""Whether the pieces of a step that a scheme declares are what an engine takes them for; refused in one sentence where not."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.dynamics.factors import covariance
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import PoissonStructure
from pmmtheory.targets import Gaussian

_AGREES = 1e-9


def require_pieces(structure: PoissonStructure, t: float = 0.0) -> None:
    """Raise InvalidParameter unless pushes are linear, midpoints lie a substep apart and the affine actions are a semigroup.

    An engine that walks over substeps, or conditions the noise on its values at midpoints, needs all three.
    """
    name, k, a = structure.name, structure.substeps, structure.step_size
    if not structure.regular:
        raise InvalidParameter("scheme", name, "one whose substep is the distance of its midpoints, for this law")
    if k == 1:
        return
    at = t + (a * 0.4 if k == math.inf else a / k)
    dim = structure.dynamics.target.dim
    one = torch.ones((dim,) if dim > 1 else (), dtype=torch.float64)
    seen = [torch.as_tensor(structure.push(number * one, at)).reshape(-1) for number in (1.0, -2.5)]
    if not _near(seen[1], -2.5 * seen[0]):
        raise InvalidParameter("scheme", name, "one whose pushes are linear in the change of the force, for this law")
    cut = 0.4 * a if k == math.inf else a / k * max(1, k // 2)
    if not _composes(structure.dynamics, a, cut, t):
        raise InvalidParameter("dynamics", type(structure.dynamics).__name__, "one whose actions over two intervals compose to those over both, for this law")


def actions(system: Dynamics, h: float, t: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    """A_h (s, s), G_h (s,) and Gamma_h^2 (s, s) from time t on, by unit vectors on the line."""
    line = system if system.target.dim == 1 else system.on(Gaussian())
    one = torch.ones((), dtype=torch.float64)
    if system.blocks == 1:
        noise = torch.as_tensor(line.noise(h, t), dtype=torch.float64) ** 2
        return line.transport(h, one, t).reshape(1, 1), line.respond(h, one, t).reshape(1), noise.reshape(1, 1)
    eye = torch.eye(system.blocks, dtype=torch.float64)
    linear = torch.stack([line.transport(h, unit, t) for unit in eye], -1)
    return linear, line.respond(h, one, t), covariance(line.noise(h, t), line, eye[0])


def _composes(system: Dynamics, a: float, cut: float, t: float) -> bool:
    """Whether the actions over [t, t + cut] and [t + cut, t + a] compose to those over [t, t + a]."""
    (first, pushed, spread), (then, push, noise), (linear, force, whole) = (actions(system, *span) for span in ((cut, t), (a - cut, t + cut), (a, t)))
    return _near(then @ first, linear) and _near(then @ pushed + push, force) and _near(then @ spread @ then.mT + noise, whole)


def _near(seen: Tensor, told: Tensor) -> bool:
    return bool((seen - told).abs().max() <= _AGREES * told.abs().max())
