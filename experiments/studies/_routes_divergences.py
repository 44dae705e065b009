"""Divergences, each by a second computation."""

from __future__ import annotations

from experiments.measures.routes_gaussians import LINES, ORDERS, PAIRS
from experiments.studies._routes import Routes

GAUSSIANS = Routes(
    "routes_gaussians",
    "Gaussians",
    {f"{name}, {label}": 1e-10 for label in PAIRS for name in ("kl", "reverse_kl", "chi2", "hellinger", "w2", *(f"renyi of order {a}" for a in ORDERS))}
    | {f"renyi of order {a}, wide": 1e-10 for a in (0.3, 1.2)}
    | {f"{name} on the line, {label}": 1e-9 for label in LINES for name in ("tv", "w1")},
)
