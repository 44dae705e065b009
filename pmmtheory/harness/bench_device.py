"""Particles and a law on a GPU, where there is one, beside two threads of the processor: in one run, named by the device."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.table import Table

from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import stationary_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import GaussianMixture

_SIZES = {"cpu": (1 << 17, 24), "cuda": (1 << 25, 84)}
"""Particles, and the steps of the longer run, on each."""
_SHORT = 4
"""Those of the shorter run, which is taken away: starts and a compiler's work are no part of a step."""
_MODES, _VARIANCE, _STEP = 8, 0.5, 0.01


def device_table() -> Table | None:
    """Million particle-steps a second and seconds of a law; None where there is no GPU."""
    if not torch.cuda.is_available():
        return None
    kept = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        return _table(torch.cuda.get_device_name())
    finally:
        torch.set_num_threads(kept)


def _table(name: str) -> Table:
    angle = 2 * math.pi * np.arange(_MODES) / _MODES
    system = Overdamped(GaussianMixture([1 / _MODES] * _MODES, 4 * np.stack([np.cos(angle), np.sin(angle)], 1), [_VARIANCE] * _MODES))
    table = Table("", "two threads", "GPU", "ratio", title=f"8 modes in the plane, float32, million particle-steps/s; {name}")
    schemes: list[Scheme] = [EulerMaruyama(system, _STEP), RandomizedMidpoint(system, _STEP), PoissonMidpoint(system, _STEP, 4)]
    for scheme in [*schemes, PoissonMidpoint(system, _STEP, 1000)]:
        here = _speed(scheme, "cpu", False)
        for compiled in (False, True):
            there = _speed(scheme, "cuda", compiled)
            table.add_row(scheme.name + (", compiled" if compiled else ""), f"{here:.1f}", f"{there:.0f}", f"{there / here:.0f}")
    z = torch.empty(2 * _SIZES["cuda"][0], device="cuda").normal_()
    table.add_row("normals alone, two a step", "", f"{z.numel() / 2e6 / _seconds(z.normal_):.0f}", "")
    two = GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.5]], [0.6, 0.5])
    midpoint = RandomizedMidpoint(Overdamped(two), 0.05)
    _, there, here = (_seconds(lambda place=place: stationary_law(midpoint, device=place)) for place in ("cuda", "cuda", "cpu"))  # type: ignore[misc]
    table.add_row("law of RMM in the plane, step 0.05: seconds", f"{here:.1f}", f"{there:.2f}", f"{here / there:.0f}")
    return table


def _speed(scheme: Scheme, place: str, compiled: bool) -> float:
    """Million particle-steps a second."""
    particles, steps = _SIZES[place]

    def run(steps: int) -> float:
        return _seconds(lambda: simulate(scheme, particles, steps, device=place, initial=[0.0, 0.0], workers=2 if place == "cpu" else 1, compile=compiled))

    run(2)
    short = run(_SHORT)
    return particles * (steps - _SHORT) / 1e6 / (run(steps) - short)


def _seconds(run: Callable[[], object]) -> float:
    """Of one run; those on a GPU are awaited."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    torch.cuda.synchronize()
    return time.perf_counter() - start
