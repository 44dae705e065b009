"""Laws of a step as a program: shapes, seeds, precision and independence of the batch."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.particles import simulate
from pmmtheory.particles.starts import CHUNK
from pmmtheory.schemes import Scheme
from pmmtheory.testing.subject import Step, Subject, Violation, images, mapped, points, record, require, rounding

_JUMPED, _FEW = 1e-3, 1 / 32
"""What only a jump makes of a rounding of float32, and the share of particles it may happen to."""


def shapes(subject: Subject) -> None:
    """mean and mean + factor Z have the shape, dtype and device of x, are finite, and x stays as it was."""
    devices = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    for scheme in subject.everywhere():
        for dtype in (torch.float64, torch.float32):
            for device in devices:
                for n in (7, 1):
                    _shape(scheme, points(scheme, n, dtype, device))


def seeds(subject: Subject) -> None:
    """One seed gives one table; another seed another; further particles leave the first ones unchanged."""
    for scheme in subject.everywhere():
        start = points(scheme, 3)[1]
        first, again, other, more = (
            simulate(scheme, n, 2, seed=seed, dtype=torch.float64, initial=start) for n, seed in ((CHUNK, 1), (CHUNK, 1), (CHUNK, 2), (CHUNK + 5, 1))
        )
        if not torch.equal(first, again):
            raise Violation("two runs with the same seed differ: a step must take all its randomness from its draws")
        if torch.equal(first, other):
            raise Violation("runs with the seeds 1 and 2 are equal: the step has no randomness")
        if not torch.equal(first, more[:CHUNK]):
            raise Violation(f"the first {CHUNK} particles change when 5 more follow them: a step must treat its points one by one")


def precisions(subject: Subject) -> None:
    """step(x, draws) in float32 = the same in float64, to float32 rounding."""
    for scheme in subject.everywhere():
        low = record(scheme, points(scheme, 64, torch.float32))
        mean, factor = scheme.step(low.x.double(), 0.0, mapped(scheme, low.draws, _double))
        axes = len(scheme.dynamics.state_shape)
        widths = images(low.factor, low.x, axes), images(factor, low.x.double(), axes)
        alike = _alike(low.mean, mean, subject)
        for name, coarse, fine in (("mean", low.mean[alike], mean[alike]), ("factor", widths[0][alike], widths[1][alike])):
            require(coarse.double(), fine.double(), rounding(torch.ones(1), low.x, fine.float()), f"with the same draws the {name} in float32 is")


def batch_equals_loop(subject: Subject) -> None:
    """step(x, draws)_i = step(x_i, draws_i), and a step broadcasts starts of shape (n, 1, ...) against draws of shape (1, q, ...)."""
    for scheme in subject.everywhere():
        whole = record(scheme, points(scheme, 12))
        for i in range(12):
            _row(scheme, whole, i)
    if 1 in subject.dims:
        _broadcast(subject.on_line())


def _shape(scheme: Scheme, x: Tensor) -> None:
    kept, place = x.clone(), f"from x of shape {tuple(x.shape)} and {x.dtype} on {x.device.type}"
    try:
        step = record(scheme, x)
    except Exception as error:
        raise Violation(f"a step {place} raised {type(error).__name__}: {error}") from error
    if not isinstance(step.mean, Tensor):
        raise Violation(f"the mean of a step {place} is a {type(step.mean).__name__}, not a tensor")
    try:
        after = step.mean + step.factor * torch.ones_like(x)
    except Exception as error:
        raise Violation(f"the factor of a step {place} does not multiply a normal of that shape ({error})") from error
    for name, value in (("mean", step.mean), ("next state", after)):
        seen, wanted = (tuple(value.shape), value.dtype, value.device), (tuple(x.shape), x.dtype, x.device)
        if seen != wanted:
            raise Violation(f"the {name} of a step {place} has {_words(value)}")
        if not bool(torch.isfinite(value).all()):
            raise Violation(f"the {name} of a step {place} is not finite: {value.flatten().tolist()}")
    if not torch.equal(x, kept):
        raise Violation(f"a step {place} changes x in place")


def _alike(low: Tensor, fine: Tensor, subject: Subject) -> Tensor:
    """All particles; of a step that jumps, not those few that rounding took to the other side of a jump."""
    off = torch.abs(low.double() - fine.double()).reshape(len(low), -1).amax(1) > _JUMPED
    return ~off if subject.jumps.draws and int(off.sum()) <= len(low) * _FEW else torch.ones_like(off)


def _words(value: Tensor) -> str:
    return f"shape {tuple(value.shape)} and {value.dtype} on {value.device.type}"


def _double(value: Tensor) -> Tensor:
    return value.double() if value.is_floating_point() else value


def _row(scheme: Scheme, whole: Step, i: int) -> None:
    axes = len(scheme.dynamics.state_shape)

    def cut(value: Tensor) -> Tensor:
        return value.narrow(-1 - axes, i, 1)

    mean, factor = scheme.step(cut(whole.x), 0.0, mapped(scheme, whole.draws, cut))
    size = rounding(torch.ones_like(whole.x), whole.x, whole.mean)
    require(cut(whole.mean), mean, size, f"the mean of particle {i} in a batch of 12 is")
    wide, alone = images(whole.factor, whole.x, axes)[i], images(factor, cut(whole.x), axes)[0]
    require(wide, alone, size, f"the factor of particle {i} in a batch of 12 is")


def _broadcast(scheme: Scheme) -> None:
    """Exact laws hand a step all starts and all nodes at once."""
    if any(draw.layered for draw in scheme.draws.values()):
        return
    x, axes = points(scheme, 5), len(scheme.dynamics.state_shape)
    draws = mapped(scheme, record(scheme, points(scheme, 6)).draws, lambda value: value[None])
    mean, factor = scheme.step(x[:, None], 0.0, draws)
    states = x[:, None].expand(-1, 6, *x.shape[1:])
    for q in range(6):
        column, width = scheme.step(x, 0.0, mapped(scheme, draws, lambda value, q=q: value[0, q].expand(x.shape[:1] + value.shape[2:])))  # type: ignore[misc]
        words, size = "with starts of shape (n, 1) and draws of shape (1, q)", rounding(x, column)
        require(mean.expand(states.shape)[:, q], column, size, f"{words} the mean is")
        require(images(factor, states, axes)[:, q], images(width, x, axes), size, f"{words} the factor is")
