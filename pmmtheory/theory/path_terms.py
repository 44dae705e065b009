"""Leading terms of the KL of paths of the Poisson midpoint method from LMC(step/K), at stationarity of the target and for far starts.

Given x and the midpoints a step is a Gaussian. With H = Hess F(x), delta the excess of its mean variance and w the variance of its variance, both over
step^2 and for curvature one, the coarse path gains

    step^4 E[ delta^2 tr(H^4)/4 + w^2 ( (tr H^2)^2 + 2 tr H^4 )/16 ]

a step: a Gaussian of covariance 1 + e has KL = tr(e^2)/4 to the standard one, and a mixture of them adds the fourth chaos, E e e. The path at the substeps
gains what each substep does: a rank-one variance along the noise so far, and the mean of b(Xhat) - b(X) given the path.
"""

from __future__ import annotations

import math

import numpy as np

from pmmtheory.errors import InvalidParameter, choice, count, positive
from pmmtheory.targets import Gaussian, Target
from pmmtheory.targets.line import LineTarget


def variance_terms(substeps: int, midpoints: str = "bernoulli") -> tuple[float, float]:
    """delta and w for curvature one: delta = (1 - 1/K^2)/6 and w = (2/3)(K - 1)^2 (2K - 1)/K^3 with independent midpoints.

    With one midpoint delta = (K - 1)(5 - K)/(6 K^2), w = (K^2 - 1)/(3 K^2).

    Examples
    --------
    >>> variance_terms(2)
    (0.125, 0.25)
    """
    k = count("substeps", substeps)
    if choice("midpoints", midpoints, ("bernoulli", "single")) == "bernoulli":
        return (1 - k**-2) / 6, 2 / 3 * (k - 1) ** 2 * (2 * k - 1) / k**3
    return (k - 1) * (5 - k) / (6 * k * k), (k * k - 1) / (3 * k * k)


def coarse_path_constant(target: Target, substeps: int, midpoints: str = "bernoulli") -> float:
    """The limit of KL/step^4 of the coarse path, a step, from the target: for large K (d/144 + d (d + 2)/9) lam^4 on a Gaussian, (49/144) E F''^4 on the line.

    Raises
    ------
    InvalidParameter
        Unless the target is a Gaussian or on the line.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> round(coarse_path_constant(Gaussian(dim=10), 10**6), 4)
    13.4027
    """
    delta, w = variance_terms(substeps, midpoints)
    fourth, squared = _traces(target)
    return delta**2 * fourth / 4 + w**2 * (squared + 2 * fourth) / 16


def fine_path_constant(target: Target, substeps: int) -> float:
    """The same at the substeps, with independent midpoints: K d (d + 2)/12 lam^4 (1 - 1/K)^3 (1 - 1/(2K)) + d lam^4 (K - 1)^2 (K - 2)/(24 K^3) on a Gaussian.

    For 1 << K << 1/(step lam)^2: the leading term is that of a small step at a fixed K.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> fine_path_constant(Gaussian(), 2)
    0.046875
    """
    k = count("substeps", substeps)
    fourth, squared = _traces(target)
    return (squared + 2 * fourth) * (k - 1) ** 3 * (2 * k - 1) / (24 * k**3) + fourth * (k - 1) ** 2 * (k - 2) / (24 * k**3)


def underdamped_path_constant(target: Target, friction: float, substeps: int, midpoints: str = "bernoulli") -> float:
    """The limit of KL/step^6 of the coarse path of positions and velocities from ULMC(step/K), a step, from the target.

    A midpoint at s step pushes (V, U) along H V by step^2 (s, step s (1 - s - 1/(2K))), H = Hess F(U). With C their covariance over the midpoints, over
    (step^2, step^3), and W = [[1, 1/2], [1/2, 1/3]] that of the noise of (V, U), over 2 friction (step, step^2, step^3), the constant is

        E[ (tr H^2)^2 + 2 tr H^4 ] tr((W^-1 C)^2)/(16 friction^2),

    d (d + 2) lam^4 197/(7200 friction^2) on a Gaussian of curvature lam, for large K.

    Raises
    ------
    InvalidParameter
        Unless the target is a Gaussian or on the line.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> round(underdamped_path_constant(Gaussian(), 1.0, 10**6) / (3 * 197 / 7200), 4)
    1.0
    """
    k, several = count("substeps", substeps), choice("midpoints", midpoints, ("bernoulli", "single")) == "bernoulli"
    s = np.arange(k) / k
    pushed = np.stack([s, s * (1 - s - 1 / (2 * k))])
    mean = pushed.mean(1)
    covariance = pushed @ pushed.T / k
    covariance = covariance * (1 - 1 / k) if several else covariance - np.outer(mean, mean)
    ratio = np.linalg.solve(np.array([[1.0, 0.5], [0.5, 1 / 3]]), covariance)
    fourth, squared = _traces(target)
    return (squared + 2 * fourth) * float(np.trace(ratio @ ratio)) / (16 * positive("friction", friction) ** 2)


def far_start_constant(dim: int, substeps: int, excess: float) -> float:
    """The limit of (KL from N(0, (1 + excess) I) - KL from N(0, I))/step^4 of the coarse path over infinitely many steps, on N(0, I), independent midpoints.

    A step from x gains step^5 |x|^2 [ (w/4)^2 (d + 2)/2 + delta w/16 + ((K - 1)(K - 2)/(6 K^2))^2/4 ] beyond step^4, and E|X_t|^2 decays like exp(-2 step t).

    Examples
    --------
    >>> round(far_start_constant(1, 10**6, 2.0), 4)
    0.1875
    """
    k, (delta, w) = count("substeps", substeps), variance_terms(substeps)
    each = (w / 4) ** 2 * (count("dim", dim) + 2) / 2 + delta * w / 16 + ((k - 1) * (k - 2) / (6 * k * k)) ** 2 / 4
    return each * dim * positive("excess", excess) / 2


def _traces(target: Target) -> tuple[float, float]:
    """E tr(H^4) and E (tr H^2)^2."""
    if isinstance(target, Gaussian):
        precisions = 1 / target.variances
        return float((precisions**4).sum()), float((precisions**2).sum()) ** 2
    if not isinstance(target, LineTarget) or target.dim != 1:
        raise InvalidParameter("target", getattr(target, "name", target), "a Gaussian, or a target on the line")
    fourth = target.quadrature.expect(lambda x: target.curvature(x) ** 4)
    if not math.isfinite(fourth):
        raise InvalidParameter("target", target.name, "one with a finite E F''^4")
    return fourth, fourth
