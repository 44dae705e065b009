"""Derived constants against exact laws at three small steps, extrapolated to step 0."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pmmtheory import schemes
from pmmtheory.estimate import Estimate
from pmmtheory.harness.hunt import chains, targets
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.features import attempt
from pmmtheory.rates.to_zero import to_zero
from pmmtheory.theory import leading_term, phase_leading_term

OVERDAMPED: tuple[tuple[str, dict[str, Any], float], ...] = (
    ("EulerMaruyama", {}, 0.03),
    ("TamedEuler", {}, 0.03),
    ("Ozaki", {}, 0.02),
    ("RandomizedMidpoint", {}, 0.01),
    ("PoissonMidpoint", {"midpoints": "bernoulli", "substeps": math.inf}, 0.01),
    ("PoissonMidpoint", {"midpoints": "single", "substeps": 3}, 0.02),
    ("PoissonMidpoint", {"midpoints": "bernoulli", "substeps": 5}, 0.02),
)
UNDERDAMPED: tuple[tuple[str, dict[str, Any], float], ...] = (
    ("EulerMaruyama", {}, 0.06),
    ("RandomizedMidpoint", {}, 0.2),
    ("PoissonMidpoint", {"midpoints": "bernoulli", "substeps": 2}, 0.06),
    *((name, {}, 0.2) for name in chains.SPLITTINGS),
)
"""Scheme, options and the largest step, in units of 1/L, underdamped of 1/sqrt(L)."""

_POWERS = {"kl": 2, "tv": 1, "w2": 1}
_DOUBT = 3
"""How many times the extrapolation may miss what it says that it does: that is told by one more step, not proved."""


def _mixture(draw: Draw) -> targets.Spec:
    """Modes so near that little mass need not cross a gap: there W2 nears its leading term at steps below the density of the gap alone."""
    return targets.mixture(draw, far=2.0)


def draw(draw: Draw) -> dict[str, Any]:
    phase = draw.chance(0.4)
    spec = (targets.cheap if phase else draw.one_of([targets.gaussian, _mixture, targets.smooth_potential]))(draw)
    scheme, options, largest = draw.one_of(UNDERDAMPED if phase else OVERDAMPED)
    friction = chains.rounded(math.sqrt(targets.steepest(spec)) * draw.log(1.0, 3.0)) if phase else None
    step = chains.rounded(largest / targets.steepest(spec) ** (0.5 if phase else 1.0))
    return {"chain": {"target": spec, "friction": friction, "scheme": scheme, "options": options, "step": step, "steps": None, "initial": None}}


def check(chain: chains.Chain) -> Iterator[Compared]:
    target, cls, friction = targets.build(chain["target"]), getattr(schemes, chain["scheme"]), chain["friction"]
    if friction is None:
        term: Any = leading_term(cls, target, **chain["options"])
        order = term.order
    else:
        found = phase_leading_term(cls, target, friction, **chain["options"])
        order, term = found.order, found.position
    share = 0.25 if chain["scheme"] in chains.SPLITTINGS else 0.5  # splittings are symmetric: their errors are even in the step
    steps = [chain["step"] / 2**i for i in range(3)]
    laws = [chains.law(chain | {"step": step}, 1e-6) for step in steps]
    positions = laws if friction is None else [law.position for law in laws]
    for name, power in _POWERS.items():
        values = [value for law in positions if (value := attempt(name, law, target)) is not None]
        constant = getattr(term, name)
        if len(values) < len(steps) or not (isinstance(constant, Estimate) and constant > 0):
            continue
        ratio = to_zero([value / step ** (power * order) for value, step in zip(values, steps, strict=True)], share) / constant
        extrapolated = ratio.parts.get("extrapolation", 0.0)
        yield compare(f"{name} over its leading term, at step 0", ratio, 1.0, (_DOUBT - 1) * extrapolated)
