"""The kernel distance of two sets of features."""

from __future__ import annotations

from torch import Tensor

from pmmtheory.divergences.two_samples.u_statistics import two_sample_mmd
from pmmtheory.images.set_distance import SetDistance, as_features


def kernel_distance(x: Tensor, y: Tensor, net: str = "features") -> SetDistance:
    """The unbiased estimate of MMD^2 = E k(X, X') + E k(Y, Y') - 2 E k(X, Y), with k(a, b) = (a.b/d + 1)^3.

    Its mean over sets is the distance of the laws, so that it may be below 0. The standard error is that of the jackknife, which leaves out one
    point at a time: right where the laws differ, too large by up to sqrt(2) where they are equal.

    Parameters
    ----------
    x, y : tensors of shapes (n, d) and (m, d)
        Three points or more in each.
    net : str
        The name of the features.

    Raises
    ------
    InvalidParameter
        Naming `x` or `y` where there are too few points or values that are not finite.

    Source: Binkowski et al. 2018 (arXiv 1801.01401), the kernel inception distance (KID), with Inception features; Gretton et al. 2012, eq. 3.
    """
    x, y = as_features(x, y, net)
    estimate = two_sample_mmd(x, y, _cubic)
    half = 1.96 * estimate.error
    return SetDistance(f"kernel distance on {net}", estimate, (estimate.value - half, estimate.value + half))


def _cubic(x: Tensor, y: Tensor) -> Tensor:
    """k of all points of two sets, (n, m)."""
    return ((x @ y.T) / x.shape[1] + 1).pow_(3)
