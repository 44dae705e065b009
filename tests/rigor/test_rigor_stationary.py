"""Stationary laws of LMC, enclosed: against closed forms, coarse nodes against fine ones, and what is wrong with a wrong law is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("flint", reason="the extra `rigor` is not installed")

from flint import arb

from pmmtheory.errors import NotConverged
from pmmtheory.rigor import claims, gaussian
from pmmtheory.rigor.ball_target import Pulled
from pmmtheory.rigor.balls import exact, total, working
from pmmtheory.rigor.contraction import contraction
from pmmtheory.rigor.lmc import Kernel
from pmmtheory.rigor.recursions import lmc
from pmmtheory.rigor.stationary import approximate, residuals, stationary
from pmmtheory.rigor.stationary_distances import ToTarget
from pmmtheory.rigor.targets import Mixture, Normal, ball_target
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture


def kernel(target: object, step: float, nodes: int = 4, reach: int = 28, height: float = 1.5) -> Kernel:
    pulled = ball_target(target)
    assert isinstance(pulled, Pulled)
    return Kernel(pulled, exact(step), arb(1) / nodes, reach, exact(height))


@pytest.mark.slow
def test_a_gaussian_is_enclosed() -> None:
    """N(0, 1/(1 - h/2)), and its distances to N(0, 1), in closed form."""
    with working(96):
        law = stationary(kernel(Gaussian(), 0.5, 3, 27))
        truth = lmc(arb(1), exact(0.5))
        assert (law.second_moment - truth).contains(0) and law.off < 1e-8
        p, q = gaussian.Normal1(arb(0), truth), gaussian.Normal1(arb(0), arb(1))
        distances = ToTarget(law)
        assert (distances.tv() - gaussian.tv(p, q)).contains(0) and (distances.kl() - gaussian.kl(p, q)).contains(0)
        assert distances.tv().rad() < 1e-8 and distances.kl().rad() < 1e-5


@pytest.mark.slow
def test_enclosures_by_other_nodes_meet_and_shrink() -> None:
    with working(96):
        coarse, fine = (stationary(kernel(Cosine(), 0.4, nodes, 8 * nodes)) for nodes in (3, 4))
        assert coarse.second_moment.overlaps(fine.second_moment) and fine.off < coarse.off / 10


def test_a_wrong_law_has_a_residual() -> None:
    """Moved weights are no stationary law, and the residual says by how much."""
    with working(80):
        chain = kernel(Cosine(), 0.4)
        law, shares = approximate(chain)
        right, _ = residuals(chain, law, shares)
        turned = replace(law, weights=[*law.weights[1:], law.weights[0]])
        wrong, _ = residuals(chain, turned, shares)
        assert right < 1e-6 and wrong > 1e-2


def test_rule_errors_hold() -> None:
    """d sum_k p(k d) of a Gaussian against 1: off by what the sum of Poisson says, and by less than is stated."""
    with working(96):
        for nodes in (1, 2):
            chain = kernel(Gaussian(), 0.2, nodes, 30 * nodes, 1.0)
            off = abs(total(chain.row(arb(0))) - 1)
            assert off < chain.mass_error
            first = 2 * (-((2 * arb.pi() * nodes) ** 2) * exact(0.2)).exp()  # 2 exp(-(2 pi/d)^2 h): the first wave
            assert abs(off - first) < first / 100 + 1e-20


def test_bounds_off_the_line_hold() -> None:
    """|Re g| and |Im g| at points of a line, for both kinds of targets."""
    from flint import acb

    with working(80):
        mixture = ball_target(GaussianMixture([0.3, 0.7], [-1.0, 2.0], [0.5, 0.5]))
        assert isinstance(mixture, Mixture)
        for target, heights in ((ball_target(Cosine(0.7, 1.3, 0.2)), (0.0, 0.5, 1.5)), (mixture, (0.0, 0.2, 0.4))):
            assert isinstance(target, Pulled)
            for height in heights:
                real, imaginary = target.wave_bound(exact(height))
                for k in range(-40, 41):
                    z = acb(arb(k) / 10, exact(height))
                    g = z / target.variance - target.slope(z)
                    assert not abs(g.real) > real and not abs(g.imag) > imaginary
        with pytest.raises(NotConverged, match="poles"):
            mixture.wave_bound(arb(1))
        assert isinstance(ball_target(Gaussian()), Normal)


@pytest.mark.slow
def test_what_does_not_contract_is_refused() -> None:
    """Two modes that no chain leaves in time 3."""
    with working(80):
        chain = kernel(GaussianMixture([0.5, 0.5], [-4.0, 4.0], [1.0, 1.0]), 0.4, 4, 40, 0.3)
        with pytest.raises(NotConverged, match="proof needs"):
            contraction(chain)


@pytest.mark.slow
def test_stated_errors_hold() -> None:
    """Of the whole law on two modes and on a ripple, but for the KL of the first, which takes long; and of the leading constants on two modes."""
    known = claims()
    chosen = [one for one in known["stationary"] if not one.name.startswith("kl")] + [one for one in known["leading"] if "LMC on GaussianMixture" in one.name]
    assert len(chosen) == 7 and all(one.certify(96).holds for one in chosen)
