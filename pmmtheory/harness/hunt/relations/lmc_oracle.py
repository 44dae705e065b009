"""The stationary law of LMC against Nystroem's method with elimination without subtraction: far modes, tiny weights, kinks, steps up to the edge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pmmtheory.divergences import tv
from pmmtheory.harness.hunt import chains, targets
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.oracles import Nodes, density, lmc
from pmmtheory.laws import LineLaw

FLOOR = 1e-11
"""Of the oracle itself, where two of its rules agree better than they deserve."""


def draw(draw: Draw) -> dict[str, Any]:
    chain = chains.overdamped(draw, targets.far_target, stationary=1.0, names=("EulerMaruyama",))
    low, high = targets.ends(chain["target"])
    least = ((high - low) / 90) ** 2 / 2  # so that a few hundred nodes serve
    return {"chain": chain | {"step": max(chain["step"], chains.rounded(least))}, "rtol": draw.one_of([1e-5, 1e-6, 1e-4])}


def check(chain: chains.Chain, rtol: float) -> Iterator[Compared]:
    spec, step = chain["target"], chain["step"]
    law: LineLaw = chains.law(chain, rtol)
    if law.truncated:
        return
    fine, coarse = (lmc(spec, step, fineness) for fineness in (1.6, 1.1))
    for k in (1, 2):
        size = max(abs(fine.x[0]), abs(fine.x[-1])) ** k
        yield compare(f"moment {k}", law.moment(k), fine.moment(k), 4 * abs(fine.moment(k) - coarse.moment(k)) + FLOOR * size)
    points = np.linspace(float(law.grid[0]), float(law.grid[-1]), 11)[1:-1]
    below = {x: (fine.cdf(x), coarse.cdf(x)) for x in points.tolist()}
    missed = max(abs(one - other) for one, other in below.values())  # at some place they agree by luck
    for x, (oracle, _) in below.items():
        yield compare(f"cdf at {x:.6g}", float(law.cdf(x)), oracle, law.numerical_error + 2 * missed + FLOOR)
    if spec["kind"] != "potential":
        other, again = _tv(fine, spec), _tv(coarse, spec)
        yield compare("tv to the target", tv(law, targets.build(spec)), other, 4 * abs(other - again) + 2e-6 + FLOOR)


def _tv(law: Nodes, spec: targets.Spec) -> float:
    """By the midpoint rule, fine enough for 2e-6."""
    x, spacing = np.linspace(law.x[0], law.x[-1], 18_001, retstep=True)
    return float(np.abs(law.density(x) - density(spec)(x)).sum() * spacing / 2)
