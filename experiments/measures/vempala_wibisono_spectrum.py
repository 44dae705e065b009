"""KL of LMC on Gaussians in any dimension and of any condition number, against the bound of Vempala & Wibisono."""

from __future__ import annotations

import math

import torch

from pmmtheory.divergences import kl
from pmmtheory.dynamics import Overdamped
from pmmtheory.estimate import Estimate
from pmmtheory.laws import transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian
from pmmtheory.theory.bounds import vempala_wibisono


def measure(device: str, part: float, steps: int, dim: int, condition: float, shift: float = 0.0, spread: float = 1.0) -> dict[str, Estimate]:
    """kl after `steps` steps of `part` of the largest step lsi/(4 L^2), the bound, and `ratio`, kl/bound.

    Curvatures are 1/condition to 1, evenly in logarithms; the start is N(shift, spread I) on every axis. `faster`, for a control, is kl over a bound that
    forgets its start four times as fast.
    """
    curvatures = torch.logspace(-math.log10(condition), 0, dim, dtype=torch.float64) if dim > 1 else torch.tensor([1 / condition], dtype=torch.float64)
    target, start = Gaussian(torch.zeros(dim), 1 / curvatures), Gaussian(torch.full((dim,), shift, dtype=torch.float64), torch.full((dim,), spread))
    lsi, smooth = 1 / condition, float(curvatures.max())
    step = part * lsi / (4 * smooth**2)
    law = transient_law(EulerMaruyama(Overdamped(target), step), start, steps, device=device, engine="gaussian")
    found, initial = kl(law, target), float(kl(start, target))
    bound = vempala_wibisono(lsi, smooth, step, steps, initial, dim)
    fast = math.exp(-4 * lsi * step * steps) * initial + bound - math.exp(-lsi * step * steps) * initial
    return {"kl": found, "bound": Estimate(bound, 1e-9 * bound, "Vempala & Wibisono 2019, Theorem 1"), "ratio": found / bound, "faster": found / fast}
