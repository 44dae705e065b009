"""What an exact law saves: seconds to know the total variation between the law of LMC and its target, by the law and by particles."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from rich.table import Table

from pmmtheory.divergences import tv
from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import stationary_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import GaussianMixture

_STEP, _TIME = 0.1, 10.0
_PARTICLES = 2**14, 2**16, 2**18, 2**20
_BINS = 8, 16, 32, 64, 128
_REPEATS = 8
_WANTED = 1e-3, 1e-6


def sampling_table() -> Table:
    """The table: error and seconds by particles, with the number of bins that suits the truth best; then both at two errors, and their ratios.

    Particles start from the target and take 100 steps; their error is the root mean square of eight runs, carried on by the power law that is fitted.
    """
    target = GaussianMixture([0.5, 0.5], [-1.5, 1.5], [1.0, 1.0])
    scheme = EulerMaruyama(Overdamped(target), _STEP)
    truth = tv(stationary_law(scheme), target).value
    table = Table("TV of LMC, step 0.1, two modes", "error", "seconds", "ratio", title="Exact law against particles; one core")
    errors, seconds = [], []
    for n in _PARTICLES:
        error, taken = _by_particles(scheme, target, n, truth)
        errors.append(error)
        seconds.append(taken)
        table.add_row(f"{n} particles", f"{error:.1e}", f"{taken:.2g}", "")
    slope, level = np.polyfit(np.log(errors), np.log(seconds), 1)
    table.add_row("seconds by particles are error^p", f"p = {slope:.2f}", "", "")
    for wanted in _WANTED:
        law, stated = _by_law(scheme, target, wanted)
        sampled = math.exp(level + slope * math.log(wanted))
        table.add_row(f"the law, error below {wanted:g}", f"{stated:.1e}", f"{law:.2g}", "1")
        how = "" if wanted >= min(errors) else ", by the power law"
        table.add_row(f"particles, error {wanted:g}{how}", f"{wanted:.1e}", f"{sampled:.2g}", f"{sampled / law:.1e}")
    return table


def _by_law(scheme: EulerMaruyama, target: GaussianMixture, wanted: float) -> tuple[float, float]:
    """Seconds, and the error that is stated."""
    found = [_timed(lambda: tv(stationary_law(scheme, rtol=wanted), target)) for _ in range(3)]
    return min(taken for taken, _ in found), found[0][1].error


def _by_particles(scheme: EulerMaruyama, target: GaussianMixture, n: int, truth: float) -> tuple[float, float]:
    """The root mean square error with the number of bins that makes it least, and the seconds of a run."""
    misses: dict[int, list[float]] = {bins: [] for bins in _BINS}
    taken = []
    for seed in range(_REPEATS):
        seconds, x = _timed(lambda seed=seed: simulate(scheme, n, round(_TIME / _STEP), seed=seed, dtype=torch.float64))  # type: ignore[misc]
        taken.append(seconds)
        for bins, missed in misses.items():
            ends = torch.as_tensor(target.quantile(torch.arange(1, bins, dtype=torch.float64) / bins))
            shares = torch.bincount(torch.bucketize(x, ends), minlength=bins).double() / n
            missed.append(float((shares - 1 / bins).abs().sum()) / 2 - truth)
    return min(math.sqrt(statistics.fmean(miss**2 for miss in missed)) for missed in misses.values()), statistics.median(taken)


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = run()
    return time.perf_counter() - start, found
