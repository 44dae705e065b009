"""Leading terms of the KL of paths, next to chi2/2 of small steps, summed over pairs of sets of midpoints and carried to step 0."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad

from experiments.measures._routes import apart, compared, held
from experiments.measures._written_out import fine_steps, midpoint_sets, parts_of_step
from pmmtheory.divergences.paths.hidden_forms import sets_of
from pmmtheory.dynamics import Overdamped
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.schemes import PoissonMidpoint
from pmmtheory.targets import Cosine, Gaussian
from pmmtheory.theory.path_terms import coarse_path_constant, far_start_constant, fine_path_constant, underdamped_path_constant, variance_terms

_SUBSTEPS = (3, 4)
_VARIANCES = np.array([0.7, 1.0, 1.6])
_TARGET = Gaussian(np.zeros(3), np.diag(_VARIANCES))
_RIPPLE = 0.5, 1.5, 0.3
_FRICTION = 1.7
_LEVELS = 5


_SETS = ("bernoulli", "single")
_WITHIN: dict[str, float] = {
    **{
        f"{name}, {midpoints}, K = {k}": within
        for k in (3, 4)
        for midpoints in _SETS
        for name, within in {
            "mean of the excess variance": 1e-7,
            "mean square of the excess variance": 1e-9,
            "coarse paths on a Gaussian": 1e-7,
            "coarse paths on the line": 1e-7,
            "underdamped paths": 1e-10,
        }.items()
    },
    **{f"mean of count^{n} of midpoints, {kind}": 1e-10 for n in range(3) for kind in (*_SETS, "interior")},
    **{f"{name}, K = {k}": within for k in (3, 4) for name, within in {"fine paths on a Gaussian": 1e-5, "far starts": 1e-7}.items()},
}


@compared
def measure(device: str) -> dict[str, Estimate]:
    """For each number of substeps, and for independent midpoints and one."""
    found: dict[str, Estimate] = {}
    for k in _SUBSTEPS:
        for midpoints in ("bernoulli", "single"):
            found |= {f"{name}, {midpoints}, K = {k}": difference for name, difference in _of_midpoints(k, midpoints).items()}
        found |= {f"{name}, K = {k}": difference for name, difference in _of_independent(k).items()}
    for kind in ("bernoulli", "single", "interior"):
        found |= {f"mean of count^{n} of midpoints, {kind}": difference for n, difference in enumerate(_of_sets(kind))}
    return held(found, _WITHIN)


def _of_sets(kind: str) -> list[Estimate]:
    """Midpoints counted by the square of when they are, from 1."""
    structure = PoissonMidpoint(Overdamped(Gaussian()), 0.1, 5, kind).structure
    assert structure is not None
    marks, weights = sets_of(structure)
    sets = [(1 / 4, (i,)) for i in range(1, 5)] if kind == "interior" else midpoint_sets(5, kind)
    counts = (marks * np.arange(1, marks.shape[1] + 1) ** 2).sum(1)
    return [apart(float(weights @ counts**n), sum(w * sum((i + 1) ** 2 for i in chosen) ** n for w, chosen in sets)) for n in range(3)]


def _of_midpoints(k: int, midpoints: str) -> dict[str, Estimate]:
    mean = _limit(lambda step: _excess(step, k, midpoints, 1) / step**2, 0.02)
    square = _limit(lambda step: _excess(step, k, midpoints, 2) / step**2)
    delta, w = variance_terms(k, midpoints)
    line = coarse_path_constant(Cosine(*_RIPPLE), k, midpoints)
    return {
        "mean of the excess variance": apart(delta, mean),
        "mean square of the excess variance": apart(w, square),
        "coarse paths on a Gaussian": apart(coarse_path_constant(_TARGET, k, midpoints), _limit(lambda step: _coarse(step, k, midpoints) / step**4)),
        "coarse paths on the line": apart(line, (mean**2 / 4 + 3 * square**2 / 16) * _fourth()),
        "underdamped paths": apart(underdamped_path_constant(_TARGET, _FRICTION, k, midpoints), _underdamped(k, midpoints)),
    }


def _of_independent(k: int) -> dict[str, Estimate]:
    added = 3 * 1.5 / 2 * _limit(lambda step: _far(step, k, 3) / step**5, 0.02)
    return {
        "fine paths on a Gaussian": apart(fine_path_constant(_TARGET, k), _limit(lambda step: _fine(step, k) / step**4, 0.05)),
        "far starts": apart(far_start_constant(3, k, 1.5), added),
    }


def _limit(of: Callable[[float], float], first: float = 0.005) -> float:
    """At step 0, by a polynomial in the step through values at the first and its halves."""
    values = [of(first / 2**i) for i in range(_LEVELS)]
    for n in range(1, _LEVELS):
        values = [(2**n * two - one) / (2**n - 1) for one, two in itertools.pairwise(values)]
    return values[0]


def _each(step: float, substeps: int, midpoints: str, curvature: float = 1.0) -> tuple[Numbers, Numbers, Numbers]:
    """Weights of sets, shifts of the mean for a unit of x, and excess variances, over the noise of the fine steps."""
    weights, slopes, variances = parts_of_step(step, substeps, midpoints, curvature)
    slope, variance = fine_steps(step, substeps, curvature)
    return weights, (slopes - slope) / math.sqrt(variance), variances / variance - 1


def _excess(step: float, substeps: int, midpoints: str, power: int) -> float:
    weights, _, excess = _each(step, substeps, midpoints)
    return float(weights @ excess**power)


def _coarse(step: float, substeps: int, midpoints: str) -> float:
    """chi2/2 of mixtures N(0, 1 + e_S) on three axes: shifts of the mean count for less."""
    axes = [_each(step, substeps, midpoints, 1 / variance) for variance in _VARIANCES]
    weights = axes[0][0]
    logs = sum(-np.log1p(-np.outer(excess, excess)) / 2 for _, _, excess in axes)
    return float(weights @ np.expm1(logs) @ weights) / 2


def _far(step: float, substeps: int, dim: int) -> float:
    """What |x|^2 adds to chi2/2: with A = 1/(1 + e_S) and B of another set int N(a, 1/A) N(b, 1/B)/N(0, 1) is completed to a square."""
    weights, shifts, excess = _each(step, substeps, "bernoulli")
    one, two = 1 / (1 + excess)[:, None], 1 / (1 + excess)
    a, b, whole = shifts[:, None], shifts, one + two - 1
    power = (a * one + b * two) ** 2 / (2 * whole) - (a * a * one + b * b * two) / 2
    return float(weights @ ((one * two / whole) ** (dim / 2) * power) @ weights) / 2


def _fine(step: float, substeps: int) -> float:
    """chi2/2 of paths at the substeps from the target: log p_S/q = -(z, x).B_S (z, x)/2 on each axis, z the normals of the fine chain."""
    h, sets = step / substeps, midpoint_sets(substeps, "bernoulli")
    weights, pairs = np.array([w for w, _ in sets]), np.zeros((len(sets), len(sets)))
    for variance in _VARIANCES:
        forms = []
        for _, chosen in sets:
            path, middle = np.zeros(substeps + 1), np.zeros(substeps + 1)
            path[-1] = middle[-1] = math.sqrt(variance)
            first, form = path.copy(), np.zeros((substeps + 1, substeps + 1))
            for i in range(substeps):
                # the fine chain is given; the midpoint method needs the normal z_i + delta to follow it
                push = first + (substeps if i in chosen else 0) * (middle - first)
                delta = h / variance * (push - path) / math.sqrt(2 * h)
                form[i] += delta
                form[:, i] += delta
                form += np.outer(delta, delta)
                normal = delta.copy()
                normal[i] += 1
                path = (1 - h / variance) * path
                path[i] += math.sqrt(2 * h)
                middle = middle - h / variance * first + math.sqrt(2 * h) * normal
            forms.append(form)
        one = np.stack(forms)
        pairs -= np.linalg.slogdet(np.eye(substeps + 1) + one[:, None] + one)[1] / 2
    return float(weights @ np.expm1(pairs) @ weights) / 2


def _fourth() -> float:
    """E F''^4 of the rippled target."""
    a, w, b = _RIPPLE

    def mass(x: float) -> float:
        return math.exp(-x * x / 2 - a * math.cos(w * x + b))

    def bend(x: float) -> float:
        return (1 - a * w * w * math.cos(w * x + b)) ** 4 * mass(x)

    return float(quad(bend, -9, 9, epsabs=1e-13, epsrel=1e-12)[0] / quad(mass, -9, 9, epsabs=1e-13, epsrel=1e-12)[0])


def _underdamped(substeps: int, midpoints: str) -> float:
    """By pairs of sets: what midpoints push (V, U) by, less its mean, over the noise."""
    sets, noise = midpoint_sets(substeps, midpoints), np.array([[1.0, 0.5], [0.5, 1 / 3]])
    weights = np.array([w for w, _ in sets])
    pushed = np.array([sum((np.array([s, s * (1 - s - 1 / (2 * substeps))]) for s in np.array(chosen) / substeps), np.zeros(2)) for _, chosen in sets])
    off = pushed - weights @ pushed
    precision = 1 / _VARIANCES
    traces = (precision**2).sum() ** 2 + 2 * (precision**4).sum()
    return float(traces * (weights @ (off @ np.linalg.inv(noise) @ off.T) ** 2 @ weights) / (16 * _FRICTION**2))
