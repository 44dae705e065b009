"""Laws in the plane, samples and paths of chains, each number by a second computation."""

from __future__ import annotations

from experiments.studies._routes import Routes

_SMALLEST, _SMALL = 1e-8, 1e-7
_INTEGRALS = {
    "kl": (_SMALLEST, 2e-7),
    "reverse_kl": (_SMALL, 1.2e-3),
    "chi2": (3e-8, 1e-6),
    "hellinger": (_SMALLEST, 2e-7),
    "the mean of a wave": (_SMALL, 2e-5),
    "the mean of a quadratic form": (_SMALL, 6e-5),
}
_NUMBERS = {
    "w2 to a Gaussian that a known map leads to": (_SMALLEST, 3e-9),
    "w2 to the law of that Gaussian": (_SMALLEST, 3e-9),
    "w2 of Gaussians": (1e-9, 1e-9),
    "w2 to a Gaussian that is wider than the grid": (_SMALLEST, 3e-9),
    **{f"{name} to {other}": within for other in ("a Gaussian", "a law") for name, within in _INTEGRALS.items()},
    "kl to a Gaussian with mass beyond the grid": (_SMALLEST, 2e-6),
    "tv to a Gaussian with mass beyond the grid": (1e-5, 6e-5),
    "tv across a line": (1e-5, 8e-5),
}
"""How far apart two computations may be, and what the stated error is below, over the number."""


PLANE = Routes(
    "routes_plane_distances",
    "laws in the plane",
    {
        **{name: apart for name, (apart, _) in _NUMBERS.items()},
        **{f"{name}, stated error": stated for name, (_, stated) in _NUMBERS.items()},
        "w2 of Gaussians, error by resolution": 1e-6,
        "w2 of Gaussians, error by ends": 1e-8,
        "w2 of Gaussians, error by solver": 3e-5,
        **{f"kl, error by {part}": 1e-8 for part in ("resolution", "ends", "solver")},
        "kl, error by reference": 1e-7,
        "mean of |f| over triangles": 1e-10,
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
        "Stein discrepancy of width 1": 1e-12,
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
        "sliced w2 of points, error": 1e-12,
    },
)

_SETS = ("bernoulli", "single")
_POWERS = ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (1, 2), (0, 3))

COARSE = Routes(
    "routes_paths",
    "coarse paths",
    {
        **{f"kl of coarse paths {where}, {midpoints}": 2e-6 for where in ("in 3 dimensions", "on the line") for midpoints in _SETS},
        **{f"kl of {steps} steps on a rippled target": 1e-7 for steps in (2, 150)},
        **{f"kl of {steps} steps on a rippled target, stated error": 3e-8 for steps in (2, 150)},
        **{f"kl of coarse paths in 3 dimensions, {midpoints}, stated error": 5e-10 for midpoints in _SETS},
        **{f"kl of coarse paths on the line, {midpoints}, stated error": 5e-8 for midpoints in _SETS},
        **{f"mean of shift^{a} excess^{b}, 13 substeps": 1e-11 for a, b in _POWERS},
        **{f"sum of E |X|^{2 * k}": 1e-10 for k in range(6)},
    },
)

FINE = Routes(
    "routes_hidden_paths",
    "paths at the substeps",
    {"log determinants of Wishart matrices": 3e-3}
    | {
        f"{name}, {midpoints}": within
        for midpoints in _SETS
        for name, within in {
            "kl of paths at the substeps, Cosine(0.5, 1.5, 0.3)": 1e-5,
            "kl of paths at the substeps, Gaussian(0, 0.8)": 1e-6,
            "chi2 of paths at the substeps": 1e-6,
            "u^2/2 of sampled paths": 1e-11,
            "what sampled paths leave": 1e-11,
            "kl by sampled paths": 1e-4,
            "kl of paths at the substeps, Cosine(0.5, 1.5, 0.3), stated error": 1e-6,
            "kl of paths at the substeps, Gaussian(0, 0.8), stated error": 2e-7,
            "kl by sampled paths, stated error": 5e-4,
        }.items()
    },
)

UNDERDAMPED = Routes(
    "routes_underdamped_paths",
    "underdamped paths",
    {
        "matrices of a step": 1e-12,
        "noises of a step": 1e-12,
        "laws of later states": 1e-12,
        "chi2 of underdamped paths": 1e-10,
        "u^2/2 of underdamped samples": 1e-11,
        "what underdamped samples leave": 1e-11,
        "kl of underdamped paths": 3e-5,
        "kl of underdamped paths, stated error": 2e-4,
    },
)

CONSTANTS = Routes(
    "routes_path_constants",
    "leading terms of paths",
    {
        **{
            f"{name}, {midpoints}, K = {k}": within
            for k in (3, 4)
            for midpoints in _SETS
            for name, within in {
                "mean of the excess variance": 1e-7,
                "mean square of the excess variance": 1e-9,
                "coarse paths on a Gaussian": 1e-7,
                "coarse paths on the line": 1e-7,
                "underdamped paths": 1e-12,
            }.items()
        },
        **{f"mean of count^{n} of midpoints, {kind}": 1e-12 for n in range(3) for kind in (*_SETS, "interior")},
        **{f"{name}, K = {k}": within for k in (3, 4) for name, within in {"fine paths on a Gaussian": 1e-5, "far starts": 1e-7}.items()},
    },
)

TRANSPORT = Routes(
    "routes_transport",
    "transport on the line",
    {
        "w2 of near mixtures": 1e-12,
        "w2 of near mixtures, both on grids": 1e-12,
        "w2 of mixtures far apart": 1e-11,
        "w2 of two modes that lie far apart": 1e-11,
        "w2 of two modes that lie far apart, both on grids": 1e-11,
    },
)

PLANE_AND_PATHS = (PLANE, TRANSPORT, SAMPLES, COARSE, FINE, UNDERDAMPED, CONSTANTS)
