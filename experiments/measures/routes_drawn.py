"""Samples of the draws of steps, next to plain loops with the numbers of the same generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, inf, log, log1p, sqrt
from typing import Any

import numpy as np
import torch
from scipy.special import roots_legendre

from experiments.measures._arrays import Pairs, all_apart
from experiments.measures._plain_dynamics import MODES
from experiments.measures._routes import compared, held
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.schemes import Index, Midpoints, Normal, PoissonMidpoint, QuadratureTime, Scheme, Uniform
from pmmtheory.schemes.draw import Draw
from pmmtheory.schemes.drawn import drawn, states
from pmmtheory.schemes.poisson_random import all_midpoints

_SHAPE = (4000,)
"""So many that a probability that is a thousandth off changes some."""


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Samples of every draw, and what steps are tried on."""
    found = all_apart(
        {
            "samples of times": _samples,
            "samples of midpoints": _midpoints,
            "midpoints of many particles": _many,
            "what steps are tried on": _tried,
        }
    )
    return held(found)


def _uniform(seed: int) -> Callable[[], Numbers]:
    """Uniform numbers, as many at a time as there are points."""
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.rand(_SHAPE, generator=generator, dtype=torch.float64).numpy()


def _samples() -> Pairs:
    def seeded() -> torch.Generator:
        return torch.Generator().manual_seed(5)

    nodes, weights = (part / 2 for part in roots_legendre(3))
    chosen = [nodes[sum(u >= total for total in np.cumsum(weights)[:-1])] + 0.5 for u in _uniform(5)()]
    return [
        (QuadratureTime(3).sample(_SHAPE, seeded(), torch.float64), chosen),
        (Uniform().sample(_SHAPE, seeded(), torch.float64), _uniform(5)()),
        (Index(inf).sample(_SHAPE, seeded(), torch.float64), _uniform(5)()),
        (Index(7).sample(_SHAPE, seeded(), torch.float64), [i / 7 for i in torch.randint(7, _SHAPE, generator=seeded()).tolist()]),
        (Normal().sample(_SHAPE, seeded(), torch.float64), torch.randn(_SHAPE, generator=seeded(), dtype=torch.float64)),
    ]


def _midpoints() -> Pairs:
    """Times and marks, by geometric or exponential gaps of each point."""
    pairs: list[tuple[Any, Any]] = []
    for k, kind, c in ((6, "single", 1.0), (6, "interior", 1.0), (inf, "single", 1.0)):
        times, marks = Midpoints(k, kind, c).sample(_SHAPE, torch.Generator().manual_seed(8), torch.float64)
        u, first = _uniform(8)(), kind == "interior"
        pairs += [(times[0], u if k == inf else (first + np.floor(u * (k - first))) / k), (marks[0], np.ones(_SHAPE)), (times.shape, [1, *_SHAPE])]
    for k, c in ((6, 1.0), (2, 2.0), (9, 1.7), (inf, 1.6)):
        times, marks = Midpoints(k, "bernoulli", c).sample(_SHAPE, torch.Generator().manual_seed(8), torch.float64)
        draw, now, rows, marked = _uniform(8), np.zeros(_SHAPE), list[Numbers](), list[Numbers]()
        shown = now
        while True:
            now = now + _gap(draw(), k, c, not rows)
            inside = now < 1 - 1e-12
            if rows and not inside.any():
                break
            shown = np.where(inside, now, shown)
            rows.append(shown)
            marked.append(inside.astype(float))
        pairs += [(times, rows), (marks, marked)]
    return pairs


def _gap(u: Numbers, k: float, c: float, first: bool) -> Numbers:
    """From one midpoint to the next: exponential, or the trials until the first success."""
    if k == inf:
        return -np.log(1 - u) / c
    chances = 1 - (1 - c / k) ** np.arange(1, 1000)
    return np.asarray((np.searchsorted(chances, u, side="right") + 1 - first) / k)


def _many() -> Pairs:
    """The trials of all points one after another, those at time 0 left out; a process has 2^36 of them a point."""
    pairs: list[tuple[Any, Any]] = []
    (n,) = _SHAPE
    for k, c in ((8, 1.0), (2, 2.0), (inf, 1.6)):
        generator, trials = torch.Generator().manual_seed(4), 2**36 if k == inf else int(k)
        expected = n * (trials - 1) * c / trials
        uniform = torch.rand(ceil(expected + 6 * sqrt(expected)) + 8, generator=generator, dtype=torch.float64).tolist()
        owners, times, before = list[int](), list[float](), 0
        for u in uniform:
            before += 1 if c == trials else int(log(1 - u) / log1p(-c / trials)) + 1
            if before > n * (trials - 1):
                break
            owner, place = divmod(before - 1, trials - 1)
            owners.append(owner)
            times.append((place + 1) / trials)
        pairs += [(list(all_midpoints(Midpoints(k, "bernoulli", c), n, torch.Generator().manual_seed(4), torch.float64)), [owners, times])]
    one = all_midpoints(Midpoints(4, "single"), n, torch.Generator().manual_seed(9), torch.float64)
    drawn = np.floor(4 * _uniform(9)()) / 4
    later = np.flatnonzero(drawn)
    return [*pairs, (list(one), [later, drawn[later]])]


def _tried() -> Pairs:
    """Random states and one value of each draw for each, by the same generator."""
    scheme, mean, deviations, scales = PoissonMidpoint(Underdamped(MODES, 1.7), 0.3, 4), np.array([0.3, -0.7]), np.array([0.5, 2.0]), np.array([1.0, 3.0, 9.0])
    found = states(scheme, torch.tensor(mean), torch.tensor(deviations), scales.tolist(), torch.Generator().manual_seed(2))
    normals = torch.randn((3, 2, 2), generator=torch.Generator().manual_seed(2), dtype=torch.float64).numpy()
    expected = scales[:, None, None] * normals * np.array([deviations, [1.0, 1.0]]) + np.array([mean, [0.0, 0.0]])
    pairs: list[tuple[Any, Any]] = [(found, expected)]
    for together in (False, True):
        generator = torch.Generator().manual_seed(2)
        draws = drawn(scheme, found, torch.Generator().manual_seed(2), together)
        times, marks = scheme.midpoints.sample((1, 1, 1) if together else (3, 1, 1), generator, torch.float64)
        z = torch.randn((len(times), 3, 2, 2), generator=generator, dtype=torch.float64)
        pairs += [([*draws["midpoints"], draws["z"]], [times, marks, z]), (draws["midpoints"][0].shape, times.shape)]
    own = drawn(_Tossed(Overdamped(MODES), 0.3), found[:, 0], torch.Generator().manual_seed(2))["toss"]
    return [*pairs, (own, torch.rand((3, 2), generator=torch.Generator().manual_seed(2), dtype=torch.float64))]


class _Toss(Uniform):
    """One for each coordinate."""

    shared = False


class _Tossed(Scheme):
    """Steps with a draw that is not shared."""

    draws: Mapping[str, Draw] = {"toss": _Toss()}
    drift_calls = 1.0

    def step(self, x: torch.Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[torch.Tensor, Any]:
        return x + draws["toss"], 0.0
