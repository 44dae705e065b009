"""Total variation and KL from the stationary law of LMC to its target, proved from the enclosure of that law.

With the mixture p, the target q and |p - pi| known in int |.| and int x^2 |.|:

    |TV(pi, q) - TV(p, q)| <= int |p - pi|/2,
    KL(pi|q) - KL(p|q) = int (pi - p) log(p/q) + KL(pi|p),   KL(pi|p) <= KL(pi|p) + KL(p|pi) = int (pi - p) log(pi/p),

and the logarithms are below polynomials of |x|: with s of the order of the bounds below, |log p|, |log pi| and |log q| <= sum_k s_k |x|^k, as

    exp(-(|y| + M)^2/(4h))/2 <= sqrt(4 pi h) pi(y) <= 1,   M = max |m(x)| over x^2 <= 2 E X^2, which holds with probability 1/2 at least (Chebyshev),

and the same for p, with the second moment of its nodes; and |F(x) - F(0)| <= int_0^|x| (bound of |F'|).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from flint import arb

from pmmtheory.rigor.balls import square, symmetric, total
from pmmtheory.rigor.integral import absolute, integral, tail
from pmmtheory.rigor.moments import integral_of_power, outside
from pmmtheory.rigor.stationary import Stationary
from pmmtheory.rigor.taylor import Interval, Model, integrated, truncated

_FEW, _MANY = 6, 10
"""Orders of series: to see a sign, and for an integral."""

_WIDTH, _GOAL = 1 / 32, 56
"""Of panels for KL, and the bits of each that are asked for: a choice."""


class ToTarget:
    """The two laws; what is within the nodes is integrated, and what is beyond them bounded."""

    def __init__(self, law: Stationary):
        self.law, self.target, self.mixture = law, law.kernel.target, law.mixture
        self.edge = law.kernel.nodes[-1]

    @cached_property
    def normaliser(self) -> arb:
        """int exp(-F)."""
        return integral_of_power(self.target, 0)

    def tv(self) -> arb:
        """Total variation."""
        with truncated(_FEW):
            inside = absolute(self._gap, self._mass, -self.edge, self.edge)
        left = self.mixture.outside(self.edge, [arb(1)]) + outside(self.target, self.edge, [arb(1)]) / self.normaliser
        return (inside + arb(0).union(left.upper())) / 2 + symmetric(self.law.off / 2)

    def _gap(self, ball: arb) -> arb:
        """p - q anywhere in a ball, by Taylor's formula."""
        x = Model.identity(Interval(ball.lower(), ball.upper()))
        return x.map(lambda z: self.mixture.density(z) - self.target.weight(z) / self.normaliser).sharp

    def _mass(self, low: arb, high: arb) -> arb:
        mass = integral(lambda z, analytic: self.target.weight(z), low, high) / self.normaliser
        return self.mixture.below(high) - self.mixture.below(low) - mass

    def kl(self) -> arb:
        """KL(pi|target)."""

        def integrand(x: Model) -> Model:
            p = x.map(self.mixture.density)
            return p * p.with_(x.map(self.target.weight), lambda p, w: (p * self.normaliser / w).log())

        with truncated(_MANY):
            inside = integrated(integrand, -self.edge, self.edge, arb(2) ** -_GOAL, _WIDTH)
        own, other, bound = self._log_of_law(self._second_of_nodes), self._log_of_law(self.law.kernel.second_moment), self._log_of_target()
        left = tail(self.mixture.outside(self.edge, _sum(own, bound)))
        return inside + left + symmetric(self._against(_sum(own, bound)) + self._against(_sum(own, other)))

    @property
    def _second_of_nodes(self) -> arb:
        return total(w * square(x) for w, x in zip(self.mixture.weights, self.law.kernel.nodes, strict=True))

    def _log_of_law(self, second: arb) -> list[arb]:
        """A polynomial above |log| of a law after a step from one with this second moment."""
        kernel = self.law.kernel
        far = kernel.pull * (2 * second).sqrt() + kernel.step * kernel.target.wave_bound(arb(0))[0]
        quarter = 1 / (4 * kernel.step)
        constant = abs((4 * arb.pi() * kernel.step).log()) / 2 + arb(2).log()
        return [constant + quarter * square(far), 2 * quarter * far, quarter]

    def _log_of_target(self) -> list[arb]:
        """A polynomial above |F + log Z|."""
        slope = self.target.slope_bound()
        return [abs(self.target.weight(arb(0)).log()) + abs(self.normaliser.log()), *(a / (k + 1) for k, a in enumerate(slope))]

    def _against(self, polynomial: Sequence[arb]) -> arb:
        """A bound on int |p - pi| p(|x|) for a polynomial of degree 2, with |x| <= (1 + x^2)/2."""
        a, b, c = polynomial
        return ((a + b / 2) * self.law.off + (c + b / 2) * self.law.off_square).upper()


def _sum(p: Sequence[arb], q: Sequence[arb]) -> list[arb]:
    return [a + b for a, b in zip(p, q, strict=True)]
