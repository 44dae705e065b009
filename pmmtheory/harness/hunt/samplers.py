"""Random samplers of diffusion models as plain values, and the deterministic ones again in numpy."""

from __future__ import annotations

from typing import Any

from pmmtheory import schedulers
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.targets import Spec
from pmmtheory.schedulers import NoiseSchedule
from pmmtheory.schedulers.scheduler import Scheduler

DETERMINISTIC = ("DDIM", "DPMSolverMultistep", "DPMSolver", "DPMSolverPlusPlus2M", "Heun")
NOISY = ("DDPM", "DDIM1", "PoissonMidpointScheduler")
VARIANTS = ("V1", "V2", "V3", "V1a", "V1b", "V1c", "V1d")


def sampler(draw: Draw, names: tuple[str, ...] = DETERMINISTIC + NOISY, most: int = 12) -> dict[str, Any]:
    """A sampler of few steps on a schedule of 100 training times, to the data or to a time before it."""
    name = draw.one_of(names)
    options: dict[str, Any] = {"steps": draw.whole(1 if name in ("DDIM", "Heun", "DDPM") else 3, most)}
    if name == "DDIM":
        options["eta"] = 0.0
    if name == "DDIM1":
        options["eta"] = draw.real(1.0, 0.3)
    if name in ("DPMSolverMultistep", "DPMSolver"):
        options["order"] = draw.one_of([2, 1, 3])
    if name == "DDPM":
        options["variant"] = draw.one_of(VARIANTS)
    if name == "PoissonMidpointScheduler":
        options |= {"steps": draw.whole(8, 12), "substeps": draw.one_of([2, 3, 5]), "variant": draw.one_of(("V2", "V1", "DDIM1"))}
        options["midpoints"] = draw.one_of(["interior", "single", "bernoulli"])
    options["end"] = draw.one_of([0, 5])
    if name != "PoissonMidpointScheduler":
        options["spacing"] = draw.one_of(["uniform", "quadratic"] + (["log-snr"] if options["end"] else []))
    return {"name": name.rstrip("1"), "schedule": draw.one_of(["linear", "cosine", "scaled_linear"]), "options": options}


def data(draw: Draw, far: float = 4.0) -> Spec:
    """A Gaussian or two modes, some of them narrow or far apart."""
    if draw.chance(0.2):
        return {"kind": "gaussian", "mean": draw.place(2.0), "variance": draw.log(1.0, 0.05)}
    reach = draw.one_of([2.0, far])
    weight = draw.real(0.5, 0.9)
    means = [-reach * draw.real(1.0, 0.5), reach * draw.real(1.0, 0.5)]
    return {"kind": "mixture", "weights": [weight, 1 - weight], "means": means, "variances": [draw.log(1.0, 0.05) for _ in range(2)]}


def build(case: dict[str, Any]) -> Scheduler:
    """The sampler of pmmtheory."""
    schedule = getattr(NoiseSchedule, case["schedule"])(100)
    made: Scheduler = getattr(schedulers, case["name"])(schedule, **case["options"])
    return made


def noised(spec: Spec, alpha: float) -> Spec:
    """The law of alpha X + sqrt(1 - alpha^2) Z."""
    wide = 1 - alpha**2
    if spec["kind"] == "gaussian":
        return spec | {"mean": alpha * spec["mean"], "variance": alpha**2 * spec["variance"] + wide}
    return spec | {"means": [alpha * m for m in spec["means"]], "variances": [alpha**2 * v + wide for v in spec["variances"]]}
