"""What the studies of constants measure, by hand, and that a constant that is slightly wrong is seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from experiments.measures import beyond_leading, process_error, target_constants
from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.dynamics.clocks import VariancePreserving
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.spectrum import process, starts
from pmmtheory.rates import fit_rate
from pmmtheory.targets import Gaussian
from pmmtheory.targets.cosine import Cosine


def test_beyond_the_leading_term_of_lmc() -> None:
    """Variance 1/(lam (1 - x/2)), x = step lam: KL, and its leading term x^2/16, by hand."""
    step = 0.01
    x = step * 1.7
    ratio = 1 / (1 - x / 2)
    found = beyond_leading.measure("cpu", "gaussian", "EulerMaruyama", step)["kl"]
    assert abs(found.value - ((ratio - 1 - math.log(ratio)) / 2 / (x * x / 16) - 1)) < 1e-9


@pytest.mark.parametrize("wrong, verdict", [("", "pass"), ("wrong ", "fail")])
def test_a_constant_that_is_slightly_wrong_is_seen(wrong: str, verdict: str) -> None:
    steps = [0.001 / 2**i for i in range(4)]
    found = [beyond_leading.measure("cpu", "gaussian", "EulerMaruyama", step)[f"{wrong}w2"] for step in steps]
    assert fit_rate(steps, found, predicted=1.0).verdict == verdict


def test_so_underdamped_on_a_target_that_is_no_gaussian() -> None:
    """Of a splitting that is symmetric, what is left falls like the square of the step; of a constant that is wrong it stays."""
    steps = [0.2 / 2**i for i in range(4)]
    found = [beyond_leading.measure("cpu", "cosine", "UBU", step, friction=2.0) for step in steps]
    assert fit_rate(steps, [one["tv"] for one in found], predicted=2.0).verdict == "pass"
    assert found[-1]["tv"].value < 2e-4 and found[-1]["wrong tv"].value > 9e-4


@pytest.mark.parametrize("target", TARGETS)
def test_constants_of_targets(target: str) -> None:
    found = target_constants.measure("cpu", target, spectrum=target != "log-cosh")
    assert found["less than L"] < found["bend"] < found["more than L"]
    assert target == "log-cosh" or found["lsi"] < found["gap"]


def test_a_wrong_constant_of_a_target_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Cosine.__init__

    def wrong(self: Cosine, *args: float, **options: float) -> None:
        made(self, *args, **options)
        self.smoothness = type(self.smoothness)(float(self.smoothness) * 1.0022, "wrong")

    monkeypatch.setattr(Cosine, "__init__", wrong)
    found = target_constants.measure("cpu", "cosine")
    assert not found["less than L"] < found["bend"]


@pytest.mark.slow
def test_the_process_itself() -> None:
    """From N(0, I) by the moment equations of the reverse process on each axis, in steps so fine that Euler's error is small; and it shrinks like 1/N."""
    first, second = (process_error.measure("cpu", "EM", n, 0.01, "N(0, I)", 0.5)["below"] for n in (401, 801))
    assert first.value / second.value == pytest.approx(2, rel=0.02)
    n, stop, start, data = 40_000, VariancePreserving.integrated(0.01), VariancePreserving.integrated(1.0), 0.1
    # dX = (X + 2 score) ds + sqrt(2) dW in forward time s from start down to stop; score = -X/(1 + (data - 1) e^(-2 s)) on an axis of mean 0
    variance, edges = 1.0, np.linspace(start, stop, n + 1)
    for high, low in zip(edges[:-1], edges[1:], strict=True):
        middle = (high + low) / 2
        slope = 1 - 2 / (1 + (data - 1) * math.exp(-2 * middle))
        grown = math.expm1(2 * slope * (high - low))
        variance += grown * (variance + 1 / slope)

    target = Gaussian([0.0, 0.0], [2.0, data])
    solved = process(ReverseDiffusion, target, 0.01).solved(starts(target)["N(0, I)"])
    assert float(solved.variances.min()) == pytest.approx(variance, rel=2e-6)
