"""One large step on an isotropic Gaussian target as a mixture of Gaussians, next to the one Gaussian of the fine steps.

From x, about the mean of the target, the large step is sum_S w_S N(m_S x, v_S I) over the sets S of midpoints, and k fine steps are N(m x, v I). With N_i the
number of midpoints after substep i, e what a midpoint pushes for each unit of the path there, and c i what one at substep i adds to the mean,

    m_S = A_a + G_a b' + c sum_i N_i,   v_S = Gamma_h^2 sum_i (1 + e N_i)^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from pmmtheory.divergences.paths.midpoint_sums import midpoint_sums
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.numerics.recombination import recombined
from pmmtheory.schemes import PoissonStructure, Scheme
from pmmtheory.schemes.midpoint_sets import LISTED

_FEW = 160
"""So many parts are all kept."""


@dataclass(frozen=True)
class StepMixture:
    """sum_q weights[q] N(slopes[q] x, variances[q] I) against N(slope x, variance I)."""

    weights: np.ndarray
    slopes: np.ndarray
    variances: np.ndarray
    slope: float
    variance: float

    @property
    def shifts(self) -> np.ndarray:
        """(m_S - m)/sqrt(v): the change of the mean for each unit of x, over the noise."""
        return (self.slopes - self.slope) / math.sqrt(self.variance)

    @property
    def excess(self) -> np.ndarray:
        """v_S/v - 1."""
        return (self.variances - self.variance) / self.variance

    def fewer(self, degree: int) -> StepMixture:
        """With fewer parts, of the same moments up to a degree, where they are many."""
        if len(self.weights) <= _FEW:
            return self
        kept, w = recombined(np.stack([self.slopes, self.variances], 1), self.weights, degree)
        return replace(self, weights=w, slopes=kept[:, 0], variances=kept[:, 1])


def step_mixture(scheme: Scheme, fine: Scheme, many: int, variance: float, degree: int, level: int = 1) -> StepMixture:
    """Of a scheme and so many steps of a finer one on an isotropic Gaussian of this variance, with moments kept up to a degree.

    level : that of the rules for draws that are not listed.

    Raises
    ------
    InvalidParameter
        Where a step is not affine given its draws, or one of the finer scheme is no Gaussian.
    """
    width = torch.tensor([variance], dtype=torch.float64)
    r, n = gaussian_step(fine, variance)
    chain = OnAxes(scheme, width)
    if chain.structure is not None and chain.structure.midpoints.several and LISTED < chain.structure.substeps < math.inf:
        w, m, v = _summed(OnAxes(scheme, width.repeat(2)).structure, degree)
    else:
        steps = chain.steps(level)
        listed = (part.reshape(len(steps.weights)).numpy() for part in (steps.weights, steps.matrix, steps.noise))
        w, m, v = listed
    return StepMixture(w, m, v, r**many, n * math.fsum(r ** (2 * i) for i in range(many))).fewer(degree)


def gaussian_step(fine: Scheme, variance: float) -> tuple[float, float]:
    """r and n of a step N(r x, n I); raises InvalidParameter, naming `fine`, where it is none."""
    one = OnAxes(fine, torch.tensor([variance], dtype=torch.float64)).steps(1)
    if len(one.weights) > 1:
        raise InvalidParameter("fine", fine.name, "a scheme whose step is one Gaussian: EulerMaruyama")
    return float(one.matrix[0, 0, 0, 0]), float(one.noise[0, 0, 0, 0])


def _summed(pmm: PoissonStructure | None, degree: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, m and v by the sums over the substeps."""
    assert pmm is not None
    substeps = int(pmm.substeps)
    slope, means, kick = pieces(pmm)
    pairs, w = midpoint_sums(substeps, pmm.intensity, degree)
    one = float(pmm.dynamics.noise(pmm.substep, 0.0)) ** 2
    return w, slope + means[1] * pairs[:, 0], one * (substeps + kick * (2 * pairs[:, 0] + kick * pairs[:, 1]))


def pieces(pmm: PoissonStructure) -> tuple[float, np.ndarray, float]:
    """A_a + G_a b', what a midpoint at each substep adds to the mean from a unit state, and e; of a step on two equal axes.

    Raises
    ------
    InvalidParameter
        Where a midpoint at one substep pushes otherwise than at another, or the transport is not the identity.
    """
    system, a, k = pmm.dynamics, pmm.step_size, int(pmm.substeps)
    x = torch.tensor([[0.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    b0, delays = system.drift(x, 0.0), a * torch.arange(k, dtype=torch.float64)[:, None, None] / k
    there = system.transport(delays, x, 0.0) + system.respond(delays, b0, 0.0)
    at = pmm.push(pmm.midpoint_force(there, 0.0, delays) - b0, delays)
    means = (at[:, 1] - at[:, 0])[:, 0].numpy().copy()
    still = x.expand(k, *x.shape)
    pushed = pmm.push(pmm.midpoint_force(still, 0.0, delays) - b0[:1], delays)
    kicks = (pushed[:, 1] - pushed[:, 0])[:, 0].numpy()
    even = np.allclose(kicks, kicks[-1], rtol=1e-11, atol=0.0) and np.allclose(means, means[1] * np.arange(k), rtol=1e-11, atol=0.0)
    if not even or bool((system.transport(pmm.substep, x, 0.0) != x).any()):
        raise InvalidParameter("scheme", pmm.name, f"at most {LISTED} substeps, where midpoints push otherwise at other times")
    moved = system.transport(a, x, 0.0) + system.respond(a, b0, 0.0)
    return float(moved[1, 0] - moved[0, 0]), means, float(kicks[-1])
