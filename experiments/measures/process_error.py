"""How far a sampler is from the process that it discretises, both exact, on Gaussian data with a wide and a narrow axis."""

from __future__ import annotations

from pmmtheory.chain import Chain
from pmmtheory.divergences import w2_bounds
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.harness.spectrum import METHODS, process, starts
from pmmtheory.laws import transient_law
from pmmtheory.schemes import FrozenEuler
from pmmtheory.targets import Gaussian

_RTOL, _EARLY = 1e-6, 0.5


def measure(device: str, method: str, count: int, stop: float, start: str, shift: float = 0.0, grid: str = "vp") -> dict[str, Estimate]:
    """`below` and `above`: bounds on W2 between what `count` points of time give and the law of the process at the stop; one number but for random midpoints.

    start : "p_T", the noised data at time 1, or "N(0, I)".
    shift : the mean of the data on the wide axis; schemes with random midpoints take none.
    grid : of the steps of "EM" and "Euler", in place of that of the variance-preserving SDE; from time 0.5, where the start still matters.
    """
    data = Gaussian([shift, 0.0], [2.0, 0.1])
    begun = starts(data)[start]
    system = process(METHODS[method].process, data, stop)
    chain = METHODS[method].build(data, stop, count)
    if grid != "vp":
        if method not in ("EM", "Euler"):
            raise InvalidParameter("grid", grid, 'one of another grid than "vp" for "EM" and "Euler" alone')
        system = METHODS[method].process(data, _EARLY, stop, "euler", grid)
        chain = Chain(FrozenEuler(system, count - 1), steps=count - 1)
    law = transient_law(chain.scheme, begun, chain.steps, rtol=_RTOL, device=device, engine="gaussian")
    below, above = w2_bounds(law, system.solved(begun))
    return {"below": below, "above": above}
