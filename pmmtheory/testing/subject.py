"""A scheme under examination: how it is built, and one recorded step of it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.particles import sample_step
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian, GaussianMixture, Target
from pmmtheory.testing.jumps import Jumps

SEED = 20240517
ROUNDINGS = 2.0**10
"""How many roundings of its largest number a computation of some hundred operations may be off."""

STEP = 0.1
CLOSED_FORM_AT = (0.1, 0.2)
"""The steps times curvatures at which a closed form of the stationary variance is asked."""

LINE = GaussianMixture(weights=[0.5, 0.5], means=[-1.5, 1.5], variances=[1.0, 1.0])
SPACE = Gaussian(mean=[0.5, -1.0, 0.0], covariance=[1.0, 2.0, 0.7])
STARTS = torch.tensor([-2.1, -0.3, 0.4, 1.7], dtype=torch.float64)


class Violation(Exception):
    """What a law saw, in words."""


class Skipped(Exception):
    """Why a law could not be checked."""


class Unclaimed(Exception):
    """Why a law has nothing to hold the scheme to: not a failure where all laws must be checked."""


@dataclass(frozen=True)
class Subject:
    """A way to build the scheme on any target, with what is claimed of it.

    Attributes
    ----------
    dims : tuple of int
        Those of 1 and 3 in which it can be built.
    jumps : Jumps
        Where its step jumps.
    """

    make: Callable[[Dynamics, float], Scheme]
    dynamics: Callable[[Target], Dynamics]
    name: str
    dims: tuple[int, ...]
    order: float | None
    stationary_variance: Callable[[float], float] | None
    jumps: Jumps = Jumps()

    @property
    def jumping(self) -> bool:
        """Whether its step jumps at places that no rule knows, so that it has no exact law."""
        return bool(self.jumps.unruly)

    @property
    def observes(self) -> bool:
        """Whether it post-processes its states."""
        return self.everywhere()[0].observes

    @property
    def claims_invariance(self) -> bool:
        """Whether a chain that jumps is to leave the target as it is: where it says so, or stays where it is at times and claims no order."""
        return self.order == math.inf or (self.order is None and self.jumps.stays)

    def claimed_order(self) -> float:
        """The order it claims; raises Unclaimed where there is none."""
        if self.order is not None:
            return self.order
        example = self.everywhere()[0]
        others = ", ".join(f"{kind.__name__}: {order:g}" for kind, order in getattr(example, "orders", {}).items())
        kind = type(example.dynamics).__name__
        raise Unclaimed(f"no order is claimed: `orders` declares none for {kind}{f', but {others}' if others else ''}")

    def on(self, target: Target, step_size: float = STEP) -> Scheme:
        """The scheme on a target."""
        return self.make(self.dynamics(target), step_size)

    def on_line(self, target: Target = LINE, step_size: float = STEP) -> Scheme:
        """The scheme on a target on the line; raises Skipped where it has none."""
        if 1 not in self.dims:
            raise Skipped("the scheme cannot be built in dimension 1")
        return self.on(target, step_size)

    def everywhere(self) -> list[Scheme]:
        """The scheme in each of its dimensions."""
        return [self.on(LINE if dim == 1 else SPACE) for dim in self.dims]


@dataclass(frozen=True)
class Step:
    """One step: where it started, the draws it was handed, and what it returned."""

    x: Tensor
    draws: dict[str, Any]
    mean: Any
    factor: Any


def record(scheme: Scheme, x: Tensor, seed: int = SEED) -> Step:
    """One step of `scheme` with draws sampled in the way that particles do."""
    seen: list[Step] = []

    def step(point: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = scheme.step(point, t, draws)
        seen.append(Step(point, dict(draws), mean, factor))
        return torch.zeros_like(point), 0.0

    spy = copy.copy(scheme)
    setattr(spy, "step", step)  # noqa: B010
    sample_step(spy, x, 0.0, torch.Generator(device=x.device).manual_seed(seed))
    return seen[0]


def declares(scheme: Scheme, attribute: str) -> bool:
    """Whether the scheme says this itself, in place of what every scheme says."""
    return attribute in vars(scheme) or any(attribute in vars(kind) for kind in type(scheme).__mro__[: type(scheme).__mro__.index(Scheme)])


def mapped(scheme: Scheme, draws: Mapping[str, Any], f: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    """The draws of a scheme with f applied to each tensor in them."""
    return {name: scheme.draws[name].mapped(value, f) for name, value in draws.items()}


def points(scheme: Scheme, n: int, dtype: torch.dtype = torch.float64, device: str = "cpu") -> Tensor:
    """n states around a target of dimension 1 or 3: shape (n, *state_shape)."""
    shape = scheme.dynamics.state_shape
    x = torch.linspace(-2.6, 2.9, n * math.prod(shape), dtype=dtype, device=device)
    return x.reshape(-1, n).T.reshape(n, *shape).contiguous()


def states(scheme: Scheme) -> Tensor:
    """Four states on the line with positions at STARTS, and the other blocks at the same numbers in other orders."""
    blocks = scheme.dynamics.blocks
    return STARTS if blocks == 1 else torch.stack([STARTS.roll(k) for k in range(blocks)], -1)


def images(factor: Any, x: Tensor, axes: int) -> Tensor:
    """factor * e for every unit vector e of a state, which has `axes` axes: shape (*x.shape, numbers in a state)."""
    shape = x.shape[x.ndim - axes :]
    units = torch.eye(math.prod(shape), dtype=x.dtype, device=x.device).reshape(-1, *shape)
    return torch.stack([factor * unit.expand(x.shape) for unit in units], -1)


def require(seen: Tensor, expected: Tensor, allowed: Tensor | float, what: str) -> None:
    """Raise Violation, with the worst entry, unless |seen - expected| <= allowed everywhere."""
    if seen.shape != expected.shape:
        raise Violation(f"{what} of shape {tuple(seen.shape)}, not {tuple(expected.shape)}")
    room = torch.as_tensor(allowed, dtype=torch.float64).expand(seen.shape)
    excess = torch.nan_to_num(torch.abs(seen - expected).double() - room, nan=math.inf).flatten()
    worst = int(excess.argmax())
    if excess[worst] > 0:
        a, b, most = (float(value.flatten()[worst]) for value in (seen, expected, room))
        raise Violation(f"{what} {a:.10g}, not {b:.10g} (allowed error {most:.2g})")


def rounding(*values: Any) -> float:
    """ROUNDINGS roundings of the largest of the values, in the coarsest of their precisions."""
    tensors = [torch.as_tensor(value) for value in values]
    eps = max(torch.finfo(t.dtype).eps for t in tensors)
    return ROUNDINGS * eps * max(float(t.abs().max()) for t in tensors)
