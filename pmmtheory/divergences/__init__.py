"""Distances between laws, targets and samples: every one is an Estimate with its error.

In KL, chi2 and Renyi the first argument is the law that is measured and the second the reference.
"""

from __future__ import annotations

from typing import Any

from pmmtheory.divergences import plane
from pmmtheory.divergences.comparison import compared
from pmmtheory.divergences.samples import as_sample, is_sample, w2_samples
from pmmtheory.errors import InvalidParameter, positive
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlanarLaw
from pmmtheory.targets import Target

__all__ = ["Estimate", "chi2", "kl", "renyi", "sliced_w2", "tv", "w2"]


def kl(law: Any, other: Any) -> Estimate:
    """KL(law || other) = int p log(p/q), in nats.

    Parameters
    ----------
    law : LineLaw, LinearLaw, PlanarLaw, PlaneLaw or Gaussian
    other : a target, or a law of the same kind
        A target stands for its invariant law: with velocities where the law has them.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> import math
    >>> round(float(kl(Gaussian(0.0, 2.0), Gaussian(0.0, 1.0))), 9) == round((1 - math.log(2)) / 2, 9)
    True
    """
    return _measure("kl", law, other)


def tv(law: Any, other: Any) -> Estimate:
    """TV(law, other) = int |p - q| / 2; arguments as for kl (Gaussians in dimension 1).

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> import math
    >>> round(float(tv(Gaussian(0.0, 1.0), Gaussian(2.0, 1.0))), 9) == round(math.erf(1 / math.sqrt(2)), 9)
    True
    """
    return _measure("tv", law, other)


def w2(law: Any, other: Any) -> Estimate:
    """The Wasserstein distance W2(law, other) by the monotone map; arguments as for kl, or a sample of shape (n,): a tensor, an array or a list.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> round(float(w2(Gaussian(0.0, 4.0, dim=9), Gaussian(0.0, 1.0, dim=9))), 9)
    3.0
    """
    if is_sample(law):
        return w2_samples(as_sample(law), other)
    return _measure("w2", law, other)


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
    if not isinstance(target, Target) or target.dim != 2:
        raise InvalidParameter("target", getattr(target, "name", target), "a Gaussian or a mixture of Gaussians in the plane")
    if not isinstance(law, PlanarLaw):
        if not is_sample(law):
            raise InvalidParameter("law", type(law).__name__, "a law in the plane, or a sample of shape (n, 2)")
        law = as_sample(law, "law", 2)
    return plane.sliced(law, target, directions)


def chi2(law: Any, other: Any) -> Estimate:
    """chi2(law || other) = int (p - q)^2 / q; arguments as for kl.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> import math
    >>> round(float(chi2(Gaussian(1.0, 1.0), Gaussian(0.0, 1.0))), 9) == round(math.e - 1, 9)
    True
    """
    return _measure("chi2", law, other)


def renyi(law: Any, other: Any, order: float) -> Estimate:
    """The Renyi divergence log(int p^order q^(1-order)) / (order - 1), order > 0 and not 1, of a law on the line.

    Examples
    --------
    Of order 2 it is log(1 + chi2):

    >>> from pmmtheory.targets import Gaussian
    >>> import math
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.laws import stationary_law
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> law = stationary_law(EulerMaruyama(Overdamped(Gaussian()), step_size=0.1))
    >>> abs(float(renyi(law, Gaussian(), order=2.0)) - math.log1p(float(chi2(law, Gaussian())))) < 1e-12
    True
    """
    if positive("order", order) == 1.0:
        raise InvalidParameter("order", order, "a positive number other than 1 (use kl for 1)")
    return _measure("renyi", law, other, order)


def _measure(name: str, law: Any, other: Any, order: float = 2.0) -> Estimate:
    if is_sample(law):
        raise InvalidParameter("law", f"a sample, for {name}", "a law: samples have w2 on the line and sliced_w2 in the plane")
    return compared(name, law, other, order)
