"""Leading terms of overdamped schemes on the line, next to published phi and integrals of Chebyshev polynomials."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.optimize import brentq

from experiments.measures._line import Function, Line
from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory import schemes
from pmmtheory.dynamics import Dynamics
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, Potential
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory import LeadingTerm, derived_order, derived_orders, leading_term
from pmmtheory.theory.expansion import F, phi_slope
from pmmtheory.theory.expansion import x as place

_PLACES = np.array([-2.1, -0.3, 0.4, 1.9])


class _Bernoulli(schemes.PoissonMidpoint):
    """With one kind of midpoints, so that a table of orders has three rows."""

    def __init__(self, dynamics: Dynamics, step_size: float, substeps: float):
        super().__init__(dynamics, step_size, substeps=substeps)


@compared
def measure(device: str) -> dict[str, Estimate]:
    """KL, TV, W2 and phi of each, with its order: a difference of a whole power would be one of a number."""
    cosine, mixture, huber = _cosine(), _mixture(), _huber()
    found: dict[str, Estimate] = {}
    for name, (target, line), scheme, options, order, phi in (
        ("LMC on a mixture", mixture, schemes.EulerMaruyama, {}, 1, _lmc),
        ("LMC on Huber's potential", huber, schemes.EulerMaruyama, {}, 1, _lmc),
        ("tamed Euler", cosine, schemes.TamedEuler, {}, 1, _tamed),
        ("tamed Euler on a Gaussian", _gaussian(), schemes.TamedEuler, {}, 1, _tamed),
        ("Ozaki", cosine, schemes.Ozaki, {}, 1, lambda line: lambda x: line.curvature(x) / 2),
        ("RMM", cosine, schemes.RandomizedMidpoint, {}, 2, lambda line: lambda x: -(line.curvature(x) ** 2) / 12),
        ("PMM, K = 4", cosine, schemes.PoissonMidpoint, {"substeps": 4}, 1, lambda line: lambda x: _lmc(line)(x) / 4),
        ("PMM, K = inf", cosine, schemes.PoissonMidpoint, {}, 2, _pmm),
        ("PMM, K = 3/step", cosine, schemes.PoissonMidpoint, {"substeps_times_step": 3.0}, 2, lambda line: lambda x: _lmc(line)(x) / 3 + _pmm(line)(x)),
    ):
        told: Callable[[], LeadingTerm] = partial(leading_term, scheme, target, **options)
        found |= _compared(name, told, line, order, phi(line))
    try:
        found |= _formulas()
    except InvalidParameter:  # a step that has no series
        found["phi as formulas"] = apart(math.nan, 1.0)
    return held(found, 2e-12)


def _formulas() -> dict[str, Estimate]:
    """The same phi as they are printed, and the slope of one of them where F is x^3 + 2 x."""
    told = [derived_order(scheme) for scheme in (schemes.EulerMaruyama, schemes.PoissonMidpoint, schemes.TamedEuler)]
    long = r"- \tfrac{5}{12}\,{F''}^{2} + \int \tfrac{1}{3}\,F'\,{F''}^{2}\,dx"
    pairs = [(told[0].latex, r"\tfrac{1}{4}\,{F'}^{2} - \tfrac{1}{2}\,F''"), (told[0].phi, "1/4 F'^2 - 1/2 F''")]
    pairs += [(told[1].latex, long.replace("- ", "-", 1)), (told[1].phi, "-5/12 F''^2 + int 1/3 F' F''^2")]
    pairs += [(told[2].latex, pairs[0][1] + r" + \int \operatorname{sign}(F')\,{F'}^{2}\,dx"), (told[2].phi, "1/4 F'^2 - 1/2 F'' + int sign(F') F'^2")]
    few, scaled = derived_order(schemes.PoissonMidpoint, 4), derived_order(schemes.PoissonMidpoint, substeps_times_step=3.0)
    pairs += [(few.phi, "1/16 F'^2 - 1/8 F''"), (scaled.phi, "1/12 F'^2 - 5/12 F''^2 - 1/6 F'' + int 1/3 F' F''^2")]
    some, _, many = derived_orders([_Bernoulli])
    pairs += [(some.latex, r"\tfrac{1}{4}\,\tfrac1K\,{F'}^{2} - \tfrac{1}{2}\,\tfrac1K\,F''"), (some.phi, "1/4 (1/K) F'^2 - 1/2 (1/K) F''")]
    pairs += [(many.latex, r"\tfrac{1}{4}\,\tfrac1c\,{F'}^{2} - \tfrac{1}{2}\,\tfrac1c\,F'' " + long)]
    pairs += [(many.phi, "1/4 (1/c) F'^2 - 1/2 (1/c) F'' - 5/12 F''^2 + int 1/3 F' F''^2")]
    slope = phi_slope("euler")[1].subs(F, place**3 + 2 * place).doit().subs(place, 0.3)
    return {
        "phi as formulas": apart(sum(one == other for one, other in pairs), len(pairs)),
        "slope of phi": apart(float(slope), (3 * 0.3**2 + 2) * 6 * 0.3 / 2 - 6 / 2),
    }


def _compared(name: str, told: Callable[[], LeadingTerm], line: Line, order: int, raw: Function) -> dict[str, Estimate]:
    mean = line.mean(raw)

    def phi(x: np.ndarray) -> np.ndarray:
        return raw(x) - mean

    values: tuple[Any, ...] = (math.nan,) * 4
    at = np.full(len(_PLACES), math.nan)
    try:
        term = told()
        values, at = (term.kl, term.tv, term.w2, term.order), term.phi(torch.as_tensor(_PLACES)).numpy()
    except (InvalidParameter, NotConverged):
        pass
    found = {f"{name}: {what}": apart(one, other) for what, one, other in zip(("KL", "TV", "W2", "order"), values, (*line.distances(phi), order), strict=True)}
    return found | {f"{name}: phi": farthest(at, phi(_PLACES))}


def _lmc(line: Line) -> Function:
    return lambda x: line.slope(x) ** 2 / 4 - line.curvature(x) / 2


def _pmm(line: Line) -> Function:
    """With midpoints at all times."""
    whole = line.integral(lambda x: line.slope(x) * line.curvature(x) ** 2)
    return lambda x: -5 / 12 * line.curvature(x) ** 2 + whole(x) / 3


def _tamed(line: Line) -> Function:
    """The drift b/(1 + a|b|) is b - a |b| b + ...: another potential, by a int |F'| F'."""
    whole = line.integral(lambda x: np.abs(line.slope(x)) * line.slope(x))
    return lambda x: _lmc(line)(x) + whole(x)


def _cosine() -> tuple[LineTarget, Line]:
    a, w, s = 0.3, 1.5, 0.4

    def slope(x: Any) -> Any:
        return x - a * w * np.sin(w * x + s)

    zero = brentq(slope, -1.0, 1.0, xtol=1e-15)
    line = Line(lambda x: x**2 / 2 + a * np.cos(w * x + s), slope, lambda x: 1 - a * w**2 * np.cos(w * x + s), (-8.6, -3.0, zero, 3.0, 8.6))
    return Cosine(a, w, s), line


def _gaussian() -> tuple[LineTarget, Line]:
    line = Line(lambda x: 0.85 * x**2, lambda x: 1.7 * x, lambda x: 0 * x + 1.7, (-6.5, -2.0, 0.0, 2.0, 6.5))
    return Gaussian(covariance=1 / 1.7), line


def _mixture() -> tuple[LineTarget, Line]:
    weights, means, variances = np.array([0.3, 0.7]), np.array([-1.2, 1.0]), np.array([0.7, 1.1])

    def parts(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        y = (x[..., None] - means) / variances
        each = weights / np.sqrt(variances) * np.exp(-y * (x[..., None] - means) / 2)
        return y, each

    def potential(x: np.ndarray) -> np.ndarray:
        return np.asarray(-np.log(parts(x)[1].sum(-1)))

    def slope(x: np.ndarray) -> np.ndarray:
        y, each = parts(x)
        return np.asarray((each * y).sum(-1) / each.sum(-1))

    def curvature(x: np.ndarray) -> np.ndarray:
        y, each = parts(x)
        return np.asarray(slope(x) ** 2 - (each * (y**2 - 1 / variances)).sum(-1) / each.sum(-1))

    line = Line(potential, slope, curvature, (-8.5, -3.0, 0.0, 3.5, 9.8))
    return GaussianMixture(weights.tolist(), means.tolist(), variances.tolist()), line


def _huber() -> tuple[LineTarget, Line]:
    def potential(x: np.ndarray) -> np.ndarray:
        return np.where(np.abs(x) < 1, x**2 / 2, np.abs(x) - 0.5)

    line = Line(potential, lambda x: np.clip(x, -1, 1), lambda x: (np.abs(x) < 1) * 1.0, (-38.0, -12.0, -1.0, 1.0, 12.0, 38.0))
    return Potential(lambda x: torch.where(x.abs() < 1, x**2 / 2, x.abs() - 0.5)), line
