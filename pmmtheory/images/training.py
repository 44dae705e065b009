"""Training that can be stopped at any time: the same weights come out as without the interruption."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from pmmtheory.errors import InvalidParameter, count, positive, whole
from pmmtheory.images.checkpoints import read, replace
from pmmtheory.numerics.devices import known_device
from pmmtheory.particles.simulate import stream

Model = TypeVar("Model", bound=nn.Module)
Report = Callable[[int, float, float], None]
"""Called with the number of steps done, the mean loss since the last call, and the seconds left."""


@dataclass(frozen=True)
class Training:
    """How a model is trained: by Adam, with the mean of its weights over the last steps as the result.

    Attributes
    ----------
    steps : int
    batch : int
        Images a step.
    rate : float
        The largest learning rate: it rises to that over the first 2% of the steps and falls to 0 like a cosine.
    memory : float
        Of the mean of the weights: w <- m w + (1 - m) new, m = min(memory, (1 + step)/(10 + step)).
    seed : int
        Of the first weights and of every step, whose random numbers depend only on the seed and its number.
    device : str
    data : str
        What is learned from, in words: a state that was kept is not gone on with on other data.
    """

    steps: int
    batch: int = 64
    rate: float = 1e-3
    memory: float = 0.999
    seed: int = 0
    device: str = "cpu"
    data: str = ""

    def __post_init__(self) -> None:
        count("steps", self.steps)
        count("batch", self.batch)
        positive("rate", self.rate)
        whole("seed", self.seed)
        known_device(self.device)
        if not 0 <= self.memory < 1:
            raise InvalidParameter("memory", self.memory, "from 0 up to, not including, 1")

    def built(self, make: Callable[[], Model]) -> Model:
        """A model with first weights that depend on the seed alone, on the device."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return make().to(self.device)

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, from 0 on."""
        rise = max(1, self.steps // 50)
        return self.rate * min(1.0, (step + 1) / rise) * (1 + math.cos(math.pi * step / self.steps)) / 2


def train(
    model: Model,
    loss: Callable[[Model, torch.Generator], Tensor],
    training: Training,
    state: Path | None = None,
    report: Report | None = None,
    every: int = 100,
    stop: Callable[[], bool] | None = None,
) -> Model:
    """Train a model, and return one with the mean weights, in eval mode.

    Parameters
    ----------
    model : nn.Module
        With its first weights; it is changed.
    loss : function of (model, generator)
        The loss of one batch, all of whose random numbers come from the generator.
    training : Training
    state : Path, optional
        Where to keep all that is needed to go on. Where the file is there, training goes on from it. It is removed at the end.
    report : function of (steps done, loss, seconds left), optional
    every : int
        Steps between reports and between two states.
    stop : function, optional
        Asked after every step; at True the state is written and KeyboardInterrupt raised.

    Raises
    ------
    InvalidParameter
        Naming `state` where it is that of another training.
        Or naming `rate`, where the loss is no longer finite.
    """
    mean = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=training.rate, weight_decay=1e-4)
    first = _restored(state, training, model, mean, optimizer) if state is not None and state.exists() else 0
    model.train()
    began, losses = time.monotonic(), []
    for step in range(first, training.steps):
        value = loss(model, stream(training.seed, step, training.device))
        optimizer.param_groups[0]["lr"] = training.rate_at(step)
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        _average(mean, model, min(training.memory, (1 + step) / (10 + step)))
        losses.append(float(value.detach()))
        if not math.isfinite(losses[-1]):
            raise InvalidParameter("rate", training.rate, f"one at which the loss stays finite, which it did not at step {step + 1}")
        done, asked = step + 1, stop is not None and stop()
        if (done % every == 0 or done == training.steps) and report is not None:
            report(done, sum(losses) / len(losses), (time.monotonic() - began) / (done - first) * (training.steps - done))
            losses = []
        if state is not None and (done % every == 0 or asked) and done < training.steps:
            _keep(state, training, done, model, mean, optimizer)
        if asked and done < training.steps:
            raise KeyboardInterrupt
    if state is not None:
        state.unlink(missing_ok=True)
    return mean.eval()


@torch.no_grad()
def _average(mean: nn.Module, model: nn.Module, memory: float) -> None:
    torch._foreach_lerp_(list(mean.parameters()), list(model.parameters()), 1 - memory)
    for buffer, latest in zip(mean.buffers(), model.buffers(), strict=True):
        buffer.copy_(latest)


def _keep(state: Path, training: Training, step: int, model: nn.Module, mean: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    parts = {"model": model.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict()}
    replace(state, {"training": asdict(training), "step": step} | parts)


def _restored(state: Path, training: Training, model: nn.Module, mean: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Put the models and the optimizer where they were; the number of steps done."""
    content = read(state, "the state of a training that was stopped; remove it to begin anew", "state")
    if content.get("training") != asdict(training):
        raise InvalidParameter("state", str(state), f"the state of this training, not of {content.get('training')}; remove it to begin anew")
    try:
        model.load_state_dict(content["model"])
        mean.load_state_dict(content["mean"])
        optimizer.load_state_dict(content["optimizer"])
    except (KeyError, RuntimeError, ValueError):
        raise InvalidParameter("state", str(state), "the state of a training of the same model; remove it to begin anew") from None
    return int(content["step"])
