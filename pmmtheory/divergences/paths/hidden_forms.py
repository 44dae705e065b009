"""Paths at the substeps on an isotropic Gaussian target: given the midpoints their likelihood ratio is the exponential of a quadratic form.

With the normals zeta of the fine chain, X_{i+1} = r X_i + sigma zeta_i from X_0 = x, and the midpoints at i with H_i = 1,

    X_{i+1} = A_h X_i + g x + H_i (e (X_i - D_i) + e0 x) + sigma z_i,   D_{i+1} = A_h D_i + H_i (e (X_i - D_i) + e0 x),

so that z = zeta + Delta with Delta_i linear in zeta_0, ..., zeta_{i-1} and xi = x/sigma; the map zeta -> z has determinant one, and on every coordinate

    log p_H/q = - sum_i (zeta_i Delta_i + Delta_i^2/2) = - (zeta, xi) B_H (zeta, xi)'/2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from pmmtheory.divergences.paths.step_mixture import gaussian_step
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.schemes import PoissonStructure, Scheme

_CHUNK = 4096
"""Pairs of sets whose determinants are computed together."""


@dataclass(frozen=True)
class HiddenForms:
    """Sets of midpoints with weights (n,), B_H (n, K + 1, K + 1) with xi last, and the noise sigma of a substep."""

    weights: np.ndarray
    forms: np.ndarray
    noise: float

    @property
    def substeps(self) -> int:
        return int(self.forms.shape[1]) - 1

    def chi2(self, dim: int, squares: np.ndarray) -> np.ndarray:
        """chi2 of the paths from |x|^2 = squares, with C, c and c0 the parts of B_G + B_H:

            sum_GH w_G w_H det(I + C)^(-d/2) exp(-(c0 - c (I + C)^-1 c)|x|^2/(2 sigma^2)) - 1.

        Infinite where I + C is not positive definite.
        """
        first, second = np.triu_indices(len(self.weights))
        shares = self.weights[first] * self.weights[second] * np.where(first == second, 1.0, 2.0)
        total, k = np.zeros(len(squares)), self.substeps
        for at in range(0, len(first), _CHUNK):
            some = slice(at, at + _CHUNK)
            form = self.forms[first[some]] + self.forms[second[some]]
            form[:, range(k), range(k)] += 1.0
            logs = np.zeros(len(form))
            for i in range(k):  # elimination of all pairs at once: the pivots, and what is left of the last entry
                pivot = form[:, i, i].copy()
                if not (pivot > 0).all():
                    return np.full(len(squares), math.inf)
                logs -= dim / 2 * np.log(pivot)
                form[:, i + 1 :, i + 1 :] -= form[:, i + 1 :, i, None] * (form[:, i, None, i + 1 :] / pivot[:, None, None])
            left = form[:, k, k]
            total += shares[some] @ np.expm1(logs[:, None] - left[:, None] * squares / (2 * self.noise**2))
        return total


def hidden_forms(scheme: Scheme, fine: Scheme, variance: float) -> HiddenForms:
    """Of a step of a scheme with midpoints whose sets can be listed, on a Gaussian of this variance.

    Raises
    ------
    InvalidParameter
        Where the noises of a substep and of the finer step differ, or the scheme declares no midpoints.
    """
    structure = OnAxes(scheme, torch.tensor([variance], dtype=torch.float64)).structure
    if structure is None:
        raise InvalidParameter("scheme", scheme.name, "one that declares its midpoints (PoissonMidpoint with its own step), for paths at the substeps")
    _, n = gaussian_step(fine, variance)
    kept, drift, own, force, base, noise = _coefficients(structure)
    if abs(noise**2 / n - 1) > 1e-11 or gaussian_step(fine, variance)[0] != kept + drift:
        raise InvalidParameter("fine", fine.name, "EulerMaruyama, whose noise is that of the substeps")
    sets, weights = sets_of(structure)
    k = sets.shape[1]
    x, apart = np.zeros((len(sets), k + 1)), np.zeros((len(sets), k + 1))
    x[:, k] = 1.0
    start, forms = x.copy(), np.zeros((len(sets), k + 1, k + 1))
    for i in range(k):
        marked = sets[:, i, None]
        pushed = marked * (force[i] * (x - apart) + base[i] * start) if i else 0.0 * x
        delta = (drift * x - own * start) - pushed
        forms[:, i] += delta
        forms[:, :, i] += delta
        forms += delta[:, :, None] * delta[:, None, :]
        apart = kept * apart + pushed
        x = (kept + drift) * x
        x[:, i] += 1.0
    return HiddenForms(weights, forms, noise)


def sets_of(pmm: PoissonStructure) -> tuple[np.ndarray, np.ndarray]:
    """Whether each substep has a midpoint, (n, K), and weights (n,); all of them."""
    k = int(pmm.substeps)
    if pmm.midpoints.several:
        marks = (np.arange(2 ** (k - 1))[:, None] >> np.arange(k - 1)) & 1
        p = pmm.intensity / k
        weights = np.prod(np.where(marks == 1, p, 1 - p), axis=1)
        return np.concatenate([np.zeros((len(marks), 1)), marks.astype(float)], 1), weights
    first = int(pmm.midpoints.kind == "interior" and k > 1)
    return np.eye(k)[first:], np.full(k - first, 1 / (k - first))


def _coefficients(pmm: PoissonStructure) -> tuple[float, float, float, np.ndarray, np.ndarray, float]:
    """A_h; G_h b' of the fine chain and of the frozen force; what a midpoint at every substep pushes for each unit of the state there, and of x; sigma."""
    system, h, k = pmm.dynamics, pmm.substep, int(pmm.substeps)
    x = torch.tensor([[0.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    b0, delays = system.drift(x, 0.0), pmm.step_size * torch.arange(k, dtype=torch.float64)[:, None, None] / k
    still = x.expand(k, *x.shape)
    forces, bases = (pmm.push(part, delays) for part in (pmm.midpoint_force(still, 0.0, delays) - b0[:1], (b0[:1] - b0).expand(k, *x.shape)))
    force, base = ((part[:, 1] - part[:, 0])[:, 0].numpy() for part in (forces, bases))
    kept, moved = system.transport(h, x, 0.0), system.respond(h, b0, 0.0)
    drift = float(moved[1, 0] - moved[0, 0])
    return float(kept[1, 0] - kept[0, 0]), drift, drift, force, base, float(system.noise(h, 0.0))
