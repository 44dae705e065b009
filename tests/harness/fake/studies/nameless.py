"""A measure that does not exist."""

from fake.studies._curves import curve

from pmmtheory.harness.study import Study

study = Study("nameless", "a measure that does not exist", lambda profile: [curve("powr", 2.0, 2.0)])
