"""Steps of a user, put together at random: what the engine on the line says of their laws, against matrices of one step by Gauss rules in numpy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from pmmtheory.divergences import kl, tv, w2, weak
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import oracles, targets, user_oracle, user_schemes
from pmmtheory.harness.hunt.chains import rounded
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.oracles import Array
from pmmtheory.harness.hunt.user_oracle import PanelLaw
from pmmtheory.laws import stationary_law, transient_law

FLOOR = 1e-9
"""Of the oracle itself, where two of its rules agree better than they deserve."""

FINE = 0.8, 0.6


def draw(draw: Draw) -> dict[str, Any]:
    spec = user_schemes.draw(draw)
    steps = None if draw.chance(0.6) else draw.whole(1, 6)
    initial = None
    if steps is not None:
        low, high = targets.ends(spec["target"])
        initial = {"kind": "gaussian", "mean": rounded((low + high) / 2) + draw.place(1.0), "variance": rounded(spec["wide"] ** 2 * draw.log(1.0, 4.0))}
    return {"spec": spec, "steps": steps, "initial": initial, "rtol": draw.one_of([1e-4, 1e-5, 1e-3, 1e-6])}


def check(spec: user_schemes.Spec, steps: int | None, initial: targets.Spec | None, rtol: float) -> Iterator[Compared]:
    scheme = user_schemes.build(spec)
    if initial is None or steps is None:
        law = stationary_law(scheme, rtol=rtol)
    else:
        law = transient_law(scheme, targets.build(initial), steps, rtol=rtol)
    if law.truncated:
        return
    start = None if initial is None else oracles.density(initial)
    fine, coarse = (user_oracle.settled(spec, fineness, start, steps or 0) for fineness in FINE)
    reach = max(abs(fine.edges[0]), abs(fine.edges[-1]))
    routes: list[tuple[str, Callable[[], Any], Callable[[PanelLaw], float], float]] = [
        ("moment 1", lambda: law.moment(1), lambda p: p.expect(lambda x: x), reach),
        ("moment 2", lambda: law.moment(2), lambda p: p.expect(lambda x: x * x), reach**2),
    ]
    for name, one, other, size in routes:
        yield from _beside(name, one, other(fine), other(coarse), FLOOR * size / 10 + FLOOR)
    points = np.linspace(float(law.grid[0]), float(law.grid[-1]), 13)[1:-1]
    near = np.linspace(law.mean - 2 * math.sqrt(law.covariance), law.mean + 2 * math.sqrt(law.covariance), 5)
    for x in [*points.tolist(), *near.tolist()]:
        yield from _cdf(law, x, fine, coarse)
    yield from _distances(spec["target"], law, fine, coarse, reach)


def _cdf(law: Any, x: float, fine: PanelLaw, coarse: PanelLaw) -> Iterator[Compared]:
    one, two = fine.cdf(x), coarse.cdf(x)
    yield compare(f"cdf at {x:.6g}", float(law.cdf(x)), one, law.numerical_error + 4 * abs(one - two) + FLOOR)


def _distances(spec: targets.Spec, law: Any, fine: PanelLaw, coarse: PanelLaw, reach: float) -> Iterator[Compared]:
    target = targets.build(spec)

    def density(x: Array) -> Array:
        return target.density(torch.as_tensor(x)).numpy()

    q = oracles.density(spec) if spec["kind"] != "potential" else density
    yield from _beside("tv", lambda: tv(law, target), user_oracle.tv(fine, q), user_oracle.tv(coarse, q), 3e-6)
    yield from _beside("kl", lambda: kl(law, target), user_oracle.kl(fine, q), user_oracle.kl(coarse, q), FLOOR * reach**2)
    if spec["kind"] != "potential":
        one, two = user_oracle.w2(fine, spec), user_oracle.w2(coarse, spec)
        yield from _beside("w2", lambda: w2(law, target), one, two, 1e-7 * reach + FLOOR * reach**2 / max(one, 1e-9))
    middle = law.mean
    if spec["kind"] != "potential":
        w, m, v = oracles.components(spec)
        mean = float((w * np.cos(m - middle) * np.exp(-v / 2)).sum())
        off = [abs(p.expect(lambda x: np.cos(x - middle)) - mean) for p in (fine, coarse)]
        yield from _beside("weak of cos", lambda: weak(law, target, lambda x: torch.cos(x - middle)), off[0], off[1], FLOOR)


def _beside(name: str, one: Callable[[], Any], fine: float, coarse: float, floor: float) -> Iterator[Compared]:
    """Nothing where the engine refuses this number."""
    try:
        found = one()
    except PmmError:
        return
    yield compare(name, found, fine, 4 * abs(fine - coarse) + floor)
