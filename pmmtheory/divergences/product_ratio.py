"""log(p/q) of one coordinate of a product, under p and under q: rules, moments and waves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.line_densities import OnGrid
from pmmtheory.numerics.panels import halved, nodes_of, weights_of
from pmmtheory.numerics.polar import polar

_SURE = 40.0
"""A larger log(p/q) of a coordinate decides: that the others make up for it has a chance of exp(-40) at most."""

_PHASE = 1.5
"""The largest step of the phase of a wave from node to node."""

_CHUNK = 200_000
"""Complex numbers at once: few enough for the cache of a processor."""


class LogRatio:
    """log(p/q) of one coordinate under p and under q, by rules on panels that resolve both densities, and waves exp(i s log(p/q)).

    Where only one of them has mass the logarithm is the largest, `most`, that any is taken for.
    """

    def __init__(self, pair: OnGrid):
        self._pair, self.most = pair, _SURE
        self._edges = [halved(self._pair.shared)]
        self._rules: dict[int, tuple[Tensor, Tensor, Tensor]] = {}

    def rule(self, level: int) -> tuple[Tensor, Tensor, Tensor]:
        """Shares of p and q, and log(p/q), at nodes of panels halved so often."""
        while len(self._edges) <= level:
            self._edges.append(halved(self._edges[-1]))
        if level not in self._rules:
            d, weights = self._pair.at(nodes_of(self._edges[level]).flatten()), weights_of(self._edges[level]).flatten()
            told = (d.p > 0) | (d.q > 0)
            p, q, log = (part[told].cpu() for part in (d.p * weights, d.q * weights, torch.where(d.q > 0, d.log, math.inf)))
            self._rules[level] = p / p.sum(), q / q.sum(), log
        p, q, log = self._rules[level]
        return p, q, log.clamp(-self.most, self.most)

    def moments(self) -> tuple[float, float, float]:
        """The means under p and q, and the larger variance."""
        p, q, log = self.rule(1)
        first, second = float(p @ log), float(q @ log)
        return first, second, max(float(p @ (log - first) ** 2), float(q @ (log - second) ** 2))

    def beyond(self, reach: float) -> float:
        """The mass at larger logarithms, under p or q."""
        p, q, log = self.rule(1)
        far = log.abs() > reach
        return max(float(p[far].sum()), float(q[far].sum()))

    @property
    def _steepest(self) -> float:
        """By how much it changes at most from node to node."""
        p, q, log = self.rule(0)
        matters = torch.maximum(p, q) > 1e-11
        return float((torch.diff(log).abs() * (matters[1:] & matters[:-1])).max())

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
