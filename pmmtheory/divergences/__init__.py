"""Distances between laws, targets and samples: every one is an Estimate with its error.

In KL, chi2 and Renyi the first argument is the law that is measured and the second the reference.
"""

from __future__ import annotations

from pmmtheory.divergences.distances import frechet as frechet
from pmmtheory.divergences.distances import sliced_w2 as sliced_w2
from pmmtheory.divergences.distances import tv as tv
from pmmtheory.divergences.distances import w1 as w1
from pmmtheory.divergences.distances import w2 as w2
from pmmtheory.divergences.distances import w2_bounds as w2_bounds
from pmmtheory.divergences.distances import weak as weak
from pmmtheory.divergences.generators.chi2 import chi2 as chi2
from pmmtheory.divergences.generators.hellinger import hellinger as hellinger
from pmmtheory.divergences.generators.kl import kl as kl
from pmmtheory.divergences.generators.renyi import renyi as renyi
from pmmtheory.divergences.generators.reverse_kl import reverse_kl as reverse_kl
from pmmtheory.divergences.paths.path_kl import path_kl as path_kl
from pmmtheory.divergences.two_samples.mmd import mmd_squared as mmd_squared
from pmmtheory.divergences.two_samples.neighbours import kl_neighbours as kl_neighbours
from pmmtheory.divergences.two_samples.stein import stein_discrepancy as stein_discrepancy
from pmmtheory.divergences.two_samples.wasserstein import sliced_w2_squared as sliced_w2_squared
from pmmtheory.divergences.two_samples.wasserstein import w2_squared as w2_squared
from pmmtheory.estimate import Estimate as Estimate
