"""The folder whose studies are run: the user's own, or the reference studies of the repository."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

OURS = str(__package__)
"""Where the measures are that every project has."""

PARTS = ("targets", "dynamics", "schemes", "schedulers", "divergences")
"""What cells may name, besides measures: classes and functions in files of these folders."""


@dataclass(frozen=True)
class Project:
    """A package or a folder with studies/ and, where wanted, measures/, targets/, dynamics/, schemes/, schedulers/, divergences/ and figures/.

    Attributes
    ----------
    package : str
        The package that holds them; "" where they are packages themselves.
    option : str
        How the folder is named to a command, e.g. "--studies mine"; "" where it need not be.
    """

    package: str = ""
    option: str = ""

    def part(self, kind: str) -> str:
        """The package of the studies, the measures, ..."""
        return f"{self.package}.{kind}" if self.package else kind

    def has(self, kind: str) -> bool:
        """Whether there is such a folder."""
        return has_package(self.part(kind))

    @property
    def parts(self) -> list[str]:
        """The packages of what cells may name."""
        return [self.part(kind) for kind in PARTS if self.has(kind)]

    @property
    def measures(self) -> list[str]:
        """The packages of its measures, then of ours."""
        return [self.part("measures"), f"{OURS}.measures"]


def has_package(name: str) -> bool:
    """Whether Python finds a package of this name."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


_used = Project(OURS)


def use(project: Project) -> None:
    """Let this process look for what cells name in a project."""
    global _used
    _used = project


def used() -> Project:
    """The project of this process."""
    return _used
