"""One step of a chain: one scheme a file."""

from pmmtheory.discover import lookup
from pmmtheory.schemes.draws import Draw, Index, Normal, Uniform
from pmmtheory.schemes.euler_maruyama import EulerMaruyama
from pmmtheory.schemes.midpoints import Midpoints
from pmmtheory.schemes.poisson_midpoint import PoissonMidpoint
from pmmtheory.schemes.randomized_midpoint import RandomizedMidpoint
from pmmtheory.schemes.scheme import Scheme

__all__ = ["Draw", "EulerMaruyama", "Index", "Midpoints", "Normal", "PoissonMidpoint", "RandomizedMidpoint", "Scheme", "Uniform"]


def __getattr__(name: str) -> type:
    """A class of a new file in this folder, by its name."""
    return lookup(__name__, Scheme, name)
