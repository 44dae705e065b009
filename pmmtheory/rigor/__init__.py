"""Certified numbers: enclosures by ball arithmetic that hold floating-point results within their stated errors (extra `rigor`).

An enclosure is a proof: no floating-point number enters it but as the exact dyadic number that it is, rounding is outwards (Arb, by python-flint), and
what an integral or a sum leaves out is bounded and added. What is bounded how stands in the docstring of each module.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("flint") is None:
    raise ImportError("pmmtheory.rigor needs the library python-flint: pip install pmmtheory[rigor]")

from pmmtheory.rigor.catalogue import certificates, claims
from pmmtheory.rigor.enclosure import Certificate, Claimed, Enclosure

__all__ = ["Certificate", "Claimed", "Enclosure", "certificates", "claims"]
