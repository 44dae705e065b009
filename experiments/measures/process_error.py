"""How far a sampler is from the process that it discretises, both exact, on Gaussian data with a wide and a narrow axis."""

from __future__ import annotations

from pmmtheory.divergences import w2_bounds
from pmmtheory.estimate import Estimate
from pmmtheory.harness.spectrum import METHODS, process, starts
from pmmtheory.laws import transient_law
from pmmtheory.targets import Gaussian

_RTOL = 1e-6


def measure(device: str, method: str, count: int, stop: float, start: str, shift: float = 0.0) -> dict[str, Estimate]:
    """`below` and `above`: bounds on W2 between what `count` points of time give and the law of the process at the stop; one number but for random midpoints.

    start : "p_T", the noised data at time 1, or "N(0, I)". shift : the mean of the data on the wide axis; schemes with random midpoints take none.
    """
    data = Gaussian([shift, 0.0], [2.0, 0.1])
    begun = starts(data)[start]
    chain = METHODS[method].build(data, stop, count)
    law = transient_law(chain.scheme, begun, chain.steps, rtol=_RTOL, device=device, engine="gaussian")
    below, above = w2_bounds(law, process(METHODS[method].process, data, stop).solved(begun))
    return {"below": below, "above": above}
