"""The orders that schemes declare: against the leading terms of the theory and the claims of the studies; by exact laws in tests/testing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.harness.catalogue import build_scheme
from pmmtheory.harness.discover import find_studies
from pmmtheory.harness.study import Check
from pmmtheory.schemes import ABOBA, BAOAB, BUB, OBABO, UBU, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.schemes.found import found_schemes
from pmmtheory.targets import Gaussian, GaussianMixture
from pmmtheory.testing import BrokenScheme, check_scheme
from pmmtheory.testing.check_scheme import LAWS
from pmmtheory.theory import leading_covariance, leading_term
from pmmtheory.theory.covariance_series import SPREAD_ORDER
from tests.oracles.lines import COSINE

PMM = [{"substeps": k, "midpoints": kind} for k in (1, 2, 7, math.inf) for kind in ("bernoulli", "single")]
SCHEMES: list[tuple[type[Scheme], dict[str, Any]]] = [
    *((scheme, {}) for scheme in (EulerMaruyama, RandomizedMidpoint, ABOBA, BAOAB, BUB, OBABO, UBU)),
    *((PoissonMidpoint, options) for options in PMM),
]
every = pytest.mark.parametrize(
    ("scheme", "options"), SCHEMES, ids=lambda value: value.__name__ if isinstance(value, type) else "-".join(map(str, value.values()))
)
FRICTION = 2.3


def declared(scheme: type[Scheme], dynamics: Dynamics, **options: Any) -> Scheme | None:
    """A chain of the scheme over these dynamics, where it declares an order for them."""
    try:
        chain = scheme(dynamics, 0.1, **options)
    except InvalidParameter:
        return None
    return None if chain.order is None else chain


def on_gaussian(scheme: type[Scheme], friction: float | None, **options: Any) -> float:
    """The order of the law on a Gaussian: that of its covariance, or of its spread where that is lower."""
    leading = leading_covariance(scheme, 1.3, friction, **options)
    return min(leading.order, SPREAD_ORDER if any(leading.spread.values()) else math.inf)


def test_every_scheme_declares_its_order() -> None:
    dynamics = Overdamped(Gaussian()), Underdamped(Gaussian(), FRICTION)
    for name, scheme in found_schemes().items():
        assert any(declared(scheme, system) for system in dynamics), name


@pytest.mark.slow
@every
@pytest.mark.parametrize("friction", [None, FRICTION])
def test_on_gaussians_it_is_that_of_the_covariance_and_its_spread(scheme: type[Scheme], options: dict[str, Any], friction: float | None) -> None:
    chain = declared(scheme, Overdamped(Gaussian()) if friction is None else Underdamped(Gaussian(), friction), **options)
    if chain is not None and chain.order is not None:
        assert on_gaussian(scheme, friction, **options) == chain.order == chain.rate("tv")
        assert chain.rate("kl") == 2 * chain.order


@every
def test_overdamped_it_is_that_of_the_leading_term(scheme: type[Scheme], options: dict[str, Any]) -> None:
    for target in (COSINE, Gaussian(0.0, 0.8)):
        chain = declared(scheme, Overdamped(target), **options)
        if chain is not None:
            assert leading_term(scheme, target, **options).order == chain.rate("w2")


def test_what_is_not_known_is_not_declared() -> None:
    mixture = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.2, 0.2])
    assert declared(EulerMaruyama, ReverseDiffusion(mixture, 1.0, 0.1)) is None

    class Doubled(PoissonMidpoint):
        intensity = 2.0

    assert declared(Doubled, Overdamped(Gaussian())) is None
    with pytest.raises(InvalidParameter, match="distance = 'hellinger'"):
        EulerMaruyama(Overdamped(Gaussian()), 0.1).rate("hellinger")


def _claimed(check: Check) -> tuple[float, float] | None:
    """The rate that a check claims for a scheme at fixed options, and the declared one; None for other checks."""
    cells = [dict(point.cell.parameters) for point in check.points]
    if check.points[0].cell.measure not in ("stationary_error", "plane_error") or check.claim.kind != "asymptotic":
        return None
    options = [{name: value for name, value in cell.items() if name not in ("step_size", "rtol")} for cell in cells]
    if any(one != options[0] for one in options) or "against" in options[0]:
        return None
    chain = build_scheme(step_size=0.1, **options[0])
    rate = chain.rate(check.claim.distance.split()[-1])
    if rate is None or not type(chain).__module__.startswith("pmmtheory.schemes"):  # schemes that are broken inherit orders that they do not hold
        return None
    return check.claim.rate, rate


def test_studies_claim_what_schemes_declare() -> None:
    """The studies type their rates, so that to list them loads no torch; here they meet. Wrong claims, which must fail, are other rates or constants."""
    seen: dict[str, int] = {}
    for name, study in find_studies("experiments.studies").items():
        for check in study.checks("full"):
            rates = _claimed(check)
            if rates is None:
                continue
            seen[name] = seen.get(name, 0) + 1
            assert (rates[0] == rates[1]) != (check.control and check.constant is None), check.claim.statement
    assert {"lmc", "rmm", "pmm_fixed", "pmm_infinite", "phase_plane", "controls"} <= set(seen)


class Boasting(EulerMaruyama):
    """LMC that claims order 2."""

    orders: Mapping[type[Dynamics], float] = {Overdamped: 2}


class Delayed(RandomizedMidpoint):
    """The noise of the midpoint is left out: an order is lost, and the declared one is inherited."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, _ = super().step(x, t, {**draws, "z": 0.0 * draws["z"]})
        return mean, self.dynamics.noise(self.step_size)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [Boasting, Delayed])
def test_an_order_that_is_not_held_is_seen(scheme: type[Scheme]) -> None:
    others = [law for law in LAWS if law != "weak order"]
    with pytest.raises(BrokenScheme, match="weak order"):
        check_scheme(scheme, skip=others)
