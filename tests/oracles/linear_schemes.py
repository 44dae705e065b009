"""Every scheme by name, on a Gaussian target and with its exact covariances from the oracle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import assume

from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.schemes import ABOBA, BAOAB, BUB, OBABO, UBU, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian
from tests.oracles.linear_chain import contraction, covariance_after, stationary_covariance

SPLITTINGS: dict[str, type[Scheme]] = {cls.__name__: cls for cls in (ABOBA, BAOAB, BUB, OBABO, UBU)}
"""Underdamped only."""

SHARED = ("lmc", "rmm", *(f"{kind} {k}" for kind in ("bernoulli", "single") for k in ("1", "2", "3", "8", "13", "inf")))
"""Overdamped and underdamped, with few substeps or infinitely many."""

MANY = tuple(f"{kind} {k}" for kind in ("bernoulli", "single") for k in ("100", "1000"))
"""With many substeps, for which the oracle takes seconds."""


def scheme(name: str, dynamics: Dynamics, step_size: float) -> Scheme:
    """E.g. "lmc", "BAOAB", or "bernoulli 3": the Poisson midpoint method with K = 3 and independent midpoints."""
    if name in SPLITTINGS:
        return SPLITTINGS[name](dynamics, step_size)
    if name in ("lmc", "rmm"):
        return {"lmc": EulerMaruyama, "rmm": RandomizedMidpoint}[name](dynamics, step_size)
    kind, k = name.split()
    return PoissonMidpoint(dynamics, step_size, substeps=math.inf if k == "inf" else int(k), midpoints=kind)


def on_gaussian(name: str, step_size: float, lam: float, friction: float | None, mean: float = 0.0) -> Scheme:
    """The scheme on N(mean, 1/lam), overdamped where the friction is None."""
    target = Gaussian(mean, 1 / lam)
    return scheme(name, Overdamped(target) if friction is None else Underdamped(target, friction), step_size)


def exact_stationary(name: str, step_size: float, lam: float, friction: float | None) -> np.ndarray:
    """The stationary covariance, 1 x 1 or 2 x 2."""
    cls, substeps, kind = _told(name)
    return stationary_covariance(cls, step_size, lam, friction, substeps, kind)


def exact_after(name: str, step_size: float, lam: float, friction: float | None, n: int, initial: Any) -> np.ndarray:
    """The covariance n steps after a centred start of covariance `initial`; with second moments in its place, the second moments."""
    cls, substeps, kind = _told(name)
    return covariance_after(cls, step_size, lam, friction, n, initial, substeps, kind)


def assume_stable(name: str, step_size: float, lam: float, friction: float | None, rate: float = 0.98) -> None:
    """Leave out examples whose second moments come closer to the stationary ones by less than 1 - rate a step."""
    cls, substeps, kind = _told(name)
    assume(contraction(cls, step_size, lam, friction, substeps, kind) < rate)


def relative(seen: Any, exact: np.ndarray) -> float:
    """The largest difference of two covariances, in units of the widths it belongs to."""
    width = np.sqrt(np.diag(exact))
    return float(np.max(np.abs(np.atleast_2d(seen) - exact) / np.outer(width, width)))


def _told(name: str) -> tuple[str, int | None, str]:
    if name in ("lmc", "rmm", *SPLITTINGS):
        return {"lmc": "EulerMaruyama", "rmm": "RandomizedMidpoint"}.get(name, name), None, "bernoulli"
    kind, k = name.split()
    return "PoissonMidpoint", None if k == "inf" else int(k), kind
