"""Laws of a user's step on the line by matrices of one step in numpy: Gauss rules on panels of the line, and between all that is not smooth in its draws."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmmtheory.errors import NotConverged
from pmmtheory.harness.hunt import targets, transport, user_schemes
from pmmtheory.harness.hunt.oracles import force, gth, panels, rule
from pmmtheory.harness.hunt.user_schemes import Spec

Array = NDArray[np.float64]

ORDER = 10

_MOST, _WORK = 2000, 2e8
"""Nodes, and exponentials, beyond which the reference is out of reach."""

_LEAKS = 1e-11
"""The mass that may leave the panels in a step."""


@dataclass(frozen=True)
class PanelLaw:
    """A law as its density at the nodes of panels."""

    edges: Array
    x: Array
    mass: Array
    weight: Array

    def expect(self, f: Callable[[Array], Array]) -> float:
        """E f(X)."""
        return float(self.mass @ f(self.x))

    @property
    def density(self) -> Array:
        """At the nodes."""
        return self.mass / self.weight

    def on(self, n: int) -> tuple[Array, Array, float | Array]:
        """Points in the middle of n equal parts of every panel, the density there, and the lengths of the parts."""
        places = (np.arange(n) + 0.5) / n
        told = self.density.reshape(-1, ORDER) @ _lagrange(places).T
        width = np.diff(self.edges)[:, None]
        return (self.edges[:-1, None] + width * places).ravel(), told.ravel(), np.repeat(width / n, n)

    def below(self) -> Array:
        """The distribution function at the nodes."""
        t, _ = rule(ORDER)
        table = np.stack([_lagrange(t[k] * t).T @ (t[k] * rule(ORDER)[1]) for k in range(ORDER)])
        parts = self.density.reshape(-1, ORDER)
        width = np.diff(self.edges)[:, None]
        whole = np.concatenate([[0.0], np.cumsum(self.mass.reshape(-1, ORDER).sum(1))[:-1]])
        return np.asarray((whole[:, None] + width * (parts @ table.T)).ravel())

    def cdf(self, at: float) -> float:
        """P(X <= at), between the edges."""
        k = int(np.clip(np.searchsorted(self.edges, at) - 1, 0, len(self.edges) - 2))
        t, w = rule(ORDER)
        share = float(np.clip((at - self.edges[k]) / (self.edges[k + 1] - self.edges[k]), 0.0, 1.0))
        part = self.density.reshape(-1, ORDER)[k] @ (_lagrange(share * t).T @ w) * share * (self.edges[k + 1] - self.edges[k])
        return float(self.mass[: k * ORDER].sum() + part)


def _lagrange(at: Array) -> Array:
    """What the values at the nodes of the rule weigh at places in [0, 1], (m, ORDER)."""
    t = 2 * rule(ORDER)[0] - 1
    return np.asarray(np.linalg.solve(np.polynomial.legendre.legvander(t, ORDER - 1).T, np.polynomial.legendre.legvander(2 * at - 1, ORDER - 1).T).T)


def nodes(spec: Spec, x: Array, fine: float) -> tuple[dict[str, Array], Array]:
    """Values of all draws, (1 or n, q) each, and their weights, (1 or n, q)."""
    rules: list[tuple[str, Array, Array]] = []
    pull, kick, extra, ones = spec["force"], spec["kick"], spec["extra"], np.ones((1, 1))
    order = round(8 * fine)

    def between(*ends: float) -> tuple[Array, Array]:
        t, w = panels(np.array(ends), order)
        return t[None], w[None]

    if pull["kind"] == "midpoint":
        v, w = between(0.0, 0.5, 1.0) if pull["most"] > pull["least"] else (ones / 2, ones)
        rules.append(("u", 1 - v**2, 2 * v * w if v.size > 1 else w))
        finest = math.sqrt(max(1 - pull["most"], 0.01)) if v.size > 1 else math.sqrt(1 - pull["least"])
        rules.append(("z", *_normal(round(fine * (60 + 40 / finest)))))
    elif pull["kind"] == "choice":
        rules.append(("u", np.array([[pull["cut"] / 2, (1 + pull["cut"]) / 2]]), np.array([[pull["cut"], 1 - pull["cut"]]])))
    elif pull["kind"] == "batch":
        rules.append(("u", np.arange(pull["n"])[None] / pull["n"], np.full((1, pull["n"]), 1 / pull["n"])))
    if spec["noise"]["kind"] == "drawn":
        rules.append(("n", *between(0.0, 0.5, 1.0)))
    if kick["kind"] in ("rare", "narrow"):
        low, high = user_schemes.kick_ends(kick)
        middle = (low + high) / 2
        rules.append(("k", np.array([[middle, (1 + high) / 2]]), np.array([[high - low, 1 - high + low]])))
    elif kick["kind"] == "coin":
        rules.append(("k", np.array([[1.0, 0.0]]), np.array([[kick["p"], 1 - kick["p"]]])))
    elif kick["kind"] == "tail":
        above = math.erfc((4 * kick["at"] - 1) / math.sqrt(2)) / 2
        rules.append(("k", np.array([[9.0, -9.0]]), np.array([[above, 1 - above]])))
    elif kick["kind"] == "switch":
        p = 1 / (1 + np.exp((x[:, None] - spec["place"]) / spec["wide"]))
        rules.append(("k", np.concatenate([p / 2, (1 + p) / 2], 1), np.concatenate([p, 1 - p], 1)))
    if extra["kind"] in ("power", "wave"):
        rules.append(("e", *between(*np.linspace(0, 1, 4))))
    elif extra["kind"] == "root":
        v, w = between(0.0, 0.5, 1.0)
        rules.append(("e", v**2, 2 * v * w))
    elif extra["kind"] == "kink":
        rules.append(("e", *between(0.0, extra["at"], 1.0)))
    elif extra["kind"] != "none":
        z, w = between(*np.linspace(-8.0, extra["at"], 5), *np.linspace(extra["at"], 8.0, 5)[1:])
        rules.append(("e", z, w * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)))
    return _product(rules)


def _product(rules: list[tuple[str, Array, Array]]) -> tuple[dict[str, Array], Array]:
    values: dict[str, Array] = {}
    weights = np.ones((1, 1))
    for name, at, shares in rules:
        values = {other: np.repeat(old, at.shape[1], axis=1) for other, old in values.items()}
        values[name] = np.tile(at, (1, weights.shape[1]))
        weights = (weights[:, :, None] * shares[:, None, :]).reshape(max(len(weights), len(shares)), -1)
    return values, weights


def _normal(n: int) -> tuple[Array, Array]:
    z = np.linspace(-8.5, 8.5, n)
    w = np.exp(-z * z / 2)
    return z[None], (w / w.sum())[None]


@dataclass(frozen=True)
class Oracle:
    """One step between the nodes of panels."""

    edges: Array
    x: Array
    weight: Array
    matrix: Array

    def stationary(self) -> PanelLaw:
        """By elimination."""
        return PanelLaw(self.edges, self.x, gth(self.matrix / self.matrix.sum(1, keepdims=True)), self.weight)

    def after(self, density: Array, steps: int) -> PanelLaw:
        """From a density at the nodes."""
        mass = density * self.weight
        for _ in range(steps):
            mass = mass @ self.matrix
        return PanelLaw(self.edges, self.x, mass, self.weight)


def settled(spec: Spec, fine: float, start: Callable[[Array], Array] | None = None, steps: int = 0) -> PanelLaw:
    """The stationary law, or that after steps from a start, on panels wide enough."""
    low, high = targets.ends(spec["target"])
    middle, half = (low + high) / 2, (high - low) / 2
    for _ in range(40):
        step = oracle(spec, fine, (middle - half, middle + half))
        law = step.stationary() if start is None else step.after(start(step.x), steps)
        leaks = float(law.mass @ (1 - step.matrix.sum(1))) if start is None else 1 - float(law.mass.sum())
        ends = law.density[[0, -1]].max() * half
        if max(abs(leaks), ends) < _LEAKS:
            return law
        half *= 1.5
    raise NotConverged("the reference law, of which mass leaves,", abs(leaks), _LEAKS)


def oracle(spec: Spec, fine: float, reach: tuple[float, float]) -> Oracle:
    """On an interval that holds all of the mass that counts."""
    edges = _edges(spec, *reach, fine)
    x, weight = panels(edges, ORDER)
    draws, shares = nodes(spec, x, fine)
    if len(x) > _MOST:
        raise NotConverged("the reference law, of too many nodes,", math.nan, 1e-9)
    mean, factor = user_schemes.pieces(np, spec, force(spec["target"]), x[:, None], draws)
    shape = (len(x), shares.shape[1])
    mean, factor, shares = np.broadcast_to(mean, shape), np.broadcast_to(np.abs(factor), shape), np.broadcast_to(shares, shape)
    near = ((x > (mean - 9 * factor).min(1)[:, None]) & (x < (mean + 9 * factor).max(1)[:, None])).sum()
    if float(near) * shares.shape[1] > _WORK:
        raise NotConverged("the reference law, of too much work,", math.nan, 1e-9)
    matrix = np.zeros((len(x), len(x)))
    for k in range(len(x)):
        matrix[k] = _row(x, mean[k], factor[k], shares[k])
    return Oracle(edges, x, weight, matrix * weight)


def _row(x: Array, mean: Array, factor: Array, shares: Array) -> Array:
    """The density of a step at the nodes."""
    first, last = np.searchsorted(x, [(mean - 9 * factor).min(), (mean + 9 * factor).max()])
    row = np.zeros(len(x))
    exponent = ((x[None, first:last] - mean[:, None]) / factor[:, None]) ** 2 / -2
    row[first:last] = (shares / factor / math.sqrt(2 * math.pi)) @ np.exp(np.maximum(exponent, -700.0))
    return row


def _edges(spec: Spec, low: float, high: float, fine: float) -> Array:
    """Panels on which neither the law nor the step from a place turns by more than about a deviation of the noise; a bend is an edge."""
    middle, near = spec["place"], 6 * spec["wide"]
    x = middle + near * np.sinh(np.linspace(math.asinh((low - middle) / near), math.asinh((high - middle) / near), 6001))
    b = force(spec["target"])
    plain = spec | {"force": spec["force"] if spec["force"]["kind"] != "midpoint" else {"kind": "plain"}}
    draws, _ = nodes(plain, x, 0.5)
    some = {name: values[:, :: max(1, values.shape[1] // 12)] for name, values in draws.items()}
    few = min([values.shape[1] for values in some.values()], default=1)
    mean, factor = user_schemes.pieces(np, plain, b, x[:, None], {name: values[:, :few] for name, values in some.items()})
    spread = np.broadcast_to(np.abs(factor), (len(x), few)).min(1)
    steep = np.maximum(1.0, np.abs(np.gradient(np.broadcast_to(mean, (len(x), few)), x, axis=0)).max(1))
    steep += np.abs(np.gradient(spread, x)) * 3
    if spec["force"]["kind"] == "midpoint":
        steep = 1 + spec["step"] * np.abs(np.gradient(b(x), x)) * 2
    wanted = fine * steep / (1.5 * spread)
    wanted = np.maximum.reduce([np.roll(wanted, k) for k in range(-40, 41, 8)])
    edges = [low]
    inner = [bend for bend in user_schemes.bends(spec) if low < bend < high]
    for left, right in zip([low, *inner], [*inner, high], strict=True):
        points = np.concatenate([[left], x[(x > left) & (x < right)], [right]])
        rate = np.interp(points, x, wanted)
        count = np.concatenate([[0.0], np.cumsum(np.diff(points) * (rate[1:] + rate[:-1]) / 2)])
        edges += list(np.interp(np.linspace(0, count[-1], max(2, math.ceil(count[-1])) + 1)[1:], count, points))
    return np.array(edges)


def tv(law: PanelLaw, density: Callable[[Array], Array]) -> float:
    """The total variation distance to a density."""
    x, p, width = law.on(120)
    return float((np.abs(p - density(x)) * width).sum() / 2)


def kl(law: PanelLaw, density: Callable[[Array], Array]) -> float:
    """KL to a density."""
    p, q = law.density, density(law.x)
    seen = (p > 1e-200) & (q > 1e-300)
    return float((law.weight[seen] * p[seen] * np.log(p[seen] / q[seen])).sum())


def w2(law: PanelLaw, target: targets.Spec) -> float:
    """W2 to a Gaussian or a mixture."""
    below = np.clip(law.below(), 0.0, 1.0)
    goal = transport.quantile(target, np.clip(below, 1e-17, 1.0), np.clip(1 - below, 1e-17, 1.0))
    return float(np.sqrt((law.mass * (law.x - goal) ** 2).sum()))
