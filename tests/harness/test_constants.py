"""What the studies of constants measure, by hand, and that a constant that is slightly wrong is seen."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from experiments.measures import leading_ratio, process_error, target_constants
from experiments.measures._leading import Setting
from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.dynamics.clocks import VariancePreserving
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.spectrum import process, starts
from pmmtheory.targets import Gaussian
from pmmtheory.targets.cosine import Cosine


def test_the_leading_term_of_lmc_at_step_zero() -> None:
    """Variance 1/(lam (1 - x/2)), x = step lam: KL, and its leading term x^2/16, by hand; a constant that is 0.2% wrong is seen."""
    curve = []
    for x in (0.034, 0.017, 0.0085):
        ratio = 1 / (1 - x / 2)
        curve.append((ratio - 1 - math.log(ratio)) / 2 / (x * x / 16))
    found = leading_ratio.measure("cpu", 0.02, target="gaussian", scheme="EulerMaruyama")
    assert abs(found["kl"].value - abs((curve[0] - 6 * curve[1] + 8 * curve[2]) / 3 - 1)) < 1e-9
    assert all(found[name].value < found[name].error < 1e-4 for name in ("kl", "tv", "w2"))
    assert all(abs(found[f"wrong {name}"].value - 0.002) < 1e-4 for name in ("kl", "tv", "w2"))


def test_underdamped_on_a_target_that_is_no_gaussian(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a splitting that is symmetric, distances are even in the step; the parabola in the step itself leaves a hundred times as much."""
    monkeypatch.setattr(Setting, "distances", cache(Setting.distances))
    found, plain = (leading_ratio.measure("cpu", 0.2, target="cosine", scheme="UBU", friction=2.0, **even) for even in ({"even": True}, {}))
    assert all(found[name].value < found[name].error < 1e-4 < plain[name].error < 2e-3 for name in ("position kl", "position tv", "position w2"))
    assert all(found[f"wrong {name}"].value > 1.9e-3 for name in ("position kl", "velocity tv"))


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
    first, second = (process_error.measure("cpu", "EM", n, 0.01, "N(0, I)", 0.5)["below"] for n in (201, 401))
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
