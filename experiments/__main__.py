"""`python -m experiments`: run the reference studies and say what was found."""

from pmmtheory.harness.cli import main
from pmmtheory.harness.project import Project

if __name__ == "__main__":
    main(Project("experiments"), "python -m experiments")
