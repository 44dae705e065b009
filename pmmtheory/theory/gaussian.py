"""The leading errors of stationary laws on Gaussian targets, overdamped and underdamped, in any dimension."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from pmmtheory.errors import InvalidParameter, choice, count, count_or_infinity, positive
from pmmtheory.schemes import Scheme
from pmmtheory.theory import covariance_series as symbols
from pmmtheory.theory.covariance_series import SPREAD_ORDER, covariance_series
from pmmtheory.theory.scale_mixture import LeadingDistances, joint_distances, mixture_distances

ENTRIES = ("uu", "uv", "vv")


@dataclass(frozen=True)
class LeadingCovariance:
    """The relative errors of the stationary covariance on an axis of the target, to leading order in the step.

    Attributes
    ----------
    order : int
        p, the lowest order of the three errors.
    uu, uv, vv : float
        The limits of (curvature E U^2 - 1)/step^p, sqrt(curvature) E UV/step^p and (E V^2 - 1)/step^p; the last two are zero when overdamped.
    first : mapping
        For each entry its own order and constant; an entry without an error up to order 5 is missing.
    spread : mapping
        "uu" and "vv" to the limit of Var/step^3 of the variance given the random times, relative to the variance. All axes share
        these times: an isotropic law is a scale mixture of Gaussians.
    curvature : float
        That of the target.
    """

    order: int
    uu: float
    uv: float
    vv: float
    first: Mapping[str, tuple[int, float]]
    spread: Mapping[str, float]
    curvature: float

    def distances(self, part: str = "position", dim: int = 1) -> LeadingDistances:
        """The leading constants of KL, TV and W2 from an isotropic Gaussian target in dimension dim.

        Parameters
        ----------
        part : "position", "velocity" or "joint"
            "joint" where the law is Gaussian to leading order; it has no TV.
        dim : int

        Raises
        ------
        InvalidParameter
            For a part that is exact up to order 5, a velocity of overdamped dynamics, or a joint law that is no Gaussian.
        """
        d = count("dim", dim)
        underdamped = "vv" in self.spread
        if part == "joint" and underdamped and (self.order < SPREAD_ORDER or not any(self.spread.values())):
            return joint_distances(self.order, (self.uu, self.uv, self.vv), self.curvature, d)
        entry, unit = {"position": ("uu", 1 / self.curvature), "velocity": ("vv", 1.0)}.get(part, ("", 1.0))
        if entry not in self.spread or not (entry in self.first or self.spread[entry]):
            raise InvalidParameter("part", part, '"position", "velocity" or, for Gaussian laws, "joint", where that part has an error')
        order, mean = self.first.get(entry, (math.inf, 0.0))
        return mixture_distances(order, mean, SPREAD_ORDER, self.spread[entry], unit, d)


def leading_covariance(
    scheme: type[Scheme],
    curvature: float = 1.0,
    friction: float | None = None,
    substeps: float = math.inf,
    midpoints: str = "bernoulli",
    substeps_times_step: float | None = None,
    growth: int = 1,
) -> LeadingCovariance:
    """The leading errors of a scheme on a Gaussian target, by symbolic expansion of its step.

    Parameters
    ----------
    scheme : EulerMaruyama, RandomizedMidpoint, PoissonMidpoint or a Splitting
    curvature : float
        1/variance of the target.
    friction : float, optional
        That of underdamped dynamics; without one, overdamped.
    substeps, midpoints
        K and the kind of midpoints, for PoissonMidpoint.
    substeps_times_step, growth : float, int
        For PoissonMidpoint with K = c/step^growth: c, and how fast K grows.

    Raises
    ------
    InvalidParameter
        For a scheme without a known expansion, or a parameter out of range.

    Examples
    --------
    >>> from pmmtheory.schemes import BAOAB, EulerMaruyama
    >>> leading_covariance(BAOAB, friction=2.0).first       # the position is exact
    mappingproxy({'vv': (2, -0.25)})
    >>> leading_covariance(EulerMaruyama).distances(dim=100).kl       # variance 1 + step/2: KL = d step^2/16
    6.25
    """
    lam = positive("curvature", curvature)
    choice("midpoints", midpoints, ("bernoulli", "single"))
    if not (isinstance(scheme, type) and issubclass(scheme, Scheme)):
        raise InvalidParameter("scheme", scheme, "a class of pmmtheory.schemes, the class itself")
    found = covariance_series(scheme, friction is None, midpoints, *_inverse_substeps(substeps, substeps_times_step, growth))
    values = {symbols.curvature: lam} | ({} if friction is None else {symbols.friction: positive("friction", friction)})
    first: dict[str, tuple[int, float]] = {}
    for order, errors in enumerate(found.errors, 1):
        for entry, error in zip(ENTRIES, errors, strict=False):
            if error != 0 and entry not in first:
                first[entry] = (order, float(error.subs(values)))
    lowest = min((order for order, _ in first.values()), default=0)
    uu, uv, vv = (first[entry][1] if entry in first and first[entry][0] == lowest else 0.0 for entry in ENTRIES)
    spread = dict(zip(("uu", "vv"), (float(value.subs(values)) for value in found.spread), strict=False))
    return LeadingCovariance(lowest, uu, uv, vv, MappingProxyType(first), MappingProxyType(spread), lam)


def _inverse_substeps(substeps: float, product: float | None, growth: int) -> tuple[Fraction, int]:
    """(q, r) with 1/K = q step^r."""
    power = count("growth", growth)
    if product is not None:
        return 1 / Fraction(positive("substeps_times_step", product)), power
    k = count_or_infinity("substeps", substeps)
    return (Fraction(0) if k == math.inf else Fraction(1, int(k))), 0
