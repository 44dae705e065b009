"""Complex numbers by modulus and angle."""

from __future__ import annotations

import torch
from torch import Tensor


def polar(size: Tensor | None, angle: Tensor) -> Tensor:
    """size exp(i angle), by real cosines and sines, which are many times as fast as torch.polar; size is 1 for None.

    Examples
    --------
    >>> bool(polar(None, torch.tensor(1.25)) == torch.polar(torch.tensor(1.0), torch.tensor(1.25)))
    True
    """
    cosine, sine = torch.cos(angle), torch.sin(angle)
    return torch.complex(cosine, sine) if size is None else torch.complex(cosine.mul_(size), sine.mul_(size))
