"""Every public callable with bad values of each of its parameters: refused in one sentence, or a number comes of it, in time.

Callables, parameters and defaults are found by their signatures; a new one that takes nonsense fails here, and so does one with a
parameter that no good value is known for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from pmmtheory.errors import count, real
from pmmtheory.schemes import BAOAB, EulerMaruyama, RandomizedMidpoint
from pmmtheory.theory import order_table
from tests.bad_input.bad_values import EXTREME, NONSENSE, NONSENSE_TAKEN
from tests.bad_input.known import Refuses, functions, methods, subject
from tests.bad_input.trial import tried

PLAIN = torch.compile
CALLABLES = dict([*functions(), *methods()])

FEW = {scheme.__name__: scheme for scheme in (BAOAB, EulerMaruyama, RandomizedMidpoint)}
"""Of these schemes are the tables that are of all of them by default."""

NEEDS = {"images.NoiseNetwork": "diffusers", "images.load_network": "diffusers"}
"""Libraries without which there is no good value."""


def complaints(name: str, call: Callable[..., Any]) -> list[str]:
    """What a callable does that it must not."""
    found, tests = subject(name, call), [(True, NONSENSE), (False, EXTREME)]
    said = []
    for key, parameter in found.parameters.items():
        for nonsense, values in tests:
            for label, value in values.items():
                outcome = tried(found.with_bad(key, value))
                taken = value is parameter.default or label in NONSENSE_TAKEN.get((name, key), ())
                passed_on = key == "x" and "NaN" in label and outcome.kind in ("not a number", "accepted")  # a function of NaN is NaN
                wrong = outcome.kind not in ("refused", "accepted") or (nonsense and outcome.kind == "accepted" and not taken)
                if wrong and not passed_on:
                    said.append(f"{key} = {label}: {outcome.kind}, {outcome.said}")
                if outcome.kind == "refused" and not re.fullmatch(r"[^\n]*\.", outcome.said, re.DOTALL):
                    said.append(f"{key} = {label}: not one line, {outcome.said!r}")
    return said


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLABLES)
def test_bad_values_are_refused_or_make_sense(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # where a path that makes sense leads to
    monkeypatch.setattr(torch, "compile", partial(PLAIN, backend="eager"))  # traced, and run as it was traced
    monkeypatch.setattr(order_table, "found_schemes", lambda: FEW)
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    try:
        assert complaints(name, CALLABLES[name]) == []
    except Refuses as refusal:
        assert ")." in name, "only a method may be refused to all, by an object that has none"
        assert " is not allowed: " in str(refusal)


def test_there_are_many() -> None:
    assert len(CALLABLES) > 100 and {"targets.Gaussian", "laws.stationary_law", "Cosine().quantile"} <= set(CALLABLES)


class TestWhatTheyCatch:
    """The negative controls: callables that do what none may."""

    @staticmethod
    def said(call: Callable[..., Any]) -> str:
        return " ".join(complaints("fake", call))

    def test_a_type_error(self) -> None:
        assert "step_size = a string: traceback, TypeError" in self.said(lambda step_size: step_size + 1.0)

    def test_nonsense_that_is_taken(self) -> None:
        assert "time = an object: accepted" in self.said(lambda time: None)

    def test_a_silent_nan(self) -> None:
        assert "time = inf: not a number" in self.said(lambda time: {"mean": torch.tensor([real("time", 1.0) * 0 * time])})

    def test_a_loop_without_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def waits(steps: int) -> float:
            while count("steps", steps) > 10:
                pass
            return 1.0

        monkeypatch.setattr("tests.bad_input.trial.SECONDS", 0.05)
        assert "steps = 10**15: hang" in self.said(waits)

    def test_memory_without_end(self) -> None:
        def large(n: int) -> float:
            return float(torch.zeros(n if isinstance(n, int) and not isinstance(n, bool) and 0 < n < 2**60 else 1).sum())

        assert "n = 10**15: traceback, RuntimeError" in self.said(large)

    def test_a_parameter_without_a_good_value(self) -> None:
        with pytest.raises(LookupError, match="fake has parameters without a known good value: \\['gizmo'\\]"):
            self.said(lambda gizmo: None)

    def test_one_that_checks_passes(self) -> None:
        assert complaints("fake", lambda time: real("time", time)) == []
