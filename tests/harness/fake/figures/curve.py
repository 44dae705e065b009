"""A power law."""

title = "what holds"


def draw(results):
    from pmmtheory.harness.figures.style import panels

    figure, axes = panels(1, 1, 2.4)
    for outcome in results.outcomes("good"):
        axes[0, 0].loglog([step for step, _ in outcome.points], [value.value for _, value in outcome.points])
    return figure
