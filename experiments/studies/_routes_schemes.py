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
_LANGEVIN = (
    "exponential functions",
    "the exact step, underdamped",
    "the exact step, underdamped in 2 dimensions",
    "the exact step, overdamped",
    "factors of noise on position and velocity",
    "steps up to the end of a process",
)
LANGEVIN = Routes("routes_langevin", "Langevin dynamics", dict.fromkeys(_LANGEVIN, 1e-10))
_DIFFUSIONS = (
    "forward time, by each clock",
    "forward time covered and its speed, by each clock",
    "one step of the reverse diffusion and of the flow",
    "the reverse diffusion and the flow from a Gaussian start",
    "scores and laws of noised Gaussians",
)
DIFFUSIONS = Routes("routes_diffusions", "reverse diffusions", dict.fromkeys(_DIFFUSIONS, 1e-9))
_PREDICTORS = (
    "exact, perturbed and noisy predictors",
    "networks, with guidance, in every kind",
    "times that networks are told",
    "steps over several times of a schedule",
    "predictions that are remembered",
)
PREDICTORS = Routes("routes_predictors", "predictors of noise", dict.fromkeys(_PREDICTORS, 1e-10))
_DRAWS = (
    "moments of normals",
    "moments of times",
    "sets of midpoints against all subsets",
    "sets of midpoints against a Poisson process",
    "sets of midpoints of large K",
    "one midpoint",
)
DRAWS = Routes("routes_draws", "draws of steps", dict.fromkeys(_DRAWS, 1e-9) | {_DRAWS[3]: 1e-6, _DRAWS[4]: 1e-7})
_SAMPLES = ("samples of times", "samples of midpoints", "midpoints of many particles", "what steps are tried on")
SAMPLES = Routes("routes_samples", "samples of draws", dict.fromkeys(_SAMPLES, 1e-10))
_STEPS = (
    "Euler-Maruyama",
    "tamed Euler",
    "Ozaki's step",
    "noisy gradients",
    "MALA",
    "splittings",
    "Euler's and Heun's steps in the time of a schedule",
    "orders and rates",
)
STEPS = Routes("routes_steps", "steps of schemes", dict.fromkeys(_STEPS, 1e-9))
_MIDPOINTS = (
    "the randomized midpoint",
    "Poisson midpoints, in K substeps",
    "Poisson midpoints, K infinite",
    "Poisson midpoints of states one by one",
    "random Poisson midpoint steps",
    "less noise, by the variance of the midpoints",
    "calls of Poisson midpoints",
)
MIDPOINTS = Routes("routes_midpoints", "steps with random midpoints", dict.fromkeys(_MIDPOINTS, 1e-9))
_SAMPLERS = (
    "runs of DDIM",
    "runs of Heun",
    "runs of DPM-Solver",
    "runs of multistep DPM-Solver",
    "runs of DPM-Solver++(2M)",
)
SAMPLERS = Routes("routes_samplers", "samplers", dict.fromkeys(_SAMPLERS, 1e-10))
_RANDOM_SAMPLERS = (
    "steps of DDPM and DDIM with noise",
    "steps of the randomized midpoint on the flow",
    "steps of Poisson midpoints over DDPM",
    "calls of runs, counted",
)
RANDOM_SAMPLERS = Routes("routes_random_samplers", "random samplers, and calls of all", dict.fromkeys(_RANDOM_SAMPLERS, 1e-10))
FAMILIES = (COEFFICIENTS, LEVELS, LANGEVIN, DIFFUSIONS, PREDICTORS, DRAWS, SAMPLES, STEPS, MIDPOINTS, SAMPLERS, RANDOM_SAMPLERS)
WRONG = Routes("routes_coefficients", "coefficients", {"DDPM V3 by the formula of V3-literal": 1e-10})
