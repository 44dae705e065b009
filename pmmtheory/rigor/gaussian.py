"""Distances between Gaussians in closed form, on balls. Nothing is left out: all functions are those of the library of balls."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from pmmtheory.rigor.balls import require, square


@dataclass(frozen=True)
class Normal1:
    """N(mean, variance) on the line."""

    mean: arb
    variance: arb

    def below(self, x: arb) -> arb:
        """P(X <= x)."""
        return (-(x - self.mean) / (2 * self.variance).sqrt()).erfc() / 2


def kl(p: Normal1, q: Normal1) -> arb:
    """(v/w - 1 - log(v/w) + (m - n)^2/w)/2."""
    ratio = p.variance / q.variance
    return (ratio - 1 - ratio.log() + square(p.mean - q.mean) / q.variance) / 2


def chi2(p: Normal1, q: Normal1) -> arb:
    """1/sqrt(r (2 - r)) - 1 at equal means, with r = v/w < 2."""
    ratio = p.variance / q.variance
    require(bool(ratio < 2), "a variance is below twice the other")
    return 1 / (ratio * (2 - ratio)).sqrt() - 1


def w2(p: Normal1, q: Normal1) -> arb:
    """sqrt((m - n)^2 + (sqrt v - sqrt w)^2)."""
    return (square(p.mean - q.mean) + square(p.variance.sqrt() - q.variance.sqrt())).sqrt()


def tv(p: Normal1, q: Normal1) -> arb:
    """|P([a, b]) - Q([a, b])| between the two places where the densities meet, for different variances.

    With z = (x - m)/sqrt v, s = (n - m)/sqrt v and r = w/v these are the roots of (r - 1) z^2 + 2 s z = s^2 + r log r.
    """
    root = p.variance.sqrt()
    shift, ratio = (q.mean - p.mean) / root, q.variance / p.variance
    spread = (ratio * (shift * shift + (ratio - 1) * ratio.log())).sqrt()
    ends = [p.mean + root * (-shift + sign * spread) / (ratio - 1) for sign in (-1, 1)]
    return abs((p.below(ends[1]) - p.below(ends[0])) - (q.below(ends[1]) - q.below(ends[0])))


def tv_isotropic(ratio: arb, dim: int) -> arb:
    """Total variation of N(0, r I) and N(0, I) in d dimensions: |P(d/2, c/2) - P(d/2, c/(2r))|, c = d r log(r)/(r - 1) the squared radius where the densities
    meet, and P the regularised incomplete gamma function, the law of |Z|^2/2."""
    c = dim * ratio * ratio.log() / (ratio - 1)
    half = arb(dim) / 2
    return abs((c / 2).gamma_lower(half, regularized=1) - (c / (2 * ratio)).gamma_lower(half, regularized=1))
