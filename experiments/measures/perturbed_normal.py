"""W2 and KL of a normal variable with a small independent part of two values, exactly: Z + V is a mixture of two Gaussians."""

from __future__ import annotations

import math

from pmmtheory.divergences import kl, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.estimate import Estimate
from pmmtheory.laws import transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, GaussianMixture
from pmmtheory.theory.bounds import srinivasan_nagaraj_perturbation


def measure(device: str, size: float, chance: float) -> dict[str, Estimate]:
    """V is size sqrt((1-p)/p) with chance p and -size sqrt(p/(1-p)) else: of variance size^2 and skewness (1-2p)/sqrt(p (1-p)).

    w2_squared and kl; `bound` of the lemma, for the radius of V, and `thirtieth`, for a control, a thirtieth of it; `third` and `third kl` are what a V
    without skewness, of the same variance, leaves: k3^2/18 and k3^2/12 to leading order.
    """
    high, low = size * math.sqrt((1 - chance) / chance), size * math.sqrt(chance / (1 - chance))
    skewed, even = GaussianMixture([chance, 1 - chance], [high, -low], [1.0, 1.0]), GaussianMixture([0.5, 0.5], [size, -size], [1.0, 1.0])
    still = EulerMaruyama(Overdamped(Gaussian()), 0.1)  # laws of no step: that of the start on the line
    skew, symmetric = (transient_law(still, start, 0, device=device, engine="line") for start in (skewed, even))
    square, divergence = w2(skew, Gaussian()) ** 2, kl(skew, Gaussian())
    bound = srinivasan_nagaraj_perturbation(size**2, max(high, low))
    found = {
        "w2_squared": square,
        "kl": divergence,
        "bound": Estimate(bound, 1e-12 * bound, "Lemma 1"),
        "thirtieth": Estimate(bound / 30, 1e-12 * bound, "Lemma 1"),
    }
    return found | {"third": square - w2(symmetric, Gaussian()) ** 2, "third kl": divergence - kl(symmetric, Gaussian())}
