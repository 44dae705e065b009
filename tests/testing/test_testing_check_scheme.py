"""What check_scheme makes of its arguments: dimensions, skipped laws, wrong input."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import BAOAB, EulerMaruyama, PoissonMidpoint, Scheme
from pmmtheory.testing import check_scheme
from pmmtheory.testing.broken import HalvedNoise, UncorrelatedNoise
from tests.testing.subjects import LONG, Euler, broken, underdamped


class OnlySpace(Euler):
    """A scheme for more than one dimension."""

    def __init__(self, dynamics: Any, step_size: float):
        super().__init__(dynamics, step_size)
        if dynamics.target.dim == 1:
            raise InvalidParameter("dynamics", "dimension 1", "at least two dimensions")


class OnlyLine(Euler):
    def __init__(self, dynamics: Any, step_size: float):
        super().__init__(dynamics, step_size)
        if dynamics.target.dim > 1:
            raise InvalidParameter("dynamics", "dimension 3", "the line")


class FailsInSpace(Euler):
    """Not refused there: a fault of its own."""

    def __init__(self, dynamics: Any, step_size: float):
        super().__init__(dynamics, step_size)
        if dynamics.target.dim > 1:
            raise RuntimeError("lost")


class UndeclaredNumber(EulerMaruyama):
    orders: Any = {Overdamped: "two"}


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"dynamics": underdamped}], ids=["overdamped", "underdamped"])
def test_laws_that_need_the_line_are_skipped_with_the_reason(options: dict[str, Any]) -> None:
    checked = check_scheme(OnlySpace, order=1, **options)
    assert "affine semigroup" in checked
    assert {"mass", "small steps", "law and particles", "weak order"} <= set(checked.skipped)
    assert "dimension 1" in checked.skipped["mass"]
    assert "dimension 1" in checked.skipped["small steps"]


@pytest.mark.slow
def test_a_scheme_on_the_line_only_is_checked_there() -> None:
    assert "weak order" in check_scheme(OnlyLine, order=1, skip=["law and particles"])
    assert "small steps" in check_scheme(OnlyLine, dynamics=underdamped)


@pytest.mark.slow
def test_laws_left_out_are_named() -> None:
    checked = check_scheme(EulerMaruyama, skip=LONG)
    assert checked == ("shapes", "seed", "float32 and float64", "batch equals loop", "drift calls", "mass", "affine semigroup", "small steps")
    assert checked.skipped["weak order"] == "left out by the caller"


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"dynamics": underdamped}], ids=["overdamped", "underdamped"])
def test_the_check_is_deterministic(options: dict[str, Any]) -> None:
    assert str(broken(HalvedNoise, **options)) == str(broken(HalvedNoise, **options))


@pytest.mark.parametrize(
    ("scheme", "options", "name"),
    [
        (EulerMaruyama, {"skip": ["weak odour"]}, "skip"),
        (PoissonMidpoint, {"substeps": 0}, "substeps"),
        (Scheme, {}, "scheme"),
        (3, {}, "scheme"),
        (lambda system, a: a, {}, "scheme"),
        (BAOAB, {}, "dynamics"),
        (UncorrelatedNoise, {}, "dynamics"),
        (EulerMaruyama, {"gizmo": 1}, "scheme"),
        (FailsInSpace, {}, "scheme"),
        (EulerMaruyama, {"dynamics": lambda target: Overdamped(target) if target.dim == 1 else None}, "dynamics"),
        (EulerMaruyama, {"dynamics": lambda target: target}, "dynamics"),
        (EulerMaruyama, {"dynamics": lambda target: 1 / 0}, "dynamics"),
        (EulerMaruyama, {"skip": "weak order"}, "skip"),
        (EulerMaruyama, {"skip": {"weak order": 1}}, "skip"),
        (EulerMaruyama, {"order": math.nan}, "order"),
        (EulerMaruyama, {"order": "two"}, "order"),
        (EulerMaruyama, {"order": -math.inf}, "order"),
        (EulerMaruyama, {"order": 0}, "order"),
        (UndeclaredNumber, {}, "orders"),
        (EulerMaruyama, {"stationary_variance": 1.05}, "stationary_variance"),
        (EulerMaruyama, {"stationary_variance": lambda x: 1 / 0}, "stationary_variance"),
        (EulerMaruyama, {"stationary_variance": lambda x: math.sqrt(0.15 - x)}, "stationary_variance"),
        (EulerMaruyama, {"stationary_variance": lambda x: -1.0}, "stationary_variance"),
        (EulerMaruyama, {"strict": 1}, "strict"),
    ],
)
def test_wrong_input_is_named(scheme: Any, options: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^{name} = "):
        check_scheme(scheme, **options)
