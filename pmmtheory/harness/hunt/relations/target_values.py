"""What targets say of themselves: mean, variance and distribution function by quadrature against closed forms, wherever the target lies."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from pmmtheory.errors import NotConverged
from pmmtheory.harness.hunt import targets
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.oracles import components, force
from pmmtheory.harness.hunt.transport import tails
from pmmtheory.targets import Potential
from pmmtheory.targets.line import LineTarget


def draw(draw: Draw) -> dict[str, Any]:
    spec = draw.one_of([lambda d: targets.mixture(d, 20.0), targets.gaussian])(draw)
    if spec["kind"] == "mixture" and draw.chance(0.5):
        narrow = draw.log(1e-2, 1e-8)
        spec["variances"][-1] = narrow
    written = draw.chance(0.4)
    shift = float(draw.one_of([0, 30, 1000, 100_000, 1_000_000]))
    return {"spec": targets.moved(spec, 2.0 ** draw.one_of([0, 4, -4, 12, -12]), shift), "written": written}


def check(spec: targets.Spec, written: bool) -> Iterator[Compared]:
    w, m, v = components(spec)
    mean = float(w @ m)
    variance = float(w @ (v + (m - mean) ** 2))
    target: LineTarget = targets.build(spec)
    points = np.concatenate([m[k] + math.sqrt(v[k]) * np.array([-1.0, 0.3]) for k in range(len(w))])
    if written:
        named = target
        if math.sqrt(v.min()) < 1e-2 * (m.max() - m.min() + math.sqrt(v.max())):
            raise NotConverged("a needle in a potential, which nobody can find unaided,", math.nan, 1e-2)
        target = Potential(lambda x: -named.log_density(x))
    rounding = 4e-16 * (np.abs(m).max() ** 2 / variance + np.abs(m).max() / np.sqrt(v.min()))
    rule = target.quadrature
    error = rule.error + rounding
    yield compare("mass", rule.expect(torch.ones_like), 1.0, error)
    yield compare("mean by quadrature", rule.expect(lambda x: x - mean), 0.0, error * math.sqrt(variance))
    yield compare("variance by quadrature", rule.expect(lambda x: (x - mean) ** 2), variance, error * variance)
    yield compare("moment 1", target.moment(1), mean)
    yield compare("moment 2", target.moment(2), variance + mean**2)
    below, above = tails(spec)
    for x, left, right in zip(points.tolist(), below(points).tolist(), above(points).tolist(), strict=True):
        slope = 4e-16 * abs(x) / math.sqrt(v.min())
        for name, cdf in (("", target.cdf), (" by quadrature", rule.cdf)):
            found = float(cdf(torch.tensor(x, dtype=torch.float64)))
            yield compare(f"cdf{name} at {x:.6g}", found, left, error + slope)
            yield compare(f"1 - cdf{name} at {x:.6g}", 1 - found, right, error + slope + 1e-15)
        pull = float(target.drift(torch.tensor(x, dtype=torch.float64)))
        yield compare(f"drift at {x:.6g}", pull, float(force(spec)(np.array([x]))[0]), 1e-11 * abs(x) / v.min() + 1e-9 / math.sqrt(v.min()))
