"""Studies of diffusion models: well formed in both profiles, complete, and decided as they should where that is cheap."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pmmtheory.harness.discover import find_studies, require_measures
from pmmtheory.harness.project import Project
from pmmtheory.harness.study import USUAL, Check
from tests.harness.deciding import decided

NAMES = ("ddpm_variants", "ode_samplers", "perturbed_scores", "reverse_controls", "reverse_diffusion", "samplers", "start_and_steps")
STUDIES = find_studies("experiments.studies")


def checks_of(name: str, profile: str = "quick") -> list[Check]:
    return list(STUDIES[name].checks(profile))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("profile", USUAL)
def test_well_formed(name: str, profile: str) -> None:
    checks = checks_of(name, profile)
    assert len({(check.claim.statement, check.claim.scheme, check.target) for check in checks}) == len(checks)
    require_measures(Project("experiments").measures, {cell.measure for check in checks for cell in check.cells})
    assert all(check.claim.kind == "inequality" or len({point.step for point in check.points}) >= 4 for check in checks)
    assert all(check.control for check in checks) == (name == "reverse_controls")


@pytest.mark.parametrize("name", NAMES)
def test_the_full_profile_keeps_every_quick_claim(name: str) -> None:
    full = {(check.claim.statement, check.claim.scheme) for check in checks_of(name, "full")}
    assert {(check.claim.statement, check.claim.scheme) for check in checks_of(name)} <= full


def test_every_system_has_a_claim() -> None:
    said = {check.claim.scheme for name in NAMES for check in checks_of(name, "full")}
    for system in (
        *("reverse Euler", "reverse exponential", "reverse PMM, K=steps", "reverse PMM exponential, K=steps", "reverse PMM single, K=steps", "reverse RMM"),
        *(
            "DDPM V1",
            "DDPM V1b",
            "DDPM V1c",
            "DDPM V1d",
            "DDPM V2",
            "DDPM V3",
            "DDPM V3-literal",
            "DDIM",
            "DPM-Solver-2",
            "DPM-Solver-3",
            "DPM-Solver-2M",
            "DPM-Solver++(2M)",
        ),
        *(
            "DPM-Solver-3M, reference code",
            "DPM-Solver-3M, exact difference",
            "Heun",
            "PMM over V2, K=5",
            "PMM over V2, K=1000/steps",
            "PMM over V3, K=5",
            "PMM over V3-literal, K=5",
        ),
    ):
        assert system in said, system


def decided_by(check: Check, points: int = 4) -> str:
    """The verdict by so many of the largest steps; four are the fewest that an exponent is told from."""
    return decided(check if check.claim.kind == "inequality" else replace(check, points=check.points[:points]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "points"),
    [("DPM-Solver-2M with swapped coefficients", 5), ("DPM-Solver-2M with the predictor off by one", 5), ("PMM interior with p = K", 4)],
)
def test_cheap_controls_fail(scheme: str, points: int) -> None:
    (check,) = (check for check in checks_of("reverse_controls") if check.claim.scheme == scheme)
    assert decided_by(check, points) == "fail"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ode_samplers", "W2 of DDIM falls"),
        ("ode_samplers", "W2 of DPM-Solver-3M, exact difference falls"),
        ("ddpm_variants", "V1b beats V1 at 50 calls (TV)"),
        ("ddpm_variants", "V1 beats V1b at 5, 10, 20 calls (TV)"),
        ("perturbed_scores", "of DPM-Solver-2M with and without a smooth error"),
        ("ddpm_variants", "W2 of DDPM V3 at time 100 falls"),
        ("samplers", "DDPM V3-literal does not approach the data"),
    ],
)
def test_cheap_claims_pass(name: str, words: str) -> None:
    (check,) = (check for check in checks_of(name) if words in check.claim.statement)
    assert decided_by(check) == "pass"
