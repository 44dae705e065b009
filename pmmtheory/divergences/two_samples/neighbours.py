"""The Kullback-Leibler divergence from the distances of nearest neighbours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy.spatial import KDTree
from scipy.special import digamma, gammaln
from torch import Tensor

from pmmtheory.divergences.samples import is_sample
from pmmtheory.divergences.two_samples.points import both, points
from pmmtheory.errors import InvalidParameter, count
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Target
from pmmtheory.targets.target import generator

_BLOCKS = 10
_FLAT = 1e-13
"""The least eigenvalue of correlations of points that are not told from those in a space of fewer dimensions."""
_AROUND, _ASIDE, _MOST = 8, 0.7, 0.08
"""A point whose 8 nearest in the other sample lie aside, their mean further than 0.7 of the farthest, is beyond that sample; 8% may be."""


def kl_neighbours(x: Any, reference: Any, neighbours: int = 5) -> Estimate:
    """KL(law of x || law of the reference), from the distances of k-th nearest neighbours; it may be below 0.

    With rho_i the distance of x_i from its k-th neighbour in x and nu_i from that in y, V_d the volume of the unit ball,

        KL = (d/n) sum_i log(nu_i/rho_i) + log(m/(n - 1))               from another sample,
        KL = digamma(k) - digamma(n) - log V_d - (d/n) sum_i log rho_i - (1/n) sum_i log q(x_i)     from a target of known density.

    The error: "sampling", the spread over ten parts of the samples; and "bias", by how much halves of the samples say otherwise, for a bias that falls
    like n^(-2/d) (at most n^(-1)): it is what remains in many dimensions; "shape", by how much the estimate is off on as many points of Gaussians with the
    same means and covariances: a bias that halves do not tell where it is about to turn; and from another sample "uncovered", for the points of x beyond it,
    where the distance of a neighbour says little of a density. More than 8% of those are refused. For points that are independent of each other and all
    different.

    Parameters
    ----------
    x : sample of shape (n, d), or (n,)
    reference : a sample of shape (m, d), or (m,), or a target whose density is known
        At least 40 (k + 1) points in each sample.
    neighbours : int
        k: the more, the smaller the spread and the larger the bias.

    Raises
    ------
    InvalidParameter
        Naming what is not allowed, `x` or `reference` where too many points are equal.

    Source: Wang, Kulkarni & Verdu 2009; Kozachenko & Leonenko 1987; Kraskov, Stogbauer & Grassberger 2004.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> found = kl_neighbours(Gaussian([1.0, 0.0], 1.0).sample(4000, 1), Gaussian(dim=2).sample(4000, 2))
    >>> abs(found.value - 1 / 2) < 4 * found.error
    True
    >>> found = kl_neighbours(Gaussian([1.0, 0.0], 1.0).sample(4000, 1), Gaussian(dim=2))
    >>> abs(found.value - 1 / 2) < 4 * found.error
    True
    """
    k = count("neighbours", neighbours, 1, 1000)
    own = points("x", x, 4 * _BLOCKS * (k + 1))
    other = None
    if is_sample(reference):
        other = both(own, points("reference", reference, 4 * _BLOCKS * (k + 1)))[1]
    elif not isinstance(reference, Target):
        raise InvalidParameter("reference", reference, "a sample, or a target whose density is known")
    elif reference.dim != own.shape[1]:
        raise InvalidParameter("x", tuple(own.shape), f"points of a target in dimension {reference.dim}")
    rows = _shuffled(own)
    terms = -reference.log_density(rows[:, 0] if own.shape[1] == 1 else rows).numpy() if other is None else None
    base = rows.numpy() if terms is None else np.column_stack([rows.numpy(), terms])
    against = None if other is None else _shuffled(other).numpy()
    value = _divergence(base, against, k)
    blocks = [_divergence(base[i::_BLOCKS], None if against is None else against[i::_BLOCKS], k) for i in range(_BLOCKS)]
    halves = [_divergence(base[i::2], None if against is None else against[i::2], k) for i in range(2)]
    bias = abs(value - float(np.mean(halves))) / (2 ** min(1.0, 2 / own.shape[1]) - 1)
    method = f"{k} nearest neighbours of {len(own)} {'points' if other is None else f'and {len(other)} points'}, spread over parts"
    parts = {"sampling": float(np.std(blocks, ddof=1)) / math.sqrt(_BLOCKS), "bias": bias, "shape": abs(_off_gaussians(rows.numpy(), against, k))}
    return Estimate.of(value, method, **parts, **({} if against is None else {"uncovered": _uncovered(base, against, k)}))


def _off_gaussians(x: np.ndarray, y: np.ndarray | None, k: int) -> float:
    """By how much the estimate is off on as many points of Gaussians with the means and covariances of x and y (or of x alone, from its own density)."""
    draws = np.random.default_rng(3)
    one = _Like("x", x)
    like_x = one.sample(draws)
    if y is None:
        return _divergence(np.column_stack([like_x, -one.log_density(like_x)]), None, k)
    other = _Like("reference", y)
    exact = float(np.mean(one.log_density(like_x) - other.log_density(like_x)))
    return _divergence(like_x, other.sample(draws), k) - exact


class _Like:
    """The Gaussian with the mean and the covariance of points (n, d)."""

    def __init__(self, name: str, x: np.ndarray):
        self.n, self.mean = len(x), x.mean(0)
        covariance = np.cov(x.T).reshape(x.shape[1], x.shape[1])
        width = np.sqrt(np.diag(covariance))
        if not (width.min() > 0 and np.linalg.eigvalsh(covariance / np.outer(width, width)).min() > _FLAT):
            raise InvalidParameter(name, "points in a space of fewer dimensions", "points of a law with a density")
        self.root = np.linalg.cholesky(covariance)

    def sample(self, draws: np.random.Generator) -> np.ndarray:
        """As many points."""
        found: np.ndarray = self.mean + draws.standard_normal((self.n, len(self.mean))) @ self.root.T
        return found

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """At points (n, d)."""
        z = np.linalg.solve(self.root, (x - self.mean).T)
        found: np.ndarray = -(z * z).sum(0) / 2 - np.log(np.diag(self.root)).sum() - len(self.mean) / 2 * math.log(2 * math.pi)
        return found


def _divergence(x: np.ndarray, y: np.ndarray | None, k: int) -> float:
    """The estimate from points x and y, or from x with -log q in a last column."""
    if y is None:
        points_of, terms = x[:, :-1], x[:, -1]
        n, d = points_of.shape
        entropy = digamma(n) - digamma(k) + d / 2 * math.log(math.pi) - gammaln(d / 2 + 1) + d * np.mean(_logs("x", points_of, points_of, k + 1))
        return float(np.mean(terms) - entropy)
    (n, d), m = x.shape, len(y)
    return float(d * np.mean(_logs("reference", y, x, k) - _logs("x", x, x, k + 1)) + math.log(m / (n - 1)))


def _uncovered(x: np.ndarray, y: np.ndarray, k: int) -> float:
    """The share of the points of x beyond y, times what their terms may be off by: one more than they are."""
    distances, places = KDTree(y).query(x, list(range(1, max(k, _AROUND) + 1)))
    aside = np.linalg.norm(y[places[:, :_AROUND]].mean(1) - x, axis=1) > _ASIDE * distances[:, _AROUND - 1]
    share = float(aside.mean())
    if share > _MOST:
        raise InvalidParameter("reference", f"a sample beyond which {100 * share:.0f}% of x lie", "one that x is within, or a target of known density")
    if not share:
        return 0.0
    own = _logs("x", x, x[aside], k + 1)
    off: float = 1 + x.shape[1] * float(np.abs(np.log(distances[aside, k - 1]) - own).mean())
    return share * off


def _logs(name: str, tree: np.ndarray, at: np.ndarray, k: int) -> np.ndarray:
    """The logarithms of distances to the k-th nearest point."""
    distances = KDTree(tree).query(at, [k])[0][:, 0]
    if not distances.min() > 0:
        raise InvalidParameter(name, "points of which many are equal", "points of a law with a density, all different")
    found: np.ndarray = np.log(distances)
    return found


def _shuffled(x: Tensor) -> Tensor:
    return x[torch.randperm(len(x), generator=generator(2))]
