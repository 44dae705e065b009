"""How often a verdict on a rate is false, by family of curves: true and wrong claims on curves whose rate and constant are known."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np

from pmmtheory.harness.rate_families import FAMILIES, Curve, Family
from pmmtheory.rates.fit import FEWEST, usable
from pmmtheory.rates.form import Form
from pmmtheory.rates.judge import judge

ALLOWED = 0.005
"""The part of the curves of a family on which some verdict may be false."""
WRONG_RATES = (-1.0, -0.5, -0.26, 0.26, 0.5, 1.0)
WRONG_CONSTANTS = (0.5, 0.9, 1.1, 2.0)
HEADING = "| error / (C step^p), h = step | rate passes | constant passes | a true claim fails | a wrong one passes |"


@dataclass(frozen=True)
class Tally:
    """Numbers of curves of a family: on which the true rate passes, the true constant too, a true claim fails, a wrong one passes, either."""

    family: Family
    curves: int
    passed: int
    constant_passed: int
    failed: int
    wrongly_passed: int
    false: int

    @property
    def too_often_false(self) -> bool:
        """Whether a family that satisfies the assumption has more false verdicts than allowed."""
        return self.family.inside and self.false > ALLOWED * self.curves


def tally(family: Family, curves: int, seed: int) -> Tally:
    """Judge true and wrong claims on random curves of a family; the same ones for the same seed, whatever the other families."""
    rng = np.random.default_rng([seed, zlib.crc32(family.name.encode())])
    found = [_judged(family.draw(rng)) for _ in range(curves)]
    passed, constant_passed, failed, wrong = (sum(column) for column in zip(*found, strict=True))
    return Tally(family, curves, passed, constant_passed, failed, wrong, sum(fails or passes for _, _, fails, passes in found))


def show(curves: int, seed: int) -> bool:
    """Print a Markdown table, row by row; whether some family has too many false verdicts."""
    print(f"{HEADING}\n|---|---|---|---|---|")
    too_often = False
    for family in FAMILIES:
        found = tally(family, curves, seed)
        print(row(found), flush=True)
        too_often |= found.too_often_false
    return too_often


def row(found: Tally) -> str:
    """The line of a family."""
    constant = _percent(found.constant_passed, found.curves) if found.family.has_constant else ""
    shares = (_percent(found.passed, found.curves), constant, _percent(found.failed, found.curves), _percent(found.wrongly_passed, found.curves))
    name = found.family.name if found.family.inside else f"*outside the assumption:* {found.family.name}"
    return f"| {name} | {' | '.join(shares)} |"


def _judged(curve: Curve) -> tuple[bool, bool, bool, bool]:
    """Whether the true rate passes, the true constant passes, a true claim fails, a wrong one passes."""
    form = Form(**curve.options)
    measured = usable(curve.steps.tolist(), curve.estimates)
    if len(measured) < FEWEST:
        return False, False, False, False
    points = form.points(measured)
    rate, log_constant, p = form.rate(points), form.log_constant(points, curve.rate), curve.rate

    def verdict(claimed: float, kind: str = "asymptotic", constant: float | None = None) -> str:
        return judge(rate, claimed, kind, log_constant, constant)[0]

    true = [verdict(p), verdict(p, "bound")]
    wrong = [verdict(p + shift) for shift in WRONG_RATES] + [verdict(p + shift, "bound") for shift in WRONG_RATES if shift > 0]
    if not math.isnan(curve.constant):
        true += [verdict(p, constant=curve.constant)]
        wrong += [verdict(p, constant=factor * curve.constant) for factor in WRONG_CONSTANTS]
    return true[0] == "pass", len(true) > 2 and true[2] == "pass", "fail" in true, "pass" in wrong


def _percent(number: int, of: int) -> str:
    """A part of a whole, in per cent.

    >>> _percent(0, 3000), _percent(1, 3000), _percent(2985, 3000)
    ('0', '0.03%', '99.5%')
    """
    share = 100 * number / of
    return f"{share:.{2 if share < 1 else 1}f}%" if number else "0"
