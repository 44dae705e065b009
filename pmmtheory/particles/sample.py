"""Samples of a diffusion model, by any scheduler."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from pmmtheory.dynamics.predictor import NoiseFunction, Predictor
from pmmtheory.errors import Diverged, InvalidParameter, flag, whole
from pmmtheory.numerics.finite import all_finite
from pmmtheory.particles.progress import bar
from pmmtheory.particles.simulate import lost_in, sample_step
from pmmtheory.particles.starts import stream
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Target

if TYPE_CHECKING:
    from pmmtheory.schedulers import Scheduler


def sample(
    scheduler: Scheduler,
    predictor: NoiseFunction,
    x: Tensor,
    seed: int = 0,
    *,
    generator: torch.Generator | None = None,
    independent: bool = False,
    progress: bool = False,
    callback: Callable[[int, float, Tensor], Tensor | None] | None = None,
) -> Tensor:
    """Run the chain of a scheduler from x; see Scheduler.sample.

    With a seed, each step has random numbers that depend only on the seed and its number. The chain of a half-precision x is run in float32: a
    function of (x, t) is asked in the dtype of x, a Predictor in that of the chain.
    """
    randomness = _randomness(seed, generator, x)
    if callback is not None and not callable(callback):
        raise InvalidParameter("callback", callback, "a function of the number of the step, the training time and x")
    for name, value in (("independent", independent), ("progress", progress)):
        flag(name, value)
    state_dtype = torch.promote_types(x.dtype, torch.float32)
    scheme = _scheme(scheduler, predictor, x)
    system, what = scheme.dynamics, scheduler.name
    with torch.no_grad(), bar(what, scheduler.chain_steps, progress) as advance:
        state = system.lift(x.to(state_dtype), randomness(-1))
        for i in range(scheduler.chain_steps):
            state = sample_step(scheme, state, i * scheme.step_size, randomness(i), together=not independent)
            if not all_finite(state):
                advice = "smaller answers of the predictor, or more steps, may keep it stable"
                raise Diverged(what, i + 1, scheduler.chain_steps, lost_in(state), len(state), advice)
            if callback is not None:
                state = _told(callback, scheme, state, i, x)
            advance()
    return system.position(state).to(x.dtype)


def _randomness(seed: int, generator: torch.Generator | None, x: Tensor) -> Callable[[int], torch.Generator]:
    """What each step draws from, by its number."""
    key = whole("seed", seed)
    if not isinstance(x, Tensor) or not x.is_floating_point() or x.ndim == 0 or not all_finite(x):
        found = f"a tensor of {x.dtype}, shape {tuple(x.shape)}" if isinstance(x, Tensor) else x
        raise InvalidParameter("x", found, "a floating tensor of finite points, one an entry of its first axis")
    if generator is None:
        return lambda number: stream(key, number, str(x.device))
    if not isinstance(generator, torch.Generator):
        raise InvalidParameter("generator", generator, "a torch.Generator")
    if key:
        raise InvalidParameter("generator", generator, "given without a seed")
    if generator.device != x.device:
        raise InvalidParameter("generator", f"a generator on {generator.device}", f"one on the device of x, {x.device}")
    return lambda number: generator


def _scheme(scheduler: Scheduler, predictor: NoiseFunction, x: Tensor) -> Scheme:
    """The chain for points like x, or one sentence why there is none."""
    if not callable(predictor):
        raise InvalidParameter("predictor", predictor, "a function of (x, t)")
    known = isinstance(getattr(predictor, "target", None), Target)
    ask = predictor if known or isinstance(predictor, Predictor) else _in_dtype_of(x, predictor)
    scheme = scheduler.scheme(ask, None if known else tuple(x.shape[1:]))
    system = scheme.dynamics
    wanted = system.state_shape[1:] if system.blocks > 1 else system.state_shape
    if tuple(x.shape[1:]) != wanted:
        raise InvalidParameter("x", tuple(x.shape), f"points of shape (n, {', '.join(map(str, wanted))}), as the predictor's target")
    return scheme


def _in_dtype_of(x: Tensor, predictor: NoiseFunction) -> NoiseFunction:
    """The predictor, asked in the dtype of x; the chain brings its answer to its own."""
    return predictor if x.dtype in (torch.float32, torch.float64) else lambda points, t: predictor(points.to(x.dtype), t)


def _told(callback: Callable[[int, float, Tensor], Tensor | None], scheme: Scheme, state: Tensor, i: int, x: Tensor) -> Tensor:
    """The state after step i, with the points that the callback gives in place of those it is told."""
    system: Any = scheme.dynamics
    points = system.position(state)
    given = callback(i, float(system.training_time((i + 1) * scheme.step_size, points)), points.to(x.dtype))
    if given is None:
        return state
    if not isinstance(given, Tensor) or given.shape != x.shape or not all_finite(given):
        found = tuple(given.shape) if isinstance(given, Tensor) else type(given).__name__
        raise InvalidParameter("callback", found, f"it must return None, or finite points of shape {tuple(x.shape)} in place of those it is given")
    state = state.clone()
    system.position(state).copy_(given)
    return state
