"""The predicted constants of a scheme's stationary error."""

from __future__ import annotations

from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_target, number_of_substeps, scheme_class
from pmmtheory.theory import leading_term


def measure(
    device: str, target: str, scheme: str, substeps: float | str = "inf", midpoints: str = "bernoulli", substeps_times_step: float | None = None
) -> dict[str, Estimate]:
    """kl, tv and w2: the limits of KL/step^(2p), TV/step^p and W2/step^p."""
    term = leading_term(scheme_class(scheme), build_target(target), number_of_substeps(substeps), midpoints, substeps_times_step)
    return {"kl": term.kl, "tv": term.tv, "w2": term.w2}
