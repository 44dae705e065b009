"""How strongly the force changes within one step."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.schemes import Scheme


def slopes(scheme: Scheme, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
    """The largest fall and rise of G b within four standard deviations of the noise of a step, for every start point: max (-G db/dx)+, max (G db/dx)+.

    A midpoint multiplies a deviation by 1 + G db/dx; overdamped, with step a on a Gaussian of curvature lam, the fall is a lam.
    """
    width = float(scheme.dynamics.noise(scheme.step_size, t))
    offsets = width * torch.linspace(-4, 4, 33, dtype=x.dtype, device=x.device)
    force = scheme.dynamics.drift(x[:, None] + offsets, t)
    slope = scheme.dynamics.respond(scheme.step_size, torch.diff(force, dim=1), t) / (offsets[1] - offsets[0])
    return (-slope).max(1).values.clamp_min(0), slope.max(1).values.clamp_min(0)
