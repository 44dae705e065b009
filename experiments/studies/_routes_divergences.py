"""Divergences, each by a second computation."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.measures import routes_gaussian_laws, routes_gaussians, routes_generators, routes_line, routes_phase, routes_quantiles, routes_radial
from experiments.studies._routes import Routes

_ALL = ("kl", "reverse_kl", "chi2", "hellinger", "w2")


def _named(names: tuple[str, ...], labels: Iterable[str], within: float) -> dict[str, float]:
    return {f"{name}, {label}": within for label in labels for name in names}


def _renyi(orders: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(f"renyi of order {a}" for a in orders)


GAUSSIANS = Routes(
    "routes_gaussians",
    "Gaussians",
    _named((*_ALL, *_renyi(routes_gaussians.ORDERS)), routes_gaussians.PAIRS, 1e-10)
    | _named(_renyi((0.3, 1.2)), ["wide"], 1e-10)
    | {"kl, far covariances": 1e-6}
    | _named(("tv on the line", "w1 on the line"), routes_gaussians.LINES, 1e-9)
    | _named(tuple(f"weak error of {test}" for test in routes_gaussians.TESTS), routes_gaussians.LINES, 1e-8),
)
LAWS = Routes(
    "routes_gaussian_laws",
    "Gaussian laws",
    _named((*_ALL, "frechet", *_renyi(routes_gaussian_laws.ORDERS)), routes_gaussian_laws.PAIRS, 1e-10)
    | _named(("kl",), [routes_gaussian_laws.WIDE], 1e-10)
    | _named(("kl", "w2"), ["to a target"], 1e-10)
    | _named(("tv", "w1"), ["on the line"], 1e-9)
    | _named(("kl", "w2", *_renyi((0.3, 1.5))), ["its error"], 1e-5)
    | {"w2 from below": 1e-10, "w2 from above": 1e-10, "w2, nearly the same": 1e-12},
)
RADIAL = Routes(
    "routes_radial",
    "mixtures of isotropic Gaussians",
    _named(routes_radial.NAMES, routes_radial.MIXTURES, 1e-11)
    | _named(routes_radial.WIDE_NAMES, [routes_radial.WIDE], 1e-10)
    | {"kl, in dimension 40": 3e-13, "kl, a uniform variance": 1e-7, "tv, one Gaussian": 1e-10},
)
LINES = tuple(
    Routes("routes_line", label, {name: 1e-7 if name == "w1" else 1e-8 for name in routes_line.NAMES}, {"pair": label}) for label in routes_line.PAIRS
)
PRODUCTS = Routes(
    "routes_products",
    "laws of independent coordinates",
    {"tv": 1e-9, "w2": 1e-8} | dict.fromkeys(("kl", "reverse_kl", "chi2", "hellinger", "renyi of order 0.3"), 1e-9),
)
QUANTILES = Routes(
    "routes_quantiles",
    "integrals of quantiles",
    _named(("mean plus one", "variance", "cells"), routes_quantiles.TARGETS, 1e-12) | _named(("draws",), routes_quantiles.TARGETS, 1e-4),
)
PHASE = Routes("routes_phase", "laws in the phase plane", _named(routes_phase.NAMES, routes_phase.PAIRS, 1e-6))
REVERSED = Routes("routes_gaussians", "Gaussians", {"kl the other way round": 1e-10})
GENERATORS = Routes(
    "routes_generators",
    "generators of divergences",
    _named(routes_generators.NAMES, routes_generators.KINDS, 2e-11) | _named(("f near 1",), ["kl", "reverse_kl"], 1e-12) | {routes_generators.PLAIN: 1e-11},
)
DIVERGENCES = (GENERATORS, GAUSSIANS, LAWS, RADIAL, *LINES, PRODUCTS, QUANTILES, PHASE)
