"""The law of the random covariance of a chain on an isotropic Gaussian target.

Given the midpoints of all steps the state is Gaussian, with a covariance that obeys S' = R S R' + Q: a random affine map of
the entries y of S, whatever the dimension. Its stationary moments solve E q(y') = E q(y) for polynomials q, exactly, degree by
degree. They give Gauss rules for each entry.
"""

from __future__ import annotations

import math
from functools import cache, cached_property, lru_cache
from itertools import product

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.laws.step.affine import AffineSteps
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.numerics.hermite import hermite
from pmmtheory.numerics.rules import gauss_hermite

_CHUNK = 100_000
"""Numbers at once that a cache holds."""

_MOST_NODES = 6
"""For covariances of two blocks: the polynomials in three variables of degree 2n - 1 are too many beyond."""


_NO_WEIGHT = 1e-15
"""A weight of nodes that is none."""


class VarianceRule:
    """nodes -> points and weights of the n-point Gauss rule for the variance of one block at stationarity.

    chain : the scheme on an axis of the target. blocks : (s, s) mean covariance, around which the polynomials are centred.
    shift : by how many levels the rules for the midpoints of a step are refined.
    """

    def __init__(self, chain: OnAxes, blocks: Tensor, block: int, shift: int = 0):
        self._chain, self._blocks, self._block, self._shift = chain, blocks, block, shift
        self._rule = cache(self._found)

    def __call__(self, nodes: int) -> tuple[Tensor, Tensor]:
        return self._rule(nodes)

    @cached_property
    def coarser(self) -> VarianceRule:
        """The same from rules for the midpoints of one level less."""
        return VarianceRule(self._chain, self._blocks, self._block, self._shift - 1)

    @property
    def widest(self) -> float:
        """A number that the variance cannot exceed, infinite where none is known."""
        return self._range[1]

    @cached_property
    def _range(self) -> tuple[float, float]:
        """Between which numbers the variance lies, if they are known: the fixed points of v -> R^2 v + Q over the draws of a step.

        With one random time a step R and Q are smooth in it, and a margin of a tenth of their range covers what lies between the nodes.
        """
        crowded = any(not draw.spanned for draw in self._chain.scheme.draws.values())
        if crowded or len(self._blocks) > 1:
            return 0.0, math.inf
        steps = self._chain.steps(1)
        square, noise = steps.matrix[:, 0, 0, 0] ** 2, steps.noise[:, 0, 0, 0]
        if float(square.max()) + 0.1 * float(square.max() - square.min()) >= 1:
            return 0.0, math.inf
        low, high = (noise / (1 - square)).aminmax()
        margin = 0.1 * float(high - low)
        return float(low) - margin, float(high) + margin

    def _found(self, nodes: int) -> tuple[Tensor, Tensor]:
        blocks, block, name = self._blocks, self._block, self._chain.scheme.name
        degree = 2 * nodes - 1
        steps = self._chain.steps(node_level(len(blocks), nodes, name) + self._shift)
        linear, shift = entries(steps, block)
        middle = vector_of(blocks.cpu().numpy(), block)
        shift = shift + linear @ middle - middle
        root = _spread(linear, shift, steps.weights.numpy())
        if root[0, 0] <= 1e-14 * abs(middle[0]):
            return torch.tensor(middle[:1]), torch.ones(1, dtype=torch.float64)
        inverse = np.linalg.inv(root)
        moments = _moments(inverse @ linear @ root, shift @ inverse.T, steps.weights.numpy(), degree)
        return positive_rule(*_gauss(moments, nodes, name), middle[0], root[0, 0], name, self._range)


def node_level(blocks: int, nodes: int, name: str) -> int:
    """The level of the rules for the midpoints of a step, of which so many nodes for the variance are made."""
    if blocks > 1 and nodes > _MOST_NODES:
        raise NotConverged(f"the law of the random variance of {name}, which needs more than {_MOST_NODES} nodes,", math.inf, 0.0)
    return 1 if blocks == 1 else min(nodes, 4) - 4


def positive_rule(
    points: np.ndarray, weights: np.ndarray, middle: float, width: float, name: str, within: tuple[float, float] = (0.0, math.inf)
) -> tuple[Tensor, Tensor]:
    """A rule for the variance, which lies between two numbers, from one for its deviation in units of a width.

    Nodes elsewhere are what rounding has left of the moments: those without weight are left out, others raise NotConverged.
    """
    values = middle + width * points
    kept = (values > max(0.0, within[0])) & (values < within[1])
    if not weights[~kept].sum() <= _NO_WEIGHT:
        raise _no_digits(name, len(points))
    return torch.as_tensor(values[kept]), torch.as_tensor(weights[kept] / weights[kept].sum())


def _no_digits(name: str, nodes: int) -> NotConverged:
    """That rounding has left the moments those of no variance."""
    return NotConverged(f"the law of the random variance of {name} with {nodes} nodes, more than its moments have digits for,", math.inf, 0.0)


def entries(steps: AffineSteps, block: int) -> tuple[np.ndarray, np.ndarray]:
    """The map y' = M y + c of the entries, that of the block first: (q, p, p) and (q, p)."""
    matrix, noise = steps.matrix[:, 0].numpy(), steps.noise[:, 0].numpy()
    s = matrix.shape[-1]
    pairs = _pairs(s, block)
    linear = np.empty((len(matrix), len(pairs), len(pairs)))
    for row, (i, j) in enumerate(pairs):
        for column, (k, m) in enumerate(pairs):
            linear[:, row, column] = matrix[:, i, k] * matrix[:, j, m] + (matrix[:, i, m] * matrix[:, j, k] if k != m else 0.0)
    return linear, np.stack([noise[:, i, j] for i, j in pairs], -1)


def _pairs(s: int, block: int) -> list[tuple[int, int]]:
    first = (block, block)
    return [first, *((i, j) for i in range(s) for j in range(i, s) if (i, j) != first)]


def vector_of(matrix: np.ndarray, block: int) -> np.ndarray:
    return np.array([matrix[i, j] for i, j in _pairs(len(matrix), block)])


def _spread(linear: np.ndarray, shift: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A root of the covariance of the entries: C = E M C M' + E c c'; lower triangular, singular directions with a width of their own."""
    p = shift.shape[1]
    square = np.einsum("q,qik,qjl->ijkl", weights, linear, linear).reshape(p * p, p * p)
    noise = np.einsum("q,qi,qj->ij", weights, shift, shift).reshape(-1)
    return rooted(np.linalg.solve(np.eye(p * p) - square, noise).reshape(p, p))


def rooted(covariance: np.ndarray) -> np.ndarray:
    """A lower triangular root of a covariance, in which singular directions have a width of their own."""
    scale = np.sqrt(np.clip(np.diag(covariance), 1e-300, None))
    correlation = covariance / np.outer(scale, scale) + 1e-9 * np.eye(len(scale))
    root: np.ndarray = scale[:, None] * np.linalg.cholesky(correlation)
    return root


def _moments(linear: np.ndarray, shift: np.ndarray, weights: np.ndarray, degree: int) -> np.ndarray:
    """E h_k of the first entry for k <= degree, h_k orthonormal Hermite polynomials, from E q(y') = E q(y) for all products of them."""
    indices, _, _ = _basis(shift.shape[1], degree)
    system, right = np.eye(len(indices)) - transfer_of(linear, shift, weights, degree).T, np.zeros(len(indices))
    system[0] = 0.0
    system[0, 0] = right[0] = 1.0
    return _first(np.linalg.solve(system, right), shift.shape[1], degree)


def hermite_basis(p: int, degree: int) -> np.ndarray:
    """All basis polynomials at zero: the moments of a vector that is zero."""
    indices, _, _ = _basis(p, degree)
    values = _hermite(np.zeros((1, p)), degree)[:, :, 0]
    found: np.ndarray = np.prod([values[axis, indices[:, axis]] for axis in range(p)], axis=0)
    return found


def gauss_rule(moments: np.ndarray, p: int, nodes: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The Gauss rule of the first of p entries, from the moments of all basis polynomials of degree up to 2 nodes - 1."""
    return _gauss(_first(moments, p, 2 * nodes - 1), nodes, name)


def _first(moments: np.ndarray, p: int, degree: int) -> np.ndarray:
    """Those of the polynomials of the first entry alone."""
    indices, _, _ = _basis(p, degree)
    return np.asarray(moments[indices[:, 1:].sum(1) == 0])


def transfer_of(linear: np.ndarray, shift: np.ndarray, weights: np.ndarray, degree: int) -> np.ndarray:
    """E q(M y + c) of every basis polynomial q (columns) in terms of the basis (rows)."""
    p, n = shift.shape[1], degree + 1
    indices, _, _ = _basis(p, degree)
    points, shares = gauss_hermite(n)
    grid = np.stack([axis.reshape(-1) for axis in np.meshgrid(*[points] * p, indexing="ij")], -1)
    rows = max(1, _CHUNK // (len(weights) * p * n))
    image = np.concatenate([_image(part, linear, shift, weights, degree) for part in np.array_split(grid, math.ceil(len(grid) / rows))])
    along = _hermite(points[:, None], degree)[0] * shares
    for axis in range(p):
        image = along @ image.reshape(n**axis, n, -1)
    return np.asarray(image.reshape(n**p, -1)[np.ravel_multi_index(tuple(indices.T), (n,) * p)])


@lru_cache(maxsize=32)
def _basis(p: int, degree: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The exponents of all polynomials by degree, (m, p); those of all entries but the first without repetition; and for each polynomial their row."""
    indices = np.array(sorted((index for index in product(range(degree + 1), repeat=p) if sum(index) <= degree), key=sum))
    others, row = np.unique(indices[:, 1:], axis=0, return_inverse=True)
    return indices, others, row.reshape(-1)


def _image(points: np.ndarray, linear: np.ndarray, shift: np.ndarray, weights: np.ndarray, degree: int) -> np.ndarray:
    """E q(M y + c) at points y for all basis polynomials: (points, basis)."""
    indices, others, row = _basis(points.shape[1], degree)
    moved = np.einsum("qij,gj->gqi", linear, points) + shift
    first, *values = _hermite(moved.reshape(-1, points.shape[1]), degree).reshape(points.shape[1], degree + 1, len(points), -1)
    rest = np.broadcast_to(weights, (len(others), *first.shape[1:]))
    for powers, known in zip(others.T, values, strict=True):
        rest = rest * known[powers]
    chosen: np.ndarray = (first.transpose(1, 0, 2) @ rest.transpose(1, 2, 0))[:, indices[:, 0], row]
    return chosen


def _hermite(y: np.ndarray, degree: int) -> np.ndarray:
    """Orthonormal Hermite polynomials of every coordinate: (n, p) -> (p, degree + 1, n)."""
    return hermite(y.T, degree + 1).swapaxes(0, 1)


def _gauss(moments: np.ndarray, nodes: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The Gauss rule of the measure with these Hermite moments: the eigenvalues of its Jacobi matrix."""
    points, shares = gauss_hermite(2 * nodes)
    values = _hermite(points[:, None], 2 * nodes - 1)[0]
    density = shares * (moments @ values)
    low = values[:nodes]
    gram, times = (low * density) @ low.T, (low * density * points) @ low.T
    try:
        root = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        raise _no_digits(name, nodes) from None
    inverse = np.linalg.inv(root)
    found, vectors = np.linalg.eigh(inverse @ times @ inverse.T)
    return found, vectors[0] ** 2
