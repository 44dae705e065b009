"""The law of the random covariance of a chain on an isotropic Gaussian target after a number of steps.

Given the midpoints of all steps the state is Gaussian, with a covariance that obeys S' = R S R' + Q from that of the start. The moments of its deviation
from the mean covariance follow step by step, exactly, whatever the dimension, and give Gauss rules for each entry. Where there are few sets of midpoints
over all steps, each is a node.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property

import numpy as np
import torch
from torch import Tensor

from pmmtheory.laws.gaussian.law import LinearLaw, Mixture
from pmmtheory.laws.gaussian.random_variance import entries, gauss_rule, hermite_basis, node_level, positive_rule, rooted, transfer_of, vector_of
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian

_DEGENERATE = 1e-14
"""A relative deviation of the variance below which it is none."""

_FEW = 4096
"""Up to so many sets of midpoints, over all steps, each is a node."""


def mixtures_after(scheme: Scheme, target: Gaussian, start: LinearLaw, count: int) -> tuple[Callable[[int], Mixture], ...]:
    """Rules for the random variances after `count` steps of axes that are alike, from the mean of the target; none from a start that is no Gaussian."""
    if not start.gaussian:
        return ()
    chain = OnAxes(scheme, target.variances[:1])
    return tuple(TransientVarianceRule(chain, start.blocks[0], block, count) for block in range(scheme.dynamics.blocks))


class TransientVarianceRule:
    """nodes -> points and weights of the n-point Gauss rule for the variance of one block after `count` steps.

    chain : the scheme on an axis of the target. start : (s, s) covariance of the Gaussian start. shift : by how many levels the rules for the midpoints of a
    step are refined.

    rough : the law of few steps has few variances, and no density.
    """

    rough = True

    def __init__(self, chain: OnAxes, start: Tensor, block: int, count: int, shift: int = 0):
        self._chain, self._start, self._block, self._count, self._shift = chain, start, block, count, shift
        self._rule = cache(self._found)

    def __call__(self, nodes: int) -> tuple[Tensor, Tensor]:
        return self._rule(nodes)

    @cached_property
    def coarser(self) -> TransientVarianceRule:
        """The same from rules for the midpoints of one level less."""
        return TransientVarianceRule(self._chain, self._start, self._block, self._count, self._shift - 1)

    def _found(self, nodes: int) -> tuple[Tensor, Tensor]:
        name, degree = self._chain.scheme.name, 2 * nodes - 1
        steps = self._chain.steps(node_level(len(self._start), nodes, name) + self._shift)
        linear, added = entries(steps, self._block)
        weights = steps.weights.numpy()
        if len(weights) ** self._count <= _FEW:
            return self._every(linear, added, weights)
        middle, shifts, covariance = self._path(linear, added, weights)
        root = rooted(covariance)
        if not root[0, 0] > _DEGENERATE * abs(middle[0]):
            return torch.tensor(middle[:1]), torch.ones(1, dtype=torch.float64)
        inverse = np.linalg.inv(root)
        scaled, moments = inverse @ linear @ root, hermite_basis(len(middle), degree)
        for shift in shifts:
            moments = transfer_of(scaled, shift @ inverse.T, weights, degree).T @ moments
        return positive_rule(*gauss_rule(moments, len(middle), nodes, name), middle[0], root[0, 0], name)

    def _every(self, linear: np.ndarray, added: np.ndarray, weights: np.ndarray) -> tuple[Tensor, Tensor]:
        """The variance at every set of midpoints, and its probability."""
        values, shares = vector_of(self._start.cpu().numpy(), self._block)[None], np.ones(1)
        for _ in range(self._count):
            values = (np.einsum("qij,nj->qni", linear, values) + added[:, None]).reshape(-1, values.shape[1])
            shares = np.outer(weights, shares).reshape(-1)
        return torch.as_tensor(values[:, 0].copy()), torch.as_tensor(shares)

    def _path(self, linear: np.ndarray, added: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
        """The mean of the entries at the end, what every step adds to their deviation from the mean, (q, p) each, and their covariance at the end."""
        mean, shifts = vector_of(self._start.cpu().numpy(), self._block), []
        covariance = np.zeros((len(mean), len(mean)))
        for _ in range(self._count):
            moved = linear @ mean + added
            mean = weights @ moved
            shifts.append(moved - mean)
            covariance = np.einsum("q,qik,kl,qjl->ij", weights, linear, covariance, linear, optimize=True)
            covariance = covariance + np.einsum("q,qi,qj->ij", weights, shifts[-1], shifts[-1])
        return mean, shifts, covariance
