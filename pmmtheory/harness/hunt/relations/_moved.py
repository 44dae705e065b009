"""A chain on the line or in the phase plane after a change of the axis has the law that this change gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmmtheory.harness.hunt import chains, targets
from pmmtheory.harness.hunt.compared import Compared, both, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.features import affine, attempt, on_line, ways


def draw_chain(draw: Draw) -> dict[str, Any]:
    """A chain, one in three of them underdamped, and a tolerance."""
    chain = chains.underdamped(draw) if draw.chance(0.33) else chains.overdamped(draw)
    return {"chain": chain, "rtol": chains.tolerance(draw, chain), "distances": ways(draw)}


def check_moved(chain: chains.Chain, rtol: float, distances: list[str], scale: float = 1.0, shift: float = 0.0, mirror: bool = False) -> Iterator[Compared]:
    """Moments, distribution functions and distances to the target."""
    other = chains.moved(chain, scale, shift, mirror)
    one_law, other_law = both(lambda: chains.law(chain, rtol), lambda: chains.law(other, rtol))
    pair = targets.build(chain["target"]), targets.build(other["target"])
    if chain["friction"] is None:
        yield from on_line(one_law, other_law, scale, shift, mirror, pair, distances)
        return
    yield from on_line(one_law.position, other_law.position, scale, shift, mirror, pair, distances)
    for name in ("tv", "kl", "chi2"):
        found = [attempt(name, law, target) for law, target in zip((one_law, other_law), pair, strict=True)]
        if found[0] is not None and found[1] is not None:
            yield compare(f"joint {name}", found[0], found[1])
    sign = -1.0 if mirror else 1.0
    yield compare("mean of the velocity", affine(one_law.velocity.moment(1), sign, 0.0), other_law.velocity.moment(1))
