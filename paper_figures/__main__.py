"""`python -m paper_figures`: draw the figures."""

from pmmtheory.harness.figures.cli import main
from pmmtheory.harness.project import Project

if __name__ == "__main__":
    main(Project("experiments"), "paper_figures.figures", "python -m paper_figures")
