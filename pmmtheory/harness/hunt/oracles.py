"""Routes to a law that share nothing with pmmtheory's: quadrature on panels in numpy, and elimination without subtraction."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.special
from numpy.typing import NDArray

from pmmtheory.errors import NotConverged
from pmmtheory.harness.hunt.targets import Spec, ends, kinks, steepest

Array = NDArray[np.float64]


def force(spec: Spec) -> Callable[[Array], Array]:
    """The drift -F' of a target, written again."""
    if spec["kind"] == "gaussian":
        return lambda x: (spec["mean"] - x) / spec["variance"]
    if spec["kind"] == "mixture":
        w, m, v = (np.array(spec[name]) for name in ("weights", "means", "variances"))

        def pull(x: Array) -> Array:
            z = x[..., None] - m
            log = np.log(w) - z**2 / (2 * v) - np.log(v) / 2
            share = np.exp(log - log.max(-1, keepdims=True))
            return np.asarray(-(share * z / v).sum(-1) / share.sum(-1))

        return pull
    a, b, centre, scale = spec["a"], spec["b"], spec["centre"], spec["scale"] * (-1 if spec["mirror"] else 1)
    slopes: dict[str, Callable[[Array], Array]] = {
        "ripple": lambda y: y - a * b * np.sin(b * y + 0.7),
        "steep": lambda y: y + a * (1 - 2 * scipy.special.expit(-2 * b * (y - 0.5))),
        "huber": lambda y: np.clip(y, -a, a),
        "kink": lambda y: np.where(y < 0, a, 1.0) * y,
        "corner": lambda y: y + a * np.sign(y),
    }
    slope = slopes[spec["form"]]
    return lambda x: np.asarray(-slope((x - centre) / scale) / scale)


def density(spec: Spec) -> Callable[[Array], Array]:
    """The density of a Gaussian or a mixture."""
    w, m, v = components(spec)
    return lambda x: np.asarray((w * np.exp(-((x[..., None] - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)).sum(-1))


def components(spec: Spec) -> tuple[Array, Array, Array]:
    """Weights, means and variances of a Gaussian or a mixture."""
    if spec["kind"] == "gaussian":
        return np.array([1.0]), np.array([spec["mean"]]), np.array([spec["variance"]])
    w, m, v = (np.array(spec[name], dtype=float) for name in ("weights", "means", "variances"))
    return w, m, v


@dataclass(frozen=True)
class Nodes:
    """A law as masses at the nodes of a quadrature rule, with the Gaussians of variance `noise` around `centres` that it is a sum of."""

    x: Array
    mass: Array
    centres: Array
    noise: float

    def cdf(self, at: float) -> float:
        """P(X <= at)."""
        return float(self.mass @ scipy.special.ndtr((at - self.centres) / math.sqrt(self.noise)))

    def moment(self, k: int) -> float:
        """E X^k for k = 1, 2."""
        first = self.centres if k == 1 else self.centres**2 + self.noise
        return float(self.mass @ first)

    def density(self, at: Array) -> Array:
        """The density."""
        kernel = np.exp(-((at[:, None] - self.centres) ** 2) / (2 * self.noise)) / math.sqrt(2 * math.pi * self.noise)
        return np.asarray(kernel @ self.mass)


def lmc(spec: Spec, step: float, fine: float = 1.0) -> Nodes:
    """The stationary law of X + step b(X) + sqrt(2 step) Z: Nystroem's method on panels of Gauss-Legendre rules, and GTH elimination."""
    b, width = force(spec), math.sqrt(2 * step)
    low, high = ends(spec)
    more = width + (high - low) / 2 * (1 / math.sqrt(1 - min(step * steepest(spec) / 2, 0.97)) - 1)  # a law of LMC is wider than its target
    if spec.get("form") == "corner":  # large steps are thrown from side to side
        more += step * spec["a"] / spec["scale"] / (1 - abs(1 - step / spec["scale"] ** 2))
    x, weight = panels(_edges(b, kinks(spec), low - more, high + more, step, fine), 10)
    centres = x + step * b(x)
    matrix = np.exp(-((x - centres[:, None]) ** 2) / (2 * width**2)) * weight
    matrix /= matrix.sum(1, keepdims=True)
    return Nodes(x, gth(matrix), centres, width**2)


def _edges(b: Callable[[Array], Array], breaks: Sequence[float], low: float, high: float, step: float, fine: float) -> Array:
    """Panels on which neither the law nor the kernel turns by more than about a standard deviation of the noise; a break is an edge."""
    width = math.sqrt(2 * step)
    x = np.linspace(low, high, 4001)
    steep = np.abs(np.gradient(x + step * b(x), x))
    steep = np.maximum.reduce([np.roll(steep, k) for k in (-2, -1, 0, 1, 2)])
    wanted = fine * np.maximum(1.0, steep) / (1.5 * width)
    edges = [low]
    for left, right in zip([low, *breaks], [*breaks, high], strict=True):
        inside = (x >= left) & (x <= right)
        points, rate = np.concatenate([[left], x[inside], [right]]), np.interp(np.concatenate([[left], x[inside], [right]]), x, wanted)
        count = np.concatenate([[0.0], np.cumsum(np.diff(points) * (rate[1:] + rate[:-1]) / 2)])
        n = max(2, math.ceil(count[-1]))
        edges += list(np.interp(np.linspace(0, count[-1], n + 1)[1:], count, points))
    return np.array(edges)


@lru_cache(maxsize=16)
def rule(n: int) -> tuple[Array, Array]:
    """Gauss-Legendre on [0, 1]."""
    t, w = np.polynomial.legendre.leggauss(n)
    return (t + 1) / 2, w / 2


def panels(edges: Array, n: int) -> tuple[Array, Array]:
    """Nodes and weights of the rule on every panel."""
    t, w = rule(n)
    width = np.diff(edges)[:, None]
    return (edges[:-1, None] + width * t).ravel(), (width * w).ravel()


def gth(matrix: Array, block: int = 32) -> Array:
    """The stationary law of a stochastic matrix, each entry to relative accuracy: Grassmann, Taksar & Heyman 1985, in blocks.

    Raises NotConverged where states do not reach the ones before them in double precision.
    """
    a, n = matrix.copy(), len(matrix)
    end = n
    while end > 1:
        begin = max(end - block, 1)
        for k in range(end - 1, begin - 1, -1):
            leaves = a[k, :k].sum()
            if not leaves > 0:
                raise NotConverged("the reference law, between whose nodes the chain moves with probabilities that underflow,", math.nan, 1e-11)
            a[:k, k] /= leaves
            if k > begin:
                a[:k, begin:k] += a[:k, k, None] * a[k, begin:k]
                a[begin:k, :begin] += a[begin:k, k, None] * a[k, :begin]
        a[:begin, :begin] += a[:begin, begin:end] @ a[begin:end, :begin]
        end = begin
    p = np.zeros(n)
    p[0] = 1.0
    for k in range(1, n):
        p[k] = p[:k] @ a[:k, k]
        if p[k] > 1e200:
            p[: k + 1] /= p[k]
    return np.asarray(p / p.sum())
