"""All fits of a rate and corrections to points, by numpy's least squares."""

from __future__ import annotations

import numpy as np

from pmmtheory.noise.levels import Numbers

_ONE = [(0.15,), (0.4,), (0.6,), (0.8,), (1.0,), (1.5,), (2.0,), (3.0,)]
_TWO = [(1.0, 2.0), (0.4, 1.0), (0.15, 1.0)]


def hull_of_fits(x: Numbers, y: Numbers, noise: float, slope: bool = True) -> tuple[float, float]:
    """The ends of the rates of y = p x + c + sum_r b_r step^r, step = exp(x), that match the longest run of last points to 2.5 errors each, and one shorter.

    Without a slope those of c, with p = 0.

    A correction of exponent 0.15 counts where it is three times its error; an interval is three standard errors, or the sum of what single errors do.
    """
    ends: list[float] = []
    longest = 0
    for number in range(len(x), 2 + slope, -1):
        if ends and number < longest - 1:
            break
        for family in (_ONE, _TWO):
            matching = [found for terms in family if len(terms) + 2 + slope <= number and (found := _fit(x[-number:], y[-number:], noise, terms, slope))]
            if matching:
                longest = max(longest, number)
                ends += [end for pair in matching for end in pair]
                break
    return min(ends), max(ends)


def _fit(x: Numbers, y: Numbers, noise: float, terms: tuple[float, ...], slope: bool) -> tuple[float, float] | None:
    """The interval of p or c, or None where the fit does not match."""
    columns = _columns(x, terms, slope)
    found = np.linalg.lstsq(columns, y, rcond=None)[0]
    if np.abs(y - columns @ found).max() >= 2.5 * noise:
        return None
    effects = np.linalg.lstsq(columns, np.eye(len(x)), rcond=None)[0] * noise
    sizes = np.sqrt((effects**2).sum(1))
    if terms[0] == 0.15 and abs(found[1 + slope]) <= 3 * sizes[1 + slope]:
        return None
    error = max(3 * sizes[0], np.abs(effects[0]).sum())
    return found[0] - error, found[0] + error


def least_residual(x: Numbers, y: Numbers) -> float:
    """The smallest, over the fits of c to four points or the last three, of the largest residual."""
    found = []
    for number, families in ((4, (*_ONE, *_TWO)), (3, _ONE)):
        for terms in families:
            columns = _columns(x[-number:], terms, False)
            found.append(np.abs(y[-number:] - columns @ np.linalg.lstsq(columns, y[-number:], rcond=None)[0]).max())
    return float(min(found))


def _columns(x: Numbers, terms: tuple[float, ...], slope: bool) -> Numbers:
    return np.stack([*([x] if slope else []), np.ones_like(x), *(np.exp(r * x) for r in terms)], 1)
