"""The distance of a scheme's stationary law from its target, or from the law of the fine chain it imitates."""

from __future__ import annotations

from typing import Any

from pmmtheory import divergences
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_scheme
from pmmtheory.harness.names import named
from pmmtheory.laws import stationary_law


def measure(
    device: str,
    target: str,
    scheme: str,
    step_size: float,
    substeps: float | str | None = None,
    midpoints: str | None = None,
    against: str = "target",
    distances: str = "kl tv w2",
    **options: Any,
) -> dict[str, Estimate]:
    """The named distances from the target, or (against="fine") from Euler-Maruyama with step step_size/substeps; options are those of build_scheme."""
    chain = build_scheme(scheme, target, step_size, substeps, midpoints, **options)
    law = stationary_law(chain, device=device)
    reference: Any = chain.dynamics.target
    if against == "fine":
        assert isinstance(substeps, (int, float))
        reference = stationary_law(build_scheme("EulerMaruyama", target, step_size / substeps), device=device)
    return {name: named(name, "divergences", divergences)(law, reference) for name in distances.split()}
