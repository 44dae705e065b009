"""Distances that are no f-divergences: total variation, Wasserstein distances and weak errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from pmmtheory.divergences import sliced
from pmmtheory.divergences.measured import pair
from pmmtheory.divergences.pair import MOMENTS
from pmmtheory.divergences.samples import as_sample, is_sample, w2_samples
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate


def tv(law: Any, other: Any) -> Estimate:
    """TV(law, other) = int |p - q| / 2; arguments as for kl (Gaussians in dimension 1).

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> import math
    >>> round(float(tv(Gaussian(0.0, 1.0), Gaussian(2.0, 1.0))), 9) == round(math.erf(1 / math.sqrt(2)), 9)
    True
    """
    return pair("tv", law, other).tv()


def w2(law: Any, other: Any) -> Estimate:
    """The Wasserstein distance W2(law, other) by the optimal map; arguments as for kl, or a sample of shape (n,): a tensor, an array or a list.

    On the line the map is the monotone one. In the plane it is the slope of a convex function, found by Newton's method: raises NotConverged where the two are
    too far apart for that, which those of a chain and its target seldom are.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> round(float(w2(Gaussian(0.0, 4.0, dim=9), Gaussian(0.0, 1.0, dim=9))), 9)
    3.0
    """
    if is_sample(law):
        return w2_samples(as_sample(law), other)
    return pair("w2", law, other).w2()


def frechet(law: Any, other: Any) -> Estimate:
    """The Frechet (Bures) distance: W2 of Gaussians with the means and covariances of both, which is W2 itself where both are Gaussian and else below it.

    Parameters
    ----------
    law : a law by moments, in any dimension
    other : another on its axes, or a Gaussian

    Source: Gelbrich 1990; Dowson & Landau 1982.

    Examples
    --------
    >>> from pmmtheory.schedulers import DDIM, ExactPredictor, NoiseSchedule
    >>> from pmmtheory.laws import transient_law
    >>> from pmmtheory.targets import Gaussian
    >>> data, schedule = Gaussian(0.0, [4.0, 0.5]), NoiseSchedule.linear()
    >>> law = transient_law(DDIM(schedule, steps=20).chain(ExactPredictor(data, schedule)))
    >>> round(float(frechet(law, data)), 4) == round(float(w2(law, data)), 4)
    True
    """
    return pair("frechet", law, other, MOMENTS).frechet()


def w2_bounds(law: Any, other: Any) -> tuple[Estimate, Estimate]:
    """Numbers below and above W2(law, other): one number twice where W2 is known.

    For a chain with random midpoints on Gaussian data of any covariance: below the Frechet distance, above a coupling given the midpoints.

    Parameters
    ----------
    law, other
        As for w2.

    Examples
    --------
    >>> from pmmtheory.schedulers import ExactPredictor, NoiseSchedule, PoissonMidpointScheduler
    >>> from pmmtheory.laws import transient_law
    >>> from pmmtheory.targets import Gaussian
    >>> data, schedule = Gaussian(0.0, [4.0, 0.5]), NoiseSchedule.linear()
    >>> sampler = PoissonMidpointScheduler(schedule, steps=20, substeps=5, midpoints="interior")
    >>> low, high = w2_bounds(transient_law(sampler.chain(ExactPredictor(data, schedule))), data)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0283, 0.0357)
    """
    return pair("w2", law, other).w2_bounds()


def w1(law: Any, other: Any) -> Estimate:
    """The Wasserstein distance W1(law, other) = int |P - Q| of laws on the line; arguments as for kl.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> round(float(w1(Gaussian(1.5, 1.0), Gaussian(0.0, 1.0))), 9)
    1.5
    """
    return pair("w1", law, other).w1()


def weak(law: Any, other: Any, f: Callable[[Tensor], Tensor]) -> Estimate:
    """The weak error |E f(X) - E f(Y)| of a test function, X with the law and Y with the other.

    Parameters
    ----------
    law, other
        As for kl, on the line.
    f : callable
        From a tensor of points to a tensor of values, elementwise. Kinks and jumps are found by halving panels; what is narrower than a panel is not.

    Raises
    ------
    InvalidParameter
        Naming f where its values are not finite, are of another shape, or grow so fast that a mean may be infinite.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> round(float(weak(Gaussian(1.0, 2.0), Gaussian(0.0, 1.0), lambda x: x**2)), 9)
    2.0
    """
    if not callable(f):
        raise InvalidParameter("f", f, "a function of points")
    return pair("weak", law, other).weak(f)


def sliced_w2(law: Any, target: Any, directions: int = 16) -> Estimate:
    """The sliced Wasserstein distance in the plane: the root mean square over directions u of W2(law of u . X, law of u . Y).

    Parameters
    ----------
    law : PlanarLaw, or a sample of shape (n, 2): a tensor, an array or a list
    target : a Gaussian or a mixture of Gaussians in the plane
    directions : int
        Equally spaced in the half circle.

    Examples
    --------
    >>> import math
    >>> from pmmtheory.targets import Gaussian
    >>> distance = sliced_w2(Gaussian([1.0, 0.0], 1.0).sample(20_000), Gaussian(dim=2))
    >>> abs(float(distance) - math.sqrt(1 / 2)) < 5 * distance.error
    True
    """
    return sliced.between(law, target, directions)
