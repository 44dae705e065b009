"""How fast LMC on the line forgets its start, proved: a contraction of N steps in the norm |mu|_b = int (1 + b x^2) |mu|(dx).

Let P^N V <= c V + C with V = x^2, c < 1, and let t be at least the total variation between N steps from x and from y whenever x^2 + y^2 <= R, where
R > 2C/(1 - c). For any two points, with s = x^2 + y^2,

    |P^N(x, .) - P^N(y, .)|_b <= 2 t' + b (c s + 2 C),     t' = t where s <= R, else 1,

and two point masses are 2 + b s apart. So N steps shrink the distance of two laws by q = max(t + b C, c, (2 + b (c R + 2 C))/(2 + b R)), where the last is
for s >= R, at which it falls in s: q < 1 for small b. (Hairer & Mattingly 2011, "Yet another look at Harris' ergodic theorem", whose proof this is; it also
gives that there is one stationary law, and that its second moment is finite.)

t comes from starts on a grid: the first step from x is in total variation within |m(x) - m(x')|/sqrt(4 pi h) of that from x', each of the later ones is a
row times the matrix of the kernel at nodes, which costs `rule_error`, and in the end sum |u - v|/2 over the masses at the nodes, from each of which one more
step goes. What masses lose at the ends of the nodes is what they sum to less than 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from flint import arb, arb_mat

from pmmtheory.rigor.balls import exact, largest, require, square, total, working
from pmmtheory.rigor.lmc import Kernel

_GRID = 8
"""Starts a unit of length."""

_TIME = 3.0
"""Steps times their size."""

_BITS = 64
"""The factor needs few digits, as it is far from one."""

_RADIUS = 2.5
"""R over its least value."""


@dataclass(frozen=True)
class Contraction:
    """|P^N mu - P^N nu|_b <= factor |mu - nu|_b with N = steps, b = weight."""

    steps: int
    weight: arb
    factor: arb

    def off(self, kernel: Kernel, residual: arb, residual_square: arb) -> arb:
        """A bound on |p - pi|_b for the stationary law pi, where p - P p has int |.| <= residual and int x^2 |.| <= residual_square:

        p - pi = sum_{k<N} P^k (p - P p) + P^N (p - pi), and |P^k rho|_b <= |rho| (1 + b C/(1 - c)) + b c^k int x^2 |rho|.
        """
        slow, _ = kernel.drift_condition
        sum_of_steps = self.steps * residual * (1 + self.weight * kernel.second_moment) + self.weight * residual_square / (1 - slow)
        return (sum_of_steps / (1 - self.factor)).upper()


def contraction(kernel: Kernel) -> Contraction:
    """N, b and q for a kernel; N, R, b and the grid are choices, of which the proof takes what they give.

    Raises
    ------
    NotConverged
        Where q is not below 1.
    """
    with working(_BITS):
        return _contraction(replace(kernel))


def _contraction(kernel: Kernel) -> Contraction:
    steps = int(_TIME / float(kernel.step.upper())) + 1
    slow, _ = kernel.drift_condition
    c, constant = (slow**steps).upper(), kernel.second_moment
    radius = (_RADIUS * 2 * constant / (1 - c)).upper()
    apart = farthest_apart(kernel, steps, radius)
    require(bool(apart < 1), "chains from all starts meet")
    weight = ((1 - apart) / (3 * constant)).mid()
    outside = (2 + weight * (c * radius + 2 * constant)) / (2 + weight * radius)
    factor = largest([apart + weight * constant, c, outside])
    require(bool(weight > 0) and bool(factor < 1), "a number of steps is a contraction")
    return Contraction(steps, weight, factor)


def farthest_apart(kernel: Kernel, steps: int, radius: arb) -> arb:
    """A bound on the total variation between so many steps from x and from y, for all x^2 + y^2 <= radius."""
    number = int(float(radius.upper()) ** 0.5 * _GRID) + 2
    starts = [arb(k) / _GRID for k in range(-number, number + 1)]
    require(bool(square(starts[-1]) > radius), "a grid of starts covers all of them")
    power = kernel.matrix
    rows = arb_mat([kernel.row(x) for x in starts])
    left = steps - 2
    while left:
        if left % 2:
            rows = rows * power
        power, left = power * power, left // 2
    masses = [[rows[i, j] for j in range(rows.ncols())] for i in range(rows.nrows())]
    # each row is off by its steps' rules and by the mass that it lost, which leaves out no more than a step's rule can hide
    loose = largest(_loose(kernel, row, steps) for row in masses)
    half = arb(1) / (2 * _GRID)
    reach = radius + 2 * half * (2 * radius).sqrt() + 2 * square(half)  # of the starts nearest to x and y: |x'| <= |x| + half
    apart = _widest(masses, [(i, j) for i in range(len(starts)) for j in range(i) if not square(starts[i]) + square(starts[j]) > reach]) / 2
    moved = 2 * half * kernel.steepest / (4 * arb.pi() * kernel.step).sqrt()
    return (apart + loose + moved).upper()


def _widest(rows: list[list[arb]], pairs: list[tuple[int, int]]) -> arb:
    """A bound on sum |p - q| of all pairs of rows: by doubles, whose sum of m terms is off by less than m 2^-52 of itself, and what rows are off from them."""
    middles = np.array([[float(entry) for entry in row] for row in rows])
    off = largest(total(abs(entry - exact(middle)) for entry, middle in zip(*both, strict=True)) for both in zip(rows, middles, strict=True))
    first, second = np.array(pairs).T
    widest = max(float(np.abs(middles[i] - middles[second[first == i]]).sum(-1).max()) for i in np.unique(first))
    found: arb = (exact(widest) * (1 + exact(2.0**-52) * middles.shape[1]) + 2 * off).upper()
    return found


def _loose(kernel: Kernel, row: list[arb], steps: int) -> arb:
    """How far in total variation N steps may be from the masses of a row carried on by a step.

    Masses at all nodes would be off by `rule_error` a step in int |.|, times their sum, which is below 2, and sum to one within `mass_error` a step; what is
    left out of them at all steps is what is missing at the end, and later steps make no more of it. Total variation is half of int |.|.
    """
    lost = arb(0).max(1 - total(row)).upper()
    return steps * (kernel.rule_error + kernel.mass_error) + lost
