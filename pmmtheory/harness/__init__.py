"""Studies: claims and the cells that decide them, run, stored, judged and shown.

A study is a file that defines `study`, a Study of checks; each Check joins a Claim to Points, numbers of Cells against a step.
"""

from pmmtheory.harness.study import Cell as Cell
from pmmtheory.harness.study import Check as Check
from pmmtheory.harness.study import Point as Point
from pmmtheory.harness.study import Study as Study
from pmmtheory.theory.claim import Claim as Claim
