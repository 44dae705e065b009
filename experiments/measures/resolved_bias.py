"""The bias of a chain in E |x|^2/d on twenty cosines, by coupled chains to a hundredth of it, against the law on the line of one coordinate."""

from __future__ import annotations

from typing import Any

from experiments.measures._in_many import SIGMAS, centred_square, in_many
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import scheme_on
from pmmtheory.laws import stationary_law
from pmmtheory.particles import bias
from pmmtheory.targets import Cosine

_SHARE = 0.01
"""Of the bias, that its error is to be within."""


_LONGER = 1.05

_TIME, _BURN_IN = 20.0, 10.0
"""So long that the start is forgotten to a hundredth of a bias, and twice that."""


def measure(device: str, scheme: str, step_size: float, **options: Any) -> dict[str, Estimate]:
    """bias; its error over it (unknown); what it is apart from the exact one, and from that of steps 5% longer (apart longer); allowed, three standard
    errors and the rest of its error; and dearer, how many times as many drift calls independent chains would take to the same standard error."""
    exact, longer = (_exact(scheme, step, device, options) for step in (step_size, _LONGER * step_size))
    own = in_many("cosines")
    made = scheme_on(own, scheme, step_size, **options)
    wanted = _SHARE * abs(exact.value)
    found = bias(made, centred_square(own), wanted, time=_TIME, burn_in=_BURN_IN, budget=1_000_000, device=device)
    allowed = found.estimate.error + (SIGMAS - 1) * found.estimate.parts["sampling"]
    return {
        "bias": found.estimate,
        "unknown": Estimate(found.estimate.error / abs(exact.value), 0.0, "its error over the exact bias"),
        "apart": Estimate(abs(found.estimate.value - exact.value), exact.error, "coupled chains and a law"),
        "apart longer": Estimate(abs(found.estimate.value - longer.value), longer.error, "coupled chains and another law"),
        "allowed": Estimate(allowed, 0.0, "3 standard errors, and the rest"),
        "dearer": Estimate(found.reduction, 0.0, "drift calls of independent chains over those of coupled ones"),
    }


def _exact(scheme: str, step_size: float, device: str, options: dict[str, Any]) -> Estimate:
    target = Cosine()
    own: Estimate = stationary_law(scheme_on(target, scheme, step_size, **options), rtol=1e-9, device=device).moment(2)
    return own - target.covariance
