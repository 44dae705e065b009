"""One step with random midpoints that are given, next to K substeps of the published algorithm."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np
import torch

from experiments.measures._arrays import Pairs, all_apart, as_row, refused
from experiments.measures._plain_dynamics import MODES, WELL, Plain, overdamped, reverse, underdamped
from experiments.measures._routes import compared, held
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.schemes import PoissonMidpoint, RandomizedMidpoint, ReducedNoisePoissonMidpoint
from pmmtheory.schemes.layout import coordinates_first
from pmmtheory.schemes.poisson_random import all_midpoints
from pmmtheory.targets import Gaussian

_STEP, _BEGUN = 0.3, 0.4
_STATE = np.array([[0.4, -1.2], [0.9, 0.3]])
_NORMALS = np.array([[[0.3, -0.8], [1.1, 0.5]], [[-0.9, 0.2], [0.4, 1.3]], [[0.6, -0.1], [-1.2, 0.7]]])


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Randomized and Poisson midpoint steps on every dynamics."""
    found = all_apart(
        {
            "the randomized midpoint": _randomized,
            "Poisson midpoints, in K substeps": _finite,
            "Poisson midpoints, K infinite": _infinite,
            "Poisson midpoints of states one by one": _own,
            "random Poisson midpoint steps": _random,
            "less noise, by the variance of the midpoints": _reduced,
            "calls of Poisson midpoints": _calls,
        }
    )
    return held(found)


def _dynamics() -> list[Plain]:
    return [overdamped(WELL), overdamped(MODES), underdamped(WELL), underdamped(MODES), reverse()]


def _time(plain: Plain) -> float:
    """Where a step begins: within the process, where it ends."""
    return _BEGUN if plain.system.end < inf else 0.0


def _cut(plain: Plain, values: Numbers) -> Numbers:
    """As many blocks and coordinates as states have."""
    return values[..., : plain.system.blocks, : plain.system.target.dim]


def _given(plain: Plain, values: Numbers) -> torch.Tensor:
    return torch.tensor(values.reshape((*values.shape[:-2], *plain.system.state_shape)))


def _randomized() -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    for plain in _dynamics():
        x, first, last = (_cut(plain, values) for values in (_STATE, *_NORMALS[:2]))
        scheme, t, u = RandomizedMidpoint(plain.system, _STEP), _time(plain), 0.35
        before, after = u * _STEP, (1 - u) * _STEP
        path = plain.noise(first, t, before)
        middle = plain.free(x, t, before) + plain.pushed(plain.drift(x, t), t, before) + path
        kick = _STEP * np.outer(plain.kicked(t + before), plain.drift(middle, t + before))
        expected = plain.free(x, t, _STEP) + plain.free(kick + path, t + before, after)
        draws = {"u": torch.full((1,) * len(plain.system.state_shape), u, dtype=torch.float64), "z": _given(plain, first)}
        mean, factor = scheme.step(_given(plain, x), t, draws)
        pairs += [(mean, expected), (factor * _given(plain, last), plain.noise(last, t + before, after)), (scheme.drift_calls, 2)]
    return pairs


def substeps(plain: Plain, x: Numbers, chosen: dict[int, Numbers], k: int, weight: float, last: Numbers) -> Numbers:
    """K substeps, those that are chosen with the force at the interpolant; all noise from one midpoint to the next in the substep that ends there."""
    t, h, b0, begun = _time(plain), _STEP / k, plain.drift(x, _time(plain)), 0
    free = moved = x
    for i in range(k):
        now = t + i * h
        change = weight * (plain.drift(free, now) - b0) if i in chosen else np.zeros_like(b0)
        noise = np.zeros_like(x)
        if i + 1 in chosen or i + 1 == k:
            noise = plain.noise(chosen.get(i + 1, last), t + begun * h, (i + 1 - begun) * h)
            begun = i + 1
        moved = plain.free(moved, now, h) + plain.pushed(b0 + change, now, h) + noise
        free = plain.free(free, now, h) + plain.pushed(b0, now, h) + noise
    return moved


def process(plain: Plain, x: Numbers, chosen: dict[float, Numbers], last: Numbers) -> Numbers:
    """The same for K infinite: each midpoint an impulse of the whole step."""
    t, b0 = _time(plain), plain.drift(x, _time(plain))
    path, pushed, now = np.zeros_like(x), np.zeros_like(x), 0.0
    for share, z in chosen.items():
        at = share * _STEP
        path = plain.free(path, t + now, at - now) + plain.noise(z, t + now, at - now)
        middle = plain.free(x, t, at) + plain.pushed(b0, t, at) + path
        kick = np.outer(plain.kicked(t + at), plain.drift(middle, t + at) - b0)
        pushed = plain.free(pushed, t + now, at - now) + _STEP * kick
        now = at
    rest = _STEP - now
    return plain.free(x, t, _STEP) + plain.pushed(b0, t, _STEP) + plain.free(path + pushed, t + now, rest) + plain.noise(last, t + now, rest)


def _step(plain: Plain, scheme: PoissonMidpoint, x: Numbers, times: list[float], last: Numbers) -> Numbers:
    """What the package makes of the same midpoints."""
    ones = (1,) * len(plain.system.state_shape)
    table = torch.tensor(times or [0.0], dtype=torch.float64).reshape(-1, *ones)
    draws = {"midpoints": (table, torch.full_like(table, bool(times), dtype=torch.bool)), "z": _given(plain, _cut(plain, _NORMALS[: len(table)]))}
    mean, factor = scheme.step(_given(plain, x), _time(plain), draws)
    return (mean + factor * _given(plain, last)).numpy()  # type: ignore[no-any-return]


def _finite() -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    for plain in _dynamics():
        x, last = _cut(plain, _STATE), _cut(plain, _NORMALS[2])
        for kind, indices in (("bernoulli", [2, 3]), ("bernoulli", [0, 4]), ("bernoulli", []), ("single", [1]), ("interior", [2])):
            scheme = PoissonMidpoint(plain.system, _STEP, 5, kind)
            chosen = {i: _cut(plain, _NORMALS[place]) for place, i in enumerate(indices)}
            expected = substeps(plain, x, chosen, 5, 4 if kind == "interior" else 5, last)
            pairs += [(_step(plain, scheme, x, [i / 5 for i in indices], last), expected)]
    return pairs


def _infinite() -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    for plain in _dynamics():
        x, last = _cut(plain, _STATE), _cut(plain, _NORMALS[2])
        for times in ([0.2, 0.75], [0.6], []):
            chosen = {time: _cut(plain, _NORMALS[place]) for place, time in enumerate(times)}
            pairs += [(_step(plain, PoissonMidpoint(plain.system, _STEP), x, times, last), process(plain, x, chosen, last))]
    return pairs


def _own() -> Pairs:
    """Several states, each with midpoints of its own."""
    pairs: list[tuple[Any, Any]] = []
    indices = [[1, 4], [3], []]
    times = [[0.2, 0.6, 0.0], [0.8, 0.6, 0.0]]
    marks = [[True, True, False], [True, False, False]]
    for plain in _dynamics():
        states = np.stack([_cut(plain, _STATE + shift) for shift in (0.0, 0.2, -0.5)])
        z, last = np.stack([np.stack([_cut(plain, n + shift) for shift in (0.0, 0.1, 0.3)]) for n in _NORMALS[:2]]), _cut(plain, _NORMALS[2])
        shape = (2, 3, *(1,) * len(plain.system.state_shape))
        draws = {"midpoints": (torch.tensor(times, dtype=torch.float64).reshape(shape), torch.tensor(marks).reshape(shape)), "z": _given(plain, z)}
        scheme = PoissonMidpoint(plain.system, _STEP, 5)
        mean, factor = scheme.step(_given(plain, states), _time(plain), draws)
        found = mean + factor * _given(plain, np.stack([last] * 3))
        expected = [substeps(plain, x, {i: z[place, n] for place, i in enumerate(indices[n])}, 5, 5, last) for n, x in enumerate(states)]
        pairs += [(found, expected), (scheme.noise_times(draws), times)]
    return pairs


def _random() -> Pairs:
    """Each particle by itself, with the numbers that the generator has given, in either order in memory."""
    return [pair for plain in _dynamics() for k in (5, inf) for turned in (False, True) for pair in _particles(plain, k, turned)]


def _particles(plain: Plain, k: float, turned: bool) -> Pairs:
    n, shape = 6, plain.system.state_shape
    states = np.stack([_cut(plain, _STATE + 0.3 * shift) for shift in range(n)])
    scheme, x = PoissonMidpoint(plain.system, _STEP, k), _given(plain, states)
    found = scheme.random_step(coordinates_first(x) if turned else x, _time(plain), torch.Generator().manual_seed(17))
    generator = torch.Generator().manual_seed(17)
    index, times = (part.numpy() for part in all_midpoints(scheme.midpoints, n, generator, torch.float64))

    def normals(size: int) -> Numbers:
        order = (*shape, size) if turned else (size, *shape)
        drawn = torch.randn(order, generator=generator, dtype=torch.float64).numpy()
        return np.asarray((np.moveaxis(drawn, -1, 0) if turned else drawn).reshape(size, *states.shape[1:]))

    z, last = normals(len(index)), normals(n)
    expected = []
    for i, state in enumerate(states):
        own = {float(times[j]): z[j] for j in np.flatnonzero(index == i)}
        if k == inf:
            expected += [process(plain, state, own, last[i])]
        else:
            expected += [substeps(plain, state, {round(5 * time): normal for time, normal in own.items()}, 5, 5, last[i])]
    return [(found, expected), (float(np.bincount(index).max() > 1), 1.0)]


def _reduced() -> Pairs:
    """The temperature, with the variance of sum_i h (K H_i - 1) (b(Xhat_i) - b(X)) summed over the substeps to the leading order."""
    lam, a, k, pairs = 1.7, 0.3, 6, list[tuple[Any, Any]]()
    indices = range(k)
    moved = np.array([[lam**2 * 2 * min(i, j) / k for j in indices] for i in indices])  # E of products of changes of force, over a
    for kind, share in (("bernoulli", 2 / 3), ("single", 0.4)):
        one, two = (k - 1.0, 0.0) if kind == "bernoulli" else (k - 1.0, -1.0)  # of (K H_i - 1) with itself, and with that of another substep
        weights = np.where(np.eye(k) > 0, one, two)
        variance = float((weights * moved).sum()) / k**2
        scheme = ReducedNoisePoissonMidpoint(overdamped(WELL).system.on(Gaussian([0.4, 0.1], 1 / lam)), a, k, kind, share)
        cooled = 1 - share * variance * a**2 / 2
        pairs += [(scheme.dynamics.noise(0.2), sqrt(0.4 * cooled)), (scheme.dynamics.diffusion[0], 2 * cooled)]
        pairs += [(scheme.with_step(0.1).dynamics.noise(0.2), sqrt(0.4 * (1 - share * variance * 0.01 / 2)))]
        other = scheme.over(overdamped(WELL).system.on(Gaussian([0.4, 0.1], 1 / lam)))
        pairs += [(other.dynamics.noise(0.2), sqrt(0.4 * cooled)), (ReducedNoisePoissonMidpoint(scheme.dynamics, a, k, kind).share, 2 / 3)]
    orders = [
        ReducedNoisePoissonMidpoint(scheme.dynamics, a, inf, kind, share).order for kind, share in (("bernoulli", 2 / 3), ("bernoulli", 0.5), ("single", 0.0))
    ]
    limit = [sqrt(2) / lam * (1 + off) for off in (-1e-6, 1e-6)]  # where all the noise is taken
    pairs += [([refused(ReducedNoisePoissonMidpoint, scheme.dynamics, step, inf, "bernoulli", 1.0) for step in limit], [0.0, 1.0])]
    return [*pairs, (orders, [3, 2, 3]), (scheme.orders[type(scheme.dynamics).__mro__[1]], 1)]


def _calls() -> Pairs:
    """One, and one more at each midpoint that is not the state itself."""
    system = overdamped(WELL).system
    found = [PoissonMidpoint(system, _STEP, k, kind) for k in (1, 4) for kind in ("bernoulli", "single", "interior")]
    expected = [1.0, 1.0, 1.0, *[1 + sum(1 / 4 for _ in range(1, 4))] * 2, 2.0]
    whole = PoissonMidpoint(system, _STEP)
    structure = found[3].structure
    assert structure is not None
    known = [structure.substep, structure.substeps, structure.intensity, structure.step_size, float(structure.regular), whole.substep, whole.drift_calls]
    orders = [PoissonMidpoint(plain.system, _STEP, k).order for plain in (overdamped(WELL), underdamped(WELL)) for k in (4, inf)]
    return [(as_row([scheme.drift_calls for scheme in found]), expected), (known, [_STEP / 4, 4, 1, _STEP, 1, 0, 2]), (orders, [1, 2, 1, 3])]
