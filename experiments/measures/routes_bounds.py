"""Bounds and complexities of theorems, next to the formulas of their papers, and where each stops being said."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.theory import bounds
from pmmtheory.theory.bounds.kn_complexity import KANDASAMY_NAGARAJ
from pmmtheory.theory.bounds.kn_overdamped import kandasamy_nagaraj_rate
from pmmtheory.theory.bounds.kn_underdamped import kandasamy_nagaraj_underdamped_rate
from pmmtheory.theory.monomial import monomial
from pmmtheory.theory.theorem import BOUNDS, find_theorems

_EPS, _KAPPA, _D, _C = 0.013, 37.0, 11, 1.7


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Values at some parameters, and the largest or least parameters that are allowed."""
    found = _calls() | _steps() | _overdamped() | _underdamped() | _known() | _lemmas() | _exponents()
    return held(found | _left_out() | _allowed(), 1e-11)


def _calls() -> dict[str, Estimate]:
    e, k, d = _EPS, _KAPPA, _D
    under = k ** (7 / 6) * d ** (1 / 6) / e ** (1 / 3)
    formulas = {
        "LMC under LSI": (bounds.kandasamy_nagaraj_calls("LMC", e, k, d, _C), k**2 * d / e**2),
        "PMM under LSI": (bounds.kandasamy_nagaraj_calls("PMM", e, k, d, _C), k**1.5 * d**0.75 / e),
        "ULMC under LSI": (bounds.kandasamy_nagaraj_calls("ULMC", e, k, d, _C), k**1.5 * math.sqrt(d) / e),
        "underdamped PMM under LSI": (bounds.kandasamy_nagaraj_calls("underdamped PMM", e, k, d, _C), k ** (17 / 12) * d ** (5 / 12) / math.sqrt(e)),
        "PMM, log-concave": (bounds.srinivasan_nagaraj_calls(e, k, d, _C), (k ** (4 / 3) + k * d ** (1 / 3)) / e ** (2 / 3)),
        "underdamped PMM, p = 1": (bounds.srinivasan_nagaraj_underdamped_calls(e, k, d, 1, _C), under + k ** (17 / 14) * d ** (1 / 7) / e ** (3 / 7)),
        "underdamped PMM, p = 3": (bounds.srinivasan_nagaraj_underdamped_calls(e, k, d, 3, _C), under + k ** (39 / 30) * d ** (3 / 15) / e ** (5 / 15)),
        "underdamped RMM": (bounds.shen_lee_calls(e, k, _C), k ** (7 / 6) / e ** (1 / 3) + k / e ** (2 / 3)),
        "RMM in KL": (bounds.altschuler_chewi_calls(e, d, _C), math.sqrt(d) / e),
        "RMM for scores, Gupta-Cai-Chen": (bounds.gupta_cai_chen_calls(e, d, _C), d ** (5 / 12) / e),
        "RMM for scores, Li-Jiao": (bounds.li_jiao_calls(e, d, _C), d ** (1 / 3) / e ** (2 / 3)),
    }
    return {f"calls, {name}": apart(calls, _C * paper) for name, (calls, paper) in formulas.items()}


def _steps() -> dict[str, Estimate]:
    """Of overdamped PMM: the two steps of which the smaller is taken, K, and the accuracy beyond which K is no exact float."""
    found = {}
    for name, lam, smooth, d in (("many axes", 0.8, 1.3, 1000), ("ill-conditioned", 0.002, 1.3, 2)):
        step, substeps = bounds.srinivasan_nagaraj_step(_EPS / 10, lam, smooth, d, _C)
        plain = _C * (_EPS / 10) ** (2 / 3) * min((lam / smooth) ** (1 / 3), d ** (-1 / 3)) / smooth
        found[f"step of PMM, {name}"] = apart(step, plain)
        found[f"K of PMM, {name}"] = apart(substeps, math.ceil(plain * smooth / (_EPS / 10) ** 2))
    found["K of PMM, a whole number"] = apart(float(bounds.srinivasan_nagaraj_step(1e-3, 1.0, 1.0, 8)[1]), 5000)
    least = _edge(lambda e: bounds.srinivasan_nagaraj_step(e, 1.0, 1.0, 8, _C), 1e-5, 1e-16)
    found["K of PMM, the accuracy that asks for 2^53"] = apart(least, (_C / 2 / 2.0**53) ** 0.75)
    return found


def _overdamped() -> dict[str, Estimate]:
    a, k, n, d, smooth, energy = 0.03, 7, 60, 5, 1.4, 2.3
    of: dict[str, Any] = {"substeps": k, "dim": d, "smoothness": smooth, "initial_energy": energy, "constant": _C}
    kl = _C * smooth**4 * a**4 * (energy + 1 + k * d**2 * n)
    path = 0.4 + _C * (0.9**4 / k**2 + 0.9**6 / k**2 + 0.9**10 / k**3 + 0.9**7 / k)
    return {
        "KL of PMM, Theorem 2": apart(bounds.kandasamy_nagaraj(step_size=a, steps=n, **of), kl),
        "KL of a path, Theorem 1": apart(bounds.kandasamy_nagaraj_path(0.4, lambda p: 0.9**p, k, 3.5, _C), path),
        "Theorem 2, the largest step": apart(
            _edge(lambda x: bounds.kandasamy_nagaraj(step_size=x, steps=1, step_constant=0.3, **of), 0.01, 1.0),
            0.3 / smooth,
        ),
        "Theorem 2, the longest time": apart(
            _edge(lambda x: bounds.kandasamy_nagaraj(step_size=x, steps=n, horizon_constant=0.02, **of), 0.01, 1.0),
            (0.02 / n) ** (1 / 3) / smooth,
        ),
    }


def _underdamped() -> dict[str, Estimate]:
    of: dict[str, Any] = {
        "step_size": 0.03,
        "substeps": 7,
        "steps": 60,
        "dim": 5,
        "smoothness": 1.4,
        "friction": 2.6,
        "initial_energy": 2.3,
        "initial_velocity": 0.9,
    }
    kl = _C * 0.03**6 * 1.4**4 / 2.6**2 * (2.3 + 0.9 + 1) + _C * 7 * 0.03**7 * 1.4**4 * 60**2 * (5 + math.log(7)) ** 2 / 2.6

    def edge(name: str, inside: float, outside: float, **constants: float) -> float:
        return _edge(lambda x: bounds.kandasamy_nagaraj_underdamped(**of | constants | {name: x}), inside, outside)

    return {
        "KL of underdamped PMM, Theorem 3": apart(bounds.kandasamy_nagaraj_underdamped(**of, constant=_C), kl),
        "Theorem 3, the least friction": apart(edge("friction", 2.6, 0.1, friction_constant=1.5), 1.5 * math.sqrt(1.4)),
        "Theorem 3, the largest step": apart(edge("step_size", 0.01, 1.0, step_constant=0.3), 0.3 / 2.6),
        "Theorem 3, the longest time": apart(edge("step_size", 0.01, 1.0, horizon_constant=0.004), (0.004 * 2.6 / 1.4**2 / 60) ** (1 / 3)),
    }


def _known() -> dict[str, Estimate]:
    """Bounds with every constant known, or all but the largest step."""
    kl = math.exp(-0.7 * 0.05 * 23) * 1.9 + 8 * 3 * 1.2**2 * 0.05 / 0.7
    left = (1 - 0.7 * 0.3 / 8) ** (4 * 6) * 1.9
    return {
        "KL of LMC": apart(bounds.vempala_wibisono(0.7, 1.2, 0.05, 23, 1.9, 3), kl),
        "KL of LMC, the largest step": apart(_edge(lambda x: bounds.vempala_wibisono(0.7, 1.2, x, 23, 1.9), 0.01, 1.0), 0.7 / 1.2**2 / 4),
        "contraction of PMM": apart(bounds.srinivasan_nagaraj_contraction(0.3, 4, 6, 0.7, 1.2, 1.9), left),
        "contraction of PMM, the largest step": apart(
            _edge(lambda x: bounds.srinivasan_nagaraj_contraction(x, 4, 6, 0.7, 1.2, 1.9, step_constant=0.8), 0.1, 5.0), 0.8 / 1.2
        ),
        "contraction of PMM, the largest step of a convex force": apart(
            _edge(lambda x: bounds.srinivasan_nagaraj_contraction(x, 4, 6, 0.7, 1.2, 1.9, step_constant=99.0), 0.1, 20.0), 8 / 0.7
        ),
    }


def _lemmas() -> dict[str, Estimate]:
    sharp = bounds.small_perturbation(0.3, 0.2)
    return {
        "W2 of a perturbation, Lemma 1": apart(bounds.srinivasan_nagaraj_perturbation(0.3, 0.9), 5.5 * 0.3**2),
        "W2 of a large perturbation, Lemma 1": apart(bounds.srinivasan_nagaraj_perturbation(0.3, 1.1), 5.5 * 0.3**2 + 30 * 0.3),
        "Lemma 1, the largest variance": apart(_edge(lambda x: bounds.srinivasan_nagaraj_perturbation(x, 0.9), 0.1, 2.0), 0.9**2),
        "KL of a small perturbation": apart(sharp.kl, 0.3**2 / 2 / math.factorial(2) + 0.2**2 / 2 / math.factorial(3)),
        "W2 of a small perturbation": apart(sharp.w2_squared, 0.3**2 / 2 / math.factorial(2) + 0.2**2 / 3 / math.factorial(3)),
    }


def _exponents() -> dict[str, Estimate]:
    """Of W2 in the step that complexities imply, and of KL for K that grows."""
    told = {"LMC": 1 / 2, "RMM": 1.0, "PMM": 3 / 2, "ULMC": 1.0, "underdamped RMM": 3 / 2, "underdamped PMM": 3.0}
    found = {f"exponent of W2, {scheme}": apart(bounds.SRINIVASAN_NAGARAJ[scheme], power) for scheme, power in told.items()}
    powers = {"accuracy": -1 / 2, "condition": 17 / 12, "dim": 5 / 12}
    found |= {f"exponent of {name}": apart(KANDASAMY_NAGARAJ["underdamped PMM"].exponent(name) or 0.0, power) for name, power in powers.items()}
    found["exponent of KL, K = step^-1/2"] = apart(kandasamy_nagaraj_rate(0.5), 2.5)
    return found | {"exponent of KL, underdamped, K = step^-1/2": apart(kandasamy_nagaraj_underdamped_rate(0.5), 4.5)}


def _left_out() -> dict[str, Estimate]:
    """Constants that are not told are 1."""
    path, calls = bounds.kandasamy_nagaraj_path, bounds.kandasamy_nagaraj_calls
    over: dict[str, Any] = {"step_size": 0.03, "substeps": 7, "dim": 5, "smoothness": 1.4, "initial_energy": 2.3}
    under = over | {"steps": 60, "friction": 2.6, "initial_velocity": 0.9}

    def longest() -> list[float]:
        """The largest steps and times that are allowed."""
        kl, other = bounds.kandasamy_nagaraj, bounds.kandasamy_nagaraj_underdamped
        return [
            _edge(lambda a: kl(**over | {"step_size": a, "steps": 1}), 0.1, 1.0),
            _edge(lambda a: kl(**over | {"step_size": a, "steps": 600}), 0.01, 1.0),
            _edge(lambda g: other(**under | {"friction": g, "steps": 1}), 2.6, 0.1),
            _edge(lambda a: other(**under | {"step_size": a, "steps": 1}), 0.01, 9.0),
            _edge(lambda a: other(**under | {"step_size": a, "steps": 600}), 0.01, 9.0),
            _edge(lambda a: bounds.srinivasan_nagaraj_contraction(a, 4, 6, 0.7, 1.2, 1.9), 0.1, 5.0),
        ]

    pairs = [
        (calls("LMC", _EPS, _KAPPA, _D), calls("LMC", _EPS, _KAPPA, _D, 1.0)),
        (bounds.srinivasan_nagaraj_calls(_EPS, _KAPPA, _D), bounds.srinivasan_nagaraj_calls(_EPS, _KAPPA, _D, 1.0)),
        (bounds.srinivasan_nagaraj_underdamped_calls(_EPS, _KAPPA, _D), bounds.srinivasan_nagaraj_underdamped_calls(_EPS, _KAPPA, _D, 1, 1.0)),
        (bounds.srinivasan_nagaraj_step(_EPS, 0.5, 1.0, _D)[0], bounds.srinivasan_nagaraj_step(_EPS, 0.5, 1.0, _D, 1.0)[0]),
        (bounds.shen_lee_calls(_EPS, _KAPPA), bounds.shen_lee_calls(_EPS, _KAPPA, 1.0)),
        (bounds.altschuler_chewi_calls(_EPS, _D), bounds.altschuler_chewi_calls(_EPS, _D, 1.0)),
        (bounds.gupta_cai_chen_calls(_EPS, _D), bounds.gupta_cai_chen_calls(_EPS, _D, 1.0)),
        (bounds.li_jiao_calls(_EPS, _D), bounds.li_jiao_calls(_EPS, _D, 1.0)),
        (KANDASAMY_NAGARAJ["LMC"].calls(_EPS, _KAPPA, _D), calls("LMC", _EPS, _KAPPA, _D, 1.0)),
        (path(0.4, lambda p: 0.9**p, 7), path(0.4, lambda p: 0.9**p, 7, 2.0, 1.0)),
        (bounds.kandasamy_nagaraj(steps=60, **over), bounds.kandasamy_nagaraj(steps=60, constant=1.0, **over)),
        (bounds.kandasamy_nagaraj_underdamped(**under), bounds.kandasamy_nagaraj_underdamped(**under, constant=1.0)),
    ]
    roots = [1 / 1.4, (1 / 600) ** (1 / 3) / 1.4, math.sqrt(1.4), 1 / 2.6, (2.6 / 1.4**2 / 600) ** (1 / 3), 1 / 1.2]
    return {
        "constants that are not told": farthest(np.array([one / other for one, other in pairs]), np.ones(len(pairs))),
        "limits with constants that are not told": farthest(np.array(longest()) / roots, np.ones(len(roots))),
    }


def _allowed() -> dict[str, Estimate]:
    """lsi may be L, steps and variances as large as is told; and products that are tiny, and what cites a theorem."""
    allowed = [float(bounds.vempala_wibisono(1.2, 1.2, 1 / 4.8, 0, 1.9)), float(bounds.srinivasan_nagaraj_step(0.1, 1.2, 1.2, 8)[1])]
    allowed += [float(bounds.srinivasan_nagaraj_contraction(2.0 / 1.2, 1, 0, 1.2, 1.2, 1.9, step_constant=3.0))]
    allowed += [float(bounds.srinivasan_nagaraj_perturbation(0.81, 0.9))]
    lsi = [_edge(lambda x: bounds.vempala_wibisono(x, 1.2, 0.01, 23, 1.9), 1.0, 2.0), _edge(lambda x: bounds.srinivasan_nagaraj_step(0.1, x, 1.2, 8), 1.0, 2.0)]
    lsi += [_edge(lambda x: bounds.srinivasan_nagaraj_contraction(0.1, 4, 6, x, 1.2, 1.9), 1.0, 2.0)]
    cites = find_theorems(BOUNDS)["VW 1"].cited_by
    return {
        "as far as is allowed": farthest(np.array(allowed), np.array([1.9 + 8 * 1.2 / 4.8, math.ceil(0.1 ** (2 / 3) / 2 / 0.01), 1.9, 5.5 * 0.81**2])),
        "the largest lsi is L": farthest(np.array(lsi), np.full(3, 1.2)),
        "tiny products": apart(monomial((1e-70, 4)), 1e-280),
        "sources that cite a theorem": apart(float(cites("Vempala & Wibisono 2019, Theorem 1, at stationarity")), 1.0),
    }


def _edge(bound: Callable[[float], object], inside: float, outside: float) -> float:
    """Where a bound begins to be refused."""
    for _ in range(45):
        middle = math.sqrt(inside * outside)
        try:
            bound(middle)
        except InvalidParameter:
            outside = middle
        else:
            inside = middle
    return inside
