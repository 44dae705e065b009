"""The variants of DDPM, and PMM over them: which is best at which budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.study import Cell, Check, Point, Study
from pmmtheory.theory.claim import Claim

_DATA = "two modes"
_SOURCE = "Kandasamy & Nagaraj 2024, App. A, where on images the variants cross: on this exact score they do not"


def cell(variant: str, steps: int, **options: Any) -> Cell:
    """The error of a variant."""
    return Cell.of("sampler_error", data=_DATA, sampler="DDPM", variant=variant, steps=steps, rtol=1e-5, **options)


def _checks(profile: str) -> Iterator[Check]:
    for variant in ("V1", "V2"):
        counts = (30, 60, 90, 180, 300) if profile == "quick" else (30, 60, 90, 180, 300, 450, 900)
        points = tuple(Point(1 / n, cell(variant, n, end=100), "w2") for n in counts)
        claim = Claim(f"W2 of DDPM {variant} at time 100 falls like steps^-1", f"DDPM {variant}", "w2", 1, "asymptotic", "Euler steps of the reverse process")
        yield Check(claim, _DATA, points)
    pairs: tuple[tuple[str, str, tuple[int, ...]], ...] = (
        ("V1", "V2", (10, 40, 100, 200)),
        ("V1", "V1d", (5, 100, 200)),
        ("V2", "V3", (5, 20, 40)),
    )
    for better, worse, budgets in pairs:
        statement = f"DDPM {better} beats {worse} at {', '.join(map(str, budgets))} calls (W2)"
        points, bounds = (tuple(Point(1 / n, cell(variant, n), "w2") for n in budgets) for variant in (better, worse))
        yield Check(Claim(statement, f"DDPM {better}", "w2", 0, "inequality", _SOURCE), _DATA, points, bounds=bounds)


study = Study("ddpm_variants", "Variants of DDPM on an exact score: orders, and which is best at which budget", _checks)
