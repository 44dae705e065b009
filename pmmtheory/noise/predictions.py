"""What a network may be trained to predict, and the noise and the data that follow: x = alpha data + sigma noise."""

from __future__ import annotations

from torch import Tensor

from pmmtheory.errors import choice

KINDS = ("epsilon", "sample", "v_prediction")
"""The noise; the data; or v = alpha noise - sigma data (Salimans & Ho 2022, arXiv 2202.00512)."""


def known_kind(kind: str) -> str:
    """The kind of prediction, or InvalidParameter naming `prediction_type`."""
    return choice("prediction_type", kind, KINDS)


def noise_in(x: Tensor, output: Tensor, alpha: float | Tensor, sigma: float | Tensor, kind: str) -> Tensor:
    """The noise in x by the output of a network; alpha and sigma are numbers, or tensors that broadcast.

    Examples
    --------
    >>> import torch
    >>> data, noise = torch.tensor([2.0]), torch.tensor([-1.0])
    >>> x, v = 0.6 * data + 0.8 * noise, 0.6 * noise - 0.8 * data
    >>> [round(float(noise_in(x, output, 0.6, 0.8, kind)), 6) for kind, output in (("epsilon", noise), ("sample", data), ("v_prediction", v))]
    [-1.0, -1.0, -1.0]
    """
    if kind == "epsilon":
        return output
    if kind == "sample":
        return (x - alpha * output) / sigma
    return alpha * output + sigma * x


def data_in(x: Tensor, output: Tensor, alpha: float | Tensor, sigma: float | Tensor, kind: str) -> Tensor:
    """The data in x by the output of a network.

    Examples
    --------
    >>> import torch
    >>> data, noise = torch.tensor([2.0]), torch.tensor([-1.0])
    >>> x, v = 0.6 * data + 0.8 * noise, 0.6 * noise - 0.8 * data
    >>> [round(float(data_in(x, output, 0.6, 0.8, kind)), 5) for kind, output in (("epsilon", noise), ("sample", data), ("v_prediction", v))]
    [2.0, 2.0, 2.0]
    """
    if kind == "epsilon":
        return (x - sigma * output) / alpha
    if kind == "sample":
        return output
    return alpha * x - sigma * output
