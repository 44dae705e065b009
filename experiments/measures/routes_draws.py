"""The draws of steps: their rules next to moments in closed form and to sums over all that can be, their samples next to plain loops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from math import exp, expm1, inf, log1p
from typing import Any

import numpy as np
import torch
from scipy.integrate import quad
from scipy.special import roots_legendre
from scipy.stats import norm

from experiments.measures._arrays import Pairs, all_apart
from experiments.measures._plain_dynamics import MODES
from experiments.measures._routes import held
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.schemes import Index, Midpoints, Normal, PoissonMidpoint, QuadratureTime, Scheme, Uniform
from pmmtheory.schemes.draw import Draw, Rule
from pmmtheory.schemes.drawn import drawn, states
from pmmtheory.schemes.draws import all_of, discrete_gauss, some_of
from pmmtheory.schemes.midpoint_sets import simplex_rule
from pmmtheory.schemes.poisson_random import midpoint_rounds

_SHAPE = (4000,)


def measure(device: str) -> dict[str, Estimate]:
    """Rules and samples of every draw."""
    found = all_apart(
        {
            "moments of normals": _normals,
            "moments of times": _times,
            "sets of midpoints against all subsets": _subsets,
            "sets of midpoints against a Poisson process": _process,
            "sets of midpoints of large K": _interpolated,
            "one midpoint": _single,
            "samples of times": _samples,
            "samples of midpoints": _midpoints,
            "midpoints of many particles": _rounds,
            "what steps are tried on": _tried,
        }
    )
    return held(found, but={"sets of midpoints against": 1e-6, "sets of midpoints of large K": 1e-7})


def _moments(rule: Rule, most: int) -> Numbers:
    values, weights = rule
    return np.array([weights @ values**k for k in range(most + 1)])


def _normals() -> Pairs:
    """Moments up to the sixth, whole and beyond two places, and E cos(2 z) = e^-2."""
    pairs: list[tuple[Any, Any]] = []
    places = (-0.4, 0.9)
    for level in (0, 2):
        values, weights = Normal().rule(level)
        pairs += [(_moments((values, weights), 6)[::2], [1, 1, 3, 15]), (weights @ np.cos(2 * values), exp(-2))]
        values, weights = Normal().split(places, level)
        for low, high in zip((-inf, *places), (*places, inf), strict=True):
            within = (values > low) & (values < high)
            expected = [quad(lambda z, k=k: z**k * norm.pdf(z), low, high, epsrel=1e-13)[0] for k in range(4)]
            pairs += [(_moments((values[within], weights[within]), 3), expected)]
    return pairs


def _times() -> Pairs:
    uniform = [1 / (k + 1) for k in range(20)]
    pairs: list[tuple[Any, Any]] = []
    for level in (0, 2):
        pairs += [(_moments(draw.rule(level), 19), uniform) for draw in (Uniform(), Index(inf))]
        for draw in (Uniform(), Index(inf)):
            values, weights = draw.split((0.3, 0.8), level)
            for low, high in ((0.0, 0.3), (0.3, 0.8), (0.8, 1.0)):
                within = (values > low) & (values < high)
                pairs += [(_moments((values[within], weights[within]), 9), [(high ** (k + 1) - low ** (k + 1)) / (k + 1) for k in range(10)])]
        pairs += [(_moments(Index(n).rule(level), 15), [sum((i / n) ** k for i in range(n)) / n for k in range(16)]) for n in (3, 11, 12, 70)]
    pairs += [(_moments(some_of(n, 0), 15), [sum((i / n) ** k for i in range(n)) / n for k in range(16)]) for n in (20, 90)]
    pairs += [
        (_moments(discrete_gauss(30, 4), 7), [sum((i / 30) ** k for i in range(30)) / 30 for k in range(8)]),
        (all_of(3), [0, 1 / 3, 2 / 3, 1 / 3, 1 / 3, 1 / 3]),
    ]
    pairs += [(_moments(QuadratureTime(3).rule(0), 5), uniform[:6])]
    for n in (1, 2, 4):
        found, weights = simplex_rule(n, 5)
        products = [weights.sum(), weights @ np.prod(found, 1), weights @ found[:, 0], weights @ found[:, -1] ** 2]
        pairs += [(products, [1.0, 1 / 2**n, 1 / (n + 1), n / (n + 2)])]
    return pairs


def _over(draw: Midpoints, level: int, f: Callable[[Numbers], Numbers]) -> float:
    """E f of the midpoints of a set, by the rule."""
    (times, marks), weights = draw.rule(level)
    return float(weights @ f(np.where(marks, times, np.nan)))


def _product(times: Numbers) -> Numbers:
    return np.exp(0.4 * np.nansum(times, 0))


def _last(times: Numbers) -> Numbers:
    return np.max(times, 0, where=~np.isnan(times), initial=0.0)


def _spread(times: Numbers) -> Numbers:
    known = ~np.isnan(times)
    return np.where(known.any(0), np.max(times, 0, where=known, initial=0.0) - np.min(times, 0, where=known, initial=1.0), 0.0)


def _subsets() -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    for k, intensity in ((1, 1.0), (4, 1.0), (7, 1.6)):
        p = intensity / k
        sets = [np.array(chosen) / k for size in range(k) for chosen in combinations(range(1, k), size)]
        chances = [p ** len(chosen) * (1 - p) ** (k - 1 - len(chosen)) for chosen in sets]
        for f in (_product, _last, _spread):
            pairs += [
                (
                    _over(Midpoints(k, "bernoulli", intensity), 0, f),
                    sum(chance * float(f(chosen[:, None])[0]) for chance, chosen in zip(chances, sets, strict=True)),
                )
            ]
    return pairs


def _process() -> Pairs:
    """E exp(0.4 sum of times), E last, and E (last - first) of a process of rate c on [0, 1]."""
    pairs: list[tuple[Any, Any]] = []
    for c, level in ((1.0, 0), (1.0, 2)):
        draw = Midpoints(inf, "bernoulli", c)
        last = 1 - (1 - exp(-c)) / c
        first = (1 - exp(-c)) / c - exp(-c)
        for f, expected in ((_product, exp(c * (expm1(0.4) / 0.4 - 1))), (_last, last), (_spread, last - first)):
            pairs += [(_over(draw, level, f), expected)]
    return pairs


def _interpolated() -> Pairs:
    """Of 40 substeps, from those of a few K: an interpolation in 1/K."""
    k, c = 40, 1.0
    chances = [c / k * (1 - c / k) ** (k - 1 - i) for i in range(1, k)]
    return [
        (_over(Midpoints(k, "bernoulli"), 1, _product), np.prod([1 + c / k * expm1(0.4 * i / k) for i in range(1, k)])),
        (_over(Midpoints(k, "bernoulli"), 1, _last), sum(chance * i / k for i, chance in enumerate(chances, 1))),
    ]


def _single() -> Pairs:
    """Moments of the one time, and what its force counts."""
    pairs: list[tuple[Any, Any]] = []
    for k in (2, 5, 60):
        for kind, first in (("single", 0), ("interior", 1)):
            expected = [sum((i / k) ** m for i in range(first, k)) / (k - first) for m in range(8)]
            for listed in (False, True):
                draw = Midpoints(k, kind, listed=listed)
                pairs += [(_moments(draw.one(0), 7), expected), (_moments(draw.one(0, few=True), 7), expected), (draw.weight, k - first)]
        (times, _), weights = Midpoints(k, "interior").rule(1)
        pairs += [(_moments((times[0], weights), 7), [sum((i / k) ** m for i in range(1, k)) / (k - 1) for m in range(8)])]
    pairs += [(_moments(Midpoints(inf, "single").one(0), 7), [1 / (m + 1) for m in range(8)]), (Midpoints(1, "single").one(0), [0.0, 1.0])]
    return pairs


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
            marked.append(inside)
        pairs += [(times, rows), (marks, marked)]
    return pairs


def _gap(u: Numbers, k: float, c: float, first: bool) -> Numbers:
    """From one midpoint to the next: exponential, or the trials until the first success."""
    if k == inf:
        return -np.log(1 - u) / c
    chances = 1 - (1 - c / k) ** np.arange(1, 1000)
    return (np.searchsorted(chances, u, side="right") + 1 - first) / k  # type: ignore[no-any-return]


def _rounds() -> Pairs:
    """First midpoints of all points, second ones of those that have one more, and so on."""
    pairs: list[tuple[Any, Any]] = []
    for k, c in ((8, 1.0), (2, 2.0), (inf, 1.6)):
        found = midpoint_rounds(Midpoints(k, "bernoulli", c), *_SHAPE, torch.Generator().manual_seed(4), torch.float64)
        generator, index, now = torch.Generator().manual_seed(4), np.arange(*_SHAPE), np.zeros(_SHAPE)
        expected = []
        while len(index):
            gaps = torch.empty(len(index), dtype=torch.float64).exponential_(generator=generator).numpy()
            now = now + (gaps / c if k == inf else (1 if c == k else np.floor(-gaps / log1p(-c / k)) + 1) / k)
            places = np.flatnonzero(now < 1 - 1e-12)
            index, now = index[places], now[places]
            if len(index):
                expected.append([index, places, now])
        pairs += [([list(entry) for entry in found], expected)]
    one = midpoint_rounds(Midpoints(4, "single"), *_SHAPE, torch.Generator().manual_seed(9), torch.float64)
    drawn = np.floor(4 * _uniform(9)()) / 4
    later = np.flatnonzero(drawn)
    return [*pairs, ([list(entry) for entry in one], [[later, later, drawn[later]]])]


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
