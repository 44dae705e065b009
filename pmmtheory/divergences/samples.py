"""The Wasserstein distance between a sample on the line and a target, with a standard error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.divergences.line import OnLine
from pmmtheory.divergences.quantile_sums import QuantileSums, quantile_sums
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.laws.law import side_of
from pmmtheory.numerics.finite import all_finite
from pmmtheory.targets.target import generator

_LEAST = 100
_FRESH = 4
"""Samples of the target itself that the bias is taken from."""


def w2_samples(sample: Tensor, other: Any, blocks: int = 20) -> Estimate:
    """W2 between the empirical law of n points and `other`, exactly: n masses 1/n moved onto the whole target, far modes that no point is in included.

    W2^2 = mean x^2 - 2 sum_i x_(i) (S(i/n) - S((i - 1)/n)) + E Y^2 with S(u) the integral of the quantile function of the target up to u.

    The error is for the distance of the law of the points: "sampling", the spread over `blocks` resamples of the points; "bias", the root
    mean square distance of samples of the target itself, by which that distance may be exceeded; and what the integrals are off by.
    """
    target = side_of(other, OnLine.targets)
    if target is None or target.dim != 1:
        raise InvalidParameter("other", type(other).__name__, "a target on the line, for the distance of a sample")
    n = sample.shape[0]
    sums = quantile_sums(other)
    x = torch.sort(sample - sums.centre).values
    parts, resolution = sums.cells(n)
    square, rounding = _square(x, parts, sums)
    value = math.sqrt(max(square, 0.0))
    draw = generator(0)
    again = [math.sqrt(max(_square(_resampled(x, draw), parts, sums)[0], 0.0)) for _ in range(blocks)]
    fresh = [max(_square(sums.draw(n, draw), parts, sums)[0], 0.0) for _ in range(_FRESH)]
    off = 2 * resolution * float(x[-1] - x[0]) + sums.error + rounding
    return Estimate.of(
        value,
        f"{n} particles, bootstrap",
        sampling=float(torch.tensor(again, dtype=torch.float64).std()),
        bias=math.sqrt(sum(fresh) / _FRESH),
        resolution=off / (value + math.sqrt(max(square, 0.0) + off)) if off else 0.0,
    )


def is_sample(law: Any) -> bool:
    """Whether this is meant as points: a tensor, an array or a list."""
    return isinstance(law, (Tensor, np.ndarray, list, tuple))


def as_sample(law: Any, name: str = "sample", dim: int = 1) -> Tensor:
    """Points as a float64 tensor on the CPU, of shape (n,) or (n, 2); raises InvalidParameter unless they are at least 100 finite numbers of that shape."""
    shape = "(n,)" if dim == 1 else f"(n, {dim})"
    try:
        points = law.detach() if hasattr(law, "detach") else torch.as_tensor(_real(np.array(law)))
        if points.is_complex():
            raise TypeError
        points = points.to("cpu", torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise InvalidParameter(name, type(law).__name__, f"numbers of shape {shape}") from None
    if points.ndim != (1 if dim == 1 else 2) or (dim > 1 and points.shape[1] != dim) or points.shape[0] < _LEAST:
        raise InvalidParameter(name, tuple(points.shape), f"at least {_LEAST} points, of shape {shape}")
    if not all_finite(points):
        raise InvalidParameter(name, "points with NaN or infinite coordinates", "finite points")
    return points


def _real(numbers: Any) -> Any:
    """An array in double precision, unless it holds something else than real numbers."""
    if numbers.dtype.kind not in "biuf":
        raise TypeError
    return numbers.astype(np.float64)


def _square(x: Tensor, parts: Tensor, sums: QuantileSums) -> tuple[float, float]:
    """W2^2 of sorted, centred points, and its rounding error."""
    own, second = float((x * x).mean()), sums.second
    return own - 2 * float(x @ parts) + second, 16 * 2.0**-52 * (own + second)


def _resampled(x: Tensor, draw: torch.Generator) -> Tensor:
    """As many sorted points, drawn with replacement."""
    n = x.shape[0]
    return x.repeat_interleave(torch.bincount(torch.randint(n, (n,), generator=draw), minlength=n))
