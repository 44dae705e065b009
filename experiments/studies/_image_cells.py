"""The samplers that are compared by generated images, and the cells of their distances."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from experiments.studies import image_spectra
from pmmtheory.harness.image_distances import checkpoint_hash
from pmmtheory.harness.study import Cell

_PMM: dict[str, Any] = {"sampler": "PoissonMidpointScheduler", "midpoints": "interior"}
_2M: dict[str, Any] = {"sampler": "DPMSolverMultistep", "order": 2}
_3M: dict[str, Any] = {"sampler": "DPMSolverMultistep", "order": 3}
SAMPLERS: Mapping[str, dict[str, Any]] = {
    **{label: options for label, options in image_spectra.SAMPLERS.items() if label != "DDPM V3-literal"},
    "DPM-Solver-2M, quadratic grid": _2M | {"spacing": "quadratic"},
    "DPM-Solver-2M, log-SNR grid": _2M | {"spacing": "log-snr"},
    "DPM-Solver-3M, quadratic grid": _3M | {"spacing": "quadratic"},
    "DPM-Solver-3M, log-SNR grid": _3M | {"spacing": "log-snr"},
    "RMM": {"sampler": "RandomizedMidpointScheduler"},
    "PMM over V1, K=5": _PMM | {"variant": "V1", "substeps": 5},
    "HalvedVariance": {"sampler": "HalvedVariance"},
}
"""By label, what to run; the last is the negative control."""

NETWORK, EXACT, ON_THE_WAY = "network", "exact score", "exact score, noised"
WAY = 100
"""The training time at which the quick profile stops: down to the data an exact score repeats the images, which hides most errors."""


_MOST = 5000
"""Images that a network generates."""


@cache
def count(predictor: str, images: str = "digits") -> int:
    """Generated images of a cell: of a network as many as the set has for tests, which are 359 digits, and no more than 5000."""
    if predictor != NETWORK:
        return 1000
    if images == "digits":
        return 359
    from pmmtheory.images import load_images

    return min(_MOST, len(load_images(images, part="test")))


def learned(network: str, content: str) -> bool:
    """Whether a network that comes with pmmtheory has learned the images with this fingerprint."""
    from pmmtheory.images.checkpoints import kept

    return bool(kept(network, "network")[0]["content"] == content)


def cell(label: str, calls: int, predictor: str = NETWORK, images: str = "digits", features: str = "digits", **content: str) -> Cell:
    """A sampler with so many expected calls; a network is named as the features are."""
    options = SAMPLERS[label]
    pair = label in ("Heun", "RMM") or options.get("midpoints") == "interior"
    each = 2 - 1 / options["substeps"] if options.get("midpoints") == "bernoulli" else 1 + pair
    shared = _shared(predictor, features)
    return Cell.of("image_samples", images=images, steps=round(calls / each), count=count(predictor, images), **shared, **options, **content)


def floor(predictor: str = NETWORK, images: str = "digits", features: str = "digits", **content: str) -> Cell:
    """As many real images: other ones where a network is to generalise, the same ones with repeats where the score is theirs."""
    shared = {name: value for name, value in _shared(predictor, features).items() if name not in ("network", "checkpoints")}
    hashes = {"checkpoints": checkpoint_hash(f"features-{features}")} if features else {}
    kind = "test" if predictor == NETWORK else "again"
    return Cell.of("image_floor", images=images, count=count(predictor, images), kind=kind, **shared, **hashes, **content)


@cache
def _shared(predictor: str, features: str) -> dict[str, Any]:
    named = {"network": features} if predictor == NETWORK else {}
    named |= {"features": features} if features else {}
    hashes = {"checkpoints": checkpoint_hash(*(f"{kind}-{name}" for kind, name in named.items()))} if named else {}
    return named | hashes | ({"end": WAY} if predictor == ON_THE_WAY else {})
