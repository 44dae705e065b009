"""What is sampled: one target a file."""

from typing import TYPE_CHECKING

from pmmtheory.discover import lookup
from pmmtheory.targets.banana import Banana
from pmmtheory.targets.cosine import Cosine
from pmmtheory.targets.double_well import DoubleWell
from pmmtheory.targets.funnel import Funnel
from pmmtheory.targets.gaussian import Gaussian
from pmmtheory.targets.log_cosh import LogCosh
from pmmtheory.targets.logistic_regression import LogisticRegression
from pmmtheory.targets.mixture import GaussianMixture
from pmmtheory.targets.phi4 import Phi4
from pmmtheory.targets.potential import Potential
from pmmtheory.targets.product import Product
from pmmtheory.targets.ring import Ring
from pmmtheory.targets.target import Constant, Target

__all__ = [
    "Banana",
    "Constant",
    "Cosine",
    "DoubleWell",
    "Funnel",
    "Gaussian",
    "GaussianMixture",
    "LogCosh",
    "LogisticRegression",
    "Phi4",
    "Potential",
    "Product",
    "Ring",
    "Target",
]

if not TYPE_CHECKING:  # which would let a misspelt name pass

    def __getattr__(name: str) -> type:
        """A class of a new file in this folder, by its name."""
        return lookup(__name__, Target, name)
