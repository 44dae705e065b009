"""The SDEs and their affine integrators."""

from pmmtheory.dynamics.dynamics import Dynamics
from pmmtheory.dynamics.overdamped import Overdamped

__all__ = ["Dynamics", "Overdamped"]
