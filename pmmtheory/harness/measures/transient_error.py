"""The distance of a scheme's law after a fixed time from the diffusion's, or from the law of the fine chain it imitates."""

from __future__ import annotations

from typing import Any

from pmmtheory import divergences
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_scheme, build_target
from pmmtheory.harness.names import named
from pmmtheory.laws import diffusion_law, transient_law
from pmmtheory.targets import Gaussian


def measure(
    device: str,
    target: str,
    scheme: str,
    steps: int,
    time: float,
    mean: float,
    variance: float,
    substeps: float | str | None = None,
    midpoints: str | None = None,
    against: str = "diffusion",
    distances: str = "kl tv w2",
    **options: Any,
) -> dict[str, Estimate]:
    """The named distances after `steps` steps of size time/steps from N(mean, variance), against the diffusion or the fine chain."""
    initial = Gaussian(mean, variance)
    law = transient_law(build_scheme(scheme, target, time / steps, substeps, midpoints, **options), initial, steps, device=device)
    reference: Any
    if against == "fine":
        assert isinstance(substeps, int)
        reference = transient_law(build_scheme("EulerMaruyama", target, time / (steps * substeps)), initial, steps * substeps, device=device)
    else:
        reference = diffusion_law(build_target(target), initial, time, rtol=1e-10, device=device)
    return {name: named(name, "divergences", divergences)(law, reference) for name in distances.split()}
