"""KL of paths whose midpoints stay hidden, and of underdamped paths, next to chains written out and to quadrature over all their normals."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.special import digamma

from experiments.measures._routes import apart, compared, farthest, held, stated
from experiments.measures._written_out import midpoint_sets
from pmmtheory.divergences.paths.hidden import HiddenMidpoints, _sampled
from pmmtheory.divergences.paths.hidden_forms import hidden_forms
from pmmtheory.divergences.paths.hidden_line import HiddenOnLine
from pmmtheory.divergences.paths.left_over import wishart
from pmmtheory.divergences.paths.paths import Paths
from pmmtheory.dynamics import Overdamped
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import Cosine, Gaussian, Target

_STEP, _SMALL, _WIDTH, _SUBSTEPS, _MORE = 0.2, 0.01, 0.8, 3, 4
_SQUARE = 1.7
"""|x|^2 where a path starts."""


_SETS = ("bernoulli", "single")
_WITHIN: dict[str, float] = {"log determinants of Wishart matrices": 3e-3} | {
    f"{name}, {midpoints}": within
    for midpoints in _SETS
    for name, within in {
        "kl of paths at the substeps, Cosine(0.5, 1.5, 0.3)": 1e-5,
        "kl of paths at the substeps, Gaussian(0, 0.8)": 1e-6,
        "chi2 of paths at the substeps": 1e-6,
        "u^2/2 of sampled paths": 1e-10,
        "what sampled paths leave": 1e-10,
        "kl by sampled paths": 1e-4,
        "kl of paths at the substeps, Cosine(0.5, 1.5, 0.3), stated error": 1e-6,
        "kl of paths at the substeps, Gaussian(0, 0.8), stated error": 2e-7,
        "kl by sampled paths, stated error": 5e-4,
    }.items()
}


@compared
def measure(device: str) -> dict[str, Estimate]:
    """On the line by quadrature, and what sampled paths are made of."""
    found = {}
    for midpoints in ("bernoulli", "single"):
        for target in (Cosine(0.5, 1.5, 0.3), Gaussian(0.0, _WIDTH)):
            scheme, fine = _chains(target, _STEP, midpoints)
            seen = HiddenOnLine().kl(Paths(scheme, fine, _SUBSTEPS, 1, target))
            found[f"kl of paths at the substeps, {target.name}, {midpoints}"] = apart(float(seen), _by_quadrature(target, _STEP, midpoints))
            found[f"kl of paths at the substeps, {target.name}, stated error, {midpoints}"] = stated(seen)
        found |= _on_gaussians(midpoints)
    found |= {"log determinants of Wishart matrices": _wishart()}
    return held(found, _WITHIN)


def _wishart() -> Estimate:
    """Of size 3 with 7 degrees of freedom: the mean log determinant of 100,000, near a sum of digamma functions."""
    drawn = np.linalg.slogdet(wishart(np.random.default_rng(1), 100_000, 3, 7))[1]
    return apart(float(drawn.mean()), 3 * math.log(2) + sum(digamma((7 - i) / 2) for i in range(3)))


def _chains(target: Target, step: float, midpoints: str, substeps: int = _SUBSTEPS) -> tuple[PoissonMidpoint, EulerMaruyama]:
    dynamics = Overdamped(target)
    return PoissonMidpoint(dynamics, step, substeps, midpoints), EulerMaruyama(dynamics, step / substeps)


def _logs(force: Callable[[Numbers], Numbers], x: Numbers, normals: Sequence[Numbers], h: float, midpoints: str) -> tuple[Numbers, list[Numbers]]:
    """The weights of sets, and log p_H/q of each: of the path from x that the fine chain makes of the normals, summed over coordinates, the last axis."""
    path = [x]
    for z in normals:
        path.append(path[-1] + h * force(path[-1]) + math.sqrt(2 * h) * z)
    substeps, start = len(normals), force(x)
    sets, logs = midpoint_sets(substeps, midpoints), []
    for _, chosen in sets:
        total, off = np.zeros(1), np.zeros(1)  # off: how far the path is from that of the midpoints
        for i, (now, then) in enumerate(itertools.pairwise(path)):
            pushed = h * substeps * (force(now - off) - start) if i in chosen else np.zeros(1)
            far, near = then - now - h * start - pushed, then - now - h * force(now)
            total = total - ((far - near) * (far + near)).sum(-1) / (4 * h)
            off = off + pushed
        logs.append(total)
    return np.array([w for w, _ in sets]), logs


def _entropy(u: Numbers) -> Numbers:
    found: Numbers = (1 + u) * np.log1p(u) - u
    return found


def _less_one(weights: Numbers, logs: list[Numbers]) -> Numbers:
    found: Numbers = np.einsum("s,s...", weights, np.expm1(np.stack(np.broadcast_arrays(*logs))))
    return found


def _normals(nodes: int, count: int) -> tuple[list[Numbers], Numbers]:
    """A Gauss rule for each of some normals: their values (n, 1) and the weights (n,)."""
    z, shares = np.polynomial.hermite_e.hermegauss(nodes)
    shares = shares / shares.sum()
    values = np.stack(np.meshgrid(*[z] * count, indexing="ij"), -1).reshape(-1, count)
    weights = np.prod(np.stack(np.meshgrid(*[shares] * count, indexing="ij"), -1), -1).reshape(-1)
    return [values[:, [i]] for i in range(count)], weights


def _by_quadrature(target: Target, step: float, midpoints: str) -> float:
    """E_Q[r log r - r + 1] from the target."""

    def force(x: Numbers) -> Numbers:
        return target.drift(torch.as_tensor(x)).numpy()

    x = np.linspace(-7, 7, 71)
    starts = torch.exp(target.log_density(torch.as_tensor(x))).numpy() * 0.2
    normals, weights = _normals(11, _SUBSTEPS)
    u = _less_one(*_logs(force, x[:, None, None], normals, step / _SUBSTEPS, midpoints))
    return float(starts @ (_entropy(u) @ weights))


def _on_gaussians(midpoints: str) -> dict[str, Estimate]:
    """chi2 in two dimensions, each pair of sets a product over coordinates; sampled paths in three, by the same normals; and both together on the line."""
    scheme, fine = _chains(Gaussian(0.0, _WIDTH), _STEP, midpoints, _MORE)
    forms, h = hidden_forms(scheme, fine, _WIDTH), _STEP / _MORE

    def force(x: Numbers) -> Numbers:
        return -x / _WIDTH

    normals, shares = _normals(14, _MORE)
    weights, along = _logs(force, np.array([math.sqrt(_SQUARE)]), normals, h, midpoints)
    beside = _logs(force, np.zeros(1), normals, h, midpoints)[1]
    pairs = [
        w * v * (float(shares @ np.exp(along[i] + along[j])) * float(shares @ np.exp(beside[i] + beside[j])) - 1)
        for (i, w), (j, v) in itertools.product(enumerate(weights), repeat=2)
    ]
    generator = np.random.default_rng(0)
    drawn = generator.standard_normal((2000, _MORE)), generator.standard_normal((2000, 2, _MORE))
    paths = [np.concatenate([drawn[0][:, None, i], drawn[1][:, :, i]], 1) for i in range(_MORE)]
    both = np.stack([_less_one(*_logs(force, sign * np.array([math.sqrt(_SQUARE), 0.0, 0.0]), paths, h, midpoints)) for sign in (1, -1)])
    rest, half = _sampled(forms, 3, np.array([_SQUARE]), np.ones(1))
    target = Gaussian(0.0, _WIDTH)
    whole = HiddenMidpoints().kl(Paths(*_chains(target, _SMALL, midpoints), _SUBSTEPS, 1, target))
    return {
        f"chi2 of paths at the substeps, {midpoints}": apart(float(forms.chi2(2, np.array([_SQUARE]))[0]), math.fsum(pairs)),
        f"u^2/2 of sampled paths, {midpoints}": farthest(half[:2000], (both**2 / 2).mean(0)),
        f"what sampled paths leave, {midpoints}": farthest(rest[:2000], (_entropy(both) - both**2 / 2).mean(0)),
        f"kl by sampled paths, stated error, {midpoints}": stated(whole),
        f"kl by sampled paths, {midpoints}": apart(float(whole), _by_quadrature(target, _SMALL, midpoints)),
    }
