"""Paths at the substeps on isotropic Gaussian targets: half of chi2, which is exact, and the mean of what is left over sampled paths.

With r = p/q of a path and u = r - 1, KL = E_Q[r log r - r + 1] = E_Q[u^2]/2 + E_Q[r log r - r + 1 - u^2/2]: the first term is chi2/2, in closed form over
all pairs of sets of midpoints, and the second is smaller by a power of the step, and so are its fluctuations. Every sampled path has the exact r, a sum over
all sets. In dimension d a form sees its normals only through those along x and the Wishart matrix of the others.
"""

from __future__ import annotations

import math

import numpy as np

from pmmtheory.divergences.paths.around_axis import entropy
from pmmtheory.divergences.paths.gaussian import WORST, begins, isotropic, width_of
from pmmtheory.divergences.paths.hidden_forms import HiddenForms, hidden_forms
from pmmtheory.divergences.paths.paths import PathComparison, Paths
from pmmtheory.divergences.paths.radii import radii
from pmmtheory.divergences.paths.step_mixture import step_mixture
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws.engine import Refusal, refused
from pmmtheory.targets import Gaussian

_SETS, _SUBSTEPS = 512, 64
"""The largest number of sets, and of substeps, whose pairs are all looked at: K = 10 for independent midpoints."""

_NODES = 9, 7
"""For |X_t|^2: those of chi2, and fewer to tell their error."""

_DRAWS, _LEAST, _MOST, _AT_ONCE = 8_000_000, 12_000, 40_000, 2_000
"""Sampled paths times sets, and the least and largest number of paths."""

_DEVIATIONS = 4.0
"""So many standard errors are stated."""

_FAR, _SEEN = 0.02, 0.3
"""By how much sampled and exact mean squares may differ beyond their fluctuations; and the share of the mean square that fluctuations, and what is left,
may be: beyond it rare paths have most of it, which no sample sees."""

_ADVICE = "a smaller step or fewer substeps would do"

_COARSE, _WORST = 4, 0.05
"""Nodes of |X_t|^2 for what is sampled; and the largest relative error of the whole that is returned."""


class HiddenMidpoints(PathComparison):
    """Poisson midpoints of which all sets can be listed."""

    rank, hidden = 3, True

    def supports(self, paths: Paths) -> Refusal | None:
        target = paths.scheme.dynamics.target
        refusal = isotropic(paths)
        if refusal is not None:
            return refusal
        assert isinstance(target, Gaussian)
        return listed(paths) or refused(lambda: hidden_forms(paths.scheme, paths.fine, float(target.variances[0])))

    def kl(self, paths: Paths) -> Estimate:
        begun, width = begins(paths.start), width_of(paths)
        mixture, forms = step_mixture(paths.scheme, paths.fine, paths.many, width, 9), hidden_forms(paths.scheme, paths.fine, width)
        at = [radii(begun, mixture, paths.steps, nodes) for nodes in (*_NODES, _COARSE)]
        squares = np.split(forms.chi2(begun.dim, np.concatenate([one.places for one in at])) / 2, np.cumsum([len(one.places) for one in at])[:-1])
        exact = [float(one.weights @ square) for one, square in zip(at, squares, strict=True)]
        if not math.isfinite(exact[0]):
            raise NotConverged(f"the chi2 of the paths of {paths.scheme.name} at the substeps, which is infinite,", math.nan, _WORST, _ADVICE)
        rest, half = _sampled(forms, begun.dim, at[2].places, at[2].weights)
        sampling, spread = (_DEVIATIONS * float(part.std(ddof=1)) / math.sqrt(len(part)) for part in (rest, half))
        value, change = exact[0] + float(rest.mean()), abs(exact[0] - exact[1])
        if not (
            abs(float(half.mean()) - exact[2]) <= 1.5 * spread + _FAR * exact[2] and spread <= _SEEN * exact[2] and abs(float(rest.mean())) <= _SEEN * exact[0]
        ):
            raise NotConverged(f"the mean over sampled paths of {paths.scheme.name}, whose likelihood ratios are too large,", math.nan, _WORST, _ADVICE)
        rounding = 2.0**-51 * paths.steps * begun.dim * paths.many
        error = 2 * change + sampling + rounding
        if not error <= _WORST * value + rounding:
            raise NotConverged(f"the KL of the paths of {paths.scheme.name} at the substeps", error / value if value > 0 else math.nan, _WORST, _ADVICE)
        method = "chain rule, chi2 by pairs of sets of midpoints, and sampled paths for what is left"
        return Estimate.of(max(value, 0.0), method, resolution=2 * change + WORST * abs(float(rest.mean())), sampling=sampling, rounding=rounding)


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
        along, others = generator.standard_normal((_AT_ONCE, k)), _wishart(generator, _AT_ONCE, k, dim - 1)
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


def _wishart(generator: np.random.Generator, n: int, k: int, freedom: int) -> np.ndarray:
    """n Wishart matrices (k, k): sums of products of so many standard normal vectors, by Bartlett's triangle where these are many."""
    if freedom <= k:
        drawn = generator.standard_normal((n, freedom, k))
        found: np.ndarray = np.einsum("nfi,nfj->nij", drawn, drawn)
        return found
    lower = np.tril(generator.standard_normal((n, k, k)), -1)
    for i in range(k):
        lower[:, i, i] = np.sqrt(generator.chisquare(freedom - i, n))
    return lower @ lower.transpose(0, 2, 1)
