"""The stationary law of LMC on the line, enclosed as a whole: a mixture of Gaussians, and a proof of how far it is off.

p(y) = sum_i w_i N(y; m(x_i), 2h) at nodes x_i, with w >= 0 the stationary law of the matrix of the kernel at the nodes, normalised: that it is this is not
used. P p is the integral of p(x) k(x, y), which the trapezoidal rule over all nodes of the line has to within `rule_error`; that rule differs from p by

    sum_i |w_i - d p(x_i)| over the nodes, and d p(x_i) beyond them: what these lack to 1, within `mass_error`.

So int |p - P p| <= r, in the same way int y^2 |p - P p| <= r', and by the contraction of N steps |p - pi|_b <= off (rigor.contraction).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb, arb_mat, arb_series

from pmmtheory.rigor.balls import require, square, total
from pmmtheory.rigor.contraction import Contraction, contraction
from pmmtheory.rigor.integral import beyond
from pmmtheory.rigor.lmc import Kernel, distance, row_of
from pmmtheory.rigor.taylor import order


@dataclass(frozen=True)
class MixtureOfNodes:
    """sum_i w_i N(c_i, v): weights of at least 0 that sum to one, centres and the variance."""

    weights: list[arb]
    centres: list[arb]
    variance: arb

    def density(self, x: arb_series) -> arb_series:
        """The series of the density at b, from x = b + s: exp(-(x - c)^2/(2v)) = exp(-(b - c)^2/(2v)) exp(s (c - b)/v) exp(-s^2/(2v))."""
        b, v, n = x[0], self.variance, order()
        terms = [arb(0)] * (n + 1)
        for w, c in zip(self.weights, self.centres, strict=True):
            push = (c - b) / v
            term = w * (-square(push) * v / 2).exp()
            for k in range(n + 1):
                terms[k] += term
                term *= push
        return arb_series([term / math.factorial(k) for k, term in enumerate(terms)]) * (arb_series([0, 0, -1]) / (2 * v)).exp() / (2 * arb.pi() * v).sqrt()

    def below(self, x: arb) -> arb:
        """The distribution function."""
        root = (2 * self.variance).sqrt()
        return total(w * ((c - x) / root).erfc() for w, c in zip(self.weights, self.centres, strict=True)) / 2

    def outside(self, edge: arb, polynomial: Sequence[arb]) -> arb:
        """A bound on int p(|x|) over |x| > edge against it, for an edge beyond all centres: a Gaussian falls at least like exp(-(edge - c) u/v) from there."""
        parts = list[arb]()
        for w, c in zip(self.weights, self.centres, strict=True):
            for gap in (edge - c, edge + c):
                height = w * (-square(gap) / (2 * self.variance)).exp() / (2 * arb.pi() * self.variance).sqrt()
                parts.append(beyond(edge, height, (gap / self.variance).lower(), polynomial))
        return total(parts).upper()

    def moment(self, k: int) -> arb:
        """E X^k for k = 0, 1 or 2."""
        parts = (arb(1) if k == 0 else c if k == 1 else square(c) + self.variance for c in self.centres)
        return total(w * part for w, part in zip(self.weights, parts, strict=True))


@dataclass(frozen=True)
class Stationary:
    """The stationary law pi of a kernel by a mixture p, with int |p - pi| <= off and int x^2 |p - pi| <= off_square."""

    kernel: Kernel
    mixture: MixtureOfNodes
    contraction: Contraction
    off: arb
    off_square: arb

    @property
    def second_moment(self) -> arb:
        """E X^2."""
        return self.mixture.moment(2) + self.off_square.union(-self.off_square)


def stationary(kernel: Kernel) -> Stationary:
    """The enclosure.

    Raises
    ------
    NotConverged
        Where the precision does not suffice for a proof.
    """
    mixture, shares = approximate(kernel)
    residual, residual_square = residuals(kernel, mixture, shares)
    found = contraction(kernel)
    off = found.off(kernel, residual, residual_square)
    return Stationary(kernel, mixture, found, off, (off / found.weight).upper())


def approximate(kernel: Kernel) -> tuple[MixtureOfNodes, list[arb]]:
    """p, and d p at the nodes. Its weights come of a linear solve, of which only the middles of the balls are kept."""
    n = len(kernel.nodes)
    matrix = kernel.matrix
    system = arb_mat([[1 if i == 0 else (matrix[j, i] - (1 if i == j else 0)) for j in range(n)] for i in range(n)])
    solved = system.solve(arb_mat([[1 if i == 0 else 0] for i in range(n)]))
    kept = [solved[i, 0].mid() for i in range(n)]
    kept = [w if w > 0 else arb(0) for w in kept]
    mass = total(kept)
    weights = [w / mass for w in kept]
    return MixtureOfNodes(weights, kernel.means, 2 * kernel.step), row_of(weights, matrix)


def residuals(kernel: Kernel, mixture: MixtureOfNodes, shares: list[arb]) -> tuple[arb, arb]:
    """Bounds on int |p - P p| and int y^2 |p - P p|; a step from x has E X'^2 = m(x)^2 + 2h, at most c x^2 + C beyond the nodes."""
    second = mixture.moment(2)
    spread = [square(mean) + 2 * kernel.step for mean in kernel.means]
    kept, kept_square = distance(mixture.weights, shares), total(abs(w - s) * v for w, s, v in zip(mixture.weights, shares, spread, strict=True))
    beyond = arb(0).max(1 - total(shares) + kernel.mass_error).upper()
    seen = total(square(x) * share for x, share in zip(kernel.nodes, shares, strict=True))
    beyond_square = arb(0).max(second - seen + kernel.square_error(second)).upper()
    slow, constant = kernel.drift_condition
    residual = kept + beyond + kernel.rule_error
    residual_square = kept_square + slow * beyond_square + constant * beyond + kernel.rule_error_of_square(second)
    require(bool(residual < 1), "an approximate law is nearly stationary")
    return residual.upper(), residual_square.upper()
