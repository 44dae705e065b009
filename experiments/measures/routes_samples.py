"""Distances of samples, next to plain sums over points, over pairs and over sets without a point."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy import optimize, stats
from scipy.special import digamma

from experiments.measures._routes import apart, compared, held
from pmmtheory import divergences
from pmmtheory.divergences.two_samples.mmd import mmd_squared
from pmmtheory.divergences.two_samples.neighbours import kl_neighbours
from pmmtheory.divergences.two_samples.stein import stein_discrepancy
from pmmtheory.divergences.two_samples.wasserstein import sliced_w2_squared, w2_squared
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import Gaussian
from pmmtheory.targets.target import generator

Statistic = Callable[[Numbers, Numbers], float]

_MEAN, _VARIANCES = np.array([0.2, -0.1]), np.array([1.2, 0.8])
_WIDTH, _DIRECTIONS, _PLANES, _PARTS = 1.3, 5, 3, 10


_WITHIN: dict[str, float] = {
    "mmd": 1e-10,
    "mmd, standard error": 1e-10,
    "mmd at the median distance": 1e-10,
    "Stein discrepancy": 1e-10,
    "Stein discrepancy of width 1": 1e-10,
    "Stein discrepancy, standard error": 1e-10,
    **{
        f"kl by neighbours from a {other}{part}": 1e-10
        for other, parts in (("sample", ("", ", spread", ", bias", ", uncovered")), ("target", ("", ", spread", ", bias")))
        for part in parts
    },
    **{f"squared w2 {where}{part}": 1e-10 for where in ("on the line", "in directions") for part in ("", ", standard error", ", floor")},
    "squared w2 in directions, spread": 1e-10,
    "w2 of points": 1e-10,
    "w2 of points, spread of resamples": 1e-10,
    "w2 of points, bias": 1e-4,
    "sliced w2 of points": 1e-10,
    "sliced w2 of points, error": 1e-10,
}


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Each estimate and the named parts of its error."""
    draws = np.random.default_rng(3)
    x, y = draws.standard_normal((80, 2)), 0.7 + 1.2 * draws.standard_normal((84, 2))
    cloud, other = draws.standard_normal((80, 3)), 0.3 + 1.3 * draws.standard_normal((84, 3))
    line = 0.4 + 0.9 * draws.standard_normal(120)
    target = Gaussian(_MEAN, np.diag(_VARIANCES))
    found = _kernels(x[:41], y[:42], target) | _neighbours(cloud, other) | _lines(x, y) | _of_target(line, draws.standard_normal((120, 2)))
    return held(found, _WITHIN)


def _kernels(x: Numbers, y: Numbers, target: Gaussian) -> dict[str, Estimate]:
    def mmd(one: Numbers, other: Numbers, width: float) -> float:
        return _pairs(one, one, width) + _pairs(other, other, width) - 2 * _pairs(one, other, width)

    both = np.concatenate([x, y])
    median = float(np.median(_distances(both, both)[np.triu_indices(len(both), 1)]))
    found, by_median, stein = mmd_squared(x, y, _WIDTH), mmd_squared(x, y), stein_discrepancy(x, target, _WIDTH)
    kernel, other = (np.array([[_stein(a, b, width) for b in x] for a in x]) for width in (_WIDTH, 1.0))

    def without(k: int) -> float:
        kept = np.delete(np.delete(kernel, k, 0), k, 1)
        return float(kept.sum() - kept.trace()) / (len(kept) * (len(kept) - 1))

    left = [[mmd(np.delete(x, k, 0), y, _WIDTH) for k in range(len(x))], [mmd(x, np.delete(y, k, 0), _WIDTH) for k in range(len(y))]]
    alone = [without(k) for k in range(len(x))]
    parts = [(np.exp(-(_distances(some, some) ** 2) / (2 * _WIDTH**2)), len(some)) for some in (x, y)]
    plain = [_student(*left) * math.hypot(*(_jackknife(values) for values in left)), _student(alone) * _jackknife(alone)]
    near = [
        _near(float(found), sum(_jackknife(values) ** 2 for values in left), parts),
        _near(float(stein), _jackknife(alone) ** 2, [(kernel, len(x))]),
    ]
    return {
        "mmd": apart(float(found), mmd(x, y, _WIDTH)),
        "mmd, standard error": apart(found.parts["sampling"], max(plain[0], near[0])),
        "mmd at the median distance": apart(float(by_median), mmd(x, y, median)),
        "Stein discrepancy": apart(float(stein), float(kernel.sum() - kernel.trace()) / (len(x) * (len(x) - 1))),
        "Stein discrepancy of width 1": apart(float(stein_discrepancy(x, target)), float(other.sum() - other.trace()) / (len(x) * (len(x) - 1))),
        "Stein discrepancy, standard error": apart(stein.parts["sampling"], max(plain[1], near[1])),
    }


def _distances(one: Numbers, other: Numbers) -> Numbers:
    found: Numbers = np.sqrt(((one[:, None] - other) ** 2).sum(-1))
    return found


def _pairs(one: Numbers, other: Numbers, width: float) -> float:
    """The mean of the kernel over pairs of different points."""
    kernel = np.exp(-(_distances(one, other) ** 2) / (2 * width**2))
    same = one is other
    return float(kernel.sum() - len(one) * same) / (len(one) * (len(other) - same))


def _stein(a: Numbers, b: Numbers, width: float) -> float:
    """s(a).s(b) k + s(a).grad_b k + s(b).grad_a k + tr grad_a grad_b k for k = (c^2 + |a - b|^2)^(-1/2)."""
    s, r, off = -(a - _MEAN) / _VARIANCES, -(b - _MEAN) / _VARIANCES, a - b
    base = width**2 + off @ off
    return float(s @ r / base**0.5 + s @ off / base**1.5 - r @ off / base**1.5 + 2 / base**1.5 - 3 * (off @ off) / base**2.5)


def _jackknife(left: list[float]) -> float:
    """The standard error by values without each point, or group of points."""
    return math.sqrt((len(left) - 1) * float(np.var(left)))


def _student(*left: list[float]) -> float:
    """How many times as wide as a normal interval Student's is: of the sum V of the variances of all sets, 2 V^2/Var V degrees of freedom, at least 2.

    Of n values with the variance v and the kurtosis k the variance of n v is taken for (2 + 8 k) (n v)^2/(n - 1).
    """
    sizes = [(len(values), len(values) * float(np.var(values)), float(stats.kurtosis(values, fisher=False))) for values in left]
    freedom = 2 * sum(size for _, size, _ in sizes) ** 2 / sum((2 + 8 * kurtosis) * size**2 / (n - 1) for n, size, kurtosis in sizes)
    return float(stats.t.ppf(0.975, max(freedom, 2.0)) / stats.norm.ppf(0.975))


def _near(value: float, variance: float, parts: list[tuple[Numbers, int]]) -> float:
    """The standard error e with e^2 = V of a mean that is e/2 larger, where V grows by four times the largest eigenvalue of a kernel over its points, or
    as V over the value."""
    slope = root = 0.0
    for kernel, n in parts:
        centred = kernel @ (np.eye(n) - 1 / n) / n  # with the eigenvalues of the kernel about its mean on both sides
        slope += 4 * float(np.linalg.eigvals(centred).real.max()) / n
        root += math.sqrt(float(np.trace(centred @ centred))) / n
    slope = min(slope, variance / value) if value > 0 else slope
    inside = max(variance, slope * max(value, 0.0) + 2 * root**2)
    return float(optimize.brentq(lambda e: e * e - slope * e / 2 - inside, 0.0, 10 * (slope + math.sqrt(inside)), xtol=1e-18, rtol=1e-14))


def _neighbours(x: Numbers, y: Numbers) -> dict[str, Estimate]:
    """The points in the order in which the estimate takes them, for its parts."""
    k, mean, variances = 1, np.array([0.2, -0.1, 0.3]), np.array([1.2, 0.8, 1.1])
    one, other = x[torch.randperm(len(x), generator=generator(2)).numpy()], y[torch.randperm(len(y), generator=generator(2)).numpy()]

    def two(i: int = 0, step: int = 1) -> float:
        p, q = one[i::step], other[i::step]
        own, theirs = np.sort(_distances(p, p), 1)[:, k], np.sort(_distances(p, q), 1)[:, k - 1]
        return float(3 * np.log(theirs / own).mean() + math.log(len(q) / (len(p) - 1)))

    def known(i: int = 0, step: int = 1) -> float:
        p = one[i::step]
        balls = 4 / 3 * math.pi * np.sort(_distances(p, p), 1)[:, k] ** 3
        logs = stats.multivariate_normal(mean, np.diag(variances)).logpdf(p)
        return float(digamma(k) - digamma(len(p)) - np.log(balls).mean() - logs.mean())

    near = np.sort(_distances(x, y), 1)
    middles = y[np.argsort(_distances(x, y), 1)[:, :8]].mean(1)
    aside = np.linalg.norm(middles - x, axis=1) > 0.7 * near[:, 7]
    own = np.sort(_distances(x, x), 1)[:, k]
    beyond = float(aside.mean()) * (1 + 3 * float(np.abs(np.log(near[:, k - 1] / own))[aside].mean()))
    found: dict[str, Estimate] = {}
    for words, reference, plain in (("from a sample", y, two), ("from a target", Gaussian(mean, np.diag(variances)), known)):
        seen = kl_neighbours(x, reference, k)
        found[f"kl by neighbours {words}"] = apart(float(seen), plain())
        spread = float(np.std([plain(i, _PARTS) for i in range(_PARTS)], ddof=1)) / math.sqrt(_PARTS)
        found[f"kl by neighbours {words}, spread"] = apart(seen.parts["sampling"], spread)
        found[f"kl by neighbours {words}, bias"] = apart(seen.parts["bias"], abs(plain() - (plain(0, 2) + plain(1, 2)) / 2) / (2 ** (2 / 3) - 1))
    found["kl by neighbours from a sample, uncovered"] = apart(kl_neighbours(x, y, k).parts["uncovered"], beyond)
    return found


def _w2(x: Numbers, y: Numbers) -> float:
    """W2^2 of points on the line: each repeated until both are as many."""
    return float(((np.repeat(np.sort(x), len(y)) - np.repeat(np.sort(y), len(x))) ** 2).mean())


def _floor(x: Numbers, parts: int) -> float:
    """What a sample is off its law, from two parts of it at a time."""
    pieces = [x[k::parts] for k in range(parts)]
    return sum(_w2(a, b) for a, b in zip(pieces[::2], pieces[1::2], strict=True)) / (parts / 2) / (2 * parts)


def _debiased(x: Numbers, y: Numbers) -> float:
    return _w2(x, y) - _floor(x, 2) - _floor(y, 2)


def _lines(x: Numbers, y: Numbers) -> dict[str, Estimate]:
    """On the first axis, and in the directions that the seed gives."""
    units = torch.randn((2, _DIRECTIONS), generator=generator(4), dtype=torch.float64).numpy()
    units = units / np.linalg.norm(units, axis=0)
    orders = [torch.randperm(len(points), generator=generator(1)).numpy() for points in (x, y)]
    found: dict[str, Estimate] = {}
    for words, axes, seen in (
        ("on the line", np.array([[1.0], [0.0]]), w2_squared(x[:, 0], y[:, 0])),
        ("in directions", units, sliced_w2_squared(x, y, _DIRECTIONS, 4)),
    ):
        sides = [((x @ axis)[orders[0]], (y @ axis)[orders[1]]) for axis in axes.T]
        each = [_debiased(*side) for side in sides]
        left = [
            float(np.mean([_debiased(*(points[np.arange(len(points)) // 4 % _PARTS != group] for points in side)) for side in sides]))
            for group in range(_PARTS)
        ]
        floor = float(np.mean([sum(_floor(points, 2) - _floor(points, 4) for points in side) for side in sides]))
        found[f"squared w2 {words}"] = apart(float(seen), float(np.mean(each)))
        found[f"squared w2 {words}, standard error"] = apart(seen.parts["sampling"], _jackknife(left) * stats.t.ppf(0.975, _PARTS - 1) / stats.norm.ppf(0.975))
        found[f"squared w2 {words}, floor"] = apart(seen.parts["floor"], abs(floor))
    found["squared w2 in directions, spread"] = apart(seen.parts["directions"], float(np.std(each, ddof=1)) / math.sqrt(_DIRECTIONS))
    return found


def _to_normal(x: Numbers, mean: float, deviation: float) -> float:
    """W2^2 of points from N(mean, deviation^2), each moved to its share of it."""
    z = stats.norm.ppf(np.arange(len(x) + 1) / len(x))
    middles = mean - deviation * np.diff(stats.norm.pdf(z)) * len(x)  # means over the shares
    return float(((np.sort(x) - middles) ** 2).mean() + mean**2 + deviation**2 - (middles**2).mean())


def _of_target(x: Numbers, plane: Numbers) -> dict[str, Estimate]:
    """To N(0.1, 1.3) from points on the line, and in directions of the plane; resamples as they are drawn."""
    deviation = math.sqrt(1.3)
    seen = divergences.w2(torch.as_tensor(x), Gaussian(0.1, 1.3))
    draw = generator(0)
    drawn = [np.sort(x)[torch.randint(len(x), (len(x),), generator=draw).numpy()] for _ in range(20)]
    spread = float(np.std([math.sqrt(_to_normal(points, 0.1, deviation)) for points in drawn], ddof=1))
    shares = [torch.rand(len(x), generator=draw, dtype=torch.float64).numpy() for _ in range(4)]
    fresh = [_to_normal(stats.norm.ppf(share), 0.0, 1.0) * 1.3 for share in shares]
    covariance = np.diag(_VARIANCES)
    target = Gaussian(_MEAN, covariance)
    angles = math.pi * (np.arange(_PLANES) + 0.5) / _PLANES
    units = np.stack([np.cos(angles), np.sin(angles)], 1)
    of_points = [_to_normal(plane @ u, float(_MEAN @ u), math.sqrt(u @ covariance @ u)) for u in units]
    sliced = divergences.sliced_w2(torch.as_tensor(plane), target, _PLANES)
    errors = [divergences.w2(torch.as_tensor(plane @ u), target.along(u)).error for u in units]
    return {
        "w2 of points": apart(float(seen), math.sqrt(_to_normal(x, 0.1, deviation))),
        "w2 of points, spread of resamples": apart(seen.parts["sampling"], spread),
        "w2 of points, bias": apart(seen.parts["bias"], math.sqrt(float(np.mean(fresh)))),
        "sliced w2 of points": apart(float(sliced), math.sqrt(float(np.mean(of_points)))),
        "sliced w2 of points, error": apart(sliced.error, math.sqrt(float(np.mean(np.square(errors))))),
    }
