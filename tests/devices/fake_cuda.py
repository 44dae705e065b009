"""A second device that is not there: tensors "on cuda" are on the CPU, remembered, and refused where a GPU would refuse them.

What meets on two devices raises RuntimeError, and numpy is given nothing of "cuda": mistakes are seen on machines without a GPU.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode

CUDA, _GENERATOR = torch.device("cuda", 0), torch.Generator
DEVICE, IS_CUDA = torch.Tensor.device.__get__, torch.Tensor.is_cuda.__get__
NO_NUMPY = {torch.Tensor.numpy, torch.Tensor.__array__}
MOVES = {torch.Tensor.to, torch.Tensor.cpu, torch.Tensor.cuda}
ANY_INDEX = {torch.Tensor.__getitem__, torch.Tensor.__setitem__}
TOGETHER = {torch.cat, torch.stack, torch.searchsorted, torch.matmul}
"""Where numbers without an axis must be on the same device, too."""


class OnCuda(torch.Tensor):
    """A tensor that is told to be on the GPU."""


class CudaGenerator(torch.Generator):
    """A generator that is told to be there."""

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return CUDA


def _tensors(values: Iterable[Any]) -> list[torch.Tensor]:
    found = list[torch.Tensor]()
    for value in values:
        if isinstance(value, torch.Tensor):
            if value.layout == torch.strided:  # no other can be told where it is
                found.append(value)
        elif isinstance(value, (list, tuple)):
            found += _tensors(value)
    return found


def _marked(found: Any, cuda: bool) -> Any:
    if isinstance(found, torch.Tensor):
        if cuda and found.layout == torch.strided:
            return found if isinstance(found, OnCuda) else found.as_subclass(OnCuda)
        return found.as_subclass(torch.Tensor) if isinstance(found, OnCuda) else found
    if isinstance(found, (list, tuple)):
        parts = [_marked(part, cuda) for part in found]
        return type(found)(parts) if type(found) in (list, tuple) else type(found)(iter(parts))
    return found


class _Mode(TorchFunctionMode):
    """See the module."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        with torch._C.DisableTorchFunctionSubclass():
            met = _tensors((*args, *kwargs.values()))
            here = any(isinstance(part, OnCuda) for part in met)
            if func == DEVICE:
                return CUDA if here else torch.device("cpu")
            if func == IS_CUDA:
                return here
            if here and func in NO_NUMPY:
                raise TypeError("can't convert cuda:0 device type tensor to numpy.")
            if func in MOVES:
                return _moved(func, args, kwargs, here)
            asked = kwargs.pop("device", None)
            cuda = here if asked is None else torch.device(asked).type == "cuda"
            generator = kwargs.get("generator")
            if generator is not None and isinstance(generator, CudaGenerator) != cuda:
                raise RuntimeError(f"{func.__name__}: a generator on another device")
            if here and func in ANY_INDEX:
                met = _tensors((args[0], *args[2:]))
            if here and func != torch.Tensor.copy_ and any(not isinstance(part, OnCuda) and (part.ndim > 0 or func in TOGETHER) for part in met):
                raise RuntimeError(f"{func.__name__}: expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!")
            return _marked(func(*args, **kwargs), cuda)


def _moved(func: Any, args: Any, kwargs: Any, here: bool) -> Any:
    cuda = {torch.Tensor.cpu: False, torch.Tensor.cuda: True}.get(func, here)
    kept = [args[0]]
    for part in args[1:]:
        if isinstance(part, torch.Tensor):
            cuda = isinstance(part, OnCuda)
            kept.append(part.dtype)
        elif isinstance(part, (str, torch.device)):
            cuda = torch.device(part).type == "cuda"
        else:
            kept.append(part)
    asked = kwargs.pop("device", None)
    cuda = cuda if asked is None else torch.device(asked).type == "cuda"
    return _marked(func(*kept, **kwargs) if func == torch.Tensor.to and (len(kept) > 1 or kwargs) else args[0], cuda)


@contextmanager
def fake_cuda() -> Iterator[None]:
    """Let there be one GPU."""
    with pytest.MonkeyPatch.context() as patch, _Mode():
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.setattr(torch.cuda, "device_count", lambda: 1)
        patch.setattr(torch.cuda, "get_device_name", lambda *_: "none, in truth")
        patch.setattr(torch, "Generator", lambda device="cpu": CudaGenerator() if torch.device(device).type == "cuda" else _GENERATOR())
        yield
