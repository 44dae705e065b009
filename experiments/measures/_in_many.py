"""Targets in many dimensions that have no exact law here, each with its E |x - m|^2, m its mean, and a step with the gradient of a part of the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.bundled import bundled
from pmmtheory.schemes import Draw, EulerMaruyama, Index
from pmmtheory.targets import Banana, Cosine, Funnel, GaussianMixture, LogisticRegression, Phi4, Product, Target

_PARTS = 10
"""Into which the data are split."""
SIGMAS = 3.0
"""Standard errors that a number sampled is stated to."""


@lru_cache
def in_many(name: str) -> Target:
    """The target of that name."""
    if name == "iris":
        return LogisticRegression(*_iris(), particles=400_000)
    if name == "mixture":
        means = torch.zeros(2, 10, dtype=torch.float64)
        means[:, 0] = torch.tensor([-1.2, 1.0])
        return GaussianMixture([0.4, 0.6], means, [0.8, 1.2])
    known = {"phi4": Phi4(8), "banana": Banana(10, bend=0.5), "funnel": Funnel(5, 1.0), "cosines": Product([Cosine()] * 20)}
    return known[name]


def second_moment(target: Any) -> Estimate:
    """E |x - m|^2/d, its error three standard errors where it is sampled."""
    if isinstance(target, LogisticRegression | Phi4):
        spreads = [row[k] for k, row in enumerate(target.covariance_estimates)]
        total = sum(spreads[1:], spreads[0])
        times = SIGMAS if isinstance(target, LogisticRegression) else 1.0
        return Estimate(total.value, times * total.error, total.method) / target.dim
    covariance = torch.as_tensor(target.covariance)
    return Estimate(float(covariance.diagonal().mean()), 1e-12, "closed form")


def centred_square(target: Any) -> Callable[[Tensor], Tensor]:
    """|x - m|^2/d, m the mean of the target."""
    mean = torch.as_tensor(target.mean)
    return lambda x: ((x - mean) ** 2).mean(-1)


class Minibatch(EulerMaruyama):
    """LMC with the gradient of the prior and ten times that of a tenth of the cases, one part of them a step, each as likely."""

    def __init__(self, dynamics: Dynamics, step_size: float):
        super().__init__(dynamics, step_size)
        features, answers = _iris()
        self.draws: Mapping[str, Draw] = {"part": Index(_PARTS)}
        signed = (2 * answers - 1)[:, None] * features
        self._parts = torch.as_tensor(np.stack([signed[k::_PARTS] for k in range(_PARTS)]))

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        cases = self._parts[torch.round(draws["part"] * _PARTS).long().reshape(-1).clamp(max=_PARTS - 1)].to(x)
        pull = _PARTS * torch.einsum("...n,...nd->...d", torch.sigmoid(-torch.einsum("...nd,...d->...n", cases, x)), cases)
        return x + self.step_size * (pull - x), math.sqrt(2 * self.step_size)


@lru_cache
def _iris() -> tuple[np.ndarray, np.ndarray]:
    """The 100 cases of scikit-learn's iris data (Fisher 1936) of the two kinds that overlap: a one and four lengths of mean 0 and variance 1."""
    features, kinds = bundled("iris")
    features, answers = features[50:], kinds[50:] - 1
    return np.c_[np.ones(len(features)), (features - features.mean(0)) / features.std(0)], answers
