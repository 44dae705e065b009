"""The distance of a scheme's stationary law from its target, or from the law of the fine chain it imitates."""

from __future__ import annotations

from typing import Any

from experiments.catalogue import build_scheme
from pmmtheory.divergences import Estimate, chi2, kl, tv, w2
from pmmtheory.laws import stationary_law


def measure(
    device: str, target: str, scheme: str, step_size: float, substeps: float | str | None = None, midpoints: str | None = None, against: str = "target"
) -> dict[str, Estimate]:
    """kl, tv, w2 and chi2 against the target, or (against="fine") against Euler-Maruyama with step step_size/substeps."""
    chain = build_scheme(scheme, target, step_size, substeps, midpoints)
    law = stationary_law(chain, device=device)
    reference: Any = chain.dynamics.target
    if against == "fine":
        assert isinstance(substeps, (int, float))
        reference = stationary_law(build_scheme("EulerMaruyama", target, step_size / substeps), device=device)
    return {name: distance(law, reference) for name, distance in (("kl", kl), ("tv", tv), ("w2", w2), ("chi2", chi2))}
