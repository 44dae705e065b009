"""High moments of stationary laws on Gaussians against exact recursions; one that is infinite is refused or said to be infinite."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt.chains import rounded
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.oracles import rule
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian


def draw(draw: Draw) -> dict[str, Any]:
    name = draw.one_of(["RandomizedMidpoint", "EulerMaruyama", "single"])
    edge = 2.0 if name == "EulerMaruyama" else 1.5
    return {
        "name": name,
        "variance": draw.log(1.0, 10.0),
        "share": draw.real(0.1, edge * 0.85 if name != "single" else 0.4),
        "substeps": draw.one_of([2, 5, 12]),
        "rtol": draw.one_of([1e-5, 1e-4]),
        "orders": [2, 4, draw.one_of([6, 8]), draw.one_of([12, 16, 20])],
    }


def check(name: str, variance: float, share: float, substeps: int, rtol: float, orders: list[int]) -> Iterator[Compared]:
    system, step = Overdamped(Gaussian(0.0, variance)), rounded(share * variance)
    scheme: Scheme = PoissonMidpoint(system, step, substeps, "single")
    if name != "single":
        scheme = (EulerMaruyama if name == "EulerMaruyama" else RandomizedMidpoint)(system, step)
    law = stationary_law(scheme, rtol=rtol, engine="line")
    refusal: PmmError | None = None
    for k in orders:
        truth, error = (part * variance ** (k / 2) for part in moment(name, step / variance, substeps, k))
        try:
            found = law.moment(k)
        except PmmError as refused:
            refusal = refusal if math.isinf(truth) else refused
            continue
        yield compare(f"moment {k}", found, truth, error)
    if refusal is not None:
        raise refusal


def moment(name: str, a: float, substeps: int, k: int) -> tuple[float, float]:
    """E X^k on N(0, 1), and its rounding error: given the time u, X' = R x + N(0, V) with R = 1 - a + a^2 u and V = 2a - 4 a^2 u + 2 a^3 u."""
    if name == "EulerMaruyama":
        times, weights = np.zeros(1), np.ones(1)
    elif name == "single":
        times, weights = np.arange(substeps) / substeps, np.full(substeps, 1 / substeps)
    else:
        times, weights = rule(40)
    pull = 1 - a + a**2 * times
    noise = 2 * a - 4 * a**2 * times + 2 * a**3 * times
    found, rounding = [1.0], 1e-14
    for n in range(2, k + 1, 2):
        shrink = float(weights @ pull**n)
        if shrink >= 1:
            return math.inf, 0.0
        rounding += 1e-14 / (1 - shrink)
        rest = 0.0
        for j in range(1, n // 2 + 1):
            ways = math.comb(n, 2 * j) * math.prod(range(1, 2 * j, 2))
            rest += ways * float(weights @ (pull ** (n - 2 * j) * noise**j)) * found[n // 2 - j]
        found.append(rest / (1 - shrink))
    return found[-1], rounding * found[-1]
