"""The law of a step with any number of random midpoints in the plane, as a Hermite series.

From x, with Z' = (X' - E X') / w and w the deviation of the noise of a step,

    E exp(i zeta Z') = exp(-|zeta|^2 / 2) sum_alpha c_alpha(x) (i zeta)^alpha.

With W the noise of the trajectory over w and S the sum of all pushes over w, the series in y = i zeta is

    E[exp(y . (W_1 + S))] exp(-y^2 / 2) = sum_beta y^beta sum_gamma y^gamma E[S^beta / beta!  He_gamma(W_1) / gamma!],

and E[S^beta / beta! | W_1] is found by the walk of laws.step.plane_walk: a midpoint at s multiplies the series of exp(y . S) by that of
1 + p (exp(y . d) - 1), d what it pushes over w, or by (1 + p (exp(y . d) - 1))^(K/N) where the walk takes N steps.

The pushes are small for small steps, so that the series ends early on a law whose waves are not much shorter than the noise. With infinitely many substeps it
is asymptotic, as powers of the number of midpoints grow faster than any power.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import scipy.linalg
import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.laws.engine import Refusal, refused
from pmmtheory.laws.step.midpoint_step import MidpointStep, checked, own_step
from pmmtheory.laws.step.plane_walk import Functions, Time, on_both_axes, walked
from pmmtheory.laws.step.poisson_pieces import require_pieces
from pmmtheory.numerics.mehler import hermite_coefficients
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.numerics.truncated_series import exponential, exponents, logarithm, multiply_wave, place, wave
from pmmtheory.schemes import Scheme

_RULES, _FINE = (8, 10, 12, 16, 20, 24), 34
"""Nodes an axis of rules for the noise that are tried, and of the one that tells whether they do."""

_FALLING, _FOLLOWED = 0.9, 8
"""A ratio of terms below which a series is taken for a geometric one; and how many pairs of degrees others are followed for."""

_STARTS = {"cpu": 128, "cuda": 4096}
"""Starts from which a step is taken at once."""


TOLD = 1e-2
"""To what share of rtol a rule for the noise must tell what a midpoint pushes."""


def several_midpoints(scheme: Scheme) -> Refusal | None:
    """Refused but for a step that declares several random midpoints, whose pieces are what a walk over them takes them for."""
    structure, allowed = scheme.structure, "one with several random midpoints a step and its own structure (PoissonMidpoint)"
    if not own_step(scheme) or structure is None or not structure.midpoints.several:
        return Refusal("scheme", scheme.name, allowed)
    return refused(lambda: require_pieces(structure))


def endless(scheme: Scheme, rtol: float) -> NotConverged:
    """That no series of a step is short enough."""
    return NotConverged(f"the Hermite series of {scheme.name}, whose terms do not fall for so long a step,", math.nan, rtol)


def heaviest(weights: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """About so many starts where there is mass, on which a series is chosen, and their shares of it."""
    held = (weights > 1e-3 * weights.max()).nonzero()[:, 0]
    some = held[:: max(1, len(held) // most)]
    return some, weights[some] / weights[some].sum()


def last_terms(series: Tensor, before: Tensor) -> list[Tensor]:
    """The terms of the last two degrees of a series, and those of the two before them; before: by how much each degree is lower than the last."""
    return [torch.where((before >= k) & (before < k + 2), series, 0.0) for k in (0, 2)]


def left_out(last: float, former: float) -> float:
    """What a series leaves out whose last terms, and those before them, are of these sizes, if they go on alike.

    Terms that grow may do so for a while before they fall: they are followed for some degrees, and no such series is trusted to end where it does.
    """
    ratio = min(last / max(former, 1e-300), 30.0)
    follow = ratio / (1 - ratio) if ratio < _FALLING else max(_FALLING / (1 - _FALLING), sum(ratio**k for k in range(1, _FOLLOWED + 1)))
    return 2 * last * max(1.0, follow)


def midpoint_series(scheme: Scheme, x: Tensor, last: Tensor, level: int, nodes: int = _RULES[0], t: float = 0.0) -> tuple[Tensor, Tensor]:
    """E X', (n, 2), and c, (k, n), of a step at time t from x, (n, 2), for alpha in the order of `exponents(max(last))`.

    last : degrees where the series ends for each start, beyond which c is 0; few of them differ.
    nodes : at least so many an axis has the rule for the noise at a midpoint, see `nodes_for`.
    """
    mean, series = torch.empty_like(x), x.new_zeros((len(exponents(int(last.max()))), len(x)))
    for degree in last.unique().tolist():
        for some in (last == degree).nonzero()[:, 0].split(_STARTS[x.device.type]):
            mean[some], series[: len(exponents(degree)), some] = _from(scheme, x[some], t, degree, level, max(nodes + level, degree // 2 + 4))
    return mean, series


def nodes_for(scheme: Scheme, x: Tensor, shares: Tensor, tolerance: float, t: float = 0.0) -> int:
    """How many nodes an axis tell what midpoints push to the tolerance, over starts with these shares; as many as are tried, where fewer do not."""
    return next((nodes for nodes in _RULES if float(shares @ untold(scheme, x, nodes, t)) <= tolerance), _RULES[-1])


def untold(scheme: Scheme, x: Tensor, nodes: int, t: float = 0.0) -> Tensor:
    """What a rule of so many nodes an axis leaves in doubt of the mean and the second moments of what a midpoint pushes, over the noise of a step, (n,).

    Seen where the noise is along one axis. A force that turns within the noise is aliased, and may be alike by rules that differ little, or told by one of them
    by luck; so the two next ones must tell as well.
    """
    pmm = checked(scheme)
    step = MidpointStep(pmm, t)
    k = pmm.substeps
    late = 1.0 if k == math.inf else 1 - 1 / max(2.0, k)
    early = max(1, round(k * late / 3)) / k if pmm.dynamics.grain > 0 else late / 3
    rules = [gauss_hermite(n) for n in (_FINE, nodes, nodes + 1, nodes + 2)]
    places = torch.as_tensor(np.concatenate([places for places, _ in rules]), device=x.device)
    shares = torch.as_tensor(scipy.linalg.block_diag(*(weights for _, weights in rules)), device=x.device)
    found = x.new_zeros(len(x))
    for axis in torch.eye(2, dtype=x.dtype, device=x.device):
        for push in step.pushes([early, late], x, places[:, None] * axis):
            d = push.detach() / step.width(1.0)
            for power in (d, d * d, d[..., :1] * d[..., 1:]):
                moments = torch.einsum("rq,qnj->rnj", shares, power)
                found = torch.maximum(found, (moments[1:] - moments[0]).abs().amax((0, 2)))
    return found


def _from(scheme: Scheme, x: Tensor, t: float, degree: int, level: int, nodes: int) -> tuple[Tensor, Tensor]:
    pmm = checked(scheme)
    step = MidpointStep(pmm, t)
    known = on_both_axes(hermite_coefficients(nodes), walked(step, x, nodes, level, _Powers(degree)))
    series = x.new_zeros((len(exponents(degree)), len(x)))
    for k, m in exponents(min(degree, 2 * nodes - 2)):
        if max(k, m) < nodes:
            shorter = exponents(degree - k - m)
            series[[place(i + k, j + m) for i, j in shorter]] += known[: len(shorter), k, m]
    moved = torch.stack([series[place(1, 0)], series[place(0, 1)]])
    series = multiply_wave(series, exponential(np.eye(degree + 1)[1]), -moved)
    system, a = pmm.dynamics, pmm.step_size
    still = system.transport(a, x, t) + system.respond(a, system.drift(x, t), t)
    return (still + step.width(1.0) * moved.T).detach(), series.detach()


class _Powers(Functions):
    """exp(y . S) as a series in y up to a degree."""

    def __init__(self, degree: int):
        self._degree = degree

    def one(self, push: Tensor) -> Tensor:
        return wave(np.eye(self._degree + 1)[0], self.prepared(push))

    def prepared(self, push: Tensor) -> Tensor:
        return push.movedim(-1, 0).contiguous()

    def times(self, u: Tensor | None, prepared: Tensor, time: Time) -> Tensor:
        pmm = time.pmm
        share = 1 / pmm.substeps if time.exact else 1 / time.steps if time.inner else 0.5 / time.steps - 0.5 / pmm.substeps
        taylor = _taylor(pmm.intensity, pmm.substeps, share, self._degree)
        return wave(taylor, prepared) if u is None else multiply_wave(u, taylor, prepared)


@lru_cache(maxsize=256)
def _taylor(intensity: float, substeps: float, share: float, powers: int) -> np.ndarray:
    """Of (1 + c (e^t - 1) / K)^(share K), exp(share c (e^t - 1)) for K = inf."""
    wave_less_one = np.array([0.0, *(1 / math.factorial(k) for k in range(1, powers + 1))])
    if substeps == math.inf:
        return exponential(share * intensity * wave_less_one)
    one = np.eye(powers + 1)[0]
    return exponential(share * substeps * logarithm(one + intensity / substeps * wave_less_one))
