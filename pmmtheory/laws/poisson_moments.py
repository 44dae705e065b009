"""The first two moments of a Poisson midpoint step with Bernoulli midpoints on a Gaussian target, exact for every K."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.schemes import PoissonMidpoint
from pmmtheory.targets import Gaussian


@dataclass(frozen=True)
class StepMoments:
    """E R (axes, s, s), E R (x) R (axes, s^2, s^2) and E Q (axes, s, s) of a random affine step."""

    mean: Tensor
    square: Tensor
    noise: Tensor


def poisson_moments(pmm: PoissonMidpoint, variances: Tensor) -> StepMoments:
    """Bernoulli midpoints, by the moments of (X_0, Xhat, X) over the K substeps: a linear recursion, raised to the power K.

    Xhat' = A Xhat + G b0 + Gamma Z, X' = A X + G (b0 + K H (b(Xhat) - b0)) + Gamma Z with b = -position/variance. For
    K = inf the jumps come at the rate intensity/a and the recursion is a linear differential equation.
    """
    system, a, k = pmm.dynamics, pmm.step_size, pmm.substeps
    s, curvature = system.blocks, 1 / variances
    linear, push, spread = _generator(system) if k == math.inf else _substep(system, a / k)
    linear, push, spread = (part.to(curvature) for part in (linear, push, spread))
    force = -curvature[:, None, None] * push[:, None] * torch.eye(s, dtype=push.dtype, device=push.device)[0]
    drift = torch.zeros((len(variances), 3 * s, 3 * s), dtype=torch.float64, device=push.device)
    jump = torch.zeros_like(drift)
    first, middle, end = (slice(i * s, (i + 1) * s) for i in range(3))
    drift[:, first, first] = 0.0 if k == math.inf else torch.eye(s, dtype=push.dtype, device=push.device)
    for part in (middle, end):
        drift[:, part, part], drift[:, part, first] = linear, force
    weight = a if k == math.inf else k
    jump[:, end, middle], jump[:, end, first] = weight * force, -weight * force
    noise = torch.zeros_like(drift)
    for i in (middle, end):
        for j in (middle, end):
            noise[:, i, j] = spread
    return _evolved(drift, jump, noise, pmm, s)


def _evolved(drift: Tensor, jump: Tensor, noise: Tensor, pmm: PoissonMidpoint, s: int) -> StepMoments:
    axes, n = drift.shape[:2]
    eye = torch.eye(n, dtype=drift.dtype, device=drift.device).expand(axes, n, n)
    if pmm.substeps == math.inf:
        rate = pmm.intensity / pmm.step_size
        mean_generator = drift + rate * jump
        generator = _kron(mean_generator, eye) + _kron(eye, mean_generator) + rate * _kron(jump, jump)
        mean = torch.linalg.matrix_exp(pmm.step_size * mean_generator)
        square = torch.linalg.matrix_exp(pmm.step_size * _augmented(generator, noise, 0.0))
    else:
        k = int(pmm.substeps)
        p = pmm.intensity / k
        mean_step = drift + p * jump
        mean = torch.linalg.matrix_power(mean_step, k)
        square = torch.linalg.matrix_power(_augmented(_kron(mean_step, mean_step) + p * (1 - p) * _kron(jump, jump), noise, 1.0), k)
    start = torch.eye(s, dtype=drift.dtype, device=drift.device).repeat(3, 1)
    last = torch.zeros((s, n), dtype=drift.dtype, device=drift.device)
    last[:, -s:] = torch.eye(s, dtype=drift.dtype)
    into, out = torch.kron(start, start), torch.kron(last, last)
    return StepMoments(last @ mean @ start, out @ square[:, :-1, :-1] @ into, (out @ square[:, :-1, -1:]).reshape(axes, s, s))


def _augmented(linear: Tensor, noise: Tensor, corner: float) -> Tensor:
    """The affine map P -> linear P + noise as one matrix."""
    axes, m = linear.shape[:2]
    whole = torch.zeros((axes, m + 1, m + 1), dtype=linear.dtype, device=linear.device)
    whole[:, :m, :m], whole[:, :m, m], whole[:, m, m] = linear, noise.reshape(axes, m), corner
    return whole


def _kron(a: Tensor, b: Tensor) -> Tensor:
    n = a.shape[-1]
    return torch.einsum("aik,ajl->aijkl", a, b).reshape(-1, n * n, n * n)


def _generator(system: Dynamics) -> tuple[Tensor, Tensor, Tensor]:
    """N, f and D of the SDE."""
    linear, forcing, diffusion = (torch.tensor(part, dtype=torch.float64) for part in (system.linear, system.forcing, system.diffusion))
    return linear, forcing[:, 0], diffusion


def _substep(system: Dynamics, h: float) -> tuple[Tensor, Tensor, Tensor]:
    """A_h, G_h and Gamma_h^2, by unit vectors on the line."""
    line = system.on(Gaussian())
    one = torch.ones((), dtype=torch.float64)
    if system.blocks == 1:
        return line.transport(h, one)[None, None], line.respond(h, one)[None], torch.as_tensor(line.noise(h) ** 2, dtype=torch.float64)[None, None]
    eye = torch.eye(system.blocks, dtype=torch.float64)
    linear = torch.stack([line.transport(h, unit) for unit in eye], -1)
    factor = torch.stack([line.noise(h) * unit for unit in eye], -1)
    return linear, line.respond(h, one), factor @ factor.T
