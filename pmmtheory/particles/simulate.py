"""Particles: many independent copies of a chain."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable
from contextlib import closing
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain, chain_of
from pmmtheory.errors import Diverged, InvalidParameter, count, fits, flag, real, required, whole
from pmmtheory.numerics.devices import known_device
from pmmtheory.numerics.finite import all_finite
from pmmtheory.particles.checkpoint import Checkpoint
from pmmtheory.particles.fused import Move, fused, with_fused_drift
from pmmtheory.particles.in_order import in_order
from pmmtheory.particles.made import Joined, Sum
from pmmtheory.particles.progress import bar
from pmmtheory.particles.starts import chunk_size, starts
from pmmtheory.particles.starts import stream as stream
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.drawn import drawn
from pmmtheory.schemes.layout import coordinates_first, normals

LONGEST = 10**9
_MOST_WORKERS = 1024
_WATCH = 32
"""Steps between two looks at whether all particles are finite."""


def simulate(
    scheme: Scheme | Chain,
    particles: int,
    steps: int | None = None,
    seed: int = 0,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    initial: Any = None,
    *,
    reduce: Callable[[Tensor], Any] | None = None,
    workers: int = 1,
    progress: bool = False,
    checkpoint: str | os.PathLike[str] | None = None,
    compile: bool = False,
) -> Tensor:
    """Run independent copies of a chain and return where they end, or a sum over them.

    Particles are simulated in chunks of 65536 (on a GPU of 2^24 numbers), each with random streams of its own that depend only on the seed and the
    number of the chunk: whole chunks are the same whatever comes after them, and however many workers there are.

    Parameters
    ----------
    scheme : Scheme or Chain
        A Chain says itself where it starts and how many steps it takes.
    particles, steps : int
    seed : int
    device, dtype
        Where and in which precision; a seed gives one result per device and dtype.
    initial : Target, tensor or number, optional
        Where they start: draws of a target (the scheme's own by default) with velocities from N(0, 1), or states: one for
        all, or one a particle.
    reduce : function, optional
        A statistic of the states of a chunk (m, *state_shape) that adds up: a tensor or a number, such as a sum of moments or a histogram. Its sum over
        the chunks, in float64 where it is not of integers, is returned in place of the states, which are then never all in memory.
    workers : int
        Threads, each with a chunk of its own. With more than one, the scheme, its target and what they call are used by several threads at once.
    progress : bool
        Whether a bar on standard error counts the chunks.
    checkpoint : path, optional
        A file that keeps what is done, every ten seconds or more and at the end; the same call, with the same `reduce`, goes on from there, with the
        same bits.
    compile : bool
        Whether torch.compile makes one kernel of a step, or of the drift where the scheme draws midpoints: seconds or a minute before the first step,
        several times as fast on a GPU. The same numbers to rounding. It needs a C++ compiler or, on a GPU, what comes with torch.

    Returns
    -------
    Tensor of shape (particles, *state_shape), as in pmmtheory.dynamics.Dynamics; with `reduce`, of the shape of what it returns

    Raises
    ------
    Diverged
        With the first step after which a particle is not finite, in the first chunk that has one.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> scheme = EulerMaruyama(Overdamped(Gaussian()), step_size=0.1)
    >>> simulate(scheme, particles=5, steps=3).shape
    torch.Size([5])
    >>> moments = simulate(scheme, particles=40_000, steps=50, reduce=lambda x: torch.stack([x.sum(), (x * x).sum()])) / 40_000
    >>> abs(float(moments[1]) - 1.05) < 0.05
    True
    """
    chain = chain_of(scheme, initial, steps)
    if not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
        raise InvalidParameter("dtype", dtype, "a floating dtype of torch, such as torch.float64")
    n, length, key, place = count("particles", particles), int(required("steps", chain.steps)), whole("seed", seed), known_device(device)
    if length > LONGEST:
        raise InvalidParameter("steps", length, f"at most {LONGEST}, which take hours")
    if reduce is not None and not callable(reduce):
        raise InvalidParameter("reduce", reduce, "a function of the states of a chunk")
    threads, shown, own = count("workers", workers, 1, _MOST_WORKERS), flag("progress", progress), chain.scheme
    if reduce is None:
        fits("particles", particles, 1.5 * n * math.prod(own.dynamics.state_shape), dtype.itemsize)
    size = chunk_size(own, place)
    start = starts(own, n, key, chain.start, size)
    run = _Run(own, start, length, key, place, dtype, size, flag("compile", compile))
    made = Sum(reduce) if reduce is not None else Joined((n, *own.dynamics.state_shape), dtype, place)
    kept = Checkpoint(checkpoint, run.name(n, reduce is not None) if checkpoint is not None else "")
    done, found = kept.found()
    if found is not None:
        made.restore(found)
    chunks = -(-n // size)
    with bar(own.name, chunks - done, shown) as advance, closing(in_order(run, done, chunks, threads)) as ends:
        for number, states in enumerate(ends, done):
            made.add(states)
            advance()
            kept.save(number + 1, made.value(), now=number + 1 == chunks)
    return made.value()


class _Run:
    """The end of each chunk, by its number."""

    def __init__(self, scheme: Scheme, start: Callable[[int], Tensor], steps: int, seed: int, place: str, dtype: torch.dtype, size: int, compile: bool):
        self.scheme, self.start, self.steps, self.seed, self.place, self.dtype, self.size = scheme, start, steps, seed, place, dtype, size
        self._move: Move | None = None
        self._compiled = compile and steps > 0
        if self._compiled:
            x = self._states(0)
            self._move = fused(scheme, x)
            if self._move is None:
                self.scheme = with_fused_drift(scheme, x)

    def __call__(self, number: int) -> Tensor:
        own, step, x, generator = self.scheme, self._move, self._states(number), stream(self.seed, number, self.place)

        def move(x: Tensor, i: int) -> Tensor:
            t = i * own.step_size
            return sample_step(own, x, t, generator) if step is None else step(x, t, generator)

        return _walk(own, move, x, self.steps, generator)

    def _states(self, number: int) -> Tensor:
        x = self.start(number).to(device=self.place, dtype=self.dtype)
        return coordinates_first(x) if getattr(getattr(self.scheme.dynamics, "target", None), "coordinates_first", False) else x

    def name(self, n: int, reduced: bool) -> str:
        """What tells this run from others, its first states and their first step included."""
        x = self.start(0)[:64].to(device=self.place, dtype=self.dtype)
        moved = sample_step(self.scheme, x, 0.0, stream(self.seed, 0, self.place)).double().cpu()
        digest = hashlib.blake2b(x.double().cpu().numpy().tobytes() + moved.numpy().tobytes(), digest_size=16).hexdigest()
        how = f"{self.size} {reduced}{' compiled' if self._compiled else ''}"
        return f"{self.scheme.name} {self.scheme.step_size!r} {self.steps} {n} {self.seed} {self.place} {self.dtype} {how} {digest}"


def _walk(scheme: Scheme, move: Callable[[Tensor, int], Tensor], x: Tensor, steps: int, generator: torch.Generator) -> Tensor:
    """Steps 0, 1, ... of a chain; raises Diverged once a particle is not finite. The generator is what `move` draws from."""
    kept, since, state = x, 0, generator.get_state()
    for i in range(steps):
        x = move(x, i)
        if (i + 1) % _WATCH == 0 or i + 1 == steps:
            if not all_finite(x):
                generator.set_state(state)
                raise _divergence(scheme, move, kept, range(since, steps))
            kept, since, state = x, i + 1, generator.get_state()
    return x


def _divergence(scheme: Scheme, move: Callable[[Tensor, int], Tensor], x: Tensor, steps: range) -> Diverged:
    """The same steps again, with a look after each."""
    i = steps.start
    for i in steps:
        x = move(x, i)
        if lost_in(x):
            break
    return diverged(scheme, x, i + 1, steps.stop)


def diverged(scheme: Scheme, x: Tensor, step: int, steps: int) -> Diverged:
    """What is raised of states x that are not all finite, after so many steps of those that were to be taken."""
    what = f"{scheme.name} with step_size = {scheme.step_size:g} on {getattr(scheme.dynamics.target, 'name', 'a predictor')}"
    return Diverged(what, step, steps, lost_in(x), len(x), "a smaller step may keep it stable")


def lost_in(x: Tensor) -> int:
    """How many particles are not finite."""
    return int((~torch.isfinite(x)).reshape(len(x), math.prod(x.shape[1:])).any(1).sum())


def sample_step(scheme: Scheme, x: Tensor, t: float, generator: torch.Generator, together: bool = False) -> Tensor:
    """One random step of every point of x, a floating tensor of states; `together`, all have the same random times."""
    if not isinstance(scheme, Scheme):
        raise InvalidParameter("scheme", scheme, "a pmmtheory scheme")
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise InvalidParameter("x", x, "a floating tensor of states")
    if not hasattr(generator, "manual_seed"):
        raise InvalidParameter("generator", generator, "a torch.Generator")
    real("t", t)
    if not flag("together", together) and x.ndim == 1 + len(scheme.dynamics.state_shape):
        found = scheme.random_step(x, t, generator)
        if found is not None:
            return found
    mean, factor = scheme.step(x, t, drawn(scheme, x, generator, together))
    z = normals(x, generator)
    if isinstance(factor, int | float) and mean.shape == x.shape and mean.dtype == x.dtype:
        return z.mul_(factor).add_(mean)
    moved: Tensor = mean + factor * z
    return moved
