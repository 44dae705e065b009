"""n + m steps are n steps and then m; one step from the stationary law leads to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmmtheory.divergences import tv
from pmmtheory.harness.hunt import chains, targets
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.features import cdfs
from pmmtheory.laws import transient_law


def draw(draw: Draw) -> dict[str, Any]:
    chain = chains.underdamped(draw) if draw.chance(0.1) else chains.overdamped(draw, chains.nearer(targets.any_target), stationary=0.5)
    return {"chain": chain, "rtol": chains.tolerance(draw, chain), "more": draw.whole(1, 3)}


def check(chain: chains.Chain, rtol: float, more: int) -> Iterator[Compared]:
    scheme, law = chains.build(chain), chains.law(chain, rtol)
    later = transient_law(scheme, law, more, rtol=rtol)
    if chain["steps"] is None:
        whole = law
    else:
        whole = transient_law(scheme, targets.build(chain["initial"]), chain["steps"] + more, rtol=rtol)
    if getattr(law, "truncated", False):
        return
    yield compare("tv", tv(later, whole), 0.0, later.numerical_error + whole.numerical_error)
    if chain["friction"] is None:
        yield compare("mean", later.moment(1), whole.moment(1))
        yield compare("second moment", later.moment(2), whole.moment(2))
        yield from cdfs(later, whole, 1.0, 0.0)
