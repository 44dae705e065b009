"""One absolute constant of a theorem, from calibration cells: the largest of a ratio over them, with every unknown constant 1."""

from __future__ import annotations

from typing import Any

from experiments.measures.kandasamy_nagaraj import measure as against_bound
from pmmtheory.errors import choice
from pmmtheory.estimate import Estimate

_TARGET = "gaussian"
CALIBRATION: dict[str, list[dict[str, Any]]] = {
    "KN 2": [
        {"step_size": 0.4, "substeps": 4, "steps": 1},
        {"step_size": 0.4, "substeps": 4, "steps": 2},
        {"step_size": 0.3, "substeps": 4, "steps": 2},
        {"step_size": 0.4, "substeps": 2, "steps": 2, "dim": 3},
        {"step_size": 0.4, "substeps": 8, "steps": 1, "dim": 10},
    ],
    "KN 3": [
        {"step_size": 0.3, "substeps": 4, "steps": 3, "friction": 3.0},
        {"step_size": 0.3, "substeps": 2, "steps": 6, "friction": 3.0},
        {"step_size": 0.2, "substeps": 4, "steps": 4, "friction": 3.0, "dim": 3},
        {"step_size": 0.2, "substeps": 4, "steps": 8, "friction": 3.0},
        {"step_size": 0.3, "substeps": 4, "steps": 3, "friction": 1.5},
    ],
}
"""Large steps in low dimension, on the Gaussian target; that the constant found here serves small steps, many substeps and high dimensions is a claim."""


def measure(device: str, theorem: str) -> dict[str, Estimate]:
    """The largest ratio, and for controls the largest steeper and flatter, over the calibration cells of the theorem; `tenth` is a tenth of the ratio."""
    cells = [against_bound(device, _TARGET, **cell) for cell in CALIBRATION[choice("theorem", theorem, CALIBRATION)]]
    found = {metric: max((cell[metric] for cell in cells), key=lambda estimate: estimate.value) for metric in ("ratio", "steeper", "flatter")}
    return found | {"tenth": 0.1 * found["ratio"]}
