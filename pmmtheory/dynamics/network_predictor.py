"""Noise predictors that are trained networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics.conditioning import both, for_each, placed
from pmmtheory.dynamics.predictor import Predictor
from pmmtheory.errors import InvalidParameter, PmmError, choice, flag, real
from pmmtheory.noise.predictions import known_kind, noise_in
from pmmtheory.noise.schedule import NoiseSchedule


class NetworkPredictor(Predictor):
    """The noise in x at training time t by one forward pass of a network.

    With guidance g, conditioning c and none of it, o = network(x, t - 1, none) + g (network(x, t - 1, c) - network(x, t - 1, none)) by one pass of a
    doubled batch, which counts as one call. What o predicts is turned into noise as in noise.predictions.

    A torch module is asked in evaluation mode, on its own device and in its own dtype; the answer comes back to those of x. Gradients are recorded
    only where x asks for them.

    Parameters
    ----------
    network : torch module, or function of (x, t, **conditioning)
        Its answer is a tensor of the shape of x, a tuple that begins with one, or an object with one as attribute `sample` (a UNet2DOutput).
    schedule : NoiseSchedule
        That the network was trained with.
    prediction_type : "epsilon", "sample" or "v_prediction"
    conditioning : mapping of names to values
        Handed to the network by name; a tensor has one entry a point of the batch along its first axis, or one for all.
    guidance : float, optional
        g, the weight of classifier-free guidance: 1 is the conditioning as it is.
    unconditional : mapping of names to values, given with guidance
        The conditioning of no condition; names that are missing are the same in both.
    zero_based : bool
        Whether the network counts its N training times from 0, as those of the diffusers library: it is asked at t - 1, times 1 to N here.
    times : "batch" or "scalar"
        The time as a tensor with an entry a point, shape (n,), or without axes.
    time_dtype : torch.dtype, optional
        Of the time. By default whole times are int64, as an embedding by index needs, and others float32, or float64 for a network in that.

    Raises
    ------
    InvalidParameter
        Naming the parameter that is wrong; `network` where it raises or its answer has another shape than x; `t` for a time before its first; or the
        conditioning with an entry for another number of points.

    Source: Ho & Salimans 2022 (arXiv 2207.12598), eq. 6, where g = 1 + w.

    Examples
    --------
    >>> labels, none = torch.tensor([1.0, 2.0]), torch.tensor(0.0)
    >>> network = lambda x, t, label: x + label[:, None]
    >>> eps = NetworkPredictor(network, NoiseSchedule.linear(), conditioning={"label": labels}, guidance=3.0, unconditional={"label": none})
    >>> eps(torch.zeros(2, 1), 500.0)
    tensor([[3.],
            [6.]])
    """

    def __init__(
        self,
        network: Callable[..., Any],
        schedule: NoiseSchedule,
        prediction_type: str = "epsilon",
        conditioning: Mapping[str, Any] | None = None,
        *,
        guidance: float | None = None,
        unconditional: Mapping[str, Any] | None = None,
        zero_based: bool = True,
        times: str = "batch",
        time_dtype: torch.dtype | None = None,
    ):
        if not callable(network):
            raise InvalidParameter("network", network, "a torch module, or a function of (x, t)")
        if not isinstance(schedule, NoiseSchedule):
            raise InvalidParameter("schedule", schedule, "a NoiseSchedule, e.g. NoiseSchedule.linear()")
        choice("times", times, ("batch", "scalar"))
        if not (conditioning is None or isinstance(conditioning, Mapping)):
            raise InvalidParameter("conditioning", conditioning, "a mapping of names to values")
        if not (time_dtype is None or isinstance(time_dtype, torch.dtype)):
            raise InvalidParameter("time_dtype", time_dtype, "a dtype of torch, or None")
        if (guidance is None) != (unconditional is None):
            raise InvalidParameter("guidance", guidance, "given together with unconditional, or neither of them")
        self.network, self.schedule, self.prediction_type = network, schedule, known_kind(prediction_type)
        self.conditioning = dict(conditioning or {})
        if unconditional is not None and (not isinstance(unconditional, Mapping) or not set(unconditional) <= set(self.conditioning)):
            known = ", ".join(self.conditioning) or "without any"
            raise InvalidParameter("unconditional", unconditional, f"a mapping of names to values, names of the conditioning, here {known}")
        self.guidance, self.unconditional = None if guidance is None else real("guidance", guidance), dict(unconditional or {})
        self.zero_based, self.times, self.time_dtype = flag("zero_based", zero_based), times, time_dtype

    def __call__(self, x: Tensor, t: Any) -> Tensor:
        batch = x if x.ndim else x[None]
        time = _one_or_each(t, len(batch))
        with torch.set_grad_enabled(torch.is_grad_enabled() and x.requires_grad), _evaluating(self.network):
            output = self._guided(batch, time)
        if self.prediction_type != "epsilon":
            alpha, sigma = (level(time).to(x).reshape(-1, *(1,) * (batch.ndim - 1)) for level in (self.schedule.alpha, self.schedule.sigma))
            output = noise_in(batch, output, alpha, sigma, self.prediction_type)
        return output.reshape(x.shape)

    def _guided(self, x: Tensor, time: Tensor) -> Tensor:
        """What the network says of x, with guidance where that is asked for, in the dtype of x."""
        if self.guidance is None:
            return self._answer(x, time, {name: for_each(name, value, len(x)) for name, value in self.conditioning.items()}).to(x)
        told = {name: both(name, self.unconditional.get(name, value), value, len(x)) for name, value in self.conditioning.items()}
        without, given = self._answer(torch.cat([x, x]), torch.cat([time, time]) if time.ndim else time, told).to(x).chunk(2)
        return without + self.guidance * (given - without)

    def _answer(self, x: Tensor, time: Tensor, told: Mapping[str, Any]) -> Tensor:
        """One forward pass."""
        device, dtype = _place(self.network, x)
        shown = self._shown(time, len(x), device, dtype)
        try:
            found = self.network(x.to(device, dtype), shown, **placed(told, device, dtype))
        except (PmmError, torch.cuda.OutOfMemoryError):
            raise
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            asked = ", ".join([f"x of shape {tuple(x.shape)}", f"times of shape {tuple(shown.shape)}", *told])
            why = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0].rstrip('.')}"
            raise InvalidParameter("network", type(self.network).__name__, f"it must take {asked}, and raised {why}") from error
        output = _tensor_of(found)
        if output.shape != x.shape:
            raise InvalidParameter("network", tuple(output.shape), f"its answer must have the shape of what it is asked about, here {tuple(x.shape)}")
        return output

    def _shown(self, time: Tensor, points: int, device: torch.device, dtype: torch.dtype) -> Tensor:
        """The time as the network counts it."""
        own = time - float(self.zero_based)
        if bool((own < 0).any()):
            raise InvalidParameter("t", float(own.min()) + 1, "1 at least, the first training time of a network that counts from 0")
        if self.times == "scalar" and own.ndim:
            raise InvalidParameter("times", "scalar", '"batch", where points have times of their own')
        whole = torch.int64 if bool((own == own.round()).all()) else torch.promote_types(dtype, torch.float32)
        own = own.to(device=device, dtype=self.time_dtype or whole)
        return own if self.times == "scalar" else own.expand(points)


def _one_or_each(t: Any, points: int) -> Tensor:
    """A training time of all points, without axes, or of each, in float64."""
    if not isinstance(t, Tensor) or t.numel() == 1:
        return torch.tensor(float(t), dtype=torch.float64)
    if t.numel() != points or len(t) != points:
        raise InvalidParameter("t", tuple(t.shape), f"a number, or one for each of {points} points")
    return t.detach().reshape(points).to(device="cpu", dtype=torch.float64)


def _tensor_of(found: Any) -> Tensor:
    """The tensor in an answer."""
    if not isinstance(found, Tensor):
        first = found[0] if isinstance(found, (tuple, list)) and found else getattr(found, "sample", None)
        if not isinstance(first, Tensor):
            raise InvalidParameter("network", type(found).__name__, "its answer must be a tensor, a tuple that begins with one, or have one as `sample`")
        return first
    return found


def _place(network: Any, x: Tensor) -> tuple[torch.device, torch.dtype]:
    """The device and the floating dtype of a module's parameters; those of x for what has none."""
    if isinstance(network, torch.nn.Module):
        for parameter in network.parameters():
            if parameter.is_floating_point():
                return parameter.device, parameter.dtype
    return x.device, x.dtype


@contextmanager
def _evaluating(network: Any) -> Iterator[None]:
    """A module in evaluation mode; the parts of it that were in training mode are so again afterwards."""
    training = [module for module in network.modules() if module.training] if isinstance(network, torch.nn.Module) else []
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True
