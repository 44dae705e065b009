"""Laws in the plane, samples and paths of chains, each number by a second computation."""

from __future__ import annotations

from experiments.studies._routes import Routes

_SMOOTH, _WEAK = 1e-7, 1e-6
_INTEGRALS = {"kl": _SMOOTH, "reverse_kl": _WEAK, "chi2": _SMOOTH, "hellinger": _SMOOTH, "the mean of a wave": _WEAK, "the mean of a quadratic form": _WEAK}

PLANE = Routes(
    "routes_plane",
    "laws in the plane",
    {
        "w2 to a Gaussian that a known map leads to": 1e-8,
        "w2 to the law of that Gaussian": 1e-8,
        "w2 of Gaussians": 1e-8,
        "w2 to a Gaussian that is wider than the grid": 1e-8,
        **{f"{name} to {other}": within for other in ("a Gaussian", "a law") for name, within in _INTEGRALS.items()},
        "kl to a Gaussian that is wider than the grid": 1e-7,
        "tv across a circle": 3e-5,
        "tv across a line": 3e-5,
        "w2 of Gaussians, error by resolution": 1e-6,
        "w2 of Gaussians, error by ends": 1e-8,
        "w2 of Gaussians, error by solver": 3e-5,
        **{f"kl, error by {part}": 1e-6 for part in ("resolution", "ends", "solver", "reference")},
        **{f"the mean of a wave, error by {part}": 1e-8 for part in ("resolution", "ends", "solver", "reference")},
    },
)

SAMPLES = Routes(
    "routes_samples",
    "samples",
    {
        "mmd": 1e-12,
        "mmd, standard error": 1e-12,
        "mmd at the median distance": 1e-12,
        "Stein discrepancy": 1e-12,
        "Stein discrepancy, standard error": 1e-12,
        **{
            f"kl by neighbours from a {other}{part}": 1e-11
            for other, parts in (("sample", ("", ", spread", ", bias", ", uncovered")), ("target", ("", ", spread", ", bias")))
            for part in parts
        },
        **{f"squared w2 {where}{part}": 1e-12 for where in ("on the line", "in directions") for part in ("", ", standard error", ", floor")},
        "squared w2 in directions, spread": 1e-12,
        "w2 of points": 1e-12,
        "w2 of points, spread of resamples": 1e-11,
        "w2 of points, bias": 1e-4,
        "sliced w2 of points": 1e-12,
    },
)

PLANE_AND_PATHS = (PLANE, SAMPLES)
