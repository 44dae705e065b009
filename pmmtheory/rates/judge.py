"""The verdict on a claimed rate, and on a claimed constant, from the intervals of both."""

from __future__ import annotations

import math

from pmmtheory.rates.interval import Interval
from pmmtheory.rates.limit import NOISE

WITHIN = 0.25
"""A rate passes if its whole interval is so near to the claim."""
WIDTH = 1.05
"""A constant passes if its interval is no wider: large / small."""
DOUBT = 0.5
"""A claim fails beyond the interval widened at both ends by this part of its width ..."""
RATE_DOUBT, CONSTANT_DOUBT = 0.02, 0.002
"""... and by this."""
FLAT = 0.1
"""Errors whose rate may be as small as this do not fall: they may not have begun to."""


def judge(rate: Interval, predicted: float | None, kind: str, log_constant: Interval, constant: float | None) -> tuple[str, str]:
    """The verdict on a claim, and why."""
    if predicted is None:
        return "undecided", "no rate was predicted"
    if not rate.known:
        return "undecided", rate.how
    seen = f"[{rate.low:.4g}, {rate.high:.4g}]"
    if rate.low <= FLAT and rate.high >= -FLAT and rate.how == NOISE:
        return "undecided", f"the interval {seen} holds a rate near 0: the errors do not fall yet, if ever"
    low, high = _widened(rate, RATE_DOUBT)
    if high < predicted or (kind == "asymptotic" and low > predicted):
        return "fail", f"the interval {seen} excludes the rate {predicted:g}"
    if rate.low < predicted - WITHIN or (kind == "asymptotic" and rate.high > predicted + WITHIN):
        return "undecided", f"the interval {seen} is too wide to tell {predicted:g} from its neighbours"
    if constant is None or kind == "bound":
        return "pass", f"the rate is in {seen}" + ("" if constant is None else "; of a bound no constant is judged")
    return _judge_constant(seen, log_constant, constant)


def _judge_constant(seen: str, log_constant: Interval, constant: float) -> tuple[str, str]:
    """The verdict where the rate holds."""
    if not log_constant.known:
        return "undecided", f"the rate holds, but no constant can be given: {log_constant.how}"
    low, high = _widened(log_constant, CONSTANT_DOUBT)
    small, large = log_constant.exponentials
    if constant <= 0 or not low <= math.log(constant) <= high:
        return "fail", f"the rate holds, but the interval [{small:.6g}, {large:.6g}] excludes the constant {constant:.6g}"
    if large > WIDTH * small:
        return "undecided", f"the rate holds, but the interval [{small:.4g}, {large:.4g}] of the constant is wider than 5%"
    return "pass", f"the rate is in {seen} and the constant in [{small:.5g}, {large:.5g}]"


def _widened(interval: Interval, floor: float) -> tuple[float, float]:
    more = DOUBT * interval.width + floor
    return interval.low - more, interval.high + more
