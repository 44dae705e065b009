"""Laws of a step as a program: shapes, seeds, precision, independence of the batch, and cost."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from pmmtheory.laws.characteristic import tensor_rule
from pmmtheory.particles import simulate
from pmmtheory.schemes import Midpoints, Scheme
from pmmtheory.targets import Target
from pmmtheory.testing.subject import LINE, SEED, SPACE, Step, Subject, Violation, mapped, points, record, require, rounding

_CHUNK = 16_384
"""Particles that share a random stream; see pmmtheory.particles."""

_SIGMAS = 5.0


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
            simulate(scheme, n, 2, seed=seed, dtype=torch.float64, initial=start) for n, seed in ((_CHUNK, 1), (_CHUNK, 1), (_CHUNK, 2), (_CHUNK + 5, 1))
        )
        if not torch.equal(first, again):
            raise Violation("two runs with the same seed differ: a step must take all its randomness from its draws")
        if torch.equal(first, other):
            raise Violation("runs with the seeds 1 and 2 are equal: the step has no randomness")
        if not torch.equal(first, more[:_CHUNK]):
            raise Violation(f"the first {_CHUNK} particles change when 5 more follow them: a step must treat its points one by one")


def precisions(subject: Subject) -> None:
    """step(x, draws) in float32 = the same in float64, to float32 rounding."""
    for scheme in subject.everywhere():
        low = record(scheme, points(scheme, 64, torch.float32))
        mean, factor = scheme.step(low.x.double(), 0.0, mapped(low.draws, _double))
        for name, coarse, fine in (("mean", low.mean, mean), ("factor", low.factor, factor)):
            a, b = torch.as_tensor(coarse).double(), torch.as_tensor(fine, dtype=torch.float64)
            require(a, b, rounding(torch.ones(1), low.x, b.float()), f"with the same draws the {name} in float32 is")


def batch_equals_loop(subject: Subject) -> None:
    """step(x, draws)_i = step(x_i, draws_i), and a step broadcasts starts of shape (n, 1) against draws of shape (1, q)."""
    for scheme in subject.everywhere():
        whole = record(scheme, points(scheme, 12))
        axis = -1 if scheme.dynamics.target.dim == 1 else -2
        for i in range(12):
            _row(scheme, whole, axis, i)
    if 1 in subject.dims:
        _broadcast(subject.on_line())


def drift_calls(subject: Subject) -> None:
    """drift_calls = E(number of points, per particle, at which a step needs the drift)."""
    for dim in subject.dims:
        target = LINE if dim == 1 else SPACE
        counter = _Counter(target, subject)
        declared = getattr(counter.scheme, "drift_calls", None)
        if not isinstance(declared, (int, float)):
            raise Violation(f"drift_calls is {declared!r}, not a number")
        seen, error = counter.expected()
        allowed = _SIGMAS * error + rounding(torch.tensor(seen, dtype=torch.float64))
        require(torch.tensor(float(declared)), torch.tensor(seen), allowed, "the declared number of drift evaluations a step is")


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


def _words(value: Tensor) -> str:
    return f"shape {tuple(value.shape)} and {value.dtype} on {value.device.type}"


def _double(value: Tensor) -> Tensor:
    return value.double() if value.is_floating_point() else value


def _row(scheme: Scheme, whole: Step, axis: int, i: int) -> None:
    def cut(value: Tensor) -> Tensor:
        return value.narrow(axis, i, 1)

    mean, factor = scheme.step(cut(whole.x), 0.0, mapped(whole.draws, cut))
    wide = torch.as_tensor(whole.factor, dtype=whole.x.dtype).expand(whole.x.shape)
    size = rounding(torch.ones_like(whole.x), whole.x, whole.mean)
    require(cut(whole.mean), mean, size, f"the mean of particle {i} in a batch of 12 is")
    require(cut(wide), torch.as_tensor(factor, dtype=whole.x.dtype).expand(mean.shape), size, f"the factor of particle {i} in a batch of 12 is")


def _broadcast(scheme: Scheme) -> None:
    """Exact laws hand a step all starts and all nodes at once."""
    if any(isinstance(draw, Midpoints) for draw in scheme.draws.values()):
        return
    x = points(scheme, 5)
    draws, weights = tensor_rule(scheme, 0, x.device)
    draws = mapped(draws, lambda value: value[:, :: max(1, weights.shape[0] // 6)])
    mean, _ = scheme.step(x[:, None], 0.0, draws)
    for q in range(next(iter(draws.values())).shape[1] if draws else 1):
        column, _ = scheme.step(x, 0.0, mapped(draws, lambda value, q=q: value[0, q].expand(x.shape)))  # type: ignore[misc]
        require(mean[:, q if mean.shape[1] > 1 else 0], column, rounding(x, column), "with starts of shape (n, 1) and draws of shape (1, q) the mean is")


class _Counter:
    """The scheme over a drift that counts the points at which it is evaluated."""

    def __init__(self, target: Target, subject: Subject):
        self.points, self._inside = 0, False
        watched = copy.copy(target)
        setattr(watched, "drift", self._counting(target.drift))  # noqa: B010
        system = subject.dynamics(watched)
        setattr(system, "drift", self._counting(system.drift))  # noqa: B010
        self.scheme = subject.make(system, subject.on(target).step_size)

    def expected(self) -> tuple[float, float]:
        """The evaluations that a particle needs in a step, and the standard error of that number."""
        x = points(self.scheme, 4096)
        counts = torch.tensor([self._count(record(self.scheme, x, seed)) for seed in range(SEED, SEED + 16)], dtype=torch.float64)
        return float(counts.mean()), float(counts.std()) / 4

    def _count(self, step: Step) -> float:
        self.points = 0
        self.scheme.step(step.x, 0.0, step.draws)
        return self.points / step.x.numel()

    def _counting(self, drift: Any) -> Any:
        def counted(x: Tensor, *rest: Any) -> Tensor:
            outermost, self._inside = not self._inside, True
            try:
                self.points += x.numel() * outermost
                value: Tensor = drift(x, *rest)
                return value
            finally:
                self._inside = not outermost

        return counted
