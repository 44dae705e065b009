"""A small working example of a folder of one's own."""

from __future__ import annotations

from pathlib import Path

from pmmtheory.harness.errors import UsageError

_FILES = {
    "targets/tilted_well.py": '''"""A double well with a tilt: exp(-F) with F = x^4/4 - x^2/2 + x/4."""

from pmmtheory.targets import Potential

target = Potential(lambda x: x**4 / 4 - x**2 / 2 + x / 4, dim=1)
''',
    "schemes/two_stage.py": '''"""A scheme of one's own: the force is the mean of those before and after a full step with the same noise (stochastic Heun)."""

from pmmtheory.schemes import Normal, Scheme


class TwoStage(Scheme):
    draws = {"z": Normal()}
    drift_calls = 2

    def step(self, x, t, draws):
        h, z = self.step_size, draws["z"]
        noise = (2 * h) ** 0.5 * z
        before = self.dynamics.drift(x, t)
        after = self.dynamics.drift(x + h * before + noise, t)
        return x + h * (before + after) / 2 + noise, 0.0
''',
    "studies/two_stage.py": '''"""Claims about it: order 2 at stationarity, and controls that must fail."""

from pmmtheory.harness import Study
from pmmtheory.harness.claims import stationary_claims

STEPS = [0.04, 0.028, 0.02, 0.014, 0.01]


def checks(profile):
    yield from stationary_claims("tilted well", STEPS, "TwoStage", "two-stage", order=2, source="this example")
    yield from stationary_claims("tilted well", STEPS, "EulerMaruyama", "LMC", order=2, source="wrong on purpose", control=True)


study = Study("two_stage", "A scheme of my own", checks)
''',
    "figures/two_stage.py": '''"""Error against step size."""

title = "Total variation of the two-stage scheme"


def draw(results):
    from pmmtheory.harness.figures.style import panels

    figure, axes = panels(1, 1, 2.4)
    panel = axes[0, 0]
    for outcome in results.outcomes("two_stage"):
        if outcome.check.claim.distance == "tv":
            panel.loglog([step for step, _ in outcome.points], [value.value for _, value in outcome.points], "o-", label=outcome.check.claim.scheme)
    panel.set(xlabel="step size", ylabel="total variation")
    panel.legend()
    return figure
''',
}
"""By their places in the folder."""


def write_example(folder: Path) -> list[Path]:
    """Write the files of the example and return their paths.

    Raises
    ------
    UsageError
        The folder is not empty, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already and is not empty; choose another folder.")
    written = []
    try:
        for name, content in _FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise UsageError(f"the example cannot be written to {folder}: {error.strerror}.") from error
    return written
