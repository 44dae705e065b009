"""From pairs (step, error) to a rate, a constant, an honest interval and a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pmmtheory.errors import InvalidParameter, positive, real
from pmmtheory.estimate import Estimate

USABLE = 0.01
"""Relative error beyond which a point does not enter a fit."""


@dataclass(frozen=True)
class RateFit:
    """The outcome of a fit error = C step^p (1 + c step + ...).

    Attributes
    ----------
    rate, interval : float, (float, float)
        p and its interval (NaN and infinite where nothing could be fitted: then the verdict is "undecided").
    constant, constant_interval : float, (float, float)
        C and its interval, with p held at the predicted rate where one was given.
    used : tuple of float
        The step sizes that entered.
    verdict : "pass", "fail" or "undecided"
    reason : str
        The verdict in words.
    """

    rate: float
    interval: tuple[float, float]
    constant: float
    constant_interval: tuple[float, float]
    used: tuple[float, ...]
    verdict: str
    reason: str


def fit_rate(
    step_sizes: Sequence[float],
    estimates: Sequence[Estimate | float],
    predicted: float | None = None,
    kind: str = "asymptotic",
    constant: float | None = None,
    correction: float = 1.0,
) -> RateFit:
    """Fit error = C step^p (1 + c step + ...) as step -> 0.

    The logarithm is fitted by a + p log(step) + c_1 step^r + ... + c_q step^qr for q = 1, 2, 3 on every run of smallest
    steps; the fit with the narrowest interval is kept. The half width joins twice the propagated errors of the
    points, the residual, and, for the terms that are left out, three times the larger of the change from q - 1 to q and the
    change when the largest step is left out.

    Parameters
    ----------
    step_sizes : positive numbers, all different
    estimates : one a step, with errors (a plain number counts as exact to rounding)
        Points that are not positive, or whose error exceeds 1% of their value, are left out.
    predicted : float, optional
        The rate claimed; without one the verdict is "undecided".
    kind : "asymptotic" or "bound"
        Whether the rate is claimed to equal `predicted`, or to be at least that.
    correction : float
        The exponent r of the corrections, for errors that are C step^p (1 + c step^r + ...).
    constant : float, optional
        The constant claimed; the claim then fails where its interval does not hold it.

    Returns
    -------
    RateFit
        verdict "pass": the interval of the rate holds the prediction, lies within 1/2 of it and is no wider than 1/2 (for a bound: reaches
        up to it or beyond, and lies above it less 1/2), and the constant, if claimed, is in an interval no wider than 5%.
        verdict "fail": the interval excludes the prediction. "undecided": the rest.

    Examples
    --------
    >>> steps = [0.1, 0.05, 0.025, 0.0125, 0.00625]
    >>> fit = fit_rate(steps, [3 * h**2 * (1 + h) for h in steps], predicted=2.0)
    >>> fit.verdict, round(fit.rate, 3), round(fit.constant, 3)
    ('pass', 2.0, 3.0)
    """
    if kind not in ("asymptotic", "bound"):
        raise InvalidParameter("kind", kind, '"asymptotic" or "bound"')
    for name, value in (("predicted", predicted), ("constant", constant)):
        if value is not None:
            real(name, value)
    steps = [positive("step_sizes", h) for h in step_sizes]
    if len(steps) != len(estimates) or len(set(steps)) != len(steps):
        raise InvalidParameter("step_sizes", list(step_sizes), "as many different steps as estimates")
    points = [e if isinstance(e, Estimate) else Estimate(float(e), 2e-16 * abs(float(e)), "given") for e in estimates]
    usable = sorted((h, e) for h, e in zip(steps, points, strict=True) if e.value > 0 and e.error <= USABLE * e.value)
    if len(usable) < 4:
        reason = f"only {len(usable)} of {len(steps)} points are positive with an error below 1%; a fit needs 4"
        return RateFit(math.nan, (-math.inf, math.inf), math.nan, (0.0, math.inf), tuple(h for h, _ in usable), "undecided", reason)
    h = np.array([h for h, _ in usable])
    log_error = np.log([e.value for _, e in usable])
    noise = np.array([max(e.relative_error, 1e-15) for _, e in usable])
    power = positive("correction", correction)
    rate, half, used = _best(h, log_error, noise, power, slope=True)
    held = predicted if predicted is not None else rate
    log_constant, constant_half, _ = _best(h, log_error - held * np.log(h), noise, power, slope=False)
    interval = (rate - half, rate + half)
    constants = (math.exp(log_constant - constant_half), math.exp(min(log_constant + constant_half, 700.0)))
    verdict, reason = judge(interval, predicted, kind, constants, constant)
    return RateFit(rate, interval, math.exp(log_constant), constants, tuple(h[:used].tolist()), verdict, reason)


def judge(interval: tuple[float, float], predicted: float | None, kind: str, constants: tuple[float, float], constant: float | None) -> tuple[str, str]:
    """The verdict on a claim, and why."""
    if predicted is None:
        return "undecided", "no rate was predicted"
    low, high = interval
    if high < predicted or (kind == "asymptotic" and low > predicted):
        return "fail", f"the interval [{low:.4g}, {high:.4g}] excludes the rate {predicted:g}"
    if low <= predicted - 0.5 or (kind == "asymptotic" and (high >= predicted + 0.5 or high - low > 0.5)):
        return "undecided", f"the interval [{low:.4g}, {high:.4g}] is too wide to tell {predicted:g} from its neighbours"
    if constant is None or kind == "bound":
        return "pass", f"the rate is in [{low:.4g}, {high:.4g}]"
    small, large = constants
    if not small <= constant <= large:
        return "fail", f"the rate holds, but the interval [{small:.6g}, {large:.6g}] excludes the constant {constant:.6g}"
    if large > 1.05 * small:
        return "undecided", f"the rate holds, but the interval [{small:.4g}, {large:.4g}] of the constant is wider than 5%"
    return "pass", f"the rate is in [{low:.4g}, {high:.4g}] and the constant in [{small:.5g}, {large:.5g}]"


def _best(h: np.ndarray, y: np.ndarray, noise: np.ndarray, power: float, slope: bool) -> tuple[float, float, int]:
    """The estimate with the narrowest half width over corrections q and runs of smallest steps: (value, half width, points)."""
    best = (math.nan, math.inf, 0)
    for q in (1, 2, 3):
        parameters = q + 1 + slope
        for m in range(parameters + 1, len(h) + 1):
            value, error = _fit(h[:m], y[:m], noise[:m], q, power, slope)
            lower, _ = _fit(h[:m], y[:m], noise[:m], q - 1, power, slope)
            fewer, _ = _fit(h[: m - 1], y[: m - 1], noise[: m - 1], q, power, slope)
            half = 2 * error + 3 * max(abs(value - lower), abs(value - fewer))
            if half < best[1]:
                best = (value, half, m)
    return best


def _fit(h: np.ndarray, y: np.ndarray, noise: np.ndarray, q: int, power: float, slope: bool) -> tuple[float, float]:
    """Weighted least squares of y on ([log h], 1, h^r, ..., h^qr): the slope (or the intercept) and its standard error."""
    scaled = (h / h.max()) ** power
    columns = [np.log(h)] * slope + [np.ones_like(h)] + [scaled**j for j in range(1, q + 1)]
    design = np.stack(columns, 1)
    freedom = len(h) - design.shape[1]
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    misfit = math.sqrt(float(residual @ residual) / freedom) if freedom > 0 else 0.0
    spread = np.hypot(noise, misfit)
    weights = 1 / spread
    inverse = np.linalg.pinv(design * weights[:, None]) * weights
    return float((inverse @ y)[0]), float(np.linalg.norm(inverse[0] * spread))
