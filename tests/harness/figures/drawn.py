"""A figure of the paper as pixels; as a program, the digests of those before "--", and the files of those after it in the folder "again"."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg

from pmmtheory.harness.figures import cli, style
from pmmtheory.harness.figures.gallery import Entry, find_figures
from pmmtheory.harness.figures.results import Results, open_results
from pmmtheory.harness.project import Project, use

EXPERIMENTS, GALLERY = Project("experiments"), "paper_figures.figures"


def drawn(entry: Entry, results: Results) -> FigureCanvasAgg:
    """The canvas of the figure."""
    with style.theme():
        canvas = FigureCanvasAgg(entry.draw(results))
        canvas.draw()
    return canvas


def digest(canvas: FigureCanvasAgg) -> str:
    """A hash of the pixels."""
    return hashlib.sha256(canvas.buffer_rgba()).hexdigest()


if __name__ == "__main__":
    store, *names = sys.argv[1:]
    names, whole = names[: names.index("--")], names[names.index("--") + 1 :]
    use(EXPERIMENTS)
    found, results = find_figures(GALLERY), open_results(Path(store), "quick")
    for name in names:
        print(digest(drawn(found[name], results)))
    cli.draw(GALLERY, whole, Path("again"), "quick", "cpu", Path(store))
