"""Numbers of the package, each by a second computation that shares nothing with the first: closed forms, quadrature by another library, plain loops.

Rates tell whether errors fall as they should; a constant factor that the two sides of a claim share, or a number that no rate is about, is seen here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pmmtheory.harness.findings import among, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_PAIRS = ("a law and a target", "two laws", "near laws", "a law and a target with a kink")
_FAMILIES = {
    "divergences of Gaussians": Cell.of("routes_gaussians"),
    "divergences of Gaussian laws": Cell.of("routes_gaussian_laws"),
    "generators of divergences": Cell.of("routes_generators"),
    "divergences of mixtures of isotropic Gaussians": Cell.of("routes_radial"),
    **{f"divergences on the line, {pair}": Cell.of("routes_line", pair=pair) for pair in _PAIRS},
    "divergences of products": Cell.of("routes_products"),
    "divergences in the phase plane": Cell.of("routes_phase"),
    "integrals of quantiles": Cell.of("routes_quantiles"),
    "distances in the plane": Cell.of("routes_plane_distances"),
    "transport on the line": Cell.of("routes_transport"),
    "distances of samples": Cell.of("routes_samples"),
    "paths at the large steps": Cell.of("routes_paths"),
    "paths at the substeps": Cell.of("routes_hidden_paths"),
    "underdamped paths": Cell.of("routes_underdamped_paths"),
    "leading terms of paths": Cell.of("routes_path_constants"),
    "Gaussians and mixtures on the line": Cell.of("routes_normal_line"),
    "other targets on the line": Cell.of("routes_line_targets"),
    "kinks, tails, needles, far origins": Cell.of("routes_kinks"),
    "Gaussians and mixtures in space": Cell.of("routes_mixtures"),
    "targets in the plane, products": Cell.of("routes_plane"),
    "ring, banana, funnel": Cell.of("routes_shapes"),
    "phi^4 on three sites": Cell.of("routes_lattice"),
    "logistic regression, importance sampling": Cell.of("routes_weighted"),
    "fits of rates": Cell.of("routes_rates"),
    "local rates and constants": Cell.of("routes_curves"),
    "noise schedules": Cell.of("routes_schedules"),
    "noise levels": Cell.of("routes_levels"),
    "coefficients of samplers": Cell.of("routes_coefficients"),
    "predictors of noise": Cell.of("routes_predictors"),
    "runs of samplers": Cell.of("routes_samplers"),
    "steps of samplers with noise": Cell.of("routes_random_samplers"),
    "reverse diffusions": Cell.of("routes_diffusions"),
    "Langevin dynamics": Cell.of("routes_langevin"),
    "draws of steps": Cell.of("routes_draws"),
    "samples of draws": Cell.of("routes_drawn"),
    "steps of schemes": Cell.of("routes_steps"),
    "steps with random midpoints": Cell.of("routes_midpoints"),
    "bounds and complexities": Cell.of("routes_bounds"),
    "leading covariances": Cell.of("routes_leading_covariances"),
    "distances of scale mixtures": Cell.of("routes_scale_mixtures"),
    "leading terms on the line": Cell.of("routes_leading_line"),
    "leading terms in the phase plane": Cell.of("routes_leading_phase"),
}
_APART, _ONE = "difference / allowed", Cell.of("number", value=1.0)


def _checks(profile: str) -> Iterator[Check]:
    for about, cell in _FAMILIES.items():
        yield _agree(about, cell)
    yield _agree("noise schedules, the cosine without its offset (wrong)", Cell.of("routes_schedules", offset=0.0), control=True)
    yield _agree("coefficients of samplers, V3 in its other reading (wrong)", Cell.of("routes_coefficients", literal=True), control=True)
    yield _agree("divergences of Gaussians, KL the other way round (wrong)", Cell.of("routes_gaussians", reverse=True), control=True)


def _agree(about: str, cell: Cell, control: bool = False) -> Check:
    claim = Claim(f"{about}: two routes to each number agree", "none", _APART, 0, "inequality", "negative control" if control else "the definition")
    return Check(claim, "none", (Point(1.0, cell, "largest"),), bounds=(Point(1.0, _ONE, "value"),), control=control)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, distance=_APART, control=False)
    counts = [outcome.estimate(outcome.check.points[0], "numbers") for outcome in ours]
    if hold(ours) and all(counts):
        yield f"{sum(int(count.value) for count in counts if count)} numbers of {len(ours)} families agree with a second computation of each."


study = Study("two_routes", "Numbers by two computations that share nothing", _checks, _findings)
