"""A claim that holds, with its constant, and a control that is caught; the full profile has one claim more."""

from collections.abc import Iterator

from fake.studies._curves import curve, with_constant

from pmmtheory.harness.study import Check, Study


def checks(profile: str) -> Iterator[Check]:
    yield with_constant(curve("power", 2.0, 2.0), 3.0)
    yield curve("power", 2.0, 1.0, control=True)
    if profile == "full":
        yield curve("power", 1.0, 1.0)


study = Study("good", "what holds", checks)
