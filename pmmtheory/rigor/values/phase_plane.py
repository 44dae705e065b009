"""Stationary covariances in the phase plane of a Gaussian on the line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from flint import arb

from pmmtheory.dynamics import Underdamped
from pmmtheory.estimate import Estimate
from pmmtheory.laws import stationary_law
from pmmtheory.rigor import phase_plane as flows
from pmmtheory.rigor.balls import exact
from pmmtheory.rigor.enclosure import Claimed
from pmmtheory.schemes import BAOAB, UBU, EulerMaruyama, Scheme
from pmmtheory.targets import Gaussian

TARGET, FRICTION, STEP = Gaussian(0.0, 1 / 1.7), 2.0, 0.2
_PLACES = {"uu": (0, 0), "uv": (0, 1), "vv": (1, 1)}


def claims() -> Iterator[Claimed]:
    """E U^2, E UV and E V^2; an error of a covariance matrix is relative to its variances."""
    kinds: tuple[tuple[type[Scheme], str, Callable[[], flows.Flow]], ...] = ((EulerMaruyama, "ULMC", _ulmc), (BAOAB, "BAOAB", _baoab), (UBU, "UBU", _ubu))
    for kind, words, flow in kinds:
        for k, entry in enumerate(_PLACES):
            yield Claimed(f"{entry} of {words} on {TARGET.name}", partial(_stated, kind, entry), partial(_proved, flow, k))


def _stated(kind: type[Scheme], entry: str) -> Estimate:
    law = stationary_law(kind(Underdamped(TARGET, FRICTION), STEP), engine="gaussian")
    (i, j), matrix = _PLACES[entry], law.covariance
    size = float(matrix[i, i] * matrix[j, j]) ** 0.5
    return Estimate.of(float(matrix[i, j]), "moments", **{name: part * size for name, part in law.errors.items()})


def _proved(flow: Callable[[], flows.Flow], k: int) -> arb:
    return flows.stationary(flow())[k]


def _numbers() -> tuple[arb, arb, arb]:
    return exact(STEP), exact(FRICTION), 1 / exact(TARGET.covariance)


def _ulmc() -> flows.Flow:
    step, friction, curvature = _numbers()
    return flows.frozen(step, friction, curvature)


def _baoab() -> flows.Flow:
    step, friction, curvature = _numbers()
    half = [flows.kick(step / 2, curvature), flows.move(step / 2)]
    return flows.composed([*half, flows.friction(step, friction), *half[::-1]])


def _ubu() -> flows.Flow:
    step, friction, curvature = _numbers()
    half = flows.free(step / 2, friction)
    return flows.composed([half, flows.kick(step, curvature), half])
