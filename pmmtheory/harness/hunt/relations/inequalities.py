"""What holds between the divergences of any two laws, and between those of two laws and of their marginals.

With H^2 = 1 - int sqrt(p q) and R_s the Renyi divergence of order s,

    H^2 <= TV <= H sqrt(2 - H^2),    2 TV^2 <= KL,    -2 log(1 - H^2) = R_1/2 <= KL <= R_2 = log(1 + chi2) <= R_3,    |E f - E' f| <= (sup f - inf f) TV

(van Erven & Harremoes 2014); a marginal is no farther from a marginal than the joint law is from the joint law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from pmmtheory.divergences import Estimate
from pmmtheory.harness.hunt.compared import Compared
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.features import attempt
from pmmtheory.harness.hunt.pairs import DISTANCES, KINDS

_LOOSE = 1e-5, 1e-4, 1e-3, 1e-2, 1e-1

Grows = Callable[[float], float]


def _same(value: float) -> float:
    return value


def _pinsker(kl: float) -> float:
    return math.sqrt(max(kl, 0.0) / 2)


def _most_tv(h: float) -> float:
    return 1.0 if h >= 1 else max(h, 0.0) * math.sqrt(2 - max(h, 0.0) ** 2)


def _renyi_half(h: float) -> float:
    return math.inf if h >= 1 else -2 * math.log1p(-(max(h, 0.0) ** 2))


def _renyi_two(chi2: float) -> float:
    return math.log1p(max(chi2, 0.0))


BOUNDS: tuple[tuple[str, Grows, str, Grows], ...] = (
    ("hellinger", lambda h: max(h, 0.0) ** 2, "tv", _same),
    ("tv", _same, "hellinger", _most_tv),
    ("tv", _same, "kl", _pinsker),
    ("tv", _same, "reverse_kl", _pinsker),
    ("hellinger", _renyi_half, "kl", _same),
    ("hellinger", _renyi_half, "reverse_kl", _same),
    ("kl", _same, "chi2", _renyi_two),
    ("chi2", _renyi_two, "renyi of order 3", _same),
    ("weak", _same, "tv", lambda value: 2 * value),
)
"""An increasing function of the one is at most one of the other."""


def draw(draw: Draw) -> dict[str, Any]:
    kind = draw.one_of(list(KINDS))
    return {"kind": kind, "case": KINDS[kind].draw(draw), "rtol": draw.one_of(_LOOSE)}


def check(kind: str, case: dict[str, Any], rtol: float) -> Iterator[Compared]:
    joint: dict[str, dict[str, Estimate]] = {}
    for words, law, other in KINDS[kind].pairs(case, rtol):
        tried = {name: attempt(name, law, other, DISTANCES) for name in DISTANCES}
        found = joint[words] = {name: value for name, value in tried.items() if value is not None}
        for low, less, high, more in BOUNDS:
            if low in found and high in found:
                yield at_most(f"{low} by {high} {words}", found[low], less, found[high], more)
        whole = joint.get(words.removeprefix("of positions "), {}) if words.startswith("of positions ") else {}
        for name in sorted((found.keys() & whole.keys()) - {"weak"}):
            yield at_most(f"{name} {words} by that of all", found[name], _same, whole[name], _same)


def at_most(quantity: str, low: Estimate, less: Grows, high: Estimate, more: Grows) -> Compared:
    """The least that the one may be, beside the most that the other may be, where that is less."""
    least, most = less(low.value - low.error), more(high.value + high.error)
    return Compared(quantity, max(least, most), most, 1e-14 * abs(most) if math.isfinite(most) else 0.0)
