"""A claim that does not hold."""

from fake.studies._curves import curve

from pmmtheory.harness.study import Study

study = Study("wrong", "a claim that does not hold", lambda profile: [curve("power", 2.0, 3.0)])
