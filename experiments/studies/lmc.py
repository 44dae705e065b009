"""LMC: the stationary law is of order 1."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.catalogue import TARGETS
from experiments.steps import stationary_checks, step_sizes
from experiments.study import Cell, Check, Study


def _checks(profile: str) -> Iterator[Check]:
    for target in TARGETS:
        constant = Cell.of("leading_constant", target=target, scheme="EulerMaruyama")
        source = "phi = |grad F|^2/4 - Lap F/2 (theory.expansion)"
        yield from stationary_checks(target, step_sizes(target, profile), "EulerMaruyama", "LMC", 1, source, constant)


study = Study("lmc", "LMC at stationarity: TV and W2 of order 1, KL of order 2, with constants", _checks)
