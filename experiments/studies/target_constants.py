"""What targets declare of themselves, which theorems and step sizes rest on: L, the constants of Poincare and of the log-Sobolev inequality."""

from __future__ import annotations

from collections.abc import Iterator

from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.theory.claim import Claim

_NO_SPECTRUM = "log-cosh"
"""Whose tails are exponential: a box of any size has another gap."""
_STEEP = "DoubleWell"
"""Whose force grows faster than linearly: it has no L."""
_SOURCE = "the definition"


def _checks(profile: str) -> Iterator[Check]:
    for target in (*TARGETS, _STEEP):
        yield _below("the force is minus the slope of F, to 1e-6 of its largest value", target, "force", "little")
    for target in TARGETS:
        yield _below("the largest |F''| is below 1.001 L", target, "bend", "more than L")
        yield _below("0.999 L is below the largest |F''|: L is attained", target, "less than L", "bend")
        yield _below("the least F'' is what is declared, less 0.001 L, or more", target, "less convex", "least")
        yield _below("the least F'' is what is declared, with 0.001 L more, or less", target, "least", "more convex")
        if target != _NO_SPECTRUM:
            yield _below("0.999 times the constant of Poincare is below the spectral gap", target, "poincare", "gap")
            yield _below("0.999 times the log-Sobolev constant is below the spectral gap", target, "lsi", "gap")
    yield _below("1.001 L is below the largest |F''| (wrong)", "cosine", "more than L", "bend", control=True)


def _below(statement: str, target: str, metric: str, bound: str, control: bool = False) -> Check:
    cell = Cell.of("target_constants", target=target, spectrum=target != _NO_SPECTRUM)
    claim = Claim(statement, "none", "constant", 0, "inequality", "negative control" if control else _SOURCE)
    return Check(claim, target, (Point(1.0, cell, metric),), bounds=(Point(1.0, cell, bound),), control=control)


study = Study("target_constants", "Constants of targets against their force and spectrum", _checks)
