"""The coefficients of diffusion samplers in the notation of Ho et al. and of the paper of the Poisson midpoint method, written out one number at a time.

abar_t is the product of the alphas; a step goes from training time t down to s, with alpha = abar_t / abar_s and beta = 1 - alpha.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from torch import Tensor

Step = tuple[float, float, float]
"""a, b and sigma of X_s = a X_t + b eps + sigma Z."""


def cumulative(betas: Sequence[float]) -> list[float]:
    """abar_0 .. abar_N."""
    values = [1.0]
    for beta in betas:
        values.append(values[-1] * (1 - beta))
    return values


def v1(abar_t: float, abar_s: float, i: int = -1) -> Step:
    alpha = abar_t / abar_s
    beta = 1 - alpha
    return 1 / math.sqrt(alpha), -2 * (1 - math.sqrt(alpha)) / (math.sqrt(alpha) * math.sqrt(1 - abar_t)), math.sqrt(beta / (1 + i * beta))


def v2(abar_t: float, abar_s: float) -> Step:
    alpha = abar_t / abar_s
    beta = 1 - alpha
    return 1 / math.sqrt(alpha), -beta / (math.sqrt(alpha) * math.sqrt(1 - abar_t)), math.sqrt((1 - abar_s) * beta / (1 - abar_t))


def v3(abar_t: float, abar_s: float) -> Step:
    """As the code of latent diffusion has it, one sigma twice: sqrt(abar_s) x0 + sqrt(1 - abar_s - sigma^2) eps + sigma Z."""
    sigma = math.sqrt((1 - abar_s) * (1 - abar_t / abar_s))
    return math.sqrt(abar_s / abar_t), math.sqrt(1 - abar_s - sigma**2) - math.sqrt(abar_s * (1 - abar_t) / abar_t), sigma


def v3_literal(abar_t: float, abar_s: float) -> Step:
    return *v2(abar_t, abar_s)[:2], math.sqrt((1 - abar_s) * (1 - abar_t / abar_s))


def ddim(abar_t: float, abar_s: float, eta: float) -> Step:
    sigma = eta * math.sqrt((1 - abar_s) / (1 - abar_t)) * math.sqrt(1 - abar_t / abar_s)
    a = math.sqrt(abar_s / abar_t)
    return a, math.sqrt(max(0.0, 1 - abar_s - sigma**2)) - a * math.sqrt(1 - abar_t), sigma


STEPS: dict[str, Callable[[float, float], Step]] = {
    "V1": v1,
    "V2": v2,
    "V3": v3,
    "V3-literal": v3_literal,
    "V1a": lambda t, s: v1(t, s, -1),
    "V1b": lambda t, s: v1(t, s, 0),
    "V1c": lambda t, s: v1(t, s, 1),
    "V1d": lambda t, s: v1(t, s, 2),
    "DDIM0": lambda t, s: ddim(t, s, 0.0),
    "DDIM1": lambda t, s: ddim(t, s, 1.0),
}


def jumps(steps: Sequence[Step]) -> tuple[float, list[float], list[float]]:
    """A_K, B_{K,i} and C_{K,i} by their products: of K steps at once, i the number of the step from 1 to K."""
    total = math.prod(a for a, _, _ in steps)
    rests = [math.prod(a for a, _, _ in steps[i:]) for i in range(1, len(steps) + 1)]
    return total, [b * rest for (_, b, _), rest in zip(steps, rests, strict=True)], [c * rest for (_, _, c), rest in zip(steps, rests, strict=True)]


def midpoint_jump(
    steps: Sequence[Step], eps: Callable[[Tensor, float], Tensor], x: Tensor, times: Sequence[float], chosen: Sequence[Tensor], weight: float, z: Tensor
) -> Tensor:
    """K steps of the Poisson midpoint method, one after another; `chosen` holds H_i, and `weight` is p."""
    first = eps(x, times[0])
    state = interpolant = x
    for (a, b, c), t, h, noise in zip(steps, times, chosen, z, strict=True):
        state = a * state + b * (first + weight * h * (eps(interpolant, t) - first)) + c * noise
        interpolant = a * interpolant + b * first + c * noise
    return state
