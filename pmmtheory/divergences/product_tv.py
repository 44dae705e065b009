"""Total variation between laws of independent coordinates, by one Fourier inversion."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.line_densities import OnGrid
from pmmtheory.divergences.pair import Pair
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.panels import halved, nodes_of, weights_of
from pmmtheory.numerics.polar import polar

_TOLD = 1e-3
"""What the inversion may leave open, relative to the distance or absolute where that is larger than a hundredth."""

_OPEN = 1e-6
"""What twice as many frequencies may change, relative to the distance."""

_FEWEST, _MOST = 128, 4096
"""Frequencies."""

_REACH = 20.0
"""Standard deviations of log(p/q) within which frequencies tell its sign: for two coordinates it has exponential tails."""

_PHASE = 1.5
"""The largest step of the phase of a wave from node to node."""

_CHUNK = 200_000
"""Complex numbers at once: few enough for the cache of a processor."""


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
        ratios.append((pair.on_line, n))
        for part, error in estimate.parts.items():
            errors[part] = errors.get(part, 0.0) + n * error
    value, error = _inverted([(_LogRatio(densities), n) for densities, n in ratios])
    if not error <= _TOLD * max(value, 0.01):
        raise NotConverged(
            "the total variation of laws of few coordinates, whose log ratio has a density with singularities,", error / max(value, 1e-300), _TOLD
        )
    return Estimate.of(value, method, **errors, frequencies=error)


class _LogRatio:
    """log(p/q) of one coordinate under p and under q, by rules on panels that resolve both densities, and waves exp(i s log(p/q))."""

    def __init__(self, pair: OnGrid):
        self._pair = pair
        self._edges = [halved(self._pair.shared)]
        self._rules: dict[int, tuple[Tensor, Tensor, Tensor]] = {}
        p, q, log = self.rule(0)
        matters = torch.maximum(p, q) > 1e-11
        self._steepest = float((torch.diff(log).abs() * (matters[1:] & matters[:-1])).max())

    def rule(self, level: int) -> tuple[Tensor, Tensor, Tensor]:
        """Shares of p and q, and log(p/q), at nodes of panels halved so often."""
        while len(self._edges) <= level:
            self._edges.append(halved(self._edges[-1]))
        if level not in self._rules:
            d, weights = self._pair.at(nodes_of(self._edges[level]).flatten()), weights_of(self._edges[level]).flatten()
            told = (d.p > 0) & (d.q > 0)
            p, q, log = (part[told].cpu() for part in (d.p * weights, d.q * weights, d.log))
            self._rules[level] = p / p.sum(), q / q.sum(), log
        return self._rules[level]

    def moments(self) -> tuple[float, float, float]:
        """The means under p and q, and the larger variance."""
        p, q, log = self.rule(1)
        first, second = float(p @ log), float(q @ log)
        return first, second, max(float(p @ (log - first) ** 2), float(q @ (log - second) ** 2))

    def logs(self, s: Tensor, coarser: int = 0) -> tuple[Tensor, Tensor]:
        """log phi under p and q at equally spaced frequencies s, (k,) each: every one is the sum of a low and a high one.

        By the rule whose nodes see waves of the highest, or one that is coarser by some levels.
        """
        level = 1 + max(0, math.ceil(math.log2(max(float(s[-1]) * self._steepest, 1e-300) / _PHASE)))
        p, q, log = self.rule(level - coarser)
        some, spacing = math.isqrt(len(s)), float(s[1] - s[0])
        found = torch.zeros((2, -(-len(s) // some), some), dtype=torch.complex128)
        for part in torch.arange(len(log)).split(_CHUNK // some):
            low = _powers(spacing * log[part], some)
            high = polar(None, s[0] * log[part]) * _powers(some * spacing * log[part], found.shape[1])
            found += torch.stack([(high * weight[part]) @ low.T for weight in (p, q)])
        first, second = torch.log(found.reshape(2, -1)[:, : len(s)])
        return first, second


def _powers(angle: Tensor, count: int) -> Tensor:
    """exp(i k angle) for k < count, (count, n): twice as many with each product."""
    waves, known = torch.ones((count, len(angle)), dtype=torch.complex128), 1
    while known < count:
        torch.mul(waves[: min(known, count - known)], polar(None, known * angle), out=waves[known : 2 * known])
        known *= 2
    return waves


def _inverted(ratios: list[tuple[_LogRatio, int]]) -> tuple[float, float]:
    """p(L > 0) - q(L > 0) for L the sum of all, and what it may be off by: half the frequencies, every other one, and a coarser rule.

    The highest frequencies are tapered off, which smooths the jump at L = 0: what that does falls faster than any power of the highest
    where the law of L is smooth, although its characteristic function decays slowly for few coordinates.
    """
    moments = [(ratio.moments(), n) for ratio, n in ratios]
    first, second, variance = (sum(n * m[k] for m, n in moments) for k in range(3))
    if variance == 0.0:
        return 0.0, 0.0
    spacing = math.pi / (2 * (max(abs(first), abs(second)) + _REACH * math.sqrt(variance)))

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
        if left < _OPEN * abs(found) or 2 * len(s) > _MOST:
            break
        more = spacing * (torch.arange(len(s), 2 * len(s), dtype=torch.float64) + 0.5)
        s, values = torch.cat([s, more]), torch.cat([values, integrand(more)])
    other = 2 * spacing * (torch.arange(len(s) // 2, dtype=torch.float64) + 0.5)
    coarse, rough = integral(integrand(other), other, spacing * len(s)), integral(integrand(s, 1), s, spacing * len(s))
    return abs(found), left + abs(found - coarse) + abs(found - rough) + 4e-16 * (1 + sum(n for _, n in ratios))
