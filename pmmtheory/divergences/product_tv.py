"""Total variation between laws of independent coordinates, by one Fourier inversion, or a convolution on a grid."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.pair import Pair
from pmmtheory.divergences.product_convolved import convolved
from pmmtheory.divergences.product_ratio import LogRatio
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate

_TOLD = 1e-3
"""What the inversion may leave open, relative to the distance or absolute where that is larger than a hundredth."""

_OPEN, _SMOOTH = 1e-6, 1e-5
"""What twice as many frequencies may change, relative to the distance; and beyond which error of theirs a grid is tried: few coordinates have a log ratio
whose density has singularities."""

_FEWEST, _ENOUGH, _MOST, _FALLS = 128, 512, 4096, 0.01
"""Frequencies: the second for all, more where what they change falls to a small share each time."""

_REACH = 20.0
"""Standard deviations of log(p/q) within which frequencies tell its sign: for two coordinates it has exponential tails."""

_ROUNDS, _RARE = 40, 1e-8
"""How often other bounds are tried; and a chance, over the deviation, that is none."""

_TOGETHER, _WIDER = 9, 1.3
"""Fewer coordinates than so many have much together, half as much as they need being made up by the rest; and by how much a bound is widened for them."""


def tv_product(pairs: list[tuple[Pair, int]], method: str) -> Estimate:
    """tv = (1/pi) int_0^inf Im(phi_p(s) - phi_q(s))/s ds with the characteristic functions phi of log(p/q) under both (Gil-Pelaez 1951).

    For tv = p(log(p/q) > 0) - q(log(p/q) > 0), and log(p/q) is a sum of independent terms.
    """
    errors, number, ratios = dict[str, float](), sum(n for _, n in pairs), []
    for pair, n in pairs:
        if pair.on_line is None:
            raise InvalidParameter("law", f"a product, of {pair.words}, for tv", "a product of laws on the line: .position, or overdamped dynamics")
        estimate = pair.tv()
        if number == 1:
            return estimate
        ratios.append((LogRatio(pair.on_line), n))
        for part, error in estimate.parts.items():
            errors[part] = errors.get(part, 0.0) + n * error
    reach, rest = _cut_off(ratios)
    if reach == 0.0:
        return Estimate.of(0.0, method, **errors)
    (value, error), kind = _inverted(ratios, reach), "frequencies"
    if error > _SMOOTH * max(value, 0.01) and (other := convolved(ratios, 2 * reach))[1] < error:
        (value, error), kind = other, "grid"
    if not error <= _TOLD * max(value, 0.01):
        raise NotConverged("the total variation of laws of several coordinates", error / max(value, 1e-300), _TOLD)
    return Estimate.of(value, method, **errors, **{kind: error + rest})


def _cut_off(ratios: list[tuple[LogRatio, int]]) -> tuple[float, float]:
    """Half of a bound on |L|, and the chance that it is larger.

    Coordinates with more than the others make up for decide the sign of L alone: their logarithms are cut off there.
    """
    reach, deviation = math.inf, 0.0
    for _ in range(_ROUNDS):
        moments = [(ratio.moments(), n) for ratio, n in ratios]
        first, second, variance = (sum(n * m[k] for m, n in moments) for k in range(3))
        deviation = math.sqrt(variance)
        before, reach = reach, max(abs(first), abs(second)) + _REACH * deviation
        if sum(n * ratio.beyond(2 * reach) for ratio, n in ratios) <= _RARE * min(1.0, deviation) or reach > 0.9 * before:
            break
        for ratio, _ in ratios:
            ratio.most = min(ratio.most, reach)
    for _ in range(_ROUNDS):
        chance = sum(sum(n * ratio.beyond(1.5 * reach / k) for ratio, n in ratios) ** k / math.factorial(k) for k in range(1, _TOGETHER))
        if chance <= _RARE * min(1.0, deviation):
            break
        reach *= _WIDER
    return reach, chance


def _inverted(ratios: list[tuple[LogRatio, int]], reach: float) -> tuple[float, float]:
    """p(L > 0) - q(L > 0) for L the sum of all, |L| < 2 reach, and what it may be off by: half the frequencies, every other one, and a coarser rule.

    The highest frequencies are tapered off, which smooths the jump at L = 0: what that does falls faster than any power of the highest
    where the law of L is smooth, although its characteristic function decays slowly for few coordinates.
    """
    spacing = math.pi / (2 * reach)

    def integrand(s: Tensor, coarser: int = 0) -> Tensor:
        logs = [(ratio.logs(s, coarser), n) for ratio, n in ratios]
        p, q = (torch.exp(torch.stack([n * part[k] for part, n in logs]).sum(0)) for k in (0, 1))
        return (p - q).imag / s

    def integral(values: Tensor, s: Tensor, highest: float) -> float:
        return float(values @ torch.special.erfc(12 * (s / highest - 0.5))) * float(s[1] - s[0]) / (2 * math.pi)

    s = spacing * (torch.arange(_FEWEST, dtype=torch.float64) + 0.5)
    values, found, changes = integrand(s), math.inf, [math.inf, math.inf]
    while True:
        before, found = found, integral(values, s, spacing * len(s))
        changes = [abs(found - before), changes[0]]
        left = 2 * max(changes[0], changes[1] / 4)  # where it falls like the square of the highest it also swings: one change may be small by luck
        if left < _OPEN * abs(found) or 2 * len(s) > (_MOST if changes[0] < _FALLS * changes[1] else _ENOUGH):
            break
        more = spacing * (torch.arange(len(s), 2 * len(s), dtype=torch.float64) + 0.5)
        s, values = torch.cat([s, more]), torch.cat([values, integrand(more)])
    other = 2 * spacing * (torch.arange(len(s) // 2, dtype=torch.float64) + 0.5)
    coarse, rough = integral(integrand(other), other, spacing * len(s)), integral(integrand(s, 1), s, spacing * len(s))
    return abs(found), left + abs(found - coarse) + abs(found - rough) + 4e-16 * (1 + sum(n for _, n in ratios))
