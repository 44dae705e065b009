"""Samples of a diffusion model, by any scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, whole
from pmmtheory.particles.simulate import sample_step, stream, walk
from pmmtheory.targets import Target

if TYPE_CHECKING:
    from pmmtheory.schedulers import Scheduler


def sample(scheduler: Scheduler, predictor: Any, x: Tensor, seed: int = 0) -> Tensor:
    """Run the chain of a scheduler from x, each step with random numbers that depend only on the seed and its number.

    Parameters
    ----------
    scheduler : Scheduler
    predictor : function of (x, t)
        The noise in x at training time t.
    x : floating tensor of shape (n, ...)
        Standard normal noise, one entry a point; the result has its shape, dtype and device.
    seed : int

    Raises
    ------
    InvalidParameter
        Naming `x` where it is no batch of finite points, or has not the shape of the predictor's target.
    Diverged
        With the first step after which a point is not finite.
    """
    key = whole("seed", seed)
    if not callable(predictor):
        raise InvalidParameter("predictor", predictor, "a function of (x, t)")
    if not isinstance(x, Tensor) or not x.is_floating_point() or x.ndim == 0 or not bool(torch.isfinite(x).all()):
        raise InvalidParameter("x", tuple(x.shape) if isinstance(x, Tensor) else x, "a floating tensor of finite points, one an entry of its first axis")
    known = isinstance(getattr(predictor, "target", None), Target)
    scheme = scheduler.scheme(predictor, None if known else tuple(x.shape[1:]))
    system, device = scheme.dynamics, str(x.device)
    wanted = system.state_shape[1:] if system.blocks > 1 else system.state_shape
    if tuple(x.shape[1:]) != wanted:
        raise InvalidParameter("x", tuple(x.shape), f"points of shape (n, {', '.join(map(str, wanted))}), as the predictor's target")

    def move(state: Tensor, i: int) -> Tensor:
        return sample_step(scheme, state, i * scheme.step_size, stream(key, i, device))

    with torch.no_grad():
        state = system.lift(x, stream(key, -1, device))
        state = walk(move, state, scheduler.chain_steps, scheduler.name, "smaller answers of the predictor, or more steps, may keep it stable")
    return system.position(state)
