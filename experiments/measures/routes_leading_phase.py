"""Leading terms of underdamped schemes on the line: sources by exponentials of adjoint operators, constants by a dense system in Hermite's polynomials."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import hermite_e
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import ndtr
from sympy import QQ
from sympy.polys.rings import ring

from experiments.measures._line import Line
from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory import schemes
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Cosine, Gaussian
from pmmtheory.theory.gaussian import leading_covariance
from pmmtheory.theory.phase_plane.expansion import expand_phase
from pmmtheory.theory.phase_plane.leading import PhaseLeadingTerm, phase_leading_term
from pmmtheory.theory.phase_plane.orders import phase_order

Array = np.ndarray
_AMPLITUDE, _FREQUENCY, _PHASE, _FRICTION, _CURVATURE = 0.3, 1.5, 0.4, 1.3, 1.7
_POSITIONS, _VELOCITIES = 44, 16
_RING, _V, _G, *_F = ring("v, g, F1, F2, F3, F4, F5, F6", QQ)


@compared
def measure(device: str) -> dict[str, Estimate]:
    """The sources of schemes, and the constants of laws."""
    found: dict[str, Estimate] = {}
    cosine, gaussian = Cosine(_AMPLITUDE, _FREQUENCY, _PHASE), Gaussian(covariance=1 / _CURVATURE)
    sources = {"ULMC": (schemes.EulerMaruyama, (_V**2 - 1) * _F[1] / 2)}  # v F''/2 d/dv is what a frozen force leaves out
    sources |= {name: (getattr(schemes, name), _of_splitting(name)) for name in ("BAOAB", "UBU")}
    for name, (scheme, source) in sources.items():
        expansion = expand_phase(scheme)
        found[f"{name}: source"] = farthest(_values(expansion.sources.get(expansion.order or 0)), _values(source))
        found[f"{name}: local order"] = apart(expansion.local_order or math.nan, 1 if name == "ULMC" else 2)
        if name != "UBU":
            term = phase_leading_term(scheme, cosine, _FRICTION)
            found |= {f"{name}: {law}": apart(_constant(term, law), value) for law, value in _constants(source).items()}
    term = phase_leading_term(schemes.RandomizedMidpoint, gaussian, _FRICTION)
    covariance = leading_covariance(schemes.RandomizedMidpoint, _CURVATURE, _FRICTION)
    for law in ("position kl", "position tv", "position w2", "velocity kl", "velocity tv"):
        side, distance = law.split()
        found[f"RMM on a Gaussian: {law}"] = apart(_constant(term, law), getattr(covariance.distances(side), distance).value)
    table = phase_order(schemes.BAOAB)
    source = "-1/12 v^3 F''' - 1/4 v^2 g F'' + 1/4 v F' F'' + 1/4 g F''"
    latex = r"-\tfrac{1}{12}\,{v}^{3}\,F''' - \tfrac{1}{4}\,{v}^{2}\,g\,F'' + \tfrac{1}{4}\,v\,F'\,F'' + \tfrac{1}{4}\,g\,F''"
    found["BAOAB: source as a formula"] = apart(float((table.source, table.latex) == (source, latex)), 1.0)
    constants = {name: 1e-5 if name.endswith("tv") else 1e-7 for name in found if name.endswith(("kl", "tv", "w2"))}
    return held(found, 1e-12, constants)


def _constant(term: PhaseLeadingTerm, law: str) -> float:
    side, distance = law.split()
    return float(getattr(getattr(term, side), distance))


def _values(polynomial: Any) -> Array:
    """At made-up velocities, frictions and derivatives of F: 200 are more than a source has terms."""
    if polynomial is None:
        return np.array([math.nan])
    at = np.random.default_rng(0).normal(size=(8, 200))
    first = len(polynomial.ring.gens) > 8  # 1/K, which sources of these schemes do not have
    return np.asarray(sum(float(c) * np.prod([x**p for x, p in zip(at, m[first:], strict=False) if p] or [at[0] ** 0], 0) for m, c in polynomial.items()))


def _slope(p: Any) -> Any:
    return sum((p.diff(f) * g for f, g in zip(_F, _F[1:], strict=False)), _RING(0))


_ADJOINT: dict[str, Callable[[Any], Any]] = {
    "A": lambda p: _V * _F[0] * p - _V * _slope(p),
    "B": lambda p: _F[0] * (p.diff(_V) - _V * p),
    "O": lambda p: _G * (p.diff(_V).diff(_V) - _V * p.diff(_V)),
}
"""In L2(pi), of v d/du, -F' d/dv and g (d^2/dv^2 - v d/dv); U is A and O together."""


def _of_splitting(parts: str) -> Any:
    """The coefficient of step^3 in the adjoint of the product of exp(share step part), applied to 1: that of exp(step L) leaves 1 alone."""
    total: dict[int, Any] = {0: _RING(1)}
    for letter in parts:  # the adjoint of a product begins with the first
        share, following = QQ(1, parts.count(letter)), dict(total)
        power = total
        for n in range(1, 4):
            kinds = "AO" if letter == "U" else letter
            power = {k + 1: sum((_ADJOINT[kind](p) for kind in kinds), _RING(0)) * share / n for k, p in power.items() if k < 3}
            following = {k: following.get(k, _RING(0)) + power.get(k, _RING(0)) for k in {*following, *power}}
        total = following
    return total[3]


def _constants(source: Any) -> dict[str, float]:
    """phi = sum c_nm He_n(v) He_m(u) with L* phi = -source, by the means of both sides with He_n(v) He_m(u) under N(0, 1)."""
    u, weights = hermegauss(140)
    weights = weights / weights.sum()
    basis = hermite_e.hermevander(u, _POSITIONS - 1) / np.sqrt([float(math.factorial(m)) for m in range(_POSITIONS)])
    forces = [_force(u), 1 - _AMPLITUDE * _FREQUENCY**2 * np.cos(_FREQUENCY * u + _PHASE)]
    forces += [_AMPLITUDE * _FREQUENCY**3 * np.sin(_FREQUENCY * u + _PHASE)]
    inner = (basis * weights[:, None]).T
    slope, pull = np.diag(np.sqrt(np.arange(1.0, _POSITIONS)), 1), inner @ (forces[0][:, None] * basis)
    size = _POSITIONS * _VELOCITIES
    system, right = np.zeros((size + 1, size + 1)), np.zeros(size + 1)
    for n in range(_VELOCITIES):
        rows = slice(n * _POSITIONS, (n + 1) * _POSITIONS)
        system[rows, rows] = -_FRICTION * n * np.eye(_POSITIONS)
        if n + 1 < _VELOCITIES:  # -v d/du + F' d/dv lowers and raises the degree of v
            system[rows, rows.stop : rows.stop + _POSITIONS] = math.sqrt(n + 1) * (pull - slope)
        if n:
            system[rows, rows.start - _POSITIONS : rows.start] = -math.sqrt(n) * slope
    for (velocity, friction, *powers), c in source.items():
        values = inner @ (float(c) * _FRICTION**friction * np.prod([f**p for f, p in zip(forces, powers, strict=False)], 0))
        for n, share in enumerate(hermite_e.poly2herme([0.0] * velocity + [1.0])):
            right[n * _POSITIONS : (n + 1) * _POSITIONS] -= share * math.sqrt(math.factorial(n)) * values
    density = np.exp(-_AMPLITUDE * np.cos(_FREQUENCY * u + _PHASE))
    means = (inner * density).sum(1) / (weights @ density)
    system[0, -1], system[-1, :_POSITIONS] = 1.0, means  # E phi = 0
    phi = np.linalg.solve(system, right)[:-1].reshape(_VELOCITIES, _POSITIONS)
    along = phi @ means
    masses = weights * density / (weights @ density)
    values = basis @ phi.T

    def at(x: Array) -> Array:
        """What He_n(v)/sqrt(n!) is multiplied with, at other places."""
        return (hermite_e.hermevander(x, _POSITIONS - 1) / np.sqrt([float(math.factorial(m)) for m in range(_POSITIONS)])) @ phi.T

    line = Line(_potential, _force, lambda x: x, (-8.6, -3.0, 0.0, 3.0, 8.6))
    _, tv, w2 = line.distances(lambda x: at(x)[:, 0])
    return {
        "position kl": float(masses @ values[:, 0] ** 2) / 2,
        "position tv": tv,
        "position w2": w2,
        "velocity kl": float(along @ along) / 2,
        "velocity tv": _mean_size(along) / 2,
        "joint kl": float(masses @ (values**2).sum(1)) / 2,
        "joint tv": line.mean(lambda x: np.array([_mean_size(row) for row in at(x)])) / 2,
    }


def _mean_size(shares: Array) -> float:
    """E |sum c_n He_n(v)/sqrt(n!)| for v from N(0, 1): He_n times the density is the slope of -He_(n-1) times it, between the roots."""
    series = shares / np.sqrt([float(math.factorial(n)) for n in range(len(shares))])
    roots = hermite_e.hermeroots(series)
    ends = np.sort(roots.real[np.abs(roots.imag) < 1e-12 * (1 + np.abs(roots))])
    below = shares[0] * ndtr(ends) - hermite_e.hermeval(ends, series[1:]) * np.exp(-(ends**2) / 2) / math.sqrt(2 * math.pi)
    return float(np.abs(np.diff(np.concatenate([[0.0], below, [shares[0]]]))).sum())


def _potential(u: Array) -> Array:
    return u**2 / 2 + _AMPLITUDE * np.cos(_FREQUENCY * u + _PHASE)


def _force(u: Array) -> Array:
    return u - _AMPLITUDE * _FREQUENCY * np.sin(_FREQUENCY * u + _PHASE)
