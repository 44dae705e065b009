"""A control that passes."""

from fake.studies._curves import curve

from pmmtheory.harness.study import Study

study = Study("uncaught", "a control that passes", lambda profile: [curve("power", 2.0, 2.0, control=True)])
