"""What deterministic samplers make of the noised data, to the data: W2 by quadrature along the composed map, moments and distribution functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.special
import torch

from pmmtheory.divergences import w2
from pmmtheory.harness.hunt import samplers, targets
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.oracles import components, panels
from pmmtheory.harness.hunt.transport import Array, resolved, w2_of_image
from pmmtheory.laws import transient_law
from pmmtheory.schedulers import ExactPredictor


def draw(draw: Draw) -> dict[str, Any]:
    return {"sampler": samplers.sampler(draw, samplers.DETERMINISTIC), "data": samplers.data(draw, 8.0), "rtol": draw.one_of([1e-5, 1e-6])}


def check(sampler: dict[str, Any], data: Any, rtol: float) -> Iterator[Compared]:
    made = samplers.build(sampler)
    schedule, target = made.schedule, targets.build(data)
    chain = made.chain(ExactPredictor(target, schedule))
    scheme, law = chain.scheme, transient_law(chain, rtol=rtol)

    def move(x: Array) -> Array:
        state = scheme.dynamics.lift(torch.as_tensor(x), torch.Generator())
        for k in range(made.chain_steps):
            state = scheme.step(state, k * scheme.step_size, {})[0]
        return np.asarray(scheme.dynamics.position(state).numpy())

    start, goal = (samplers.noised(data, float(schedule.alpha(float(t)))) for t in (100, made.end))
    w, m, v = components(start)
    mass, y = _image(start, move, 3000)
    rough, image = _image(start, move, 2000)
    sizes = [float(mass @ np.abs(y) ** k) for k in (1, 2)]
    missed = max(abs(float(mass @ y**k) - float(rough @ image**k)) / size for k, size in enumerate(sizes, 1))  # one of them may agree by luck
    fine, coarse = (w2_of_image(start, move, goal, n) for n in (1200, 800))
    yield compare("w2", w2(law, schedule.marginal(target, made.end)), fine, 10 * abs(fine - coarse) + 10 * missed * fine + 1e-11)
    for k, size in enumerate(sizes, 1):
        yield compare(f"moment {k}", law.moment(k), float(mass @ y**k), (10 * missed + 1e-12) * size)
    for z in (-1.5, 0.0, 0.7):
        at = np.array([m @ w + z * np.sqrt(v @ w + 0.1)])
        below = float((w * scipy.special.ndtr((at[:, None] - m) / np.sqrt(v))).sum())
        place = float(move(at)[0])
        yield compare(f"cdf at {place:.6g}", float(law.cdf(place)), below, law.numerical_error + 1e-13)


def _image(start: Any, move: Callable[[Array], Array], cells: int) -> tuple[Array, Array]:
    """Masses of the start on panels, and where they go: panels are halved until none goes over more than a small part of the line."""
    w, m, v = components(start)
    edges = np.unique(np.concatenate([m[k] + np.sqrt(v[k]) * np.linspace(-8.5, 8.5, cells) for k in range(len(w))]))
    edges = resolved(edges, lambda x: move(x)[None], cells)
    x, weight = panels(edges, 6)
    mass: Array = weight * (w * np.exp(-((x[:, None] - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)).sum(-1)
    return mass, move(x)
