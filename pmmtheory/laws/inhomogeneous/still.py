"""Which steps of a chain on the line have no noise, so that they only move points."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics.factors import without_noise
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.inhomogeneous.resolution import Resolution
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.drawn import drawn


def noiseless(chain: Resolution, steps: int) -> list[bool]:
    """Whether each of the first steps has no noise, seen from where the process is first and last."""
    if steps == 0:
        return []
    times, share = [k * chain.scheme.step_size for k in range(steps)], torch.linspace(-2.1, 1.9, 5, dtype=torch.float64, device=chain.device)
    if chain.scheme.draws and any(chain.noise(t) > 0 for t in {times[0], times[-1]}):
        return [False] * steps
    ends = [chain.target(t) for t in {times[0], times[-1]}]
    places = torch.cat([torch.zeros_like(share[:1]), *(target.mean + math.sqrt(target.covariance) * share for target in ends)])
    state = chain.scheme.dynamics.lift(places, torch.Generator())
    return [_still(chain.scheme, state, t) for t in times]


def mapped(scheme: Scheme, state: Tensor, t: float, draws: dict[str, Any]) -> Tensor:
    """Where a step without noise takes states, with normal draws at zero; raises InvalidParameter naming `scheme` where it has noise from one of them."""
    after, factor = scheme.step(state, t, draws)
    if not (isinstance(factor, int | float) and factor == 0) and not bool(without_noise(factor, scheme.dynamics, state.detach()).all()):
        raise _depends(scheme)
    other = {name: value + 1.3 for name, value in draws.items() if scheme.draws[name].normal}
    if other and not torch.equal(after, scheme.step(state, t, draws | other)[0]):
        raise _depends(scheme)
    return after


def _still(scheme: Scheme, state: Tensor, t: float) -> bool:
    """Whether the step at time t has no noise: no last Gaussian, and no normal draw that matters."""
    draws = drawn(scheme, state, torch.Generator(device=state.device).manual_seed(0))
    mean, factor = scheme.step(state, t, draws)
    none = without_noise(factor, scheme.dynamics, state)
    if bool(none.any()) and not bool(none.all()):
        raise _depends(scheme)
    normal = {name: torch.zeros_like(value) for name, value in draws.items() if scheme.draws[name].normal}
    return bool(none.any()) and (not normal or torch.equal(mean, scheme.step(state, t, draws | normal)[0]))


def _depends(scheme: Scheme) -> InvalidParameter:
    return InvalidParameter("scheme", scheme.name, "a step whose noise does not depend on the state, where steps depend on time")
