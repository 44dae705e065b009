"""How far stationary distances are from their leading terms, relatively: what a constant that is slightly wrong cannot hide behind."""

from __future__ import annotations

import math
from typing import Any

from experiments.measures.leading_covariance import predict
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_target, number_of_substeps, scheme_class
from pmmtheory.harness.measures import gaussian_error, plane_error, stationary_error
from pmmtheory.targets import Gaussian
from pmmtheory.theory import leading_term, phase_leading_term

_POWERS = {"kl": 2, "tv": 1, "w2": 1}
_WRONG = 1 / 1.001


def measure(
    device: str,
    target: str,
    scheme: str,
    step_size: float,
    dim: int = 1,
    friction: float | None = None,
    substeps: float | str | None = None,
    midpoints: str | None = None,
) -> dict[str, Estimate]:
    """kl, tv and w2, underdamped of the position: |distance/(constant step^order) - 1|; `wrong kl` and so on are of constants that are 0.1% too small."""
    chain: dict[str, Any] = {"target": target, "scheme": scheme, "step_size": step_size, "substeps": substeps, "midpoints": midpoints}
    kind, many = "bernoulli" if midpoints is None else midpoints, "inf" if substeps is None else substeps
    term: Any
    if isinstance(build_target(target, dim), Gaussian):
        found = gaussian_error.measure(device, **chain, dim=dim, friction=friction)
        term = predict(target, scheme, friction, many, kind).distances("position", dim)
        order = term.order
    elif friction is not None:
        joint = plane_error.measure(device, **chain, friction=friction, rtol=2e-7)
        found = {name: joint[f"position {name}"] for name in _POWERS}
        term = phase_leading_term(scheme_class(scheme), build_target(target), friction, number_of_substeps(many), kind)
        order, term = term.order, term.position
    else:
        found = stationary_error.measure(device, **chain)
        term = leading_term(scheme_class(scheme), build_target(target), number_of_substeps(many), kind)
        order = term.order
    apart: dict[str, Estimate] = {}
    for name, power in _POWERS.items():
        constant = getattr(term, name)
        if isinstance(constant, Estimate) and math.isfinite(constant.value):
            ratio = found[name] / (constant * step_size ** (power * order))
            apart |= {name: abs(ratio - 1), f"wrong {name}": abs(ratio / _WRONG - 1)}
    return apart
