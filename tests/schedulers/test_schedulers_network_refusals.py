"""Networks as predictors that are asked for nonsense: each is refused by name."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.schedulers import DDIM, NoiseSchedule, Predictor
from tests.schedulers.networks import Conditional, noise

SCHEDULE = NoiseSchedule.linear()
LABELS, NONE = torch.tensor([1, 2, 3, 1]), torch.tensor([0])


def from_network(network: Any = lambda x, t: x, *options: Any, **named: Any) -> Any:
    return Predictor.from_network(network, *(options or (SCHEDULE,)), **named)


def asked(network: Any, x: Tensor | None = None, **named: Any) -> Any:
    return DDIM(SCHEDULE, 5).sample(from_network(network, **named), noise() if x is None else x)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: from_network("unet"), "network"),
        (lambda: from_network(lambda x, t: x, "linear"), "schedule"),
        (lambda: from_network(prediction_type="noise"), "prediction_type"),
        (lambda: from_network(prediction_type=None), "prediction_type"),
        (lambda: from_network(times="each"), "times"),
        (lambda: from_network(guidance=2.0), "guidance"),
        (lambda: from_network(unconditional={}), "guidance"),
        (lambda: from_network(guidance=math.nan, unconditional={}), "guidance"),
        (lambda: from_network(guidance=2.0, unconditional={"label": NONE}), "unconditional"),
        (lambda: from_network(guidance=2.0, unconditional=NONE, label=LABELS), "unconditional"),
        (lambda: asked(lambda x, t, label: x, guidance=2.0, unconditional={"label": 0}, label=LABELS), "unconditional"),
        (lambda: asked(lambda x, t, label: x, guidance=2.0, unconditional={"label": torch.zeros(1, 3)}, label=LABELS), "unconditional"),
        (lambda: asked(lambda x, t, label: x, label=LABELS[:3]), "label"),
        (lambda: asked(lambda x, t: x * math.nan), "predictor"),
        (lambda: asked(lambda x, t: x[:, :1]), "network"),
        (lambda: asked(lambda x, t: torch.cat([x, x], 1)), "network"),
        (lambda: asked(lambda x, t: None), "network"),
        (lambda: asked(lambda x, t: ()), "network"),
        (lambda: asked(lambda x: x), "network"),
        (lambda: asked(Conditional()), "network"),
        (lambda: asked(Conditional(), noise(channels=3), label=LABELS), "network"),
        (lambda: asked(lambda x, t: x, torch.ones(3, 2, dtype=torch.int64)), "x"),
        (lambda: asked(lambda x, t: x, torch.ones(3, 2, dtype=torch.complex64)), "x"),
        (lambda: asked(lambda x, t: x, torch.tensor(1.0)), "x"),
        (lambda: from_network()(noise(), 0.5), "t"),
        (lambda: from_network()(noise(), torch.ones(3)), "t"),
        (lambda: from_network(times="scalar")(noise(), torch.tensor([1.0, 2, 3, 4])), "times"),
        (lambda: DDIM(NoiseSchedule.linear(500), 5).sample(from_network(), noise()), "schedule"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(make: Any, name: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        make()
    assert error.value.name == name and "\n" not in str(error.value) and len(str(error.value)) < 400


def test_a_network_given_as_it_is_says_what_wraps_it() -> None:
    with pytest.raises(InvalidParameter, match=r"Predictor\.from_network"):
        DDIM(SCHEDULE, 5).sample(lambda x, t: (x,), noise())  # type: ignore[arg-type,return-value]
