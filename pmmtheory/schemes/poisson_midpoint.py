"""The Poisson midpoint method of Kandasamy and Nagaraj, over any affine dynamics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.errors import count_or_infinity
from pmmtheory.schemes.draws import Normal
from pmmtheory.schemes.midpoints import Midpoints
from pmmtheory.schemes.poisson_random import random_poisson_step
from pmmtheory.schemes.scheme import Scheme
from pmmtheory.schemes.structure import PoissonStructure


class PoissonMidpoint(Scheme):
    """K fine steps of size h = a/K for the price of about two drift evaluations.

    With b0 = b(X), midpoints at the indices i with H_i = 1, and W the noise of the trajectory,

        Xhat_i = A_{ih} X + G_{ih} b0 + W_i,
        X' = A_a X + G_a b0 + W_K + K sum_i H_i A_{(K-1-i)h} G_h (b(Xhat_i) - b0).

    This is the collapsed form: W is built only at the midpoints, so the cost does not depend on K. K = 1 is Euler-
    Maruyama; for K = inf the midpoints form a Poisson process and K G_h becomes a dG/dh.

    Parameters
    ----------
    dynamics : Dynamics
    step_size : float
        The large step a.
    substeps : int or math.inf
        K.
    midpoints : "bernoulli", "single" or "interior"
        H_i iid Bernoulli(1/K) (Option 1), or exactly one uniform midpoint (Option 2): among all K, or among the K - 1 with
        i > 0, with K - 1 in place of K before the sum (Option 2 as it is used for diffusion models).

    Its order is 1 at fixed K, as the error of LMC divided by K; for K = inf it is 2 overdamped (3 on Gaussians with one midpoint) and 3 underdamped
    (theory.leading and theory.phase_plane). With K = c/a the terms of order a/K and a^2 join overdamped.

    Source: Kandasamy & Nagaraj 2024 (arXiv 2405.17068), sect. 2; the two constants of the collapsed form are those
    that make it equal in law to the substep form.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.targets import Gaussian
    >>> PoissonMidpoint(Overdamped(Gaussian()), step_size=0.1, substeps=20, midpoints="bernoulli").drift_calls
    1.95
    """

    intensity = 1.0

    def __init__(self, dynamics: Dynamics, step_size: float, substeps: float = math.inf, midpoints: str = "bernoulli"):
        super().__init__(dynamics, step_size)
        self.substeps = count_or_infinity("substeps", substeps)
        self.midpoints = Midpoints(self.substeps, midpoints, self.intensity, listed=dynamics.grain > 0)
        self.draws = {"midpoints": self.midpoints, "z": Normal()}

    @property
    def drift_calls(self) -> float:  # type: ignore[override]
        """2 - 1/K: at i = 0 the interpolant is X itself and costs nothing; 2 with an interior midpoint."""
        if self.midpoints.kind == "interior":
            return 2.0 if self.substeps > 1 else 1.0
        return 1 + self.intensity * (1 - 1 / self.substeps)

    @property
    def orders(self) -> Mapping[type[Dynamics], float]:  # type: ignore[override]
        """At fixed K, while the step falls; none where the rate of midpoints is another."""
        if self.intensity != 1:
            return {}
        if self.substeps < math.inf:
            return {Overdamped: 1, Underdamped: 1}
        return {Overdamped: 2, Underdamped: 3}

    @property
    def gaussian_orders(self) -> Mapping[type[Dynamics], float]:  # type: ignore[override]
        """One midpoint in a process (K = inf) makes the randomized midpoint method, overdamped."""
        return {} if self.midpoints.several or self.substeps < math.inf else {Overdamped: 3}

    @property
    def name(self) -> str:
        return f"{type(self).__name__}(K={'inf' if self.substeps == math.inf else int(self.substeps)}, {self.midpoints.kind})"

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        """See Scheme.step; draws["midpoints"] is (times, marks) of shape (N, ...) that broadcasts against draws["z"] of shape (N, *x.shape)."""
        system, a = self.dynamics, self.step_size
        x = x.expand(np.broadcast_shapes(x.shape, draws["z"].shape[1:], draws["midpoints"][0].shape[1:]))
        b0 = system.drift(x, t)
        times, marks = draws["midpoints"]
        walk = self._together if times.numel() == len(times) == marks.numel() else self._apart
        path, pushed, now = walk(x, t, b0, times, marks, draws["z"])
        rest, since = a * (1 - now), t + a * now
        moved = system.transport(a, x, t) + system.respond(a, b0, t)
        if path is not None:
            moved = moved + (system.transport(rest, path, since) + system.transport(rest - self.substep, pushed, since + self.substep))
        return moved, system.noise(rest, since)

    def _together(self, x: Tensor, t: Any, b0: Tensor, times: Tensor, marks: Tensor, z: Tensor) -> tuple[Any, Any, float]:
        """The noise up to the last midpoint, what midpoints push, and the last of their times: one set serves all states, and its times are numbers.

        None and None where no midpoint is later than the state itself.
        """
        system, a, now = self.dynamics, self.step_size, 0.0
        path: Any = None
        pushed: Any = None
        for time, mark, noise in zip(times.flatten().tolist(), marks.flatten().tolist(), z, strict=True):
            if not mark or time <= 0:
                continue
            at, before, gap = a * time, t + a * now, a * (time - now)
            added = system.noise(gap, before) * noise.expand(x.shape)
            path = added if path is None else system.transport(gap, path, before) + added
            state = system.transport(at, x, t) + system.respond(at, b0, t) + path
            push = self.push(self.midpoint_force(state, t, at) - b0, t + at)
            pushed = push if pushed is None else system.transport(gap, pushed, before + self.substep) + push
            now = time
        return path, pushed, now

    def _apart(self, x: Tensor, t: Any, b0: Tensor, times: Tensor, marks: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same where states have midpoints of their own: a force is asked for those alone that have one."""
        system, a = self.dynamics, self.step_size
        axes = len(system.state_shape)
        lead, times, marks = _own_axes(x, axes, times, marks)
        path, pushed, now = torch.zeros_like(x), torch.zeros_like(x), torch.zeros_like(times[0])
        for time, mark, noise in zip(times, marks, z, strict=True):
            needed = mark & (time > 0)  # at time 0 the interpolant is x itself
            marked = needed.reshape(needed.shape[: needed.ndim - axes])
            if not bool(marked.any()):
                continue
            has = marked.nonzero(as_tuple=True) if marked.ndim else ()
            some = (slice(None),) * lead + has
            here, last, force = time[has], now[has], b0[some]
            at, before, gap = a * here, t + a * last, a * (here - last)
            path[some] = system.transport(gap, path[some], before) + system.noise(gap, before) * noise.expand(x.shape)[some]
            state = system.transport(at, x[some], t) + system.respond(at, force, t) + path[some]
            change = self.midpoint_force(state, t, at) - force
            pushed[some] = system.transport(gap, pushed[some], before + self.substep) + self.push(change, t + at)
            now = torch.where(needed, time, now)
        return path, pushed, now

    def noise_times(self, draws: Mapping[str, Any]) -> Tensor:
        """Those of its midpoints; layers past the last one repeat its time."""
        times: Tensor = draws["midpoints"][0]
        return times

    @property
    def structure(self) -> PoissonStructure | None:
        """The pieces of this scheme, as they are overridden; None for another `step` or other draws."""
        midpoints: Any = self.draws.get("midpoints")
        own = getattr(self.step, "__func__", None) is PoissonMidpoint.step
        if not own or type(midpoints) is not Midpoints or set(self.draws) != {"midpoints", "z"} or not self.draws["z"].normal:
            return None
        return PoissonStructure(self, midpoints)

    def random_step(self, x: Tensor, t: float, generator: torch.Generator) -> Tensor | None:
        """See Scheme.random_step: midpoint by midpoint, where the step is this class's own."""
        structure = PoissonMidpoint.structure.fget(self)  # type: ignore[attr-defined]
        return None if structure is None else random_poisson_step(self, structure.midpoints, x, t, generator)

    @property
    def substep(self) -> float:
        """h = a/K."""
        return self.step_size / self.substeps

    def midpoint_force(self, state: Tensor, t: Any, delay: Any) -> Tensor:
        """b at the interpolant, `delay` after the step began at t."""
        return self.dynamics.drift(state, t + delay)

    def push(self, change: Tensor, t: Any = 0.0) -> Tensor:
        """What a midpoint at time t has added to the state at the end of its substep: K G_h change (K - 1 for "interior")."""
        if self.substeps == math.inf:
            return self.step_size * self.dynamics.impulse(change, t)
        return self.midpoints.weight * self.dynamics.respond(self.substep, change, t)


def _own_axes(x: Tensor, axes: int, times: Tensor, marks: Tensor) -> tuple[int, Tensor, Tensor]:
    """How many leading axes of states x have the same midpoints all along, and times and marks (N, ...) without them, with an axis of length 1 for
    each of the last `axes`."""
    shape = np.broadcast_shapes((1,) * x.ndim, times.shape[1:], marks.shape[1:])
    lead = next((k for k, size in enumerate(shape) if size != 1), x.ndim)
    lead = max(0, min(lead, x.ndim - axes))
    own = (*x.shape[lead : x.ndim - axes], *(1,) * axes)
    times, marks = (part.expand(len(part), *shape).reshape(len(part), *shape[lead:]).expand(len(part), *own) for part in (times, marks))
    return lead, times, marks
