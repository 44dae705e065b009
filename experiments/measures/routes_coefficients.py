"""The coefficients of one step of each sampler, next to the formulas of its paper and to integrals by quadrature."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import exp, expm1, sqrt
from typing import NamedTuple

import numpy as np
from scipy.integrate import quad

from experiments.measures._arrays import Pairs, all_apart
from experiments.measures._routes import compared, held
from pmmtheory.estimate import Estimate
from pmmtheory.noise.coefficients import AffineStep, ddim_with, dpm_multistep, dpm_plus_plus, dpm_solver, finished, heun, variant_named
from pmmtheory.noise.composition import Composed, composed
from pmmtheory.noise.levels import NoiseLevels, Numbers

_GROWING = np.array([0.2, 0.26, 0.35, 0.41]), np.array([0.05, 0.3, 0.6, 0.97])
"""alpha at levels from the noisiest, with short and with long steps."""
_SHARES = {"V1a": -1, "V1b": 0, "V1c": 1, "V1d": 2}
_FINE = AffineStep(np.array([1.1, 1.3, 0.9, 1.7]), np.array([-0.3, 0.2, -0.7, -0.1]), np.array([0.4, 0.1, 0.6, 0.3]))


class _Between(NamedTuple):
    """Levels as the package has them, and as numpy does."""

    levels: NoiseLevels
    alphas: Numbers
    sigmas: Numbers
    logs: Numbers


@compared
def measure(device: str, literal: bool = False) -> dict[str, Estimate]:
    """Every method between a few levels; or DDPM V3 next to the formula of its other reading."""
    several = [_Between(NoiseLevels(np.log(a)), a, np.sqrt(1 - a**2), np.log(a / np.sqrt(1 - a**2))) for a in _GROWING]
    methods = {
        "signal and noise": _levels,
        "DDIM": _ddim,
        "DDPM, every variant": _ddpm,
        "DDPM to the data": _to_the_data,
        "Heun": _heun,
        "DPM-Solver": _solver,
        "DPM-Solver, multistep": _multisteps,
        "DPM-Solver++(2M)": _plus_plus,
    }

    def of(method: Callable[[_Between], Pairs]) -> Pairs:
        return [pair for known in several for pair in method(known)]

    if literal:
        return held(all_apart({"DDPM V3 by the formula of V3-literal": partial(of, _wrong_ddpm)}))
    return held(all_apart({name: partial(of, method) for name, method in methods.items()} | {"many steps as one": _composed}))


def _levels(known: _Between) -> Pairs:
    levels = known.levels
    return [([levels.alpha, levels.sigma, levels.log_snr], list(known[1:]))]


def _of_ddim(known: _Between, eta: float) -> list[float]:
    """From the first level to the second, as eq. 12 of Song et al. 2021 has it."""
    (a_t, a_s), (s_t, s_s) = known.alphas[:2], known.sigmas[:2]
    v = eta**2 * (s_s / s_t) ** 2 * (1 - (a_t / a_s) ** 2)
    return [a_s / a_t, sqrt(s_s**2 - v) - a_s * s_t / a_t, sqrt(v)]


def _ddim(known: _Between) -> Pairs:
    return [(list(ddim_with(eta)(known.levels[0], known.levels[1])), _of_ddim(known, eta)) for eta in (0.0, 0.6, 1.0)]


def _ddpm(known: _Between) -> Pairs:
    (a_t, a_s), (s_t, s_s) = known.alphas[:2], known.sigmas[:2]
    r = (a_t / a_s) ** 2
    beta, first, second = 1 - r, -2 * (a_s / a_t - 1) / s_t, -(1 - r) / (s_t * sqrt(r))
    expected = {
        **{name: [1 / sqrt(r), first, sqrt(beta / (1 + i * beta))] for name, i in _SHARES.items()},
        "V1": [1 / sqrt(r), first, sqrt(beta / (1 - beta))],
        "V2": [1 / sqrt(r), second, sqrt(beta) * s_s / s_t],
        "V3": _of_ddim(known, s_t),
        "V3-literal": [1 / sqrt(r), second, sqrt(beta) * s_s],
        "DDIM0": _of_ddim(known, 0.0),
        "DDIM1": _of_ddim(known, 1.0),
    }
    return [(list(variant_named(name)(known.levels[0], known.levels[1])), numbers) for name, numbers in expected.items()]


def _wrong_ddpm(known: _Between) -> Pairs:
    """Which has the variance in the noise alone."""
    return [(list(variant_named("V3")(known.levels[0], known.levels[1])), list(variant_named("V3-literal")(known.levels[0], known.levels[1])))]


def _to_the_data(known: _Between) -> Pairs:
    alpha, sigma = known.alphas[0], known.sigmas[0]
    return [(list(finished(variant_named("V1"), known.levels[0], NoiseLevels(np.zeros(())))), [1 / alpha, -sigma / alpha, 0.0])]


def _heun(known: _Between) -> Pairs:
    (a_t, a_s), (s_t, s_s) = known.alphas[:2], known.sigmas[:2]
    slope, found = a_s * (s_s / a_s - s_t / a_t), heun(known.levels[0], known.levels[1])
    return [([found.a, *found.b], [a_s / a_t, a_s / a_t, slope, slope / 2, slope / 2])]


def _solver(known: _Between) -> Pairs:
    found = [dpm_solver(known.levels[: order + 1]) for order in (1, 2, 3)]
    return [([step.a, *step.b], _dpm_solver(order, *known[1:])) for order, step in enumerate(found, 1)]


def _multisteps(known: _Between) -> Pairs:
    kinds = [(order, exact) for order in (1, 2, 3) for exact in (False, True)]
    return [(list(dpm_multistep(known.levels[3 - order :], exact)), _multistep(order, exact, *known[1:])) for order, exact in kinds]


def _plus_plus(known: _Between) -> Pairs:
    h = known.logs[3] - known.logs[2]
    ratio, first = (known.logs[2] - known.logs[1]) / h, known.alphas[3] * (1 - exp(-h))
    weights = [[first], [first * (1 + 1 / (2 * ratio)), -first / (2 * ratio)]]
    return [(list(dpm_plus_plus(known.levels[3 - memory :])), [known.sigmas[3] / known.sigmas[2], weights[memory - 1]]) for memory in (1, 2)]


def _dpm_solver(order: int, alphas: Numbers, sigmas: Numbers, logs: Numbers) -> list[float]:
    """Growths and weights of all stages, as algorithms 1, 4 and 5 of Lu et al. 2022 have them with the inner levels at any shares r1 and r2 of the step."""
    changes = [value - logs[0] for value in logs[1 : order + 1]]
    h, growths = changes[-1], [alpha / alphas[0] for alpha in alphas[1 : order + 1]]
    first = [-sigma * expm1(change) for sigma, change in zip(sigmas[1:], changes, strict=False)]
    if order == 1:
        return [*growths, first[0]]
    r1 = changes[0] / h
    if order == 2:
        tilt = -sigmas[2] * expm1(h) / (2 * r1)
        return [*growths, first[0], first[1] - tilt, tilt]
    r2 = changes[1] / h
    inner = -sigmas[2] * r2 / r1 * (expm1(r2 * h) / (r2 * h) - 1)
    outer = -sigmas[3] / r2 * (expm1(h) / h - 1)
    return [*growths, first[0], first[1] - inner, inner, first[2] - outer, 0.0, outer]


def _multistep(order: int, exact: bool, alphas: Numbers, sigmas: Numbers, logs: Numbers) -> list[float]:
    """Where exact, the integral over the step of the polynomial through the predictions; else as the reference code has it."""
    growth, nodes = alphas[3] / alphas[2], logs[2::-1][:order] - logs[2]
    h = logs[3] - logs[2]
    if order == 1 or (exact and order == 3):

        def weight(i: int) -> Callable[[float], float]:
            others = np.delete(nodes, i)
            return lambda x: exp(-x) * float(np.prod((x - others) / (nodes[i] - others)))

        scale = -alphas[3] * sigmas[2] / alphas[2]
        return [growth, *(scale * quad(weight(i), 0, h, epsabs=0, epsrel=1e-12)[0] for i in range(order))]
    r0 = -nodes[1] / h
    phi1 = expm1(h)
    if order == 2:
        return [growth, *(-sigmas[3] * phi1 * np.array([1 + 1 / (2 * r0), -1 / (2 * r0)]))]
    r1 = (nodes[1] - nodes[2]) / h
    phi2 = phi1 / h - 1
    phi3 = phi2 / h - 0.5
    newer, older = np.array([1, -1, 0]) / r0, np.array([0, 1, -1]) / r1
    slope = newer + r0 / (r0 + r1) * (newer - older)
    return [growth, *(-sigmas[3] * (phi1 * np.array([1, 0, 0]) + phi2 * slope + phi3 * (newer - older) / (r0 + r1)))]


def _composed() -> Pairs:
    """Many steps as one, next to steps one after another from two states and from noise of each step alone."""

    def run(i: int, j: int, x: float, eps: float, noises: Numbers) -> float:
        for k in range(i, j):
            x = _FINE.a[k] * x + _FINE.b[k] * eps + _FINE.noise[k] * noises[k]
        return x

    still, n = np.zeros(4), 4
    pairs = [(i, j) for i in range(n + 1) for j in range(i, n + 1)]
    expected = [[run(i, j, 1.0, 0.0, still), run(i, j, 0.0, 1.0, still), sqrt(sum(run(i, j, 0.0, 0.0, unit) ** 2 for unit in np.eye(n)))] for i, j in pairs]
    tables, asked = composed(_FINE), Composed(_FINE)
    return [([[table[pair] for table in tables] for pair in pairs], expected), ([list(asked(*pair)) for pair in reversed(pairs)], expected[::-1])]
