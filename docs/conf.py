"""The documentation: `sphinx-build -W docs OUT`. The API, the tables of engines and theorems and the gallery are made from the code when it is built."""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import pmmtheory

project, author, copyright = "pmmtheory", "pmmtheory developers", "pmmtheory developers, Apache-2.0"
release = version = pmmtheory.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "myst_parser"]
html_theme, html_title = "furo", f"pmmtheory {release}"
exclude_patterns = ["_build"]
templates_path = ["_templates"]
myst_heading_anchors = 3
numpydoc_show_class_members = False
autodoc_typehints = "none"  # they stand in the signatures of the source and, in words, in the docstrings
autosummary_ignore_module_all = False

ROOMS = {
    "estimate": "A number with its error",
    "targets": "What is sampled",
    "noise": "Noise schedules",
    "dynamics": "The SDEs",
    "schemes": "One step of a chain",
    "schedulers": "Samplers of diffusion models",
    "chain": "A scheme with its start",
    "laws": "The law of a chain",
    "particles": "Simulation",
    "divergences": "Distances",
    "rates": "Rates and verdicts",
    "theory": "What theory predicts",
    "images": "Image data",
    "testing": "For tests of other projects",
    "testing.strategies": "Strategies of hypothesis",
    "rigor": "Certified numbers",
    "harness": "Studies",
    "harness.claims": "The usual claims of a study",
    "harness.figures": "Figures in one call",
    "harness.figures.style": "The style of figures",
    "integrations.diffusers": "Schedulers of the diffusers library",
    "errors": "What is raised",
}
"""Modules whose public names are the API, in the order of reading."""


def public(module: ModuleType) -> list[str]:
    """The names in __all__; else what the module defines, or exports by `import name as name`."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    exported = set(re.findall(r" import (\w+) as \1$", Path(str(module.__file__)).read_text(), re.MULTILINE))
    own = {name for name, item in vars(module).items() if callable(item) and getattr(item, "__module__", "") == module.__name__}
    return sorted(name for name in exported | own if not name.startswith("_"))


def write_api(folder: Path) -> None:
    """A page for each module of ROOMS, with a table of its public names, each told once; and a list of these pages."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    told: set[int] = set()
    for name, title in ROOMS.items():
        full = f"pmmtheory.{name}"
        module = importlib.import_module(full)
        known = {key: id(getattr(module, key)) for key in public(module)}
        again = [key for key, thing in known.items() if thing in told]
        told |= set(known.values())
        lines = [
            title,
            "=" * len(title),
            "",
            f"``{full}``",
            "",
            f".. currentmodule:: {full}",
            "",
            ".. autosummary::",
            "   :toctree: names",
            "   :nosignatures:",
            "",
        ]
        lines += [f"   {key}" for key in known if key not in again]
        lines += ["", f"Also here: {', '.join(f'``{key}``' for key in again)}."] if again else []
        (folder / f"{name}.rst").write_text("\n".join([*lines, ""]))
    head = ["API", "===", "", "The public names of every room, in the order in which one meets them.", "", ".. toctree::", "   :maxdepth: 1", ""]
    (folder / "index.rst").write_text("\n".join([*head, *(f"   {name}" for name in ROOMS), ""]))


class Engines(SphinxDirective):
    """The table of `pmmtheory engines`, as the engines answer now."""

    def run(self) -> list[nodes.Node]:
        from pmmtheory.harness.engine_table import markdown

        return self.parse_text_to_nodes(markdown())


class Theorems(SphinxDirective):
    """The table of `pmmtheory theorems`, in full, with the studies whose claims cite each."""

    def run(self) -> list[nodes.Node]:
        from pmmtheory.harness import discover
        from pmmtheory.harness.project import Project
        from pmmtheory.harness.theorems import markdown, rows, theorems_of

        project = Project("experiments")
        checks = discover.checks_by_study(discover.find_studies(project.part("studies")).values(), "full")
        return self.parse_text_to_nodes(markdown(rows(theorems_of(project).values(), checks, {})))


class Gallery(SphinxDirective):
    """Every committed figure, with its title."""

    def run(self) -> list[nodes.Node]:
        from pmmtheory.harness.figures.gallery import find_figures

        found, text = find_figures("paper_figures.figures"), []
        for path in sorted((HERE.parent / "paper_figures").glob("*.png")):
            entry = found[path.stem]
            text += [f"**{entry.title}** (`python -m paper_figures {entry.name}`)", "", f"![{entry.title}](../paper_figures/{path.name})", ""]
        return self.parse_text_to_nodes("\n".join(text))


def plain(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Let |x|, a*b and tables in docstrings mean themselves: the formulas are plain text, not markup."""
    told, literal, table = [], False, False
    for line in lines:
        if line.lstrip().startswith("| "):
            told += [f"    {line}"] if table else ["::", "", f"    {line}"]
            table = True
            continue
        told += [""] if table else []
        table = False
        literal = line.lstrip().startswith(">>>") or (literal and bool(line.strip()))
        told.append(line if literal else re.sub(r"(?<=\w)_(?!\w)", r"\\_", re.sub(r"([|*])", r"\\\1", line)))
    lines[:] = told


def setup(app: Sphinx) -> None:
    """Register the directives, and write the pages of the API before pages are looked for."""
    write_api(HERE / "api")
    app.add_directive("engines", Engines)
    app.add_directive("theorems", Theorems)
    app.add_directive("gallery", Gallery)
    app.connect("autodoc-process-docstring", plain, priority=1)
