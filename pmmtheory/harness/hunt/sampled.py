"""Samples against a distribution function, with a threshold that holds for every law and number."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pmmtheory.harness.hunt.compared import Compared

ALARM = 1e-9
"""How often a right case may be called wrong."""


def distance(what: str, sample: Tensor, law: Any, tests: int = 1) -> Compared:
    """sup |F_n - F| against its bound by Massart 1990, P(sup > e) <= 2 exp(-2 n e^2), for so many tests in a case."""
    x = torch.sort(sample.to(torch.float64)).values
    n = len(x)
    below = law.cdf(x).to(torch.float64)
    steps = torch.arange(n + 1, dtype=torch.float64) / n
    gap = max(float((below - steps[:-1]).abs().max()), float((below - steps[1:]).abs().max()))
    bound = math.sqrt(math.log(2 * tests / ALARM) / (2 * n))
    return Compared(f"distribution function of the {what} by {n} particles", gap, 0.0, bound + law.numerical_error)
