"""The schemes that are made of dynamics and a step."""

from __future__ import annotations

import inspect

from pmmtheory.discover import classes
from pmmtheory.schemes.scheme import Scheme


def found_schemes() -> dict[str, type[Scheme]]:
    """The concrete schemes in this folder by name, but for the solvers on the times of a schedule, which samplers make.

    Examples
    --------
    >>> {"BAOAB", "EulerMaruyama"} <= set(found_schemes()), "LinearMultistep" in found_schemes()
    (True, False)
    """
    found = classes("pmmtheory.schemes", Scheme)
    return {name: kind for name, kind in sorted(found.items()) if "step_size" in inspect.signature(kind).parameters}
