"""One step of a midpoint method from a point or a Gaussian, against quadrature over its draws as the papers write it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.special

from pmmtheory.harness.hunt import chains, targets
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.oracles import Array, force, rule
from pmmtheory.laws import transient_law

NAMES = ("RandomizedMidpoint", "PoissonMidpoint")


def draw(draw: Draw) -> dict[str, Any]:
    chain = chains.overdamped(draw, chains.nearer(targets.any_target), names=NAMES)
    if chain["scheme"] == "PoissonMidpoint":
        chain["options"] = {"substeps": draw.one_of([2, 3]), "midpoints": draw.one_of(["single", "bernoulli", "interior"])}
    low, high = targets.ends(chain["target"])
    return {
        "chain": chain | {"steps": 1, "initial": None},
        "start": round(64 * (low + (high - low) * draw.real(0.5, 0.3))) / 64,
        "rtol": draw.one_of([1e-4, 1e-5]),
    }


def check(chain: chains.Chain, start: float, rtol: float) -> Iterator[Compared]:
    law = transient_law(chains.build(chain), start, 1, rtol=rtol)
    fine, coarse = (_parts(chain, start, n) for n in (321, 201))
    for k in (1, 2):
        values = [float(w @ (m if k == 1 else m**2 + v)) for m, v, w in (fine, coarse)]
        size = float(fine[2] @ np.abs(fine[0])) + math.sqrt(chain["step"])
        yield compare(f"moment {k}", law.moment(k), values[0], abs(values[0] - values[1]) + 1e-12 * size**k)
    m, v, w = fine
    middle, wide = float(w @ m), math.sqrt(float(w @ (m**2 + v)) - float(w @ m) ** 2)
    places = [middle + z * wide for z in (-2.5, -1.0, -0.2, 0.4, 1.3, 3.0)]
    below = [[float(w @ scipy.special.ndtr((x - m) / np.sqrt(v))) for m, v, w in (fine, coarse)] for x in places]
    missed = max(abs(one - other) for one, other in below)  # at some place they agree by luck
    for x, (one, _) in zip(places, below, strict=True):
        yield compare(f"cdf at {x:.6g}", float(law.cdf(x)), one, law.numerical_error + 2 * missed + 1e-12)


def _parts(chain: chains.Chain, x: float, n: int) -> tuple[Array, Array, Array]:
    """Means, variances and weights of the Gaussians that the step is a sum of."""
    b, h = force(chain["target"]), chain["step"]
    z = np.linspace(-8.5, 8.5, n)
    gauss = np.exp(-(z**2) / 2)
    gauss /= gauss.sum()
    b0 = float(b(np.array([x]))[0])
    if chain["scheme"] == "RandomizedMidpoint":
        nodes, weights = rule(n // 6)
        u = nodes**2
        path = np.sqrt(2 * u * h)[:, None] * z
        mean = x + h * b(x + (u * h * b0)[:, None] + path) + path
        return mean.ravel(), np.broadcast_to((2 * (1 - u) * h)[:, None], mean.shape).ravel(), ((2 * nodes * weights)[:, None] * gauss).ravel()
    k, kind = chain["options"]["substeps"], chain["options"]["midpoints"]
    found: list[tuple[Array, float, Array]] = []
    for marks in itertools.product((0, 1), repeat=k - 1):  # midpoints at the substeps 1 to k - 1; at 0 nothing changes
        share = _share(marks, k, kind)
        if share == 0:
            continue
        last = max((i + 1 for i, mark in enumerate(marks) if mark), default=0)
        w, weight, kick = np.zeros(1), np.ones(1), np.zeros(1)
        for i, mark in enumerate(marks[:last], 1):
            w, kick = np.repeat(w, n) + math.sqrt(2 * h / k) * np.tile(z, len(w)), np.repeat(kick, n)
            weight = np.repeat(weight, n) * np.tile(gauss, len(weight))
            if mark:
                kick = kick + (b(x + i * h / k * b0 + w) - b0) * h / k * (k - 1 if kind == "interior" else k)
        found.append((x + h * b0 + w + kick, 2 * h * (1 - last / k), share * weight))
    return (
        np.concatenate([mean for mean, _, _ in found]),
        np.concatenate([np.full(len(mean), variance) for mean, variance, _ in found]),
        np.concatenate([weight for _, _, weight in found]),
    )


def _share(marks: tuple[int, ...], k: int, kind: str) -> float:
    """The probability of these midpoints."""
    if kind == "bernoulli":
        return math.prod((1 / k) if mark else 1 - 1 / k for mark in marks)
    if sum(marks) > 1 or (kind == "interior" and sum(marks) != 1):
        return 0.0
    return 1 / (k - 1) if kind == "interior" else 1 / k
