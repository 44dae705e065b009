"""False verdicts on rates by family of curves: seldom enough, measured by the command and as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from pmmtheory.harness.rate_families import FAMILIES, Family
from pmmtheory.harness.rate_verdicts import ALLOWED, HEADING, row, tally

INSIDE = [family for family in FAMILIES if family.inside]


@pytest.mark.slow
@pytest.mark.parametrize("family", INSIDE, ids=lambda family: family.name)
def test_hardly_any_verdict_is_false(family: Family) -> None:
    """At most one of 40 curves; 3000 of them by the command."""
    found = tally(family, 40, seed=1)
    assert found.false <= 1
    assert found.passed >= 0.9 * found.curves or not family.tame


def test_what_is_false_is_counted() -> None:
    """A family that claims a rate it has not: a true claim, so called, fails."""
    lying = Family("a rate too large by one", lambda rng, h: 1 / h)
    found = tally(lying, 40, seed=0)
    assert found.failed >= 30 and found.false >= found.failed and found.too_often_false
    assert not replace(found, family=replace(lying, inside=False)).too_often_false
    assert not replace(found, false=int(ALLOWED * 1000), curves=1000).too_often_false


def test_the_same_seed_gives_the_same_curves() -> None:
    assert tally(INSIDE[0], 20, seed=3) == tally(INSIDE[0], 20, seed=3)
    first, second = (INSIDE[0].draw(np.random.default_rng(seed)) for seed in (1, 2))
    assert not np.array_equal(first.errors, second.errors)


def test_names_are_different() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_a_row_has_a_cell_for_each_heading() -> None:
    assert all(row(tally(family, 3, seed=0)).count("|") == HEADING.count("|") for family in FAMILIES[:2])


@pytest.mark.slow
def test_the_command_prints_it(call: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = call("verdicts", "--curves", "2", "--seed", "5")
    assert status in (0, 1) and all(family.name in out for family in FAMILIES)
    assert call("verdicts", "--curves", "0")[0] == 2
