"""Divergences, each by a second computation."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.measures import routes_gaussian_laws, routes_gaussians, routes_radial
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
    | _named(("tv on the line", "w1 on the line"), routes_gaussians.LINES, 1e-9),
)
LAWS = Routes(
    "routes_gaussian_laws",
    "Gaussian laws",
    _named((*_ALL, "frechet", *_renyi(routes_gaussian_laws.ORDERS)), routes_gaussian_laws.PAIRS, 1e-10)
    | _named(("kl",), [routes_gaussian_laws.WIDE], 1e-10)
    | _named(("kl", "w2"), ["to a target"], 1e-10)
    | _named(("tv", "w1"), ["on the line"], 1e-9)
    | {"w2 from below": 1e-10, "w2 from above": 1e-10},
)
RADIAL = Routes(
    "routes_radial",
    "mixtures of isotropic Gaussians",
    _named(routes_radial.NAMES, routes_radial.MIXTURES, 1e-11) | {"kl, a uniform variance": 1e-7, "tv, one Gaussian": 1e-10},
)
