"""Find studies and measures by their folders: a new one is a new file, there is no list to edit."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.study import PROFILES, Check, Study

Measure = Callable[..., Any]


def find_studies(package: str) -> dict[str, Study]:
    """Every study of the package by its name, in the order of the files."""
    found: dict[str, Study] = {}
    for file in _files(package):
        study = getattr(importlib.import_module(f"{package}.{file}"), "study", None)
        if not isinstance(study, Study):
            raise UsageError(f"the file {file}.py in {package} does not define `study = Study(...)`.")
        if study.name in found:
            raise UsageError(f"two files in {package} define a study named {study.name!r}.")
        found[study.name] = study
    if not found:
        raise UsageError(f"there is no study in {package}.")
    return found


def choose_studies(found: dict[str, Study], names: Iterable[str]) -> list[Study]:
    """The named studies in the order asked for; an unknown name is a UsageError with the close matches."""
    return [found[known_name("study", name, found)] for name in dict.fromkeys(names)]


def require_measures(packages: Iterable[str], names: Iterable[str]) -> None:
    """Raise UsageError for a name that has no file in any of the packages, without importing any."""
    files = [file for package in packages for file in _files(package)]
    for name in names:
        known_name("measure", name, files)


def package_of(measure: str, packages: Sequence[str]) -> str:
    """The first of the packages that has a file of this name; the last where none has."""
    return next((package for package in packages if _has(package, measure)), packages[-1])


def checks_by_study(studies: Iterable[Study], profile: str) -> dict[Study, list[Check]]:
    """The checks of each study that has the profile; an unknown profile, or one that none of them has, is a UsageError."""
    known_name("profile", profile, PROFILES)
    every = list(studies)
    found = {study: list(study.checks(profile)) for study in every if profile in study.profiles}
    if every and not found:
        raise UsageError(f"none of the studies {', '.join(study.name for study in every)} has the profile {profile}.")
    return found


def load_measure(packages: Sequence[str], name: str) -> Measure:
    """The function `measure` of the file with this name, in the first package that has it."""
    package = package_of(name, packages)
    measure: Measure | None = getattr(importlib.import_module(f"{package}.{name}"), "measure", None)
    if measure is None:
        raise UsageError(f"the file {name}.py in {package} does not define `measure(device, **parameters)`.")
    return measure


def _has(package: str, file: str) -> bool:
    """Whether `_files` has this one, without a look at all of them: every cell asks."""
    try:
        return not file.startswith("_") and importlib.util.find_spec(f"{package}.{file}") is not None
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        return False


def _files(package: str) -> list[str]:
    """Names of the modules in a package; a leading underscore hides a file of helpers."""
    try:
        folders = importlib.import_module(package).__path__
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        return []
    return sorted(module.name for module in pkgutil.iter_modules(folders) if not module.name.startswith("_"))


def known_name(what: str, name: str, allowed: Iterable[str]) -> str:
    """The name itself when it is known; UsageError, with what is like it, where it is not."""
    names = list(allowed)
    if name in names:
        return name
    close = get_close_matches(name, names, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(names) or 'none'}."
    raise UsageError(f"there is no {what} named {name!r}; {hint}")
