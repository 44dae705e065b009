"""What a network is told besides points and times: tensors with one entry a point or one for all, and anything else as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter


def for_each(name: str, value: Any, points: int) -> Any:
    """A conditioning with one entry a point in each tensor of it.

    Raises
    ------
    InvalidParameter
        Naming the tensor that has another number of entries.

    Examples
    --------
    >>> for_each("class_labels", torch.tensor([7]), 3)
    tensor([7, 7, 7])
    >>> for_each("added", {"scale": torch.tensor(0.5), "name": "cat"}, 2)
    {'scale': tensor([0.5000, 0.5000]), 'name': 'cat'}
    """
    if isinstance(value, Mapping):
        return {key: for_each(f"{name}[{key!r}]", part, points) for key, part in value.items()}
    if not isinstance(value, Tensor):
        return value
    if value.ndim == 0 or len(value) == 1:
        return value.reshape(1, *value.shape[1:]).expand(points, *value.shape[1:])
    if len(value) != points:
        raise InvalidParameter(name, tuple(value.shape), f"one entry along the first axis for each of the {points} points asked about, or one for all")
    return value


def both(name: str, unconditional: Any, conditional: Any, points: int) -> Any:
    """The conditioning of a batch of twice as many points, first without and then with it; what is missing without it is the same in both.

    Raises
    ------
    InvalidParameter
        Naming `unconditional`, where it has another form than the conditioning, or what is no tensor differs.

    Examples
    --------
    >>> both("class_labels", torch.tensor(10), torch.tensor([3, 4]), 2)
    tensor([10, 10,  3,  4])
    """
    if isinstance(conditional, Mapping) and isinstance(unconditional, Mapping) and set(unconditional) <= set(conditional):
        return {key: both(f"{name}[{key!r}]", unconditional.get(key, value), value, points) for key, value in conditional.items()}
    if isinstance(conditional, Tensor) and isinstance(unconditional, Tensor):
        pair = for_each(name, unconditional, points), for_each(name, conditional, points)
        if pair[0].shape != pair[1].shape:
            raise InvalidParameter("unconditional", tuple(unconditional.shape), f"{name} of the same shape as with conditioning, {tuple(conditional.shape)}")
        return torch.cat(pair)
    same = unconditional is conditional or not any(isinstance(part, Tensor | Mapping) for part in (unconditional, conditional)) and unconditional == conditional
    if not same:
        raise InvalidParameter("unconditional", unconditional, f"for {name} a tensor, as with conditioning, or else the same as that, {conditional!r}")
    return conditional


def placed(value: Any, device: torch.device, dtype: torch.dtype) -> Any:
    """The same with its tensors on a device, and floating ones in a dtype."""
    if isinstance(value, Mapping):
        return {key: placed(part, device, dtype) for key, part in value.items()}
    if not isinstance(value, Tensor):
        return value
    return value.to(device, dtype) if value.is_floating_point() else value.to(device)
