"""Laws of schemes that jump, by particles: the limit of small steps, and the order of the bias of one step from the target."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import chdtri, ndtri
from torch import Tensor

from pmmtheory.testing.defects import FUNCTIONS, after_step, bias_rates, powers_of, reduced
from pmmtheory.testing.subject import LINE, SEED, STARTS, STEP, Skipped, Subject, Unclaimed, Violation

_PARTICLES = 131_072
_SIGMAS = 6.5
"""Standard errors that a right scheme is off with probability 1e-10."""

_POWER = -float(ndtri(0.01))
_MARGIN = 3.0
"""How many times its last change an extrapolated limit may be off."""

_SIZES = (0.4, 0.28, 0.2, 0.14, 0.1, 0.05)
_CONDITION = 1e6
"""Of three powers of the steps: beyond it, least squares keep fewer than four digits."""


def small_steps_by_particles(subject: Subject) -> str:
    """E(X' - x)/a -> b(x) and E(X' - x)^2/a -> Gamma^2'(0), from each of four starts; in powers of a, or of sqrt(a) where the chain may stay where it is."""
    scheme = subject.on_line()
    if scheme.dynamics.blocks > 1:
        raise Skipped("the limit of small steps of a chain that jumps is looked at for positions only")
    sizes = [STEP / 4**k for k in range(4)]
    powers = [math.sqrt(a) if subject.jumps.stays else a for a in sizes]
    worst = 0.0
    for x in STARTS:
        found = [_rates(subject, x, a) for a in sizes]
        for which, what in enumerate(("the mean of X' - x", "the mean of (X' - x)^2")):
            wanted = float(scheme.dynamics.drift(x, 0.0)) if which == 0 else float(scheme.dynamics.noise(sizes[-1])) ** 2 / sizes[-1]
            values, errors = np.array([rate[which][0] for rate in found]), np.array([rate[which][1] for rate in found])
            limits = [np.pad(_to_zero(powers[first:]), (first, 0)) for first in (0, 1)]
            limit, error = float(limits[0] @ values), _SIGMAS * float(np.sqrt(limits[0] ** 2 @ errors**2))
            allowed = error + _MARGIN * abs(float((limits[0] - limits[1]) @ values))
            worst = max(worst, error)
            if not abs(limit - wanted) <= allowed:
                place = f"over the step, by particles from {float(x):g}, tends to"
                raise Violation(f"as the step -> 0 {what} {place} {limit:.4g}, not {wanted:.4g} (allowed error {allowed:.2g})")
    return f"limits are known to {worst:.2g} or better, {_SIGMAS:g} standard errors"


def order_by_particles(subject: Subject, order: float) -> str:
    """E f(X') - E f(X) = O(a^(order + 1)) for X from the target: the bias of one step, over the step, has no term of a lower power than a^order.

    The chain's stationary law is then off by O(a^order). By weighted least squares in a^(order - 1), a^order and a^(order + 1).
    """
    if subject.observes or subject.dynamics(LINE).blocks > 1:
        raise Skipped("the order of a chain that jumps is looked at for positions, observed as they are, only")
    if not order >= 1:
        raise Skipped("by particles, orders from 1 are told from the next lower one")
    least, share = 0.0, 0.0
    a = np.array(_SIZES)
    columns = np.stack([(a / a[0]) ** (order + k) for k in (-1, 0, 1)], 1)
    if not np.linalg.cond(columns / np.linalg.norm(columns, axis=0)) < _CONDITION:
        raise Skipped(f"steps from {a[-1]:g} to {a[0]:g} do not tell orders as high as {order:g} from the next lower one")
    rates = [bias_rates(subject.on_line(step_size=size), SEED) for size in _SIZES]
    for name in FUNCTIONS:
        values, errors = np.array([rate[name] for rate in rates]).T
        design = np.stack([a ** (order - 1), a**order, a ** (order + 1)], 1) / errors[:, None]
        covariance = np.linalg.inv(design.T @ design)
        fitted = covariance @ design.T @ (values / errors)
        misfit = float(((values / errors - design @ fitted) ** 2).sum())
        lower, error = fitted[0], math.sqrt(covariance[0, 0])
        # what a fit in three powers leaves over adds to the error of each
        error *= max(1.0, math.sqrt(misfit / (len(a) - 3))) if misfit > chdtri(len(a) - 3, 1e-3) else 1.0
        if abs(lower) > _SIGMAS * error:
            raise Violation(
                f"one step from the target changes the mean of {name} by {lower:.3g} step^{order:g}, not by O(step^{order + 1:g}) "
                f"(allowed error {_SIGMAS * error:.2g}; over the step {', '.join(f'{v:.3g} at {s:g}' for v, s in zip(values, _SIZES, strict=True))})"
            )
        least = max(least, (_SIGMAS + _POWER) * error * float(a[0]) ** (order - 1))
        share = max(share, float(np.abs(values[0])))
    if least > max(share, 1.0):
        raise Skipped(f"the noise of the particles, {least:.2g}, is larger than the bias of order {order:g}")
    return f"a bias of a lower order is seen with probability 0.99 where it is above {least:.2g} at step {a[0]:g}; the bias over the step there is {share:.2g}"


def exact_bias(subject: Subject) -> None:
    """Nothing to hold an order to: an exact scheme, or one of which no order is claimed."""
    if subject.claims_invariance:
        raise Unclaimed('exact invariance is claimed, which the law "invariance" is about')
    subject.claimed_order()


def _rates(subject: Subject, x: Tensor, a: float) -> list[tuple[float, float]]:
    """E(X' - x)/a and E(X' - x)^2/a from the point x, with their standard errors."""
    scheme, start = subject.on_line(step_size=a), x.expand(_PARTICLES)
    after, normals = after_step(scheme, start, torch.Generator().manual_seed(SEED))
    controls = powers_of(normals, [torch.ones_like(start)])
    return [reduced((after - start) ** k / a, controls) for k in (1, 2)]


def _to_zero(powers: list[float]) -> np.ndarray:
    """Weights of the values at these places in the polynomial through them, at zero."""
    h = np.array(powers)
    weights: np.ndarray = np.linalg.solve(np.vander(h, increasing=True).T, np.eye(len(h))[0])
    return weights
