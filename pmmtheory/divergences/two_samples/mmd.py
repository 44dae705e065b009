"""The maximum mean discrepancy of two samples."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.two_samples.points import both
from pmmtheory.divergences.two_samples.u_statistics import Kernel, two_sample_mmd
from pmmtheory.errors import InvalidParameter, scale
from pmmtheory.estimate import Estimate

_SOME = 500

_NEAR = 10.0
"""Bandwidths from the middle within which distances by matrix products are known to some 1e-13 of a bandwidth's square."""


def mmd_squared(x: Any, y: Any, bandwidth: float | None = None) -> Estimate:
    """The unbiased estimate of MMD^2 = E k(X, X') + E k(Y, Y') - 2 E k(X, Y), with k(a, b) = exp(-|a - b|^2/(2 bandwidth^2)).

    It estimates the square of a distance of the laws, 0 only where they are equal, and may be below 0. The standard error, "sampling", is that of the
    jackknife: right where the laws differ; up to 2.5 times too large where they are equal, as where they nearly are it is found small with the value. Of
    few points, or of values with heavy tails, it is up to 2.2 times as large, so that 1.96 of it are Student's interval. For points that are independent
    of each other: of one chain, take one a few correlation times.

    Parameters
    ----------
    x, y : samples of shapes (n, d) and (m, d), or (n,) and (m,)
        At least 40 points each.
    bandwidth : float, optional
        The median distance between points of x and y by default.

    Raises
    ------
    InvalidParameter
        Naming what is not allowed.

    Source: Gretton, Borgwardt, Rasch, Scholkopf & Smola 2012, eq. 3.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> near, far = (mmd_squared(Gaussian(m, 1.0).sample(500, 1), Gaussian().sample(500, 2)) for m in (0.0, 1.0))
    >>> abs(near.value) < 3 * near.error, far.value > 5 * far.error
    (True, True)
    """
    one, other = both(x, y)
    width = _median(one, other) if bandwidth is None else scale("bandwidth", bandwidth)
    middle = torch.cat([one, other]).mean(0)
    return two_sample_mmd(one - middle, other - middle, gaussian_kernel(width))


def gaussian_kernel(width: float) -> Kernel:
    """exp(-|a - b|^2/(2 width^2))."""

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        reach = max(float(torch.linalg.vector_norm(part, dim=1).max()) for part in (a, b))
        # products, several times as fast in many dimensions, lose the digits of distances that are small beside the points themselves
        mode = "use_mm_for_euclid_dist_if_necessary" if reach < _NEAR * width else "donot_use_mm_for_euclid_dist"
        return torch.exp(-(torch.cdist(a, b, compute_mode=mode) / width).square_() / 2)

    return kernel


def _median(x: Tensor, y: Tensor) -> float:
    some = torch.cat([part[:: max(1, len(part) // _SOME)] for part in (x, y)])
    found = float(torch.pdist(some).median())
    if not found > 0:
        raise InvalidParameter("bandwidth", None, "given, where most points are equal")
    return found
