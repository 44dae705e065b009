"""Every relation of the hunt holds on a few of its random cases: two routes to one number agree within their stated errors."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pmmtheory.harness.hunt.case import FAULTS, numbers_of, relations, run_case

SEED = 2027
CASES: dict[str, Sequence[int]] = dict.fromkeys(relations(), range(4)) | {
    "axis_hooks": (3, 4, 6, 10),
    "components": (4, 5, 7, 9),
    "composition": (0, 1, 3, 6),
    "engines": (1, 3, 4, 5),
    "gaussian_laws": (3, 4, 7, 8),
    "gaussian_moments": (2, 3, 5, 8),
    "hooks": (2, 4, 5, 6),
    "inequalities": (0, 2, 4, 8),
    "leading_constants": (7, 8, 9, 10),
    "leading_limits": (3, 8, 9, 10),
    "line_distances": (1, 3, 5),
    "lmc_oracle": (1, 3, 6, 10),
    "masses": (3, 8, 9, 10),
    "metrics": (0, 3, 5, 7),
    "one_step": (0, 2, 4, 10),
    "particles": (5, 8, 9, 10),
    "phase_gaussians": (5, 6, 8, 10),
    "planar_product": (2, 5, 7),
    "reflection": (5, 7, 8, 10),
    "sampler_particles": (1, 2, 4, 6),
    "sampler_transport": (1, 6, 9),
    "scale": (1, 2, 3, 7),
    "shift": (2, 4, 5, 9),
    "twins": (0, 2, 6, 9),
    "user_steps": (0, 3, 5, 6),
}
"""The first cases, or the cheapest of the first ten that are compared."""


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_relation_holds(name: str) -> None:
    """The same case again: pmmtheory hunt --relation NAME --seed 2027 --first NUMBER --cases 1."""
    for number in CASES[name]:
        outcome = run_case(relations()[name], numbers_of(SEED, name, number))
        assert outcome.kind not in FAULTS, f"case {number}: {outcome.kind}: {outcome.reason}; {outcome.worst}; {outcome.parameters}"
