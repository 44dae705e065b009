"""Stationary laws on a Gaussian on the line: LMC by closed forms, the Poisson midpoint method as a scale mixture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from flint import arb, ctx

from pmmtheory.divergences import chi2, kl, tv, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.estimate import Estimate
from pmmtheory.laws import stationary_law
from pmmtheory.rigor import gaussian, recursions
from pmmtheory.rigor.balls import exact
from pmmtheory.rigor.enclosure import Claimed
from pmmtheory.rigor.scale_mixture import ScaleMixture
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, Scheme
from pmmtheory.targets import Gaussian, Product

TARGET = Gaussian(0.0, 1 / 1.7)
STEP, LARGE, DIM = 0.1, 0.2, 5
MIDPOINTS = ((LARGE, 3, "bernoulli"), (LARGE, 3, "single"), (0.02, 5, "bernoulli"))
"""Step size, K and kind; at the small step KL is known to fewer digits than its terms have."""


def claims() -> Iterator[Claimed]:
    """Distances by two engines."""
    for engine in ("line", "gaussian"):
        for distance, proof in ((kl, gaussian.kl), (tv, gaussian.tv), (w2, gaussian.w2), (chi2, gaussian.chi2)):
            words = f"{distance.__name__} of LMC on {TARGET.name}, engine {engine}"
            yield Claimed(words, partial(_stated, EulerMaruyama(Overdamped(TARGET), STEP), distance, engine), partial(_lmc, proof))
        for step, substeps, midpoints in MIDPOINTS:
            scheme, proof = PoissonMidpoint(Overdamped(TARGET), step, substeps, midpoints), partial(_pmm, step, substeps, midpoints)
            words = f"PMM, K = {substeps}, {midpoints}, step {step:g}, on {TARGET.name}, engine {engine}"
            for distance in (kl, tv):
                yield Claimed(f"{distance.__name__} of {words}", partial(_stated, scheme, distance, engine), partial(proof, distance.__name__))
            yield Claimed(f"variance of {words}", partial(_variance, scheme, engine), partial(proof, "variance"))
    product = EulerMaruyama(Overdamped(Product([Gaussian()] * DIM)), LARGE)
    yield Claimed(f"tv of LMC on the product of {DIM} normals", partial(_stated, product, tv, None), _product)


def _stated(scheme: Scheme, distance: Callable[[Any, Any], Estimate], engine: str | None) -> Estimate:
    return distance(stationary_law(scheme, engine=engine), scheme.dynamics.target)


def _variance(scheme: Scheme, engine: str) -> Estimate:
    """The second moment, as the mean is 0."""
    law = stationary_law(scheme, engine=engine)
    return law.moment(2) if engine == "line" else Estimate(law.covariance, law.numerical_error * law.covariance, "moments")


def _lmc(proof: Callable[[gaussian.Normal1, gaussian.Normal1], arb]) -> arb:
    variance = exact(TARGET.covariance)
    return proof(gaussian.Normal1(arb(0), recursions.lmc(variance, exact(STEP))), gaussian.Normal1(arb(0), variance))


def _product() -> arb:
    return gaussian.tv_isotropic(recursions.lmc(arb(1), exact(LARGE)), DIM)


def _pmm(step: float, substeps: int, midpoints: str, what: str) -> arb:
    found: Any = getattr(_mixture(step, substeps, midpoints, ctx.prec), what)
    return found() if callable(found) else found  # type: ignore[no-any-return]


@lru_cache(maxsize=8)
def _mixture(step: float, substeps: int, midpoints: str, bits: int) -> ScaleMixture:
    """At the working precision."""
    return ScaleMixture(1 / exact(TARGET.covariance), exact(step), substeps, midpoints)
