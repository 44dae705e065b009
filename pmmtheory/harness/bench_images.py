"""What the exact predictor of many images costs, in units of one matrix product of all of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import torch
from rich.table import Table
from torch import Tensor

from pmmtheory.images import EmpiricalDiffusion, load_images
from pmmtheory.noise.schedule import NoiseSchedule

_IMAGES, _POINTS, _RUNS = 60_000, 100, 7


def images_table() -> Table:
    """Least times of several interleaved runs, on all cores, at much noise and at little."""
    before = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        return _measured()
    finally:
        torch.set_num_threads(before)


def _measured() -> Table:
    images, schedule, draw = digits_on_background(_IMAGES), NoiseSchedule.linear(), torch.Generator().manual_seed(0)
    table = Table("what", "seconds", "ratio", title=f"All cores; {_IMAGES} images of 28 x 28, {_POINTS} points, single precision")
    exact, rows = EmpiricalDiffusion(images, schedule), images.flatten(1)
    for t in (20.0, 300.0, 1000.0):
        chosen = images[torch.randint(_IMAGES, (_POINTS,), generator=draw)]
        x = schedule.alpha(t) * chosen + schedule.sigma(t) * torch.randn(chosen.shape, generator=draw)
        product, call = _least([lambda x=x: x.flatten(1) @ rows.T, lambda x=x, t=t: exact(x, t)])  # type: ignore[misc]
        table.add_row(f"one matrix product (with x at time {t:g})", f"{product:.3f}", "1")
        table.add_row("the noise predicted from all images there", f"{call:.3f}", f"{call / product:.2f}")
    return table


def digits_on_background(count: int) -> Tensor:
    """Handwritten digits of 20 x 20, at random places on a background of 28 x 28: (count, 1, 28, 28)."""
    digits, draw = load_images("digits").images, torch.Generator().manual_seed(0)
    large = torch.nn.functional.interpolate(digits, size=(20, 20), mode="bilinear")
    which, place = torch.randint(len(large), (count,), generator=draw), torch.randint(9, (count, 2), generator=draw)
    made = torch.full((count, 1, 28, 28), float(large.min()))
    for row in range(9):
        for column in range(9):
            here = ((place[:, 0] == row) & (place[:, 1] == column)).nonzero()[:, 0]
            made[here, :, row : row + 20, column : column + 20] = large[which[here]]
    return made


def _least(runs: list[Callable[[], object]]) -> list[float]:
    best = [float("inf")] * len(runs)
    for _ in range(_RUNS):
        for k, run in enumerate(runs):
            start = time.perf_counter()
            run()
            best[k] = min(best[k], time.perf_counter() - start)
    return best
