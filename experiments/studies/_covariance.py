"""Checks of the stationary covariance of underdamped schemes on the Gaussian target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pmmtheory.harness.study import Cell, Check, Point
from pmmtheory.theory.claim import Claim

TARGET = "gaussian"
STEPS = tuple(0.4 * 0.5**i for i in range(6))
FRICTION = 2.3
_ENTRIES = {"uu": "E U^2", "uv": "E UV", "vv": "E V^2"}


def covariance_check(
    label: str,
    entry: str,
    order: int,
    steps: Iterable[float],
    friction: float,
    options: Mapping[str, Any],
    constant: Mapping[str, Any] | None = None,
    control: bool = False,
) -> Check:
    """An entry is too large ("uu"), too small ("-uu") or off ("|uu|") by C step^order.

    C is predicted for the options, with those of `constant` in their place. An option may be a function of the step.
    """
    points = tuple(Point(step, _cell(step, friction, options), entry) for step in steps)
    predicted = {name: value for name, value in options.items() if not callable(value)} | dict(constant or {})
    error = {"-": "too small", "|": "off"}.get(entry[0], "too large")
    claim = Claim(
        f"{_ENTRIES[entry.strip('-|')]} of {label} is {error} by C step^{order}",
        label,
        entry,
        order,
        "asymptotic",
        "Lyapunov equation of the expanded step (theory.covariance_series)",
        "Gaussian target",
    )
    leading = Point(0.0, Cell.of("leading_covariance", target=TARGET, friction=friction, **predicted), entry.strip("|"))
    return Check(claim, TARGET, points, leading, control=control)


def exact_covariance_check(label: str, entry: str, steps: Iterable[float], friction: float, options: Mapping[str, Any], control: bool = False) -> Check:
    """An entry is exact at every step: its error is below the stated bound on rounding."""
    cells = [(step, _cell(step, friction, options)) for step in steps]
    claim = Claim(
        f"{_ENTRIES[entry]} of {label} is exact: its relative error is below 1e-12",
        label,
        entry,
        0,
        "inequality",
        "Leimkuhler & Matthews 2013; derived in theory.covariance_series",
        "Gaussian target",
    )
    points = tuple(Point(step, cell, f"|{entry}|") for step, cell in cells)
    return Check(claim, TARGET, points, bounds=tuple(Point(step, cell, "rounding") for step, cell in cells), control=control)


def _cell(step: float, friction: float, options: Mapping[str, Any]) -> Cell:
    plain = {name: value(step) if callable(value) else value for name, value in options.items()}
    return Cell.of("covariance_error", target=TARGET, friction=friction, step_size=step, **plain)
