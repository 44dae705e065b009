"""Distances of a chain's stationary law from its target, in the plane."""

from __future__ import annotations

from experiments.measures._in_plane import in_plane
from pmmtheory.divergences import kl, tv, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import scheme_class
from pmmtheory.laws import stationary_law


def measure(
    device: str, target: str, scheme: str, step_size: float, rtol: float = 1e-6, moved: bool = False, substeps: float | None = None
) -> dict[str, Estimate]:
    """kl and tv, and w2 where `moved` asks for it, which takes seconds more; rtol is that of the law, substeps K of a scheme that has several midpoints."""
    own = in_plane(target)
    options = {} if substeps is None else {"substeps": substeps}
    law = stationary_law(scheme_class(scheme)(Overdamped(own), step_size, **options), rtol=rtol, device=device)
    found = {"kl": kl(law, own), "tv": tv(law, own)}
    return found | {"w2": w2(law, own)} if moved else found
