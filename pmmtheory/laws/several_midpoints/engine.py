"""Laws of overdamped chains in the plane with any number of random midpoints a step."""

from __future__ import annotations

from pmmtheory.laws.engine import Refusal, refused
from pmmtheory.laws.potential_plane.engine import Operators, PotentialPlaneEngine
from pmmtheory.laws.several_midpoints.series import Series
from pmmtheory.laws.step.midpoint_step import own_step
from pmmtheory.laws.step.poisson_pieces import require_pieces
from pmmtheory.schemes import Scheme


class SeveralMidpointsEngine(PotentialPlaneEngine):
    """The same by a series in powers of what midpoints push, for steps of up to about a fifth over the largest curvature."""

    name, rank, default_rtol = "several_midpoints", 7, 1e-6

    def serves(self, scheme: Scheme) -> Refusal | None:
        """Refused but for a step that declares several random midpoints, whose pieces are what a walk over them takes them for."""
        structure, allowed = scheme.structure, "one with several random midpoints a step and its own structure (PoissonMidpoint)"
        if not own_step(scheme) or structure is None or not structure.midpoints.several:
            return Refusal("scheme", scheme.name, allowed)
        return refused(lambda: require_pieces(structure))

    def operators(self, scheme: Scheme, rtol: float) -> Operators:
        """Series, whose degree follows from rtol."""
        return Series(scheme, rtol)
