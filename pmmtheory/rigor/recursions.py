"""Mean and variance of affine chains on a Gaussian on the line, step by step, on balls: nothing is left out."""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb

from pmmtheory.rigor.gaussian import Normal1


def lmc(variance: arb, step: arb) -> arb:
    """The stationary variance of LMC, v/(1 - step/(2 v)) with v that of the target."""
    return variance / (1 - step / (2 * variance))


def noised(data: Normal1, alpha: arb) -> Normal1:
    """The law of alpha X + sqrt(1 - alpha^2) Z."""
    return Normal1(alpha * data.mean, alpha * alpha * data.variance + 1 - alpha * alpha)


def reverse_diffusion(data: Normal1, horizon: arb, step: arb, steps: int) -> Normal1:
    """Euler's method for dX = (X + 2 s(X, t)) dt + sqrt(2) dB from the law of the noised data at the horizon; s is the score at the forward time left."""
    law = noised(data, (-horizon).exp())
    for k in range(steps):
        at = noised(data, (k * step - horizon).exp())
        slope = 1 + step - 2 * step / at.variance
        law = Normal1(slope * law.mean + 2 * step * at.mean / at.variance, slope * slope * law.variance + 2 * step)
    return law


def levels(betas: Sequence[float], times: Sequence[float]) -> list[arb]:
    """alpha(t)^2 = prod_{i <= t} (1 - beta_i) at whole training times."""
    squares = [arb(1)]
    for beta in betas:
        squares.append(squares[-1] * (1 - arb(beta)))
    return [squares[int(t)] for t in times]


def ddim(data: Normal1, squares: Sequence[arb], eta: float) -> Normal1:
    """X_s = alpha_s x0 + sqrt(sigma_s^2 - u) e + sqrt(u) Z, u = eta^2 (sigma_s/sigma_t)^2 (1 - alpha_t^2/alpha_s^2), e = sigma_t (X - alpha_t m)/V_t the exact
    prediction and x0 = (X - sigma_t e)/alpha_t, from the law of the noised data; at the data, sigma_s = 0, only x0 is left."""
    law = noised(data, squares[0].sqrt())
    for t, s in zip(squares, squares[1:], strict=False):
        at, spread, rest = noised(data, t.sqrt()), (1 - t).sqrt(), 1 - s
        fresh = arb(eta) ** 2 * rest / (1 - t) * (1 - t / s)
        kept = (rest - fresh).sqrt() if rest > 0 else arb(0)
        gain = spread / at.variance  # e = gain (X - alpha_t m)
        slope = (s / t).sqrt() * (1 - spread * gain) + kept * gain
        law = Normal1(slope * (law.mean - at.mean) + s.sqrt() * data.mean, slope * slope * law.variance + fresh)
    return law
