"""Laws of overdamped chains in the plane with any number of random midpoints a step."""

from __future__ import annotations

from pmmtheory.laws.engine import Refusal
from pmmtheory.laws.potential_plane.engine import Operators, PotentialPlaneEngine
from pmmtheory.laws.several_midpoints.series import Series
from pmmtheory.laws.step.midpoint_series import several_midpoints
from pmmtheory.schemes import Scheme


class SeveralMidpointsEngine(PotentialPlaneEngine):
    """The same by a series in powers of what midpoints push, for steps of up to about a fifth over the largest curvature."""

    name, rank, default_rtol = "several_midpoints", 7, 1e-6

    def serves(self, scheme: Scheme) -> Refusal | None:
        """Refused but for a step with several random midpoints that has a series."""
        return several_midpoints(scheme)

    def operators(self, scheme: Scheme, rtol: float) -> Operators:
        """Series, whose degree follows from rtol."""
        return Series(scheme, rtol)
