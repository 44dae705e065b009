"""The leading constants of KL, TV and W2, proved: phi = a F'^2 + b F'' + c F''^2 + d int F''^2 F' dx - its mean, on a target exp(-F)/Z.

KL = Var(phi)/2, TV = E|phi|/2 and W2^2 = int G^2/pi dx with G(x) = int_-inf^x phi pi. On panels of Taylor models from the left to the right the
integrals run along; a panel on which phi has no sign is halved until it is too narrow to matter, and then counts as anything between nothing and all.

Beyond the edges -R and R, with |phi| <= p(|x|) for a polynomial p and sign(x) F' >= k there (so exp(F(x) - F(x + u)) <= exp(-k u)):

    int |phi| pi <= int p pi,   |G(x)|/pi(x) <= int_0^inf p(|x| + u) exp(-k u) du = q(|x|) with q = sum_i p^(i)/k^(i+1),   int G^2/pi <= int q^2 pi.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb, factorial

from flint import arb, ctx

from pmmtheory.rigor.ball_target import BallTarget, Reflected
from pmmtheory.rigor.balls import square, total
from pmmtheory.rigor.integral import product, tail
from pmmtheory.rigor.moments import outside
from pmmtheory.rigor.taylor import NARROWEST, Model, panels, truncated

_WIDTH = 0.25


@dataclass(frozen=True)
class Phi:
    """The four coefficients of phi, as fractions (numerator, denominator)."""

    square: tuple[int, int] = (0, 1)
    curvature: tuple[int, int] = (0, 1)
    curvature_square: tuple[int, int] = (0, 1)
    running: tuple[int, int] = (0, 1)

    @property
    def balls(self) -> tuple[arb, arb, arb, arb]:
        """a, b, c and d."""
        parts = (self.square, self.curvature, self.curvature_square, self.running)
        return tuple(arb(n) / m for n, m in parts)  # type: ignore[return-value]


LMC = Phi(square=(1, 4), curvature=(-1, 2))
POISSON = Phi(curvature_square=(-5, 12), running=(1, 3))
RANDOMIZED = Phi(curvature_square=(-1, 12))


@dataclass(frozen=True)
class Leading:
    """Balls that hold the three constants."""

    kl: arb
    tv: arb
    w2: arb


@dataclass
class _Sums:
    """Integrals from the left edge on."""

    running: arb
    values: list[arb]
    absolute: arb
    flow: arb
    square: arb

    def add(self, found: list[arb], moments: bool) -> None:
        """Those of one panel."""
        if moments:
            self.values = [value + part for value, part in zip(self.values, found, strict=True)]
        else:
            self.flow, self.square, self.absolute = (one + part for one, part in zip((self.flow, self.square, self.absolute), found, strict=True))


def leading(target: BallTarget, phi: Phi) -> Leading:
    """The constants of a scheme with this phi. G runs from both edges to the middle, as it is small at both."""
    edge = target.reach.floor().mid() + 1
    with truncated():
        first = _walk(target, phi, (-edge, edge), None, arb(0), arb(0))
        bound = _bound(target, phi, first.running)
        mass, one, two = (value + tail(outside(target, edge, p)) for value, p in zip(first.values, ([arb(1)], bound, product(bound, bound)), strict=True))
        mean = one / mass
        bound = [bound[0] + abs(mean).upper(), *bound[1:]]
        start, half = tail(outside(target, edge, bound)), (-edge, arb(0))
        sides = _walk(target, phi, half, mean, arb(0), start), _walk(Reflected(target), phi, half, mean, first.running, start)
    steepness = target.steepness(edge)
    carried = [sum((bound[j] * comb(j, k) * factorial(j - k) / steepness ** (j - k + 1) for j in range(k, len(bound))), arb(0)) for k in range(len(bound))]
    absolute = total(side.absolute for side in sides) + arb(0).union(outside(target, edge, bound))
    squares = total(side.square for side in sides) + arb(0).union(outside(target, edge, product(carried, carried)))
    return Leading((two / mass - square(mean)) / 2, absolute / mass / 2, (squares / mass).sqrt())


def _walk(target: BallTarget, phi: Phi, ends: tuple[arb, arb], mean: arb | None, running: arb, flow: arb) -> _Sums:
    """The integrals over [low, high]: without a mean those of 1, phi and phi^2, with one of |phi - mean|, G and G^2/pi, all times exp(-F).

    A panel is halved while its integrals are wider than a goal; and while phi has no sign on it, until its whole share of the integral is below that.
    """
    sums, goal, todo = _Sums(running, [arb(0)] * 3, arb(0), flow, arb(0)), arb(2) ** -(2 * ctx.prec // 3), panels(*ends, _WIDTH)[::-1]
    while todo:
        interval = todo.pop()
        x = Model.identity(interval)
        weight, known, pushed = x.map(target.weight), *_phi(target, phi, x, sums.running)
        if mean is None:
            found = [part.integral() for part in (weight, known * weight, known * known * weight)]
            signed = True
        else:
            centred = known.map(lambda series: series - mean)
            flow_here = centred * weight
            sign = 1 if centred.values > 0 else -1 if centred.values < 0 else 0
            size = (interval.right - interval.left) * abs(flow_here.values).upper()
            squared = flow_here.antiderivative(sums.flow).with_(weight, lambda g, w: g * g / w)
            net = flow_here.integral()
            found, signed = [net, squared.integral(), sign * net if sign else arb(0).union(size)], bool(sign) or bool(size < goal)
        push, width = pushed.integral(), interval.right - interval.left
        inherited = 64 * width * (sums.running.rad() + (arb(0) if mean is None else mean.rad()))  # what no finer panel takes away
        parts = [(push, arb(0)), *((part, inherited) for part in found)] if mean is None else [(push, arb(0)), (found[0], inherited)]
        if mean is not None:
            parts.append((found[1], inherited + 64 * width * sums.flow.rad()))
        wide = any(not part.is_finite() or part.rad() > goal + known for part, known in parts)
        if (wide or not signed) and width > NARROWEST:
            todo += reversed(interval.halves)
            continue
        sums.add(found, mean is None)
        sums.running += push
    return sums


def _phi(target: BallTarget, phi: Phi, x: Model, running: arb) -> Iterator[Model]:
    """phi without its mean, and F''^2 F', whose antiderivative is `running` at the left end."""
    a, b, c, d = phi.balls
    slope, curvature = x.map(target.slope), x.map(target.curvature)
    pushed = curvature * curvature * slope
    joined = (slope * slope).with_(curvature, lambda s, k: a * s + b * k + c * k * k)
    yield joined.with_(pushed.antiderivative(running), lambda s, i: s + d * i)
    yield pushed


def _bound(target: BallTarget, phi: Phi, running: arb) -> list[arb]:
    """p with |phi| <= p(|x|) beyond the edges; there |int F''^2 F'| is at most what it is at an edge, plus max F''^2 |x| max|F'|."""
    a, b, c, d = (abs(part) for part in phi.balls)
    slope, curvature = target.slope_bound(), target.curvature_bound()
    found = _sum([a * part for part in product(slope, slope)], [b * curvature + c * square(curvature) + d * abs(running).upper()])
    return _sum(found, [arb(0), *(d * square(curvature) * part for part in slope)])


def _sum(p: Sequence[arb], q: Sequence[arb]) -> list[arb]:
    """The coefficients of a sum of polynomials."""
    return [(p[k] if k < len(p) else arb(0)) + (q[k] if k < len(q) else arb(0)) for k in range(max(len(p), len(q)))]
