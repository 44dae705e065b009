"""Small networks that remember what they are asked."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Conditional(nn.Module):
    """A convolution, a dropout, an embedding of the time and one of a label for each point."""

    def __init__(self, channels: int = 2, labels: int = 5) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.convolution = nn.Conv2d(channels, channels, 3, padding=1)
            self.dropout = nn.Dropout(0.5)
            self.label = nn.Embedding(labels, channels)
            self.time = nn.Linear(1, channels)
        self.asked: list[dict[str, Any]] = []

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        self.asked.append({"points": len(x), "t": t, "label": label, "dtype": x.dtype, "training": self.dropout.training, "grad": torch.is_grad_enabled()})
        shift = self.label(label) + self.time(t.reshape(-1, 1).to(x.dtype) / 1000)
        return torch.tanh(self.dropout(self.convolution(x)) + shift[:, :, None, None])


def noise(points: int = 4, channels: int = 2, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(points, channels, 4, 4, generator=torch.Generator().manual_seed(0), dtype=dtype)
