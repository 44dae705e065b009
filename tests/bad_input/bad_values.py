"""Bad values for every parameter, and where one of them is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

NONSENSE: dict[str, Any] = {"None": None, "a string": "nonsense", "NaN": float("nan"), "an object": object(), "a dict": {}, "a class": int}
"""What a parameter never takes, but None where that is its default, and what NONSENSE_TAKEN names."""

NONSENSE_TAKEN: dict[tuple[str, str], tuple[str, ...]] = {
    ("targets.Potential", "name"): ("a string",),
    ("particles.simulate", "checkpoint"): ("a string",),  # a file of that name
    ("schedulers.NoisyPredictor", "predictor"): ("a class",),
    ("schedulers.NetworkPredictor", "network"): ("a class",),
    ("theory.bounds.kandasamy_nagaraj_path", "moments"): ("a class",),
    ("schedulers.NetworkPredictor", "conditioning"): ("a dict",),
    ("divergences.Estimate", "method"): ("a string",),
    ("divergences.Estimate", "parts"): ("a dict",),
    ("images.ImageSet", "name"): ("a string",),
    ("images.FeatureNet", "record"): ("a dict",),
    ("images.NoiseNetwork", "record"): ("a dict",),
    ("images.frechet_distance", "net"): ("a string",),
    ("images.kernel_distance", "net"): ("a string",),
    ("images.frechet_to_set", "net"): ("a string",),
    ("DDIM().dynamics", "event_shape"): ("None",),
}
"""What means something there."""

EXTREME: dict[str, Any] = {
    "0": 0,
    "-1": -1,
    "2.5": 2.5,
    "True": True,
    "inf": float("inf"),
    "-inf": float("-inf"),
    "1e300": 1e300,
    "1e-300": 1e-300,
    "1e-12": 1e-12,
    "10**15": 10**15,
    "10**30": 10**30,
    "a complex number": 1j,
    "an empty list": [],
    "a list of NaN": [float("nan")],
    "an empty tensor": torch.empty(0, dtype=torch.float64),
    "a tensor of NaN": torch.full((2,), float("nan"), dtype=torch.float64),
    "a ragged list": [[1.0], [1.0, 2.0]],
    "a matrix": np.ones((2, 3)),
    "a list of strings": ["a", "b"],
}
"""What some parameters take: then what comes of it is a number, in time."""
