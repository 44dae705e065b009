"""Every relation of the hunt holds on a few cases drawn by hypothesis: two routes to one number agree within their stated errors."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from experiments.hunt.case import FAULTS, numbers_of, relations, run_case

SEED = 2026
few = settings(max_examples=2, derandomize=True, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", relations())
@few
@given(number=st.integers(0, 9_999))
def test_a_relation_holds(name: str, number: int) -> None:
    """The same case again: python -m experiments hunt --relation NAME --seed 2026 --first NUMBER --cases 1."""
    outcome = run_case(relations()[name], numbers_of(SEED, name, number))
    note(f"{outcome.kind}: {outcome.reason}; {outcome.worst}; {outcome.parameters}")
    assert outcome.kind not in FAULTS
