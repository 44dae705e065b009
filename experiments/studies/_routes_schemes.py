"""Noise schedules, schedulers, dynamics and schemes, each number by a second computation."""

from __future__ import annotations

from experiments.studies._routes import Routes

_METHODS = (
    "signal and noise",
    "DDIM",
    "DDPM, every variant",
    "DDPM to the data",
    "Heun",
    "DPM-Solver",
    "DPM-Solver, multistep",
    "DPM-Solver++(2M)",
    "many steps as one",
)
COEFFICIENTS = Routes("routes_coefficients", "coefficients", dict.fromkeys(_METHODS, 1e-10))
_LEVELS = (
    "betas by name",
    "levels at a time",
    "the time of a level",
    "grids of time",
    "levels between two by sigma/alpha",
    "noise and data by what a network says",
)
LEVELS = Routes("routes_levels", "noise levels", dict.fromkeys(_LEVELS, 1e-10))
FAMILIES = (COEFFICIENTS, LEVELS)
