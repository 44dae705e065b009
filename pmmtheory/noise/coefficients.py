"""The coefficients of one step from a noise level t to a lower level s, of every method: functions of the two levels alone.

Sources: Ho et al. 2020 (arXiv 2006.11239), Song et al. 2021 (DDIM, arXiv 2010.02502), Lu et al. 2022 (DPM-Solver, arXiv
2206.00927, and DPM-Solver++, arXiv 2211.01095, with their reference code), Karras et al. 2022 (arXiv 2206.00364),
Kandasamy & Nagaraj 2024 (arXiv 2405.17068, App. A).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import factorial
from typing import NamedTuple

import numpy as np

from pmmtheory.errors import InvalidParameter, choice, real
from pmmtheory.noise.levels import NoiseLevels, Numbers


class AffineStep(NamedTuple):
    """X_s = a X_t + b eps(X_t, t) + noise Z; numbers, or one a step."""

    a: Numbers
    b: Numbers
    noise: Numbers


class StagedStep(NamedTuple):
    """X_s = a[-1] X_t + sum_j b[-1][j] eps_j, with eps_i at Y_i = a[i] X_t + sum_{j<i} b[i][j] eps_j, for i < len(a) - 1."""

    a: list[float]
    b: list[list[float]]


class MultiStep(NamedTuple):
    """X_s = a X_t + sum_j b[j] m_j, m_0 the newest of the remembered predictions."""

    a: float
    b: list[float]


Variant = Callable[[NoiseLevels, NoiseLevels], AffineStep]


def ddim(t: NoiseLevels, s: NoiseLevels, eta: Numbers | float = 0.0) -> AffineStep:
    """X_s = alpha_s (X_t - sigma_t eps)/alpha_t + sqrt(sigma_s^2 - v) eps + sqrt(v) Z, v = eta^2 (sigma_s/sigma_t)^2 (1 - alpha_t^2/alpha_s^2).

    Examples
    --------
    >>> t, s = NoiseLevels(np.log(0.6)), NoiseLevels(np.log(1.0))
    >>> a, b, noise = ddim(t, s)
    >>> round(float(a), 6), round(float(b), 6), float(noise)
    (1.666667, -1.333333, 0.0)
    """
    a, fresh = growth(t, s), renewed(t, s)
    variance = eta**2 * fresh * (s.sigma / t.sigma) ** 2
    kept = np.sqrt(np.maximum(s.sigma**2 - variance, 0.0))
    # kept - a sigma_t, without cancellation between levels that are close
    b = -fresh * (a**2 + (eta * s.sigma / t.sigma) ** 2) / (kept + a * t.sigma)
    return AffineStep(a, b, np.sqrt(variance))


def ddpm(t: NoiseLevels, s: NoiseLevels, variant: str = "V1") -> AffineStep:
    """The DDPM variants of Kandasamy & Nagaraj 2024; with r = alpha_t^2/alpha_s^2 and beta = 1 - r all have a = 1/sqrt(r), and

        V1:             b = -2 (a - 1)/sigma_t,   noise^2 = beta/(1 - beta);
        V1a, b, c, d:   the same b,               noise^2 = beta/(1 + i beta) with i = -1, 0, 1, 2;
        V2:             b = -a beta/sigma_t,      noise^2 = beta sigma_s^2/sigma_t^2, the posterior variance;
        V3-literal:     the same b,               noise^2 = beta sigma_s^2;
        V3:             b of DDIM with that noise, whose eta is sigma_t.

    V1 is the exponential integrator of the reverse Ornstein-Uhlenbeck process; V2 is DDIM with eta = 1. The paper gives V3 as "DDIM with
    eta = 1 and the lower variance" beta sigma_s^2. As the code of latent diffusion has it, one variance enters the mean and the noise: that is V3.
    Where it enters the noise alone (V3-literal) the mean is that of V2, there is too little noise, and the chain does not converge to the data.
    """
    if variant == "V3":
        return ddim(t, s, t.sigma)
    a, fresh = growth(t, s), renewed(t, s)
    if variant in ("V2", "V3-literal"):
        return AffineStep(a, -a * fresh / t.sigma, np.sqrt(fresh) * s.sigma / (t.sigma if variant == "V2" else 1.0))
    share = {"V1": -1, "V1a": -1, "V1b": 0, "V1c": 1, "V1d": 2}[variant]
    return AffineStep(a, -2 * np.expm1(s.log_alpha - t.log_alpha) / t.sigma, np.sqrt(fresh / (1 + share * fresh)))


VARIANTS: Mapping[str, Variant] = {
    **{name: partial(ddpm, variant=name) for name in ("V1", "V2", "V3", "V3-literal", "V1a", "V1b", "V1c", "V1d")},
    "DDIM0": partial(ddim, eta=0.0),
    "DDIM1": partial(ddim, eta=1.0),
}


def variant_named(variant: str) -> Variant:
    """The coefficients of that name."""
    return VARIANTS[choice("variant", variant, VARIANTS)]


def ddim_with(eta: float) -> Variant:
    """DDIM with a share eta in [0, 1] of the posterior noise."""
    share = real("eta", eta, "a number from 0 to 1")
    if not 0 <= share <= 1:
        raise InvalidParameter("eta", eta, "a number from 0 to 1")
    return partial(ddim, eta=share)


def finished(variant: Variant, t: NoiseLevels, s: NoiseLevels) -> AffineStep:
    """The steps of a variant, but the prediction of the data (DDIM, eta = 0) where s is the data: no noise is added to them."""
    last = ddim(t, s)
    try:
        return AffineStep(*(np.where(s.sigma > 0, own, end) for own, end in zip(variant(t, s), last, strict=True)))
    except TypeError:
        raise InvalidParameter("variant", variant, "a function of two NoiseLevels that returns an AffineStep") from None


def growth(t: NoiseLevels, s: NoiseLevels) -> Numbers:
    """alpha_s/alpha_t."""
    return np.exp(s.log_alpha - t.log_alpha)


def renewed(t: NoiseLevels, s: NoiseLevels) -> Numbers:
    """beta = 1 - alpha_t^2/alpha_s^2: the share of the variance at t that is noise younger than s."""
    return -np.expm1(2 * (t.log_alpha - s.log_alpha))


def dpm_solver(levels: NoiseLevels) -> StagedStep:
    """DPM-Solver of order len(levels) - 1 from the first level to the last, with its inner evaluations at the levels between.

    With h = l_s - l_t the whole change of l = log(alpha/sigma) and r_i the share of it up to inner level i (1/2; 1/3 and 2/3
    in the paper), phi_k(h) = sum_j h^j/(j + k)! and e = eps(X_t):

        order 1:  X_s = (alpha_s/alpha_t) X - sigma_s (exp(h) - 1) e
        order 2:  ... - sigma_s (exp(h) - 1)/(2 r_1) (eps_1 - e),              eps_1 at the step of order 1 to level 1
        order 3:  ... - sigma_s h phi_2(h)/r_2 (eps_2 - e),                    eps_2 at level 2:
                  Y_2 = (alpha_2/alpha_t) X - sigma_2 (exp(r_2 h) - 1) e - sigma_2 (r_2/r_1) (r_2 h) phi_2(r_2 h) (eps_1 - e)
    """
    order = len(levels.log_alpha) - 1
    t, reached = levels[0], levels[1:]
    a, first = [growth(t, reached), ddim(t, reached).b]
    b = [[float(first[0])]]
    change = reached.log_snr - t.log_snr
    if order >= 2:
        r1 = change[0] / change[-1]
        if order == 2:
            b.append(_difference(first[1], first[1] / (2 * r1), 0, 1))
        else:
            r2 = change[1] / change[-1]
            scale = [-reached.sigma[i] * change[i] * _phi(2, change[i]) for i in (1, 2)]
            b.append(_difference(first[1], scale[0] * r2 / r1, 0, 1))
            b.append(_difference(first[2], scale[1] / r2, 0, 2))
    return StagedStep([float(x) for x in a], b)


def heun(t: NoiseLevels, s: NoiseLevels) -> StagedStep:
    """Heun's method in x/alpha and sigma/alpha, where the probability-flow equation is d(x/alpha) = eps d(sigma/alpha)."""
    a, b, _ = (float(x) for x in ddim(t, s))
    return StagedStep([a, a], [[b], [b / 2, b / 2]])


def dpm_multistep(levels: NoiseLevels, exact: bool = False) -> MultiStep:
    """Multistep DPM-Solver of order len(levels) - 1, from levels[-2] to levels[-1], remembering eps at the levels before.

    With h the step in log(alpha/sigma), r_0 and r_1 the two steps before it over h, D_0 = (m_0 - m_1)/r_0, D_1 = (m_1 - m_2)/r_1,
    S = (D_0 - D_1)/(r_0 + r_1):

        order 1:  X_s = (alpha_s/alpha_t) X - sigma_s (exp(h) - 1) m_0
        order 2:  ... - sigma_s (exp(h) - 1)/2 D_0
        order 3:  ... - sigma_s h phi_2(h) (D_0 + r_0 S) - sigma_s h phi_3(h) c S,   c = 1, or 2 if `exact`.

    The reference code has c = 1. S is half of h^2 times the second derivative, so the third order needs c = 2.
    """
    order, (t, s) = len(levels.log_alpha) - 1, (levels[-2], levels[-1])
    steps = np.diff(levels.log_snr)[::-1]
    a, first = float(growth(t, s)), float(ddim(t, s).b)
    if order == 1:
        return MultiStep(a, [first])
    h, r0 = steps[0], steps[1] / steps[0]
    if order == 2:
        return MultiStep(a, _difference(first, first / (2 * r0), 1, 0))
    r1 = steps[2] / h
    one, two = np.array([1, -1, 0]) / r0, np.array([0, 1, -1]) / r1
    second = (one - two) / (r0 + r1)
    slope, bend = _phi(2, h) * h, _phi(3, h) * h * (2 if exact else 1)
    weights = first * np.array([1, 0, 0]) - s.sigma * (slope * (one + r0 * second) + bend * second)
    return MultiStep(a, weights.tolist())


def dpm_plus_plus(levels: NoiseLevels) -> MultiStep:
    """DPM-Solver++(2M) from levels[-2] to levels[-1], remembering the predictions of the data at the level before, if there is one:

    X_s = (sigma_s/sigma_t) X + alpha_s (1 - exp(-h)) [m_0 + (m_0 - m_1)/(2 r_0)].
    """
    t, s = levels[-2], levels[-1]
    ratio, h = float(s.sigma / t.sigma), float(s.log_snr - t.log_snr)
    first = -float(s.alpha * np.expm1(-h))
    if len(levels.log_alpha) == 2:
        return MultiStep(ratio, [first])
    r0 = float(t.log_snr - levels[-3].log_snr) / h
    return MultiStep(ratio, _difference(first, first / (2 * r0), 1, 0))


def _difference(first: float, second: float, old: int, new: int) -> list[float]:
    """The weights of first * m_0 + second * (m_new - m_old)."""
    weights = [0.0] * (max(old, new) + 1)
    weights[0] += float(first)
    weights[new] += float(second)
    weights[old] -= float(second)
    return weights


def _phi(k: int, h: float) -> float:
    """sum_j h^j/(j + k)!, which is (exp(h) - sum_{j<k} h^j/j!)/h^k."""
    if abs(h) < 1:
        return sum(float(h) ** j / factorial(j + k) for j in range(20))
    return (np.expm1(h) - sum(float(h) ** j / factorial(j) for j in range(1, k))) / float(h) ** k  # type: ignore[no-any-return]
