"""A mixture in the plane that particles are moved on."""

from __future__ import annotations

from pmmtheory.targets import GaussianMixture

MODES = GaussianMixture([0.2, 0.3, 0.5], [[-1.0, 0.0], [1.0, 1.0], [0.0, -1.0]], [0.5, 0.5, 0.5])
