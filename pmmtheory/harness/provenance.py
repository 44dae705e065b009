"""Where a result comes from: results of other code or of another device are never mixed."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import pmmtheory
from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.project import used
from pmmtheory.harness.source import Sources

DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class Provenance:
    """The device kind ("cpu" or "cuda"), its hardware name, the versions in use and the keys of the measures."""

    device: str
    hardware: str
    version: str
    python: str
    torch: str
    sources: Sources = field(compare=False)


def provenance(device: str) -> Provenance:
    """Of a run on this device here; UsageError when the device is not present."""
    if device not in DEVICES:
        raise UsageError(f"there is no device {device!r}; choose {' or '.join(DEVICES)}.")
    hardware = _gpu() if device == "cuda" else platform.machine()
    try:
        torch_version = version("torch")
    except PackageNotFoundError:
        torch_version = "none"
    return Provenance(device, hardware, pmmtheory.__version__, platform.python_version(), torch_version, Sources(used()))


def _gpu() -> str:
    """The name of the GPU. torch is loaded only for those who ask for a GPU: it takes seconds."""
    import torch

    if not torch.cuda.is_available():
        raise UsageError("device cuda was asked for, but torch finds no CUDA GPU here.")
    return str(torch.cuda.get_device_name())
