"""Networks as predictors: conditioning, guidance, what they predict and how they answer."""

from __future__ import annotations

from collections import OrderedDict
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.discover import classes
from pmmtheory.errors import InvalidParameter
from pmmtheory.schedulers import DDIM, ExactPredictor, NoiseSchedule, PoissonMidpointScheduler, Predictor, RandomizedMidpointScheduler, Scheduler
from pmmtheory.targets import GaussianMixture
from tests.schedulers.networks import Conditional, noise

SCHEDULE = NoiseSchedule.linear()
SCHEDULERS: dict[str, type[Scheduler]] = classes("pmmtheory.schedulers", Scheduler)
EACH = pytest.mark.parametrize("kind", SCHEDULERS.values(), ids=SCHEDULERS)
LABELS, NONE = torch.tensor([1, 2, 3, 1]), torch.tensor([0])
EXACT = ExactPredictor(GaussianMixture([0.4, 0.6], [[-1.5, 0.0], [1.0, 0.5]], [0.1, 0.3]), SCHEDULE)


@EACH
def test_a_conditional_network_is_asked_with_its_whole_batch(kind: type[Scheduler]) -> None:
    network, sampler = Conditional(), kind(SCHEDULE, 6)
    sampler.sample(Predictor.from_network(network, SCHEDULE, label=LABELS), noise(), seed=1)
    dtypes = {torch.int64} | ({torch.float32} if kind is RandomizedMidpointScheduler else set())
    for asked in network.asked:
        assert asked["points"] == 4 and torch.equal(asked["label"], LABELS) and asked["t"].shape == (4,) and asked["t"].dtype in dtypes
    if kind is not PoissonMidpointScheduler:
        assert len(network.asked) == sampler.calls


@EACH
def test_each_point_follows_its_own_label(kind: type[Scheduler]) -> None:
    """As in a batch all of whose points have that label."""
    network, sampler = Conditional(), kind(SCHEDULE, 6)
    mixed = sampler.sample(Predictor.from_network(network, SCHEDULE, label=LABELS), noise(), seed=1)
    for label in (1, 2, 3):
        alike = sampler.sample(Predictor.from_network(network, SCHEDULE, label=torch.tensor(label)), noise(), seed=1)
        assert torch.allclose(mixed[label == LABELS], alike[label == LABELS], atol=1e-5)
        assert not torch.allclose(mixed[label != LABELS], alike[label != LABELS], atol=1e-2)


@pytest.mark.parametrize("kind", ["epsilon", "sample", "v_prediction"])
def test_guidance_is_one_pass_of_a_doubled_batch(kind: str) -> None:
    """Against two passes of the network, and two predictors, put together by hand."""
    network, x = Conditional(), noise(dtype=torch.float64)
    network.double().eval()
    guided = Predictor.from_network(network, SCHEDULE, kind, label=LABELS, guidance=7.5, unconditional={"label": NONE})
    found = guided(x, 300.0)
    (asked,) = network.asked
    assert asked["points"] == 8 and asked["label"].tolist() == [0] * 4 + LABELS.tolist() and asked["t"].tolist() == [299] * 8
    with_label, without = (Predictor.from_network(network, SCHEDULE, kind, label=label)(x, 300.0) for label in (LABELS, NONE))
    assert torch.allclose(found, without + 7.5 * (with_label - without), rtol=1e-9, atol=1e-9)
    outputs = [network(x, torch.full((4,), 299), label) for label in (LABELS, NONE.expand(4))]
    output = outputs[1] + 7.5 * (outputs[0] - outputs[1])
    alpha, sigma = SCHEDULE.alpha(300.0), SCHEDULE.sigma(300.0)
    wanted = {"epsilon": output, "sample": (x - alpha * output) / sigma, "v_prediction": alpha * output + sigma * x}[kind]
    assert torch.allclose(found, wanted, rtol=1e-9, atol=1e-9)


def test_guidance_costs_one_call_and_its_weight_matters() -> None:
    network, sampler = Conditional(), PoissonMidpointScheduler(SCHEDULE, 6, midpoints="interior")
    made = {}
    for weight in (0.0, 1.0, 4.0):
        eps = Predictor.from_network(network, SCHEDULE, label=LABELS, guidance=weight, unconditional={"label": NONE})
        network.asked.clear()
        made[weight] = sampler.sample(eps, noise())
        assert len(network.asked) == sampler.calls == 12
    for weight, label in ((0.0, NONE), (1.0, LABELS)):
        assert torch.allclose(made[weight], sampler.sample(Predictor.from_network(network, SCHEDULE, label=label), noise()), atol=1e-5)
    assert not torch.allclose(made[4.0], made[1.0], atol=0.1)


def test_conditioning_within_conditioning() -> None:
    """Mappings inside, what is the same for all points, and what is no tensor."""
    seen: list[Any] = []

    def network(x: Tensor, t: Tensor, added: dict[str, Any], style: str, mask: Tensor) -> tuple[Tensor]:
        seen.append((added, style, mask))
        return (x + added["text"][:, :1, None, None],)

    text, empty, mask = torch.randn(4, 3), torch.zeros(1, 3), torch.ones(1, 5)
    given = {"added": {"text": text, "size": torch.tensor(64.0)}, "style": "ink", "mask": mask}
    plain = Predictor.from_network(network, SCHEDULE, **given)
    guided = Predictor.from_network(network, SCHEDULE, **given, guidance=2.0, unconditional={"added": {"text": empty}})
    x = noise()
    assert torch.allclose(guided(x, 5.0), x + 2 * text[:, :1, None, None], atol=1e-6)
    assert torch.equal(plain(x, 5.0), x + text[:, :1, None, None])
    assert [(added["text"].shape, added["size"].tolist(), style, mask.shape) for added, style, mask in seen] == [
        ((8, 3), [64.0] * 8, "ink", (8, 5)),
        ((4, 3), [64.0] * 4, "ink", (4, 5)),
    ]


def answers(output: Tensor) -> list[Any]:
    return [output, (output, "more"), [output], SimpleNamespace(sample=output), OrderedDictWithSample(sample=output)]


class OrderedDictWithSample(OrderedDict[str, Tensor]):
    """As the outputs of the diffusers library are."""

    @property
    def sample(self) -> Tensor:
        return self["sample"]


@pytest.mark.parametrize("form", range(5))
def test_answers_of_every_form(form: int) -> None:
    x = noise()
    assert torch.equal(Predictor.from_network(lambda x, t: answers(2 * x)[form], SCHEDULE)(x, 9.0), 2 * x)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["epsilon", "sample", "v_prediction"])
@pytest.mark.parametrize("zero_based", [True, False])
def test_what_a_network_predicts_becomes_the_noise(kind: str, zero_based: bool) -> None:
    """A network that predicts the exact data, or v by its definition: the same noise, and the same samples, shared times or not."""

    def network(x: Tensor, t: Tensor) -> Tensor:
        time = (t + zero_based).to(torch.float64)[:, None]
        eps, alpha, sigma = EXACT(x, time), SCHEDULE.alpha(time), SCHEDULE.sigma(time)
        data = (x - sigma * eps) / alpha
        return {"epsilon": eps, "sample": data, "v_prediction": alpha * eps - sigma * data}[kind]

    eps = Predictor.from_network(network, SCHEDULE, kind, zero_based=zero_based)
    x = 2 * torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for t in (1.0, 37.25, 1000.0, torch.tensor([1, 5, 20.5, 300, 999, 1000], dtype=torch.float64)[:, None]):
        assert torch.allclose(eps(x, t), EXACT(x, t), rtol=1e-9, atol=1e-9)
    for options in ({"steps": 10}, {"steps": 9, "spacing": "log-snr", "end": 1}):
        sampler = PoissonMidpointScheduler(SCHEDULE, substeps=5, **options)  # type: ignore[arg-type]
        for independent in (False, True):
            found, wanted = (sampler.sample(each, x, 3, independent=independent) for each in (eps, EXACT))
            assert torch.allclose(found, wanted, rtol=1e-7, atol=1e-7)
    wrong = Predictor.from_network(network, SCHEDULE, kind, zero_based=not zero_based)
    assert not torch.allclose(wrong(x, 20.0), EXACT(x, 20.0), rtol=1e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_module_is_asked_in_its_own_dtype(dtype: torch.dtype) -> None:
    network = Conditional().to(dtype)
    eps = Predictor.from_network(network, SCHEDULE, "v_prediction", label=LABELS)
    end = DDIM(SCHEDULE, 5, spacing="log-snr", end=1).sample(eps, noise())
    assert end.dtype == torch.float32 and bool(torch.isfinite(end).all())
    assert {asked["dtype"] for asked in network.asked} == {dtype}
    times = {asked["t"].dtype for asked in network.asked}
    assert times == {torch.int64, torch.float64 if dtype == torch.float64 else torch.float32}  # the first is N, and half of that has too few digits


def test_floating_conditioning_comes_in_the_dtype_of_the_module() -> None:
    seen: list[torch.dtype] = []

    class Network(torch.nn.Linear):
        def forward(self, x: Tensor, t: Tensor, text: Tensor) -> Tensor:  # type: ignore[override]
            seen.extend([x.dtype, text.dtype])
            return super().forward(x) + text

    eps = Predictor.from_network(Network(3, 3).to(torch.bfloat16), SCHEDULE, text=torch.ones(1, 3))
    assert eps(torch.zeros(2, 3), 5.0).dtype == torch.float32 and seen == [torch.bfloat16] * 2


def test_a_module_is_asked_in_evaluation_mode_without_gradients() -> None:
    network = Conditional()
    network.convolution.eval()
    eps = Predictor.from_network(network, SCHEDULE, label=LABELS)
    one, other = (eps(noise(), 10.0) for _ in range(2))
    assert torch.equal(one, other) and not one.requires_grad
    assert not any(asked["training"] or asked["grad"] for asked in network.asked)
    assert network.training and network.dropout.training and not network.convolution.training
    with pytest.raises(InvalidParameter):
        eps(noise()[:, :1], 10.0)
    assert network.dropout.training


def test_gradients_come_where_points_ask_for_them() -> None:
    eps = Predictor.from_network(lambda x, t: x**3, SCHEDULE)
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (slope,) = torch.autograd.grad(eps(x, 5.0).sum(), x)
    assert slope.tolist() == [3.0, 12.0]


def test_independent_points_and_a_label_for_each_do_not_meet() -> None:
    eps = Predictor.from_network(Conditional(), SCHEDULE, label=LABELS)
    with pytest.raises(InvalidParameter, match=r"^label = \(4,\)"):
        PoissonMidpointScheduler(SCHEDULE, 10).sample(eps, noise(), independent=True)
    alike = Predictor.from_network(Conditional(), SCHEDULE, label=torch.tensor(2))
    assert PoissonMidpointScheduler(SCHEDULE, 10).sample(alike, noise(), independent=True).shape == noise().shape


def test_the_shape_of_a_point_is_that_of_x_and_said_for_a_chain() -> None:
    eps = Predictor.from_network(Conditional(), SCHEDULE, label=torch.tensor(1))
    with pytest.raises(InvalidParameter, match="event_shape"):
        DDIM(SCHEDULE, 5).chain(eps)
    assert DDIM(SCHEDULE, 5).chain(eps, event_shape=(2, 4, 4)).scheme.dynamics.state_shape == (2, 4, 4)
