"""Enclosures: they hold what is meant, shrink with the precision, agree with mpmath, and one that is moved is seen."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import product

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("flint", reason="the extra `rigor` is not installed")

from flint import arb

from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.rigor import Certificate, Enclosure, certificates, claims
from pmmtheory.rigor import gaussian as closed
from pmmtheory.rigor.balls import exact, working
from pmmtheory.rigor.integral import beyond, integral, signed_pieces
from pmmtheory.rigor.leading import LMC, POISSON, leading
from pmmtheory.rigor.moments import log_normaliser, moment
from pmmtheory.rigor.scale_mixture import ScaleMixture, affine_steps
from pmmtheory.rigor.targets import ball_target
from pmmtheory.targets import Cosine, DoubleWell, Gaussian, GaussianMixture, LogCosh, Potential

QUICK = ("diffusion", "gaussians", "phase_plane", "targets")


def fraction(x: object) -> Fraction:
    """An mpmath number exactly."""
    sign, man, exp, _ = mpmath.mpf(x)._mpf_
    return (-1) ** sign * Fraction(int(man)) * Fraction(2) ** exp


def holds(ball: arb, x: object, slack: float) -> bool:
    """Whether a number that mpmath has to within slack may be in the ball, which is no wider than that."""
    found = Enclosure.of(ball)
    return found.lower - Fraction(slack) <= fraction(x) <= found.upper + Fraction(slack) and found.width < slack


@pytest.mark.slow
@pytest.mark.parametrize("group", QUICK)
def test_stated_errors_hold(group: str) -> None:
    """And each is seen not to hold where its enclosure, or its value, is moved by ten stated errors."""
    for found in certificates([group]):
        assert found.holds and found.share <= 1, found
        by = Fraction(10 * found.stated.error)
        for wrong in (replace(found, enclosure=found.enclosure.moved(by)), replace(found, stated=replace(found.stated, value=found.stated.value - float(by)))):
            assert wrong.verdict == "fails" and not wrong.holds


@pytest.mark.slow
@pytest.mark.parametrize("group", ["diffusion", "phase_plane", "targets"])
def test_enclosures_shrink_with_the_precision_and_meet(group: str) -> None:
    for claimed in claims()[group]:
        rough, fine = (claimed.certify(bits).enclosure for bits in (80, 160))
        assert fine.width < rough.width / 2**30 or rough.width == 0
        assert max(rough.lower, fine.lower) <= min(rough.upper, fine.upper)


def test_verdicts() -> None:
    unit = Enclosure(Fraction(0), Fraction(1))
    assert Certificate("", Estimate(0.5, 0.5, ""), unit).verdict == "holds"
    assert Certificate("", Estimate(0.5, 0.4, ""), unit).verdict == "open"
    assert Certificate("", Estimate(2.0, 0.4, ""), unit).verdict == "fails"
    with pytest.raises(InvalidParameter, match="lower"):
        Enclosure(Fraction(1), Fraction(0))
    with pytest.raises(InvalidParameter, match="groups"):
        certificates(["nothing"])
    with pytest.raises(InvalidParameter, match="target"):
        ball_target(Potential(lambda x: x**2 / 2, dim=1))


@pytest.mark.slow
@given(st.floats(0.1, 0.9), st.floats(0.5, 2.0), st.floats(-1, 1), st.integers(0, 3))
@settings(max_examples=5)
def test_ripple_against_mpmath(amplitude: float, frequency: float, phase: float, k: int) -> None:
    target = Cosine(amplitude, frequency, phase)
    with mpmath.workdps(30), working(160):
        a, w, p = map(mpmath.mpf, (target.amplitude, target.frequency, target.phase))

        def power(n: int) -> object:
            return mpmath.quad(lambda x: x**n * mpmath.exp(-(x**2) / 2 - a * mpmath.cos(w * x + p)), [-14, -6, -2, 0, 2, 6, 14])

        assert holds(log_normaliser(ball_target(target)), mpmath.log(power(0)), 1e-20)
        assert holds(moment(ball_target(target), k), power(k) / power(0), 1e-18)


@pytest.mark.slow
def test_closed_forms_of_targets() -> None:
    """log-cosh: Z = pi, E X^2 = pi^2/4; the mixture: E X^2 = 1 + 9/4; the quartic by mpmath."""
    with mpmath.workdps(30), working(160):
        assert holds(log_normaliser(ball_target(LogCosh())), mpmath.log(mpmath.pi), 1e-25)
        assert holds(moment(ball_target(LogCosh()), 2), mpmath.pi**2 / 4, 1e-25)
        assert holds(moment(ball_target(GaussianMixture([0.5, 0.5], [-1.5, 1.5], [1.0, 1.0])), 2), mpmath.mpf("3.25"), 1e-25)
        z = mpmath.quad(lambda x: mpmath.exp(-((x**2 - 1) ** 2)), [-4, -1, 0, 1, 4])
        assert holds(log_normaliser(ball_target(DoubleWell())), mpmath.log(z), 1e-20)


@given(st.floats(0.2, 3.0), st.floats(-1.0, 1.0))
def test_distances_of_gaussians_against_mpmath(variance: float, mean: float) -> None:
    with mpmath.workdps(25), working(128):
        v, m = mpmath.mpf(variance), mpmath.mpf(mean)
        p, q = closed.Normal1(exact(mean), exact(variance)), closed.Normal1(arb(0), arb(1))
        if variance == 1:
            return
        a, b = (1 / v - 1), -2 * m / v
        roots = sorted(mpmath.re(x) for x in mpmath.polyroots([a, b, m * m / v + mpmath.log(v)], maxsteps=200, extraprec=200))
        masses = [mpmath.ncdf((x - m) / mpmath.sqrt(v)) - mpmath.ncdf(x) for x in roots]
        assert holds(closed.tv(p, q), abs(masses[1] - masses[0]), 1e-18)
        assert holds(closed.kl(p, q), (v - 1 - mpmath.log(v) + m * m) / 2, 1e-18)


def test_integrals_of_signed_functions_and_tails() -> None:
    with working(100):
        assert (integral(lambda z, _: z.cos(), arb(0), arb(1)) - arb(1).sin()).contains(0)
        assert [sign for *_, sign in signed_pieces(lambda x: x * x - 2, arb(0), arb(2)) if sign] == [-1, 1]
        assert beyond(arb(1), arb(1), arb(2), [arb(0), arb(1)]) >= arb(3) / 4  # int_1^inf x exp(-2 (x - 1)) dx = 3/4


@pytest.mark.slow
def test_leading_constants_in_closed_form() -> None:
    """LMC on N(0, v): variance v (1 + step/(2 v)), so W2 = step/(4 sqrt v), KL = step^2/(16 v^2); on sech both in closed form: 9/256, 3/(8 sqrt 2)."""
    with working(96):
        found = leading(ball_target(Gaussian(0.0, 0.5)), LMC)
        assert (found.kl - arb(1) / 4).contains(0) and (found.w2 - arb(2).sqrt() / 4).contains(0) and found.w2.rad() < 1e-15
        sech = leading(ball_target(LogCosh()), LMC)
        assert (sech.kl - arb(9) / 256).contains(0) and (sech.w2 - 3 / (8 * arb(2).sqrt())).contains(0) and sech.kl.rad() < 1e-15
        assert not (leading(ball_target(LogCosh()), POISSON).kl - arb(9) / 256).contains(0)


@pytest.mark.parametrize("midpoints", ["bernoulli", "single"])
def test_variance_of_midpoint_methods_by_the_published_series(midpoints: str) -> None:
    """E V by enumeration of sets; with one substep it is LMC; and a long run of sets stays within the bounds of V."""
    with working(128):
        one = ScaleMixture(arb(2), exact(0.1), 2, midpoints)
        steps = affine_steps(arb(2), exact(0.1), 2, midpoints)
        assert (sum((q for q, _, _ in steps), arb(0)) - 1).contains(0)
        mean = sum((q * s for q, _, s in steps), arb(0)) / (1 - sum((q * a * a for q, a, _ in steps), arb(0)))
        assert (one.variance - mean).contains(0) and one.variance.rad() < 1e-25
        (_, slope, noise), *_ = affine_steps(arb(2), exact(0.1), 1, "single")
        assert (noise / (1 - slope * slope) * (2 - 2 * exact(0.1)) - 1).contains(0)  # 1/(2 (1 - a)) at curvature 2
        for chosen in product(range(len(steps)), repeat=3):
            v = one.centre
            for k in chosen:
                v = steps[k][1] * steps[k][1] * v + steps[k][2]
            assert not v < one.low and not v > one.high


def test_density_of_a_scale_mixture_by_enumeration() -> None:
    """p at a point from 4^6 sets of midpoints; what six more steps could change bounds the rest."""
    with working(100):
        law = ScaleMixture(arb(1), exact(0.9), 2, "bernoulli")
        steps = [(float(q), float(a), float(s)) for q, a, s in affine_steps(arb(1), exact(0.9), 2, "bernoulli")]
        variances = [(1.0, float(law.low)), (1.0, float(law.high))]
        for x in (0.0, 1.3):
            ends = []
            for start in variances:
                found = [start]
                for _ in range(6):
                    found = [(w * q, a * a * v + s) for w, v in found for q, a, s in steps]
                ends.append(sum(w * math.exp(-x * x / (2 * v)) / math.sqrt(2 * math.pi * v) for w, v in found))
            low, high = sorted(ends)
            assert low - 1e-12 <= float(law.density(exact(x))) <= high + 1e-12 and high - low < 1e-2 * high
