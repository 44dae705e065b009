"""Particle-steps a second, beside what a user would write and what random numbers and memory allow: one core, in turn, in one run."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from rich.table import Table

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.harness.bench_peers import peer_runs
from pmmtheory.particles import simulate
from pmmtheory.particles.fused import Move, fused
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, Scheme
from pmmtheory.schemes.layout import coordinates_first
from pmmtheory.targets import GaussianMixture

_PARTICLES, _STEPS, _STEP, _ROUNDS, _PART = 65_536, 20, 0.01, 5, 4096
_MODES, _VARIANCE = 8, 0.5


def particle_table() -> Table:
    """The table: median speed of five rounds, and the median and the range of each round's ratio to the plain loop."""
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        runs = _runs()
        for run in runs.values():
            run()
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(_ROUNDS):
            for name, run in runs.items():
                start = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(kept)
    return _table(seconds)


def _table(seconds: dict[str, list[float]]) -> Table:
    plain = seconds["plain torch loop, (2, N)"]
    table = Table("8 modes in the plane, float32", "million/s", "ratio", "range", title="Particle-steps; one core, in turn; ratio to the plain loop")
    for name, taken in seconds.items():
        ratios = sorted(p / t for p, t in zip(plain, taken, strict=True))
        speed = _PARTICLES * _STEPS / statistics.median(taken) / 1e6
        table.add_row(name, f"{speed:.1f}", f"{statistics.median(ratios):.2f}", f"{ratios[0]:.2f} to {ratios[-1]:.2f}")
    return table


def _runs() -> dict[str, Callable[[], object]]:
    angle = 2 * math.pi * np.arange(_MODES) / _MODES
    means = 4 * np.stack([np.cos(angle), np.sin(angle)], 1)
    system = Overdamped(GaussianMixture([1 / _MODES] * _MODES, means, [_VARIANCE] * _MODES))
    ours = {
        "simulate, LMC": EulerMaruyama(system, _STEP),
        "simulate, PMM K = 4": PoissonMidpoint(system, _STEP, 4),
        "simulate, PMM K = 1000": PoissonMidpoint(system, _STEP, 1000),
    }
    own = {name: lambda scheme=scheme: simulate(scheme, _PARTICLES, _STEPS, initial=[0.0, 0.0]) for name, scheme in ours.items()}
    return {
        "plain torch loop, (2, N)": lambda: _plain_torch(torch.tensor(means, dtype=torch.float32)),
        "plain numpy loop, in place": lambda: _plain_numpy(means.astype(np.float32)),
        **peer_runs(means, _VARIANCE, _STEP, _PARTICLES, _STEPS),
        **own,
        **_compiled(ours["simulate, LMC"]),
        "normals alone (normal_)": _normals,
        "copy of the states alone": _copies,
    }


def _plain_torch(means: torch.Tensor) -> None:
    """LMC as a user writes it who knows that layout matters: parts of 4096 particles, coordinates first, in place."""
    first, second, pull = means[:, :1], means[:, 1:], means.T.contiguous()
    for _ in range(_PARTICLES // _PART):
        x, z, level, square = torch.zeros(2, _PART), torch.empty(2, _PART), torch.empty(_MODES, _PART), torch.empty(_MODES, _PART)
        for _ in range(_STEPS):
            torch.sub(x[0], first, out=level).square_()
            torch.sub(x[1], second, out=square).square_()
            share = torch.softmax(level.add_(square).mul_(-0.5 / _VARIANCE), 0)
            x.add_((pull @ share).sub_(x), alpha=_STEP / _VARIANCE).add_(z.normal_(), alpha=math.sqrt(2 * _STEP))


def _compiled(scheme: Scheme) -> dict[str, Callable[[], object]]:
    """The steps alone: making their kernel takes some tenths of a second a run. None where there is no compiler."""
    start = coordinates_first(torch.zeros(_PARTICLES, 2))
    try:
        step = fused(scheme, start)
    except InvalidParameter:
        step = None
    return {"LMC, the step of compile=True": partial(_walk, step, start)} if step is not None else {}


def _walk(step: Move, x: torch.Tensor) -> None:
    generator = torch.Generator()
    for _ in range(_STEPS):
        x = step(x, 0.0, generator)


def _plain_numpy(means: np.ndarray) -> None:
    """The same in numpy, with its fastest generator."""
    random, pull = np.random.Generator(np.random.SFC64(0)), np.ascontiguousarray(means.T)
    for _ in range(_PARTICLES // _PART):
        x, z = np.zeros((2, _PART), np.float32), np.empty((2, _PART), np.float32)
        for _ in range(_STEPS):
            level = (x[0] - means[:, :1]) ** 2
            level += (x[1] - means[:, 1:]) ** 2
            level *= np.float32(-0.5 / _VARIANCE)
            level -= level.max(0)
            np.exp(level, out=level)
            level /= level.sum(0)
            random.standard_normal(out=z, dtype=np.float32)
            x += np.float32(_STEP / _VARIANCE) * (pull @ level - x) + np.float32(math.sqrt(2 * _STEP)) * z


def _normals() -> None:
    z = torch.empty(2, _PART)
    for _ in range(_PARTICLES // _PART * _STEPS):
        z.normal_()


def _copies() -> None:
    x, y = torch.zeros(2, _PARTICLES), torch.empty(2, _PARTICLES)
    for _ in range(_STEPS):
        y.copy_(x)
