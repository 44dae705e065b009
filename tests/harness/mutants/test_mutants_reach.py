"""What a cell calls: a fault is tried on those cells alone that call the function it is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmmtheory.harness.mutants.reach import Reach, _Called, enclosing
from pmmtheory.harness.study import Cell

SOURCE = """x = f(1)


class Thing:
    size = 2

    @cached
    def method(self, a=3):
        def inner():
            return 4
        return lambda: 5


def other(): return 6
"""


def test_the_innermost_function_of_a_line() -> None:
    lines = {4: None, 5: None, 7: None, 8: None, 9: "Thing.method", 10: "Thing.method.<locals>.inner", 11: "Thing.method", 14: "other"}
    assert {line: enclosing(SOURCE, line) for line in lines} == lines


def test_cells_that_a_fault_reaches(tmp_path: Path) -> None:
    (tmp_path / "thing.py").write_text(SOURCE)
    method, inner = "thing.py:Thing.method", "thing.py:Thing.method.<locals>.inner"
    reach = Reach({"one": frozenset({method, inner}), "two": frozenset({method}), "three": frozenset()}, frozenset({"thing.py:other"}))
    assert reach.of("thing.py", 11, tmp_path) == {"one", "two"} and reach.of("thing.py", 10, tmp_path) == {"one"}
    assert reach.of("thing.py", 5, tmp_path) is None, "in no function"
    assert reach.of("thing.py", 14, tmp_path) is None, "called while code is loaded"


@pytest.mark.slow
def test_what_a_cell_calls_is_seen() -> None:
    first, cell = (Cell.of("stationary_error", target="gaussian", scheme="EulerMaruyama", step_size=step) for step in (0.05, 0.06))
    calls = _Called(["experiments.measures", "pmmtheory.harness.measures"])
    assert calls(first)[1], "which loads what it needs"
    key, called = calls(cell)
    assert key == cell.key and called is not None
    files = {name.split(":")[0] for name in called}
    assert {"schemes/euler_maruyama.py", "targets/gaussian.py"} <= files and "schemes/ubu.py" not in files


def test_a_cell_that_cannot_be_computed_is_told() -> None:
    assert _Called(["pmmtheory.harness.measures"])(Cell.of("stationary_error", target="nothing", scheme="EulerMaruyama", step_size=0.05))[1] is None
