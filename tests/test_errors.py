"""Errors: all of one family, one sentence each, with the parameter, its value and what is allowed."""

from __future__ import annotations

import inspect
import math
import pickle
import re
from collections.abc import Callable

import numpy as np
import pytest

from pmmtheory import errors
from pmmtheory.errors import (
    Diverged,
    InvalidParameter,
    NotConverged,
    NotNormalisable,
    PmmError,
    TooLarge,
    UnstableStep,
    count,
    count_or_infinity,
    positive,
    real,
)
from pmmtheory.estimate import Estimate

FAMILY = [item for _, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, Exception)]
EXAMPLES: list[PmmError] = [
    InvalidParameter("weights", [0.5, 0.6], "positive numbers that sum to 1"),
    NotNormalisable("potential", -math.inf, "a potential must be bounded below"),
    UnstableStep(2.5, 2.0, "EulerMaruyama"),
    UnstableStep(2.5, math.nan, "EulerMaruyama"),
    NotConverged("the stationary law of EulerMaruyama", 1e-7, 1e-8),
    NotConverged("the stationary law of BAOAB", 1.0000001e-5, 1e-5, 'engine="gaussian" would do'),
    NotConverged("a law on a grid", math.nan, 1e-12).restated(1e-8, 'engine="gaussian" would do'),
    TooLarge("the law of EulerMaruyama after a step", "136 GiB, more than 5.89 GiB"),
    TooLarge("the law of EulerMaruyama after a step", "136 GiB, more than 5.89 GiB").restated(1e-8, 'engine="gaussian" would do'),
    Diverged("EulerMaruyama on Gaussian", 7, 100, 3, 1000, "a smaller step may keep it stable"),
]


@pytest.mark.parametrize("family", FAMILY)
def test_all_are_value_errors(family: type[Exception]) -> None:
    assert issubclass(family, PmmError) and issubclass(family, ValueError)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda e: type(e).__name__)
def test_one_sentence(error: PmmError) -> None:
    message = str(error)
    assert message.endswith(".") and "\n" not in message
    assert not re.search(r"\.\s+[A-Z]", message), "one sentence"
    if isinstance(error, InvalidParameter):
        assert message.startswith(f"{error.name} = ") and " is not allowed: " in message


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda e: type(e).__name__)
def test_they_pass_between_processes(error: PmmError) -> None:
    """As results of a pool of workers do."""
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error)


def test_what_they_carry() -> None:
    assert UnstableStep(2.5, 2.0, "LMC").limit == 2.0 and "steps below 2." in str(UnstableStep(2.5, 2.0, "LMC"))
    assert "no step at all" in str(UnstableStep(2.5, math.nan, "LMC"))
    assert NotConverged("a law", 1e-7, 1e-8).reached == 1e-7


class TestChecks:
    @pytest.mark.parametrize("value", [1, 0.1, np.float64(2.5), np.int64(3), "2.5"])
    def test_positive(self, value: float) -> None:
        assert positive("a", value) == float(value)

    @pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, None, "x", True, [1, 2], 1j])
    def test_not_positive(self, value: object) -> None:
        with pytest.raises(InvalidParameter, match="a = .* above 0"):
            positive("a", value)

    @pytest.mark.parametrize("value", [-1, 0, 2.5])
    def test_real(self, value: float) -> None:
        assert real("a", value) == value

    @pytest.mark.parametrize(("value", "least"), [(1, 1), (3.0, 1), (0, 0), (np.int64(7), 1)])
    def test_count(self, value: float, least: int) -> None:
        assert count("n", value, least) == value and isinstance(count("n", value, least), int)

    @pytest.mark.parametrize("value", [0, -1, 1.5, math.nan, math.inf, None, "many", False])
    def test_not_a_count(self, value: object) -> None:
        with pytest.raises(InvalidParameter, match="n = .* whole number of at least 1"):
            count("n", value)

    def test_infinity(self) -> None:
        assert count_or_infinity("n", math.inf) == math.inf and count_or_infinity("n", 4.0) == 4
        for value in (-math.inf, math.nan, 0, 2.5, "inf"):
            with pytest.raises(InvalidParameter, match="or math.inf"):
                count_or_infinity("n", value)


class TestEstimate:
    def test_float(self) -> None:
        assert float(Estimate(2.0, 0.1, "")) == 2.0
        assert Estimate(2.0, 0.1, "").relative_error == pytest.approx(0.05)
        assert Estimate(0.0, 0.1, "").relative_error == math.inf
        assert Estimate(-2.0, 0.1, "").relative_error == pytest.approx(0.05)

    @pytest.mark.parametrize(("value", "error"), [(math.nan, 0.0), (math.inf, 0.0), (1.0, math.nan), (1.0, math.inf), (1.0, -1e-9)])
    def test_nothing_else_becomes_one(self, value: float, error: float) -> None:
        with pytest.raises(ValueError, match="(value|error) = .* is not allowed: a finite number"):
            Estimate(value, error, "")


def test_helpers_take_the_name_first() -> None:
    helpers: list[Callable[..., float]] = [positive, real, count, count_or_infinity]
    for helper in helpers:
        with pytest.raises(InvalidParameter) as caught:
            helper("of_mine", "nothing")
        assert caught.value.name == "of_mine" and "of_mine = 'nothing'" in str(caught.value)
