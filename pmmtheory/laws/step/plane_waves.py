"""The characteristic function of a step with any number of random midpoints in the plane.

From x, with c(x) = A_a x + G_a b(x), w the deviation of the noise of a step, W_1 that noise over w and S the sum of all pushes over w,

    E exp(i zeta . (X' - c(x)) / w) = E[ exp(i zeta . W_1) E[exp(i zeta . S) | W_1] ],

the inner mean by the walk of laws.step.plane_walk, as a polynomial in W_1, and the outer one in closed form.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.laws.step.midpoint_step import MidpointStep, checked
from pmmtheory.laws.step.midpoint_waves import Wave, factor, half_factor, whole_factor
from pmmtheory.laws.step.plane_walk import Functions, Time, on_both_axes, walked
from pmmtheory.numerics.mehler import hermite_coefficients
from pmmtheory.schemes import Scheme

_TOGETHER = {"cpu": 60_000, "cuda": 4_000_000}
"""Complex numbers, one for each start, node and frequency, computed together."""


def plane_waves(scheme: Scheme, x: Tensor, t: float, zeta: Tensor, level: int, nodes: int) -> Tensor:
    """E exp(i zeta_k . (X' - c(x)) / w) of a step at time t from x, (n, 2), at frequencies (k, 2): (n, k), complex."""
    step, found = MidpointStep(checked(scheme), t), torch.empty((len(x), len(zeta)), dtype=torch.complex128, device=x.device)
    starts = max(1, _TOGETHER[x.device.type] // (nodes**2 * len(zeta)))
    for some, into in zip(x.split(starts), found.split(starts), strict=True) if len(x) else ():
        into.copy_(_from(step, some, zeta, level, nodes))
    return found


def _from(step: MidpointStep, x: Tensor, zeta: Tensor, level: int, nodes: int) -> Tensor:
    """See above; of some starts."""
    pushed = walked(step, x, nodes, level, _Waves(zeta))
    known = torch.view_as_complex(on_both_axes(hermite_coefficients(nodes), pushed).reshape(nodes, nodes, len(x), len(zeta), 2))
    imaginary = 1j * zeta.T.expand(nodes - 1, 2, -1)
    powers = torch.cat([torch.ones_like(imaginary[:1]), imaginary.cumprod(0)])
    return torch.einsum("abnk,ak,bk->nk", known, powers[:, 0], powers[:, 1]) * torch.exp(-(zeta**2).sum(1) / 2)


class _Waves(Functions):
    """exp(i zeta . S), (1, nodes^2, n k 2), the last axis real and imaginary parts."""

    def __init__(self, zeta: Tensor):
        self._zeta = zeta

    def one(self, push: Tensor) -> Tensor:
        return self._held(torch.ones((*push.shape[:-1], len(self._zeta)), dtype=torch.complex128, device=push.device))

    def prepared(self, push: Tensor) -> Wave:
        angle = push @ self._zeta.T
        return torch.cos(angle), torch.sin(angle)

    def times(self, u: Tensor | None, prepared: Wave, time: Time) -> Tensor:
        if time.exact:
            made = whole_factor((prepared[0].clone(), prepared[1]), time.pmm)
        else:
            made = (factor if time.inner else half_factor)(prepared, time.steps, time.pmm)
        if u is not None:
            made = torch.view_as_complex(u.reshape(*made.shape, 2)).mul_(made)
        return self._held(made)

    def _held(self, values: Tensor) -> Tensor:
        return torch.view_as_real(values).reshape(1, len(values), -1)
