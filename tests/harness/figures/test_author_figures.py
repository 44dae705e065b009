"""Figures for authors: laws computed in one call, true widths, bars, particles marked, labels that do not overlap, controls by their constant."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from pmmtheory.divergences import w2
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.harness import discover
from pmmtheory.harness.figures import compare_samplers, comparison, plot_convergence, style
from pmmtheory.harness.figures.deviations import by_constant
from pmmtheory.harness.figures.study import describe, draw_study
from pmmtheory.harness.figures.ticks import log
from pmmtheory.harness.verdict import Outcome
from pmmtheory.rates import RateFit
from pmmtheory.schedulers import DDIM, DDPM, NoiseSchedule
from pmmtheory.schemes import BAOAB, EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import DoubleWell, Gaussian, GaussianMixture

STEPS = [0.08, 0.04, 0.02, 0.01]


def overlapping(axis: Axis) -> list[tuple[str, str]]:
    """Neighbouring labels of a drawn axis that touch."""
    panel: Any = axis.axes
    labels = [label for label in axis.get_ticklabels(which="both") if label.get_text() and label.get_visible()]
    low, high = sorted(axis.get_view_interval())
    inside = [label for label in labels if low * (1 - 1e-9) <= label.get_position()[0 if axis is panel.xaxis else 1] <= high * (1 + 1e-9)]
    boxes = sorted(((label.get_window_extent(), label.get_text()) for label in inside), key=lambda pair: pair[0].x0 + pair[0].y0)
    return [(one, two) for (box, one), (other, two) in zip(boxes, boxes[1:], strict=False) if box.overlaps(other)]


def drawn(figure: Figure) -> Figure:
    FigureCanvasAgg(figure).draw()
    for panel in figure.axes:
        for axis in (panel.xaxis, panel.yaxis):
            assert overlapping(axis) == []
    return figure


@pytest.mark.slow
def test_convergence_shows_the_closed_form_of_lmc_on_a_gaussian() -> None:
    """Its stationary law is N(0, 1/(1 - h/2)): W2 is the difference of the standard deviations."""
    figure = drawn(plot_convergence({"mine": EulerMaruyama}, Gaussian(), STEPS, ["w2"], width=style.COLUMN))
    (panel,) = figure.axes
    line = next(line for line in panel.get_lines() if line.get_marker() == "o")
    np.testing.assert_allclose(line.get_ydata(), [math.sqrt(1 / (1 - h / 2)) - 1 for h in line.get_xdata()], rtol=1e-6)
    assert sorted(line.get_xdata()) == sorted(STEPS)
    assert figure.get_figwidth() == 3.25
    assert line.get_label().startswith(("1.0", "0.99"))
    drawn_width = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    assert drawn_width.x0 >= 0 and drawn_width.x1 <= 3.25


@pytest.mark.slow
def test_convergence_takes_classes_schemes_and_functions() -> None:
    target = Gaussian(0.3, 1 / 1.7)
    prototype = PoissonMidpoint(plot_dynamics(target), 1.0, 4)
    figure = plot_convergence({"a": EulerMaruyama, "b": prototype, "c": lambda dynamics, step: PoissonMidpoint(dynamics, step, 4)}, target, STEPS, ["kl", "w2"])
    assert figure.get_figwidth() == 5.5 and len(figure.axes) == 2
    second, third = ([line for line in figure.axes[0].get_lines() if line.get_marker() == marker][0] for marker in "Ds")
    np.testing.assert_allclose(second.get_ydata(), third.get_ydata())
    figure = plot_convergence([BAOAB], target, friction=2.0, distances=["w2"])
    assert figure.axes[0].get_ylabel().endswith("position")


def plot_dynamics(target: Gaussian) -> object:
    from pmmtheory.dynamics import Overdamped

    return Overdamped(target)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (([], Gaussian()), "schemes"),
        (([EulerMaruyama, EulerMaruyama], Gaussian()), "schemes"),
        (([EulerMaruyama], Gaussian(), []), "step_sizes"),
        (([EulerMaruyama], Gaussian(), [-0.1]), "step_sizes"),
        (([EulerMaruyama], Gaussian(), [3.0, 2.5]), "step_sizes"),
        (([EulerMaruyama], DoubleWell()), "step_sizes"),
        (([EulerMaruyama], Gaussian(), STEPS, ["far"]), "distances"),
        (([EulerMaruyama], Gaussian(), STEPS, []), "distances"),
        (([EulerMaruyama], Gaussian(), STEPS, ["w2"], None, -1.0), "width"),
    ],
)
def test_convergence_refuses_in_one_sentence(arguments: tuple[object, ...], name: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        plot_convergence(*arguments)  # type: ignore[arg-type]
    assert refused.value.name == name


@pytest.mark.slow
def test_samplers_stand_at_their_calls_with_their_distances() -> None:
    """On a Gaussian DDIM is a linear map, so that its W2 is the difference of means and of standard deviations: by the law of moments."""
    data = Gaussian(0.5, 0.3)
    figure = drawn(compare_samplers(data, [10, 20], {"DDIM": DDIM, "DDPM": lambda schedule, steps: DDPM(schedule, steps, variant="V2")}, width=3.25))
    lines = {line.get_gid(): line for line in figure.axes[0].get_lines() if line.get_gid()}
    assert list(lines["DDIM"].get_xdata()) == [10, 20]
    schedule = NoiseSchedule.linear()
    points = schedule.marginal(data, 1000).sample(50_000, seed=1)
    from pmmtheory.schedulers import ExactPredictor

    for at, value in zip(*lines["DDIM"].get_data(), strict=True):
        seen = w2(DDIM(schedule, int(at)).sample(ExactPredictor(data, schedule), points), data)
        assert abs(seen.value - value) < 6 * seen.error
    assert figure.get_figwidth() == 3.25


@pytest.mark.slow
def test_particles_are_ringed_and_have_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object, **options: object) -> None:
        raise InvalidParameter("chain", None, "one that has a law")

    monkeypatch.setattr(comparison, "transient_law", refused)
    data = GaussianMixture(weights=[0.5, 0.5], means=[-1.0, 1.0], variances=[0.1, 0.1])
    figure = drawn(compare_samplers(data, [4], {"DDIM": DDIM}, particles=500))
    panel = figure.axes[0]
    rings = [line for line in panel.get_lines() if line.get_markersize() == style.RING["markersize"]]
    assert len(rings) == 1 and list(rings[0].get_xdata()) == [4]
    assert any(text.get_text() == "particles" for legend in figure.legends for text in legend.get_texts())
    assert any(collection.get_segments() and np.ptp(collection.get_segments()[0][:, 1]) > 0 for collection in panel.collections)
    with pytest.raises(InvalidParameter, match="for data on the line"):
        compare_samplers(Gaussian(0.0, [1.0, 2.0]), [4], {"DDIM": DDIM})


def test_samplers_are_refused_in_one_sentence() -> None:
    for arguments, name in ((([], None), "calls"), (([10], {}), "samplers"), (([0], None), "calls")):
        with pytest.raises(InvalidParameter) as refused:
            compare_samplers(Gaussian(), *arguments)  # type: ignore[arg-type]
        assert refused.value.name == name


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_labels_of_logarithmic_axes_do_not_overlap(seed: int) -> None:
    random = np.random.default_rng(seed)
    with style.theme():
        figure, axes = style.panels(1, 2, random.uniform(1.3, 3), width=random.choice([3.25, 5.5]))
        for panel in axes.flat:
            low = 10 ** random.uniform(-12, 4)
            x = np.geomspace(low, low * 10 ** random.uniform(0.2, 10), 5)
            panel.plot(x, x[::-1])
            log(panel)
        drawn(figure)
        for panel in axes.flat:
            labels = [label.get_text() for label in panel.get_yticklabels() if label.get_text()]
            assert len(labels) >= 2


@pytest.mark.slow
def test_overlapping_labels_are_seen() -> None:
    with style.theme():
        figure, axes = style.panels(1, 1, 2.0, width=1.5)
        axes[0, 0].set_xticks(np.linspace(0, 1, 30), [f"{x:.3f}" for x in np.linspace(0, 1, 30)])
        FigureCanvasAgg(figure).draw()
    assert overlapping(axes[0, 0].xaxis)


def control(rate: float, constant: float) -> Outcome:
    check = replace(next(iter(discover.find_studies("experiments.studies")["lmc"].checks("quick"))), control=True)
    fit = RateFit(rate, (rate - 0.01, rate + 0.01), constant, (constant, constant), (), "fail", "")
    return Outcome("controls", check, "fail", "", ((0.1, Estimate(0.1, 0.0, "")), (0.05, Estimate(0.05, 0.0, ""))), "", Estimate(0.5, 0.0, ""), fit)


def test_a_control_that_fails_by_its_constant_is_told_from_one_that_fails_by_its_rate() -> None:
    assert by_constant(control(1.0, 3.0)) == 6.0
    assert by_constant(control(2.0, 3.0)) is None
    assert by_constant(replace(control(1.0, 3.0), check=replace(control(1.0, 3.0).check, control=False))) is None


@pytest.mark.slow
def test_the_figure_of_a_study_has_its_points_and_words() -> None:
    ours = [control(1.0, 3.0)] * 9
    with style.theme():
        figure = draw_study(ours)
        assert figure is not None
        drawn(figure)
    legends = [len(panel.get_legend().get_texts()) for panel in figure.axes if panel.get_legend()]
    assert sum(legends) == 9 and max(legends) <= 8
    line = next(line for line in figure.axes[0].get_lines() if line.get_gid() == "1")
    assert list(line.get_ydata()) == [0.05, 0.1]
    assert "9 claims against the step, from 0.1 down to 0.05" in describe(ours) and "slopes lie between 1 and 1" in describe(ours)
    assert draw_study([]) is None


@pytest.mark.slow
def test_the_title_of_inequalities_does_not_touch_their_legend() -> None:
    """With claims, controls and what is not as it should be."""
    check = control(1.0, 3.0).check
    bound = replace(check, claim=replace(check.claim, kind="inequality"), control=False)
    made = [
        Outcome("any", replace(bound, control=controls), verdict, "", (), "", ratio=0.5)
        for controls, verdict in ((False, "pass"), (True, "fail"), (False, "fail"))
    ]
    with style.theme():
        figure = draw_study(made)
        assert figure is not None
        drawn(figure)
    panel = next(panel for panel in figure.axes if panel.get_title(loc="left").startswith("Inequalities"))
    legend = panel.get_legend()
    assert legend is not None and len(legend.get_texts()) == 3
    title = next(text for text in panel.findobj(Text) if text.get_text().startswith("Inequalities"))
    assert not title.get_window_extent().overlaps(legend.get_window_extent())
