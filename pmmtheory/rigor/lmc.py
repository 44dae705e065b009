"""One step of LMC on the line, X' = m(X) + sqrt(2h) Z with m(x) = x - h F'(x), for F' = x/v - g with g bounded: its kernel on nodes, and what nodes cost.

The kernel is k(x, y) = exp(-(y - m(x))^2/(4h))/sqrt(4 pi h). For a law with density p(y) = sum_i w_i k(z_i, y), w_i >= 0, or an integral of such, the
function x -> p(x) k(x, y) is analytic in the strip |Im x| <= a, where a is below the poles of g, so that the trapezoidal rule with the spacing d is off by at
most the sum over both lines Im x = +-a of int |p(x) k(x, y)| dx, over exp(2 pi a/d) - 1 (Trefethen & Weideman 2014, Theorem 5.1). On these lines

    |k(x, y)| = exp((Im m)^2/(4h)) k'(y),   k' the density of N(Re m(x), 2h),    int |p(x + ia)| dx <= exp(a^2/(4h)) sum_i w_i,

so that in the norm int |.| the rule, as a map of laws that are images of a step, is off by at most

    e = 2 exp((a^2 + M^2)/(4h))/(exp(2 pi a/d) - 1),    M >= |Im m(x + ia)| for all real x.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_mat

from pmmtheory.rigor.ball_target import Pulled
from pmmtheory.rigor.balls import require, square, total


@dataclass(frozen=True)
class Kernel:
    """LMC with step h, at nodes k d for |k| <= reach; a is the height of the strip. All but the target are exact balls."""

    target: Pulled
    step: arb
    spacing: arb
    reach: int
    height: arb

    def __post_init__(self) -> None:
        require(bool(self.step < self.target.variance), "the step is below the variance")

    def mean(self, x: arb) -> arb:
        """m(x)."""
        found: arb = x - self.step * self.target.slope(x)
        return found

    @cached_property
    def nodes(self) -> list[arb]:
        """k d."""
        return [k * self.spacing for k in range(-self.reach, self.reach + 1)]

    @cached_property
    def means(self) -> list[arb]:
        """m of the nodes."""
        return [self.mean(x) for x in self.nodes]

    def row(self, x: arb) -> list[arb]:
        """d k(x, y) at all nodes y."""
        return self._around(self.mean(x))

    @cached_property
    def matrix(self) -> arb_mat:
        """d k(x, y): x a row, y a column."""
        return arb_mat([self._around(mean) for mean in self.means])

    def _around(self, mean: arb) -> list[arb]:
        scale = self.spacing / (4 * arb.pi() * self.step).sqrt()
        return [scale * (-square(y - mean) / (4 * self.step)).exp() for y in self.nodes]

    @cached_property
    def pull(self) -> arb:
        """1 - h/v, which is above 0."""
        return 1 - self.step / self.target.variance

    @cached_property
    def shares(self) -> tuple[arb, arb, arb]:
        """1/(exp(2 pi a/d) - 1), exp(a^2/(4h)) and exp(M^2/(4h)), with M = (1 - h/v) a + h max|Im g|."""
        imaginary = self.pull * self.height + self.step * self.target.wave_bound(self.height)[1]
        narrow = 1 / ((2 * arb.pi() * self.height / self.spacing).exp() - 1)
        return narrow, (square(self.height) / (4 * self.step)).exp(), (square(imaginary) / (4 * self.step)).exp()

    @cached_property
    def rule_error(self) -> arb:
        """e, the error of the rule in int |.| for a law of mass one."""
        narrow, widened, thrown = self.shares
        return (2 * narrow * widened * thrown).upper()

    @cached_property
    def mass_error(self) -> arb:
        """What d sum_k p(k d) over all k may differ from int p = 1 by: the same with 1 in place of k(x, y)."""
        narrow, widened, _ = self.shares
        return (2 * narrow * widened).upper()

    def rule_error_of_square(self, second: arb) -> arb:
        """The error of the rule in int y^2 |.| dy, for a law of mass one and second moment `second`: on the lines int y^2 k' = (Re m)^2 + 2h with
        |Re m| <= (1 - h/v) |x| + h max|Re g|, and int x^2 |p(x + ia)| dx <= exp(a^2/(4h)) second."""
        narrow, widened, thrown = self.shares
        real = self.step * self.target.wave_bound(self.height)[0]
        return (2 * narrow * widened * thrown * (2 * square(self.pull) * second + 2 * square(real) + 2 * self.step)).upper()

    def square_error(self, second: arb) -> arb:
        """What d sum_k (k d)^2 p(k d) over all k may differ from the second moment by; |x + ia|^2 = x^2 + a^2."""
        narrow, widened, _ = self.shares
        return (2 * narrow * widened * (second + square(self.height))).upper()

    @cached_property
    def drift_condition(self) -> tuple[arb, arb]:
        """(c, C) with E X'^2 <= c x^2 + C: (1 - h/v)^2 x^2 + 2 (1 - h/v) h x g + h^2 g^2 + 2h, and by 2 x g <= x^2/v + v g^2 at most
        (1 - h/v) x^2 + h v max|g|^2 + 2h."""
        wave = self.target.wave_bound(arb(0))[0]
        return self.pull, self.step * self.target.variance * square(wave) + 2 * self.step

    @cached_property
    def second_moment(self) -> arb:
        """C/(1 - c): a bound on the second moment of the stationary law."""
        contraction, constant = self.drift_condition
        return (constant / (1 - contraction)).upper()

    @cached_property
    def steepest(self) -> arb:
        """max |m'| <= 1 + h max|F''|."""
        return 1 + self.step * self.target.curvature_bound()


def row_of(row: list[arb], matrix: arb_mat) -> list[arb]:
    """A row times a matrix."""
    return list((arb_mat([row]) * matrix).entries())


def distance(p: list[arb], q: list[arb]) -> arb:
    """sum |p - q|."""
    return total(abs(a - b) for a, b in zip(p, q, strict=True))
