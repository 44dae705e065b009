"""Leading constants: of LMC by quadrature, after a change of the axis for every scheme, and none where the force jumps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from pmmtheory import schemes
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import targets
from pmmtheory.harness.hunt.compared import Compared, both, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.oracles import components, density, force
from pmmtheory.theory import leading_term

SCHEMES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("EulerMaruyama", {}),
    ("RandomizedMidpoint", {}),
    ("PoissonMidpoint", {"midpoints": "bernoulli"}),
    ("PoissonMidpoint", {"substeps": 4}),
    ("PoissonMidpoint", {"substeps_times_step": 0.5}),
)


def draw(draw: Draw) -> dict[str, Any]:
    spec = draw.one_of([targets.mixture, targets.gaussian, targets.potential])(draw)
    scheme, options = draw.one_of(SCHEMES)
    change = draw.one_of([(1.0, 30.0, False), (1.0, 0.0, True), (4.0, 0.0, False), (0.0625, 0.0, False), (1.0, 10000.0, False)])
    return {"spec": spec, "scheme": scheme, "options": options, "change": list(change)}


def check(spec: targets.Spec, scheme: str, options: dict[str, Any], change: list[Any]) -> Iterator[Compared]:
    cls = getattr(schemes, scheme)
    if spec.get("form") == "corner":
        try:
            term = leading_term(cls, targets.build(spec), **options)
        except PmmError:
            yield Compared("refused, as it must be", 0.0, 0.0, 0.0)
            return
        yield Compared("tv of a target whose force jumps, which has no such constant", _number(term.tv), math.inf, 0.0)
        return
    scale, shift, mirror = change
    if "substeps_times_step" in options:
        scale = 1.0
    one, other = both(
        lambda: leading_term(cls, targets.build(spec), **options),
        lambda: leading_term(cls, targets.build(targets.moved(spec, scale, shift, mirror)), **options),
    )
    for name in ("kl", "tv", "w2"):
        power = scale ** (-2 * one.order * (2 if name == "kl" else 1)) * (scale if name == "w2" else 1.0)
        first, second = getattr(one, name), getattr(other, name)
        room = 1e-9 * abs(_number(first)) * power if not hasattr(first, "error") else power * first.error
        yield compare(f"{name} after a change of the axis", power * _number(first), second, room)
    if scheme == "EulerMaruyama" and spec["kind"] != "potential":
        for name, value, error in zip(("kl", "tv"), *_lmc(spec), strict=True):
            first = getattr(one, name)
            yield compare(f"{name} of LMC", first, value, error + (0.0 if hasattr(first, "error") else 1e-7 * value))


def _number(value: Any) -> float:
    return float(value)


def _lmc(spec: targets.Spec) -> tuple[list[float], list[float]]:
    """Var(phi)/2 and E|phi|/2 with phi = F'^2/4 - F''/2, on two grids."""
    found = []
    w, m, v = components(spec)
    edges = np.unique(np.concatenate([m[k] + math.sqrt(v[k]) * np.linspace(-9, 9, 2001) for k in range(len(w))]))
    for parts in (6, 4):
        x = np.concatenate([edges[:-1] + np.diff(edges) * (k + 0.5) / parts for k in range(parts)])
        width = np.concatenate([np.diff(edges) / parts] * parts)
        z = x[:, None] - m
        log = np.log(w) - z**2 / (2 * v) - np.log(v) / 2
        share = np.exp(log - log.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        slope = force(spec)(x)
        bend = (share / v).sum(-1) - ((share * (z / v) ** 2).sum(-1) - (share * z / v).sum(-1) ** 2)
        phi, mass = slope**2 / 4 - bend / 2, density(spec)(x) * width
        phi = phi - (phi * mass).sum()
        found.append([(phi**2 * mass).sum() / 2, (np.abs(phi) * mass).sum() / 2])
    return found[0], [4 * abs(a - b) + floor * a for a, b, floor in zip(*found, (1e-11, 1e-6), strict=True)]  # kinks of |phi|: two grids may agree by luck
