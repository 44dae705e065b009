"""The predicted constants of the distances from the Gaussian target in any dimension."""

from __future__ import annotations

from experiments.measures.leading_covariance import predict
from pmmtheory.estimate import Estimate


def measure(
    device: str,
    target: str,
    scheme: str,
    dim: int = 1,
    part: str = "position",
    friction: float | None = None,
    substeps: float | str = "inf",
    midpoints: str = "bernoulli",
) -> dict[str, Estimate]:
    """kl, tv and w2: the limits of KL/step^(2p), TV/step^p and W2/step^p in dimension dim; a joint law has no tv."""
    found = predict(target, scheme, friction, substeps, midpoints).distances(part, dim)
    return {name: value for name in ("kl", "tv", "w2") if isinstance(value := getattr(found, name), Estimate)}
