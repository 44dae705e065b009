"""A claim that does not hold."""

from fake_studies._curves import curve

from experiments.study import Study

study = Study("wrong", "a claim that does not hold", lambda profile: [curve("power", 2.0, 3.0)])
