"""Where tensors may be: the CPU, or a GPU that is there."""

from __future__ import annotations

from typing import Any

import torch

from pmmtheory.errors import InvalidParameter


def known_device(device: Any) -> str:
    """Return a device, given as a string or a torch.device, as torch writes it; raise InvalidParameter unless it is present."""
    try:
        found = device if isinstance(device, torch.device) else torch.device(device) if isinstance(device, str) else None
    except RuntimeError:
        found = None
    if found is None or found.type not in ("cpu", "cuda"):
        raise InvalidParameter("device", device, '"cpu" or "cuda"')
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise InvalidParameter("device", device, f"a device that is present: {torch.cuda.device_count() or 'no'} CUDA GPU was found")
    return str(found)


def out_of_memory(error: Exception) -> bool:
    """Whether an error of Python or of torch says that there is no memory left."""
    return isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)) or "allocate memory" in str(error)
