"""Whether stationary distances have the leading terms that are derived: their ratio at step 0, extrapolated from three steps."""

from __future__ import annotations

from typing import Any

from experiments.measures._leading import Setting
from pmmtheory.estimate import Estimate
from pmmtheory.rates.to_zero import to_zero

_WRONG = 1 / 1.002


def measure(device: str, step_size: float, even: bool = False, **chain: Any) -> dict[str, Estimate]:
    """By distance |r - 1|, where r is distance/(constant step^p) at step 0, by a parabola in the step through `step_size`, its half and its quarter.

    Its error is that of rates.to_zero. `even`: the ratio is even in the step, and the parabola one in its square. `wrong kl` and so on are of constants
    that are 0.2% too small. chain : the parameters of a Setting (experiments.measures._leading), which names the distances.
    """
    given, share = Setting(**chain), 0.25 if even else 0.5
    steps = [step_size / 2**i for i in range(3)]
    curves = [given.distances(device, step) for step in steps]
    apart: dict[str, Estimate] = {}
    for name, (power, constant) in given.leading().items():
        ratio = to_zero([found[name] / step**power for found, step in zip(curves, steps, strict=True)], share) / constant
        apart |= {name: abs(ratio - 1), f"wrong {name}": abs(ratio / _WRONG - 1)}
    return apart
