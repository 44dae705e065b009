"""Studies on the Gaussian target: well formed in both profiles, and decided as they should where that is cheap."""

from __future__ import annotations

import pytest

from pmmtheory.harness.discover import find_studies, require_measures
from pmmtheory.harness.project import Project
from pmmtheory.harness.study import USUAL
from tests.harness.deciding import decided

NAMES = ("dimension", "pmm_underdamped_scaled", "underdamped_controls", "underdamped_distances", "underdamped_gaussian")
STUDIES = find_studies("experiments.studies")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("profile", USUAL)
def test_well_formed(name: str, profile: str) -> None:
    """Different claims with enough points, and a full profile that keeps every check of the quick one."""
    checks = list(STUDIES[name].checks(profile))
    assert len({(check.claim.statement, check.claim.scheme) for check in checks}) == len(checks)
    require_measures(Project("experiments").measures, {cell.measure for check in checks for cell in check.cells})
    assert all(check.claim.kind == "inequality" or len({point.step for point in check.points}) >= 4 for check in checks)
    assert all(check.control for check in checks) == (name == "underdamped_controls")


@pytest.mark.slow
@pytest.mark.parametrize("label", ["BAOAB", "OBABO", "ABOBA", "UBU", "BUB", "ULMC"])
def test_claims_of_gaussian_chains_pass(label: str) -> None:
    checks = [check for check in STUDIES["underdamped_gaussian"].checks("quick") if check.claim.scheme.split(",")[0] == label]
    assert len(checks) >= 3 and {decided(check) for check in checks} == {"pass"}


@pytest.mark.slow
def test_cheap_controls_fail() -> None:
    cheap = ("ULMC", "UBU for BUB", "BAOAB", "OBABO", "ABOBA", "BAOAB with half the friction", "ULMC with uncorrelated noises")
    checks = [check for check in STUDIES["underdamped_controls"].checks("quick") if check.claim.scheme.split(",")[0] in cheap]
    assert len(checks) >= 8 and {decided(check) for check in checks} == {"fail"}
