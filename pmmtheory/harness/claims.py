"""The usual claims about a scheme: how its distances fall with the step, at stationarity and after a fixed time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pmmtheory.harness.study import Cell, Check, Point
from pmmtheory.theory.claim import Claim

DISTANCES = {"tv": 1, "kl": 2, "w2": 1}
"""How many times the order of the scheme each distance falls with."""


def stationary_claims(
    target: str,
    steps: Iterable[float],
    scheme: str,
    label: str,
    order: float,
    source: str,
    constant: Cell | None = None,
    control: bool = False,
    distances: Iterable[str] = tuple(DISTANCES),
    **options: Any,
) -> list[Check]:
    """The distances of a scheme's stationary law from its target: TV and W2 of the given order, KL of twice that.

    Parameters
    ----------
    target : str
        A name of ours, or of a file in targets/ that defines `target`.
    steps : iterable of float
        Step sizes. KL, whose relative errors are larger, takes of many steps those at which it differs more.
    scheme : str
        A class of pmmtheory.schemes, or of a file in schemes/.
    label, source : str
        The scheme's name in tables, and where the order is claimed.
    order : float
        p, for step^p.
    constant : Cell, optional
        Which gives the predicted constants, by the names of the distances.
    control : bool
        Whether the claims are wrong, and must fail.
    options
        Of the measure stationary_error; one may be a function of the step size (K that grows with 1/step).

    Examples
    --------
    >>> [check.claim.statement for check in stationary_claims("ripple", [0.1, 0.05, 0.025], "EulerMaruyama", "LMC", 1, "folklore")]
    ['TV of LMC falls like step^1', 'KL of LMC falls like step^2', 'W2 of LMC falls like step^1']
    """
    steps, checks = list(steps), []
    for distance in distances:
        rate = order * DISTANCES[distance]
        points = []
        for step in steps[::2] if distance == "kl" and len(steps) > 8 else steps:
            plain = {name: value(step) if callable(value) else value for name, value in options.items()}
            points.append(Point(step, Cell.of("stationary_error", target=target, scheme=scheme, step_size=step, **plain), distance))
        claim = Claim(f"{distance.upper()} of {label} falls like step^{rate:g}", label, distance, rate, "asymptotic", source)
        checks.append(Check(claim, target, tuple(points), Point(0.0, constant, distance) if constant else None, control=control))
    return checks


def transient_claims(
    target: str,
    counts: Iterable[int],
    scheme: str,
    label: str,
    order: float,
    source: str,
    time: float = 1.0,
    mean: float = 1.0,
    variance: float = 0.5,
    control: bool = False,
    distances: Iterable[str] = tuple(DISTANCES),
    **options: Any,
) -> list[Check]:
    """The distances of a scheme's law after a fixed time from that of the diffusion, both from N(mean, variance); `counts` are numbers of steps."""
    counts, checks = list(counts), []
    for distance in distances:
        rate = order * DISTANCES[distance]
        start = {"time": time, "mean": mean, "variance": variance}
        points = tuple(Point(time / n, Cell.of("transient_error", target=target, scheme=scheme, steps=n, **start, **options), distance) for n in counts)
        statement = f"{distance.upper()} of {label} at time {time:g} falls like step^{rate:g}"
        checks.append(Check(Claim(statement, label, distance, rate, "asymptotic", source), target, points, control=control))
    return checks
