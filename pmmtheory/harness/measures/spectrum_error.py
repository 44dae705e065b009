"""The distance of what a diffusion sampler generates from Gaussian data with the mean and covariance of images, by its exact law."""

from __future__ import annotations

from typing import Any

from pmmtheory.divergences import Estimate, frechet, w2_bounds
from pmmtheory.errors import InvalidParameter
from pmmtheory.harness.samplers import build_sampler
from pmmtheory.images import fingerprint, image_spectrum
from pmmtheory.laws import LinearLaw, transient_law
from pmmtheory.schedulers import ExactPredictor

RTOL = 1e-2
"""For the covariance on the worst axis, where hardly any variance is; the errors of the distances weigh the axes."""


def measure(
    device: str, images: str, sampler: str, steps: int, size: int = 1000, schedule: str = "linear", content: str = "", **options: Any
) -> dict[str, Estimate]:
    """frechet, calls and, where it is known, w2_bound: a number above W2, equal to frechet for samplers without random midpoints. From the noised data.

    content : the fingerprint of files of images, which must be theirs: a stored number is one of its data.
    """
    if content and content != fingerprint(images):
        raise InvalidParameter("content", content, f"the fingerprint of {images}, {fingerprint(images)}")
    made = build_sampler(sampler, schedule, size, steps, **options)
    if made.end != 0:
        raise InvalidParameter("end", made.end, "0: on the way, axes without variance have some")
    data = image_spectrum(images).centred
    law = transient_law(made.chain(ExactPredictor(data, made.schedule)), rtol=RTOL, device=device)
    found = {"frechet": frechet(law, data), "calls": Estimate(made.calls, 0.0, "expected")}
    known = isinstance(law, LinearLaw) and (law.gaussian or law.given is not None)
    return found | ({"w2_bound": w2_bounds(law, data)[1]} if known else {})
