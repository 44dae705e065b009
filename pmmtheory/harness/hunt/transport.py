"""Distances on the line by quadrature in numpy: of the image of a law under a map, of a sample, of two distribution functions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import scipy.special
from numpy.typing import NDArray

from pmmtheory.harness.hunt.oracles import components, panels
from pmmtheory.harness.hunt.targets import Spec

Array = NDArray[np.float64]


def tails(spec: Spec) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """P(X <= x) and P(X > x) of a Gaussian or a mixture, each to relative accuracy."""
    w, m, v = components(spec)

    def below(x: Array) -> Array:
        return np.asarray((w * scipy.special.ndtr((x[..., None] - m) / np.sqrt(v))).sum(-1))

    def above(x: Array) -> Array:
        return np.asarray((w * scipy.special.ndtr((m - x[..., None]) / np.sqrt(v))).sum(-1))

    return below, above


def quantile(spec: Spec, below: Array, above: Array) -> Array:
    """The x with P(X <= x) = below, by bisection on the smaller tail; above = 1 - below."""
    w, m, v = components(spec)
    left, right = tails(spec)
    low = np.full(below.shape, float((m - 12 * np.sqrt(v)).min()))
    high = np.full(below.shape, float((m + 12 * np.sqrt(v)).max()))
    for _ in range(70):
        x = (low + high) / 2
        less = np.where(below < above, left(x) < below, right(x) > above)
        low, high = np.where(less, x, low), np.where(less, high, x)
    return np.asarray((low + high) / 2)


def resolved(edges: Array, maps: Callable[[Array], Array], n: int) -> Array:
    """Edges of panels halved until no map, (maps, points), goes over more than an n-th part of its range on any: steep parts and jumps are seen."""
    places = maps(edges)
    for _ in range(45):
        steep = (np.abs(np.diff(places)) > np.ptp(places, axis=1)[:, None] / n).any(0) & (np.diff(edges) > 1e-14 * np.ptp(edges))
        if not steep.any():
            break
        middle = (edges[:-1] + edges[1:])[steep] / 2
        order = np.argsort(np.concatenate([edges, middle]), kind="stable")
        edges, places = np.concatenate([edges, middle])[order], np.concatenate([places, maps(middle)], 1)[:, order]
    return edges


def w2_of_image(source: Spec, move: Callable[[Array], Array], target: Spec, n: int) -> float:
    """W2 of move(X), X from the source, to the target, for an increasing map, on n panels in x graded by the quantiles of the target."""
    w, m, v = components(source)
    spread = np.concatenate([m[k] + math.sqrt(v[k]) * np.linspace(-8.3, 8.3, n) for k in range(len(w))])
    below, above = tails(source)
    s, t, u = components(target)
    jumps = np.concatenate([t[k] + math.sqrt(u[k]) * np.linspace(-8.3, 8.3, n) for k in range(len(s))])  # where the map to the target is steep
    b, a = tails(target)
    spread = np.unique(np.concatenate([spread, quantile(source, b(jumps), a(jumps))]))
    spread = resolved(spread, lambda x: np.stack([move(x), quantile(target, below(x), above(x))]), n)
    x, weight = panels(spread, 6)
    density = (w * np.exp(-((x[:, None] - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)).sum(-1)
    goal = quantile(target, below(x), above(x))
    return float(np.sqrt((weight * density * (move(x) - goal) ** 2).sum()))


def w2_of_sample(sample: Array, target: Spec, n: int) -> float:
    """W2 of the empirical law of the points to the target: over the cells between (i - 1)/N and i/N, in the target's own variable."""
    w, m, v = components(target)
    points, number = np.sort(sample), len(sample)
    ends = np.arange(1, number) / number
    cuts = quantile(target, ends, 1 - ends)
    low, high = float((m - 9 * np.sqrt(v)).min()), float((m + 9 * np.sqrt(v)).max())
    own = np.concatenate([m[k] + math.sqrt(v[k]) * np.linspace(-9, 9, n) for k in range(len(w))])
    edges = np.unique(np.concatenate([[low, high], cuts, own]))
    x, weight = panels(edges, 5)
    density = (w * np.exp(-((x[:, None] - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)).sum(-1)
    place = points[np.clip(np.searchsorted(cuts, x), 0, number - 1)]
    return float(np.sqrt((weight * density * (x - place) ** 2).sum()))
