"""Steps as single kernels, by torch.compile."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.drawn import drawn
from pmmtheory.schemes.layout import normals

Move = Callable[[Tensor, float, torch.Generator], Tensor]
"""One random step of states at a time."""

_UNITS, _RARE = 1e4, 1e-4
"""Roundings by which they may differ, as a compiler orders sums anew; and the share of numbers of which more is allowed, as a step that accepts or refuses may
then do the other."""


def fused(scheme: Scheme, x: Tensor) -> Move | None:
    """The random step as one kernel, for states such as x; None where the scheme has a random step of its own, see with_fused_drift.

    Random numbers are drawn as `sample_step` draws them: the same to rounding, which is looked at.

    Raises
    ------
    InvalidParameter
        Naming `compile`, where torch cannot compile the step as a whole, or what it makes of it is another step.
    """
    generator = torch.Generator(device=x.device).manual_seed(0)
    if scheme.random_step(x[:1].clone(), 0.0, generator) is not None:
        return None

    def step(x: Tensor, t: Tensor, draws: dict[str, Any], z: Tensor) -> Tensor:
        mean, factor = scheme.step(x, t, draws)
        moved: Tensor = mean + factor * z
        return moved

    one = _compiled(step)

    def move(x: Tensor, t: float, generator: torch.Generator) -> Tensor:
        draws = drawn(scheme, x, generator)
        return one(x, torch.full((), t, dtype=torch.float64, device=x.device), draws, normals(x, generator))

    draws, z = drawn(scheme, x, generator), normals(x, generator)
    _compare(scheme, step, one, (x, torch.zeros((), dtype=torch.float64, device=x.device), draws, z))
    return move


def with_fused_drift(scheme: Scheme, x: Tensor) -> Scheme:
    """The same scheme over dynamics whose drift is one kernel; x and InvalidParameter as in `fused`."""

    def drift(x: Tensor, t: Any) -> Tensor:
        return system.drift(x, t)

    system = scheme.dynamics
    own, over, one = copy.copy(scheme), copy.copy(system), _compiled(drift, dynamic=True)
    near = x + math.sqrt(scheme.step_size) * normals(x, torch.Generator(device=x.device).manual_seed(0))  # at the states themselves it may vanish
    _compare(scheme, drift, one, (near, torch.zeros((), dtype=torch.float64, device=x.device)))

    def at(x: Tensor, t: float | Tensor) -> Tensor:
        return one(x, t if isinstance(t, Tensor) else torch.full((), t, dtype=torch.float64, device=x.device))

    vars(over)["drift"] = at
    own.dynamics = over
    return own


def _compiled(function: Any, dynamic: bool | None = None) -> Callable[..., Tensor]:
    """Compiled under a code of its own: torch keeps a few versions of each, and one closure's would count as another's."""
    own = FunctionType(function.__code__.replace(), function.__globals__, function.__name__, None, function.__closure__)
    found: Callable[..., Tensor] = torch.compile(own, fullgraph=True, dynamic=dynamic)
    return found


def _compare(scheme: Scheme, plain: Callable[..., Tensor], one: Callable[..., Tensor], at: tuple[Any, ...]) -> None:
    wanted = plain(*at)
    try:
        found = one(*at)
    except Exception as error:
        allowed = f"False for {scheme.name} on {getattr(scheme.dynamics.target, 'name', 'a predictor')}, which torch cannot compile: {_reason(error)}"
        raise InvalidParameter("compile", True, allowed) from error
    size = sum(float(part[torch.isfinite(part)].abs().sum()) / part.numel() for part in (wanted, at[0]))
    scale = torch.maximum(wanted.abs(), torch.full_like(wanted, size))

    def near() -> Tensor:
        same = torch.isclose(found, wanted, 0.0, 0.0, equal_nan=True)
        return same | ((found - wanted).abs() <= _UNITS * torch.finfo(wanted.dtype).eps * scale)

    if found.shape != wanted.shape or int((~near()).sum()) > _RARE * wanted.numel():
        raise InvalidParameter("compile", True, f"False for {scheme.name}, whose compiled step is another one")


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0].rstrip(".")[:200]
