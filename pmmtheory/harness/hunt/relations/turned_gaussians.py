"""Laws by moments in d dimensions do not depend on the axes: distances after a rotation, on targets of unlike and tiny variances."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from pmmtheory import schemes
from pmmtheory.divergences import kl, w2
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import gaussians
from pmmtheory.harness.hunt.chains import SPLITTINGS, rounded
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.targets import Gaussian


def draw(draw: Draw) -> dict[str, Any]:
    dim = draw.whole(2, 4)
    kinetic = draw.chance(0.4)
    variances = [draw.log(1.0, draw.one_of([0.1, 1e-4])) for _ in range(dim)]
    least = min(variances)
    return {
        "scheme": draw.one_of([*SPLITTINGS, "EulerMaruyama"]) if kinetic else "EulerMaruyama",
        "friction": rounded(draw.log(2.0, 0.5) / math.sqrt(least)) if kinetic else None,
        "step": rounded(draw.log(0.4, 0.01) * (math.sqrt(least) if kinetic else least)),
        "variances": variances,
        "means": [draw.place(2.0) for _ in range(dim)],
        "angles": [draw.real(0.3, 3.0) for _ in range(dim - 1)],
        "steps": draw.one_of([None, 3, 40]),
    }


def check(
    scheme: str, friction: float | None, step: float, variances: list[float], means: list[float], angles: list[float], steps: int | None
) -> Iterator[Compared]:
    axes = np.eye(len(variances))
    for i, angle in enumerate(angles):
        c, s = math.cos(angle), math.sin(angle)
        axes[:, i : i + 2] = axes[:, i : i + 2] @ np.array([[c, -s], [s, c]])
    least = min(variances)  # the turned matrix is rounded, and its least eigenvalue with it
    turned = (axes * np.array(variances)) @ axes.T
    pair = Gaussian(means, variances), Gaussian(axes @ np.array(means), (turned + turned.T) / 2)
    laws = []
    for target in pair:
        system = Overdamped(target) if friction is None else Underdamped(target, friction)
        made = getattr(schemes, scheme)(system, step)
        laws.append(stationary_law(made) if steps is None else transient_law(made, target, steps, engine="gaussian"))
    if steps is None and friction is None:
        exact = [gaussians.lmc(m, v, step)[1] for m, v in zip(means, variances, strict=True)]
        for k, value in enumerate(exact):
            yield compare(f"variance {k}", float(np.asarray(laws[0].covariance)[k, k]), value, laws[0].numerical_error * value)
    for name, distance in (("kl", kl), ("w2", w2)):
        try:
            one, other = distance(laws[0], pair[0]), distance(laws[1], pair[1])
        except PmmError:
            continue
        yield compare(f"{name} after a rotation", one, other, 2e-15 * max(variances) / least * float(one))
    for k, scale in ((0, 1.0), (-1, 1.0 if friction is None else 1 / least)):  # a velocity feels that rounding relative to the eigenvalue
        one_block, other_block = (np.sort(np.linalg.eigvalsh(np.asarray(law.blocks))[:, k]) for law in laws)
        for i, (a, b) in enumerate(zip(one_block.tolist(), other_block.tolist(), strict=True)):
            yield compare(
                f"eigenvalue {k} of block {i}", a, b, (laws[0].numerical_error + laws[1].numerical_error) * max(a, b) + 4e-16 * max(variances) * scale
            )
