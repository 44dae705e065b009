"""Every relation of the hunt holds on a few cases drawn by hypothesis: two routes to one number agree within their stated errors."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from pmmtheory.harness.hunt.case import FAULTS, numbers_of, relations, run_case

SEED = 2027
SECONDS = 1.0
"""After which no further case of a relation is run."""


@pytest.mark.slow
@pytest.mark.parametrize("name", relations())
def test_a_relation_holds(name: str) -> None:
    """The same case again: pmmtheory hunt --relation NAME --seed 2027 --first NUMBER --cases 1."""
    start = time.process_time()

    @settings(max_examples=4, derandomize=True, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(number=st.integers(0, 9_999))
    def holds(number: int) -> None:
        if time.process_time() - start > SECONDS:
            return
        outcome = run_case(relations()[name], numbers_of(SEED, name, number))
        note(f"{outcome.kind}: {outcome.reason}; {outcome.worst}; {outcome.parameters}")
        assert outcome.kind not in FAULTS

    holds()
