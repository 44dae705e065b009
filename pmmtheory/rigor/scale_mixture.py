"""KL and total variation of the Poisson midpoint method's stationary law to a Gaussian on the line, proved.

Given its midpoints a step on N(0, v) is X' = A X + sqrt(S) Z, with finitely many (A, S) for K substeps (all are listed), so that the law is N(0, V) with a
random variance V = A^2 V' + S. As 0 <= A^2 < 1, V stays between the least and the largest S/(1 - A^2). With c the middle of these and V = c (1 + u), |u| <= U,

    u' = A^2 u + B,  B = (A^2 c + S - c)/c,     E u^n (1 - E A^(2n)) = sum_{k<n} binom(n, k) E[A^(2k) B^(n-k)] E u^k,

and the density is p = N(x; c) E (1 + u)^(-1/2) exp(s u/(1 + u)) = N(x; c) sum_k E(-u)^k L_k^(-1/2)(s), s = x^2/(2c), by the generating function of Laguerre's
polynomials. On the circle |u| = r, U < r < 1, the function of u is at most (1 - r)^(-1/2) exp(s - s/(1 + r)), so by Cauchy's bound the terms from n on sum to

    |p - p_n| <= e(x) = (2 pi c)^(-1/2) (1 - r)^(-1/2) exp(-x^2/(2 c (1 + r))) (U/r)^n/(1 - U/r).
"""

from __future__ import annotations

from functools import cached_property, reduce
from itertools import product
from math import comb

from flint import acb, arb, arb_poly

from pmmtheory.errors import InvalidParameter
from pmmtheory.rigor.ball_target import Argument
from pmmtheory.rigor.balls import largest, require, square, symmetric, total
from pmmtheory.rigor.integral import absolute, beyond, integral
from pmmtheory.rigor.integral import product as times

_TERMS = 64
"""n."""

_MOST = 10
"""Substeps."""


def affine_steps(curvature: arb, step: arb, substeps: int, midpoints: str) -> list[tuple[arb, arb, arb]]:
    """(probability, A, S) for every set of midpoints, from the substeps themselves: X_{i+1} = X_i + h (b0 + K H_i (b(Xhat_i) - b0)) + sqrt(2h) Z_i with
    Xhat_i = X_0 + i h b0 + sqrt(2h) (Z_0 + ... + Z_{i-1}) and b = -curvature x."""
    if not 1 <= substeps <= _MOST:
        raise InvalidParameter("substeps", substeps, f"a whole number from 1 to {_MOST}, whose midpoints can be listed")
    share = arb(1) / substeps
    if midpoints == "single":
        return [(share, *_affine(curvature, step, [i == chosen for i in range(substeps)])) for chosen in range(substeps)]
    sets = product((False, True), repeat=substeps)
    return [(total_product([share if mark else 1 - share for mark in marks]), *_affine(curvature, step, list(marks))) for marks in sets]


def _affine(curvature: arb, step: arb, marks: list[bool]) -> tuple[arb, arb]:
    """A and S: coefficients on X_0 and on the noises are carried through the substeps."""
    k = len(marks)
    h, width = step / k, (2 * step / k).sqrt()
    slope, noises = arb(1), [arb(0)] * k
    for i, mark in enumerate(marks):
        slope -= h * curvature
        if mark:  # b(Xhat_i) - b(X_0) = -curvature (i h (-curvature) X_0 + noises so far)
            slope += step * curvature * curvature * i * h
            noises = [z - step * curvature * width if j < i else z for j, z in enumerate(noises)]
        noises[i] += width
    return slope, total(square(z) for z in noises)


def total_product(factors: list[arb]) -> arb:
    """Their product."""
    found = arb(1)
    for factor in factors:
        found *= factor
    return found


class ScaleMixture:
    """The stationary law of the method on N(0, 1/curvature)."""

    def __init__(self, curvature: arb, step: arb, substeps: int, midpoints: str):
        self.reference, steps = 1 / curvature, affine_steps(curvature, step, substeps, midpoints)
        require(all(square(a) < 1 for _, a, _ in steps), "every set of midpoints contracts")
        fixed = [s / (1 - square(a)) for _, a, s in steps]
        self.low, self.high = reduce(lambda one, other: one.min(other), fixed).lower(), largest(fixed)
        self.centre = ((self.low + self.high) / 2).mid()
        self.spread = (largest([self.high - self.centre, self.centre - self.low]) / self.centre).upper()
        self.radius = (self.spread.sqrt()).mid()
        require(bool(self.spread < self.radius) and bool(self.radius < 1), "the variance stays near its middle")
        self._steps = [(q, square(a), (square(a) * self.centre + s - self.centre) / self.centre) for q, a, s in steps]
        self.reach = (self.centre * 100).sqrt().mid()

    @cached_property
    def moments(self) -> list[arb]:
        """E u^k for k < _TERMS."""
        found = [arb(1)]
        for n in range(1, _TERMS):
            known = total(q * comb(n, k) * _power(a, k) * _power(b, n - k) * found[k] for q, a, b in self._steps for k in range(n))
            found.append(known / (1 - total(q * _power(a, n) for q, a, _ in self._steps)))
        return found

    @property
    def variance(self) -> arb:
        """E V."""
        return self.centre * (1 + self.moments[1])

    @cached_property
    def polynomial(self) -> arb_poly:
        """sum_k E(-u)^k L_k^(-1/2)(s), by the recurrence of Laguerre's polynomials."""
        alpha, before, last = -arb(1) / 2, [arb(0)], [arb(1)]
        found = [arb(0)] * _TERMS
        for k in range(_TERMS):
            for j, c in enumerate(last):
                found[j] += (-1) ** k * self.moments[k] * c
            up = times([(2 * k + 1 + alpha) / (k + 1), arb(-1) / (k + 1)], last)
            up = [c - ((k + alpha) / (k + 1) * before[j] if j < len(before) else 0) for j, c in enumerate(up)]
            before, last = last, up
        return arb_poly(found)

    def ratio(self, x: Argument) -> Argument:
        """p_n/N(x; c)."""
        found: Argument = self.polynomial(x * x / (2 * self.centre))
        return found

    def density(self, x: Argument) -> Argument:
        """p_n."""
        return self.ratio(x) * normal(x, self.centre)

    @cached_property
    def rest(self) -> arb:
        """(1 - r)^(-1/2) (U/r)^n/(1 - U/r) (1 + r)^(1/2): e(x) is this times N(x; c (1 + r))."""
        share = self.spread / self.radius
        return (((1 + self.radius) / (1 - self.radius)).sqrt() * _power(share, _TERMS) / (1 - share)).upper()

    def tv(self) -> arb:
        """int |p - q|/2: of p_n on half of the reach, and twice the tails and int e/2 around it."""

        def gap(x: arb) -> arb:
            other = (self.centre / self.reference).sqrt() * (x * x * self._difference).exp()
            found: arb = normal(x, self.centre) * (self.ratio(x) - other)
            return found

        def mass(low: arb, high: arb) -> arb:
            return integral(lambda z, analytic: self.density(z) - normal(z, self.reference), low, high)

        inside = absolute(gap, mass, arb(0), self.reach)
        return inside + arb(0).union(self._beyond([arb(1)])) + symmetric(self.rest / 2)

    @property
    def _difference(self) -> arb:
        """N(x; w)/N(x; c) is sqrt(c/w) exp(x^2 times this)."""
        return (1 / self.centre - 1 / self.reference) / 2

    def kl(self) -> arb:
        """int p log(p/q): of p_n within the reach; on it |p - p_n| <= p/2 is proved, so that the logarithm of all between is below log 2 + |log(p/q)|."""

        def integrand(z: acb, analytic: bool) -> acb:
            p = self.density(z)
            found: acb = p * (p / normal(z, self.reference)).log(analytic=analytic)
            return found

        # p >= (2 pi high)^(-1/2) exp(-x^2/(2 low)), and e over this is largest at the reach
        worst = self.rest * (self.high / (self.centre * (1 + self.radius))).sqrt()
        rise = 1 / self.low - 1 / (self.centre * (1 + self.radius))
        require(bool(worst * (square(self.reach) * rise / 2).exp() < arb(1) / 2), "the rest of a series is below half of the density")
        bound = self._log_bound
        off = self.rest * (1 + arb(2).log() + bound[0] + bound[2] * self.centre * (1 + self.radius))
        return 2 * integral(integrand, arb(0), self.reach) + symmetric(self._beyond(bound)) + symmetric(off)

    @property
    def _log_bound(self) -> list[arb]:
        """A polynomial above |log(p/q)|: p is between (2 pi high)^(-1/2) exp(-x^2/(2 low)) and (2 pi low)^(-1/2) exp(-x^2/(2 high))."""
        q = self.reference
        level = largest(abs((v / q).log()) / 2 for v in (self.low, self.high))
        return [level, arb(0), largest(abs(1 / v - 1 / q) / 2 for v in (self.low, self.high))]

    def _beyond(self, polynomial: list[arb]) -> arb:
        """A bound on int p(|x|) max(law, reference) over |x| > reach, each below sqrt(w/low) N(x; w) with w the largest variance."""
        wide, thin = self.high.max(self.reference).upper(), self.low.min(self.reference).lower()
        return 2 * beyond(self.reach, (wide / thin).sqrt() * normal(self.reach, wide), (self.reach / wide).lower(), polynomial)


def normal(x: Argument, variance: arb) -> Argument:
    """The density of N(0, variance)."""
    return (-(x * x) / (2 * variance)).exp() / (2 * arb.pi() * variance).sqrt()


def _power(x: arb, k: int) -> arb:
    return total_product([x] * k)
