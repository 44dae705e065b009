"""Paths at the substeps on isotropic Gaussian targets: half of chi2, which is exact, and the mean of what is left over sampled paths.

chi2 is in closed form over all pairs of sets of midpoints, and every sampled path has the exact likelihood ratio, a sum over all sets. In dimension d a form
sees its normals only through those along x and the Wishart matrix of the others.
"""

from __future__ import annotations

import math

import numpy as np

from pmmtheory.divergences.paths.around_axis import entropy
from pmmtheory.divergences.paths.gaussian import WORST, begins, isotropic, width_of
from pmmtheory.divergences.paths.hidden_forms import HiddenForms, hidden_forms
from pmmtheory.divergences.paths.left_over import LeftOver, require_finite, wishart
from pmmtheory.divergences.paths.paths import PathComparison, Paths
from pmmtheory.divergences.paths.radii import radii
from pmmtheory.divergences.paths.step_mixture import step_mixture
from pmmtheory.estimate import Estimate
from pmmtheory.laws.engine import Refusal, refused

_SETS, _SUBSTEPS = 512, 64
"""The largest number of sets, and of substeps, whose pairs are all looked at: K = 10 for independent midpoints."""

_NODES = 9, 7
"""For |X_t|^2: those of chi2, and fewer to tell their error."""

_DRAWS, _LEAST, _MOST, _AT_ONCE = 8_000_000, 12_000, 40_000, 2_000
"""Sampled paths times sets, and the least and largest number of paths."""

_COARSE = 4
"""Nodes of |X_t|^2 for what is sampled."""


class HiddenMidpoints(PathComparison):
    """Poisson midpoints of which all sets can be listed."""

    rank, hidden = 3, True

    def supports(self, paths: Paths) -> Refusal | None:
        return isotropic(paths) or listed(paths) or refused(lambda: hidden_forms(paths.scheme, paths.fine, width_of(paths)))

    def kl(self, paths: Paths) -> Estimate:
        begun, width = begins(paths.start), width_of(paths)
        mixture, forms = step_mixture(paths.scheme, paths.fine, paths.many, width, 9), hidden_forms(paths.scheme, paths.fine, width)
        at = [radii(begun, mixture, paths.steps, nodes) for nodes in (*_NODES, _COARSE)]
        squares = np.split(forms.chi2(begun.dim, np.concatenate([one.places for one in at])) / 2, np.cumsum([len(one.places) for one in at])[:-1])
        exact = [float(one.weights @ square) for one, square in zip(at, squares, strict=True)]
        words = f"the KL of the paths of {paths.scheme.name} at the substeps"
        require_finite(exact[0], words)
        left = LeftOver(*_sampled(forms, begun.dim, at[2].places, at[2].weights))
        rounding = 2.0**-51 * paths.steps * begun.dim * paths.many
        resolution = 2 * abs(exact[0] - exact[1]) + WORST * abs(left.mean)
        method = "chain rule, chi2 by pairs of sets of midpoints, and sampled paths for what is left"
        return left.beside(exact[0], exact[2], resolution, rounding, words, method)


def listed(paths: Paths) -> Refusal | None:
    """Refused unless the finer steps are the substeps, and all sets of midpoints can be listed."""
    structure = paths.scheme.structure
    if structure is None:
        return Refusal("scheme", paths.scheme.name, "one that declares its midpoints (PoissonMidpoint with its own step), for paths at the substeps")
    if structure.substeps != paths.many:
        return Refusal("fine", paths.fine.step_size, f"the substep of {paths.scheme.name}, for paths at the substeps")
    sets = 2 ** min(paths.many - 1, 99) if structure.midpoints.several else paths.many
    if sets > _SETS or paths.many > _SUBSTEPS:
        most = int(math.log2(_SETS)) + 1 if structure.midpoints.several else _SUBSTEPS
        return Refusal("substeps", paths.many, f"at most {most} for paths at the substeps, whose likelihood is a sum over all sets of midpoints")
    return None


def _sampled(forms: HiddenForms, dim: int, squares: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draws of sum_j weights[j] (r log r - r + 1 - u^2/2) from |x|^2 = squares[j], zeta drawn from the fine chain, of both signs, (n,); and of u^2/2."""
    generator, k = np.random.default_rng(0), forms.substeps
    upper = np.triu_indices(k)
    twice = np.where(upper[0] == upper[1], 1.0, 2.0)
    inner = forms.forms[:, upper[0], upper[1]] * twice  # (sets, k (k + 1)/2)
    cross, alone = forms.forms[:, :k, k], forms.forms[:, k, k]
    found: list[np.ndarray] = []
    for _ in range(0, min(max(_DRAWS // len(forms.weights), _LEAST), _MOST), _AT_ONCE):
        along, others = generator.standard_normal((_AT_ONCE, k)), wishart(generator, _AT_ONCE, k, dim - 1)
        products = (along[:, :, None] * along[:, None, :] + others)[:, upper[0], upper[1]]
        even, odd = -products @ inner.T / 2, -along @ cross.T
        total = np.zeros((2, _AT_ONCE))
        for square, weight in zip(squares, weights, strict=True):
            xi = math.sqrt(max(square, 0.0)) / forms.noise
            for sign in (1.0, -1.0):
                u = np.expm1(even + sign * xi * odd - xi**2 / 2 * alone) @ forms.weights
                total += weight / 2 * np.stack([entropy(np.maximum(u, -1.0)) - u * u / 2, u * u / 2])
        found.append(total)
    rest, half = np.concatenate(found, 1)
    return rest, half
