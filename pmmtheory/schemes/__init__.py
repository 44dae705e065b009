"""One step of a chain: one scheme a file."""

from typing import TYPE_CHECKING

from pmmtheory.discover import lookup
from pmmtheory.schemes.aboba import ABOBA
from pmmtheory.schemes.baoab import BAOAB
from pmmtheory.schemes.bub import BUB
from pmmtheory.schemes.draw import Draw
from pmmtheory.schemes.draws import Index, Normal, Uniform
from pmmtheory.schemes.euler_maruyama import EulerMaruyama
from pmmtheory.schemes.explicit_trapezoid import ExplicitTrapezoid
from pmmtheory.schemes.frozen_euler import FrozenEuler
from pmmtheory.schemes.mala import MALA
from pmmtheory.schemes.midpoints import Midpoints
from pmmtheory.schemes.obabo import OBABO
from pmmtheory.schemes.ozaki import Ozaki
from pmmtheory.schemes.poisson_midpoint import PoissonMidpoint
from pmmtheory.schemes.quadrature_time import QuadratureTime
from pmmtheory.schemes.randomized_midpoint import RandomizedMidpoint
from pmmtheory.schemes.reduced_noise_midpoint import ReducedNoisePoissonMidpoint
from pmmtheory.schemes.scheme import Scheme
from pmmtheory.schemes.sgld import SGLD
from pmmtheory.schemes.splitting import Splitting
from pmmtheory.schemes.stochastic_gradient_midpoint import StochasticGradientRandomizedMidpoint
from pmmtheory.schemes.structure import PoissonStructure
from pmmtheory.schemes.tamed_euler import TamedEuler
from pmmtheory.schemes.ubu import UBU

__all__ = [
    "ABOBA",
    "BAOAB",
    "BUB",
    "MALA",
    "OBABO",
    "UBU",
    "Draw",
    "EulerMaruyama",
    "ExplicitTrapezoid",
    "FrozenEuler",
    "Index",
    "Midpoints",
    "Normal",
    "Ozaki",
    "PoissonMidpoint",
    "PoissonStructure",
    "QuadratureTime",
    "RandomizedMidpoint",
    "ReducedNoisePoissonMidpoint",
    "SGLD",
    "Scheme",
    "Splitting",
    "StochasticGradientRandomizedMidpoint",
    "TamedEuler",
    "Uniform",
]

if not TYPE_CHECKING:  # which would let a misspelt name pass

    def __getattr__(name: str) -> type:
        """A class of a new file in this folder, by its name."""
        return lookup(__name__, Scheme, name)
