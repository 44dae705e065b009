"""The distance of the law of a scheme over reverse diffusion from the noised data at which it stops."""

from __future__ import annotations

from typing import Any

from pmmtheory.divergences import Estimate, kl, sliced_w2, tv, w2
from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.harness.catalogue import number_of_substeps, scheme_class
from pmmtheory.harness.data import build_data
from pmmtheory.laws import transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian


def measure(
    device: str,
    data: str,
    scheme: str,
    steps: int,
    horizon: float,
    stop: float,
    integrator: str = "euler",
    grid: str = "uniform",
    substeps: float | str | None = None,
    midpoints: str | None = None,
    start: str = "marginal",
    against: str = "process",
    rtol: float = 1e-7,
) -> dict[str, Estimate]:
    """kl, tv and w2 (in the plane sliced_w2) after all steps, from the noised data at the horizon or, with start = "noise", from N(0, I); and the
    expected calls; of the law that the process has at `stop` or, against = "fine", of the chain of steps K times as short."""
    reverse = ReverseDiffusion(build_data(data), horizon, stop, integrator, grid)
    options = {} if substeps is None else {"substeps": number_of_substeps(substeps)}
    chain = scheme_class(scheme)(reverse, reverse.duration / steps, **options, **({} if midpoints is None else {"midpoints": midpoints}))
    initial = Gaussian(dim=reverse.target.dim) if start == "noise" else reverse.marginal(horizon)
    law = transient_law(chain, initial, steps, rtol=rtol, device=device)
    reference: Any = reverse.marginal(stop)
    if against == "fine":
        assert substeps is not None
        fine = steps * int(substeps)
        reference = transient_law(EulerMaruyama(reverse, reverse.duration / fine), initial, fine, rtol=rtol, device=device)
    found = {"kl": kl(law, reference), "tv": tv(law, reference)}
    found |= {"w2": w2(law, reference)} if reverse.target.dim == 1 else {"sliced_w2": sliced_w2(law, reference, directions=4)}
    return found | {"calls": Estimate(steps * chain.drift_calls, 0.0, "expected")}
