"""Words for what was found: made of the numbers of outcomes, and only of outcomes that are as they should be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from pmmtheory.estimate import Estimate
from pmmtheory.harness.verdict import Outcome

FINEST = 1e-4
"""No uncertainty of an exponent is given smaller."""
EXACT = 0.005
"""With a relative error below this a number is shown with three digits and no error."""


def hold(outcomes: Iterable[Outcome]) -> bool:
    """Whether there are any, and each is as it should be: nothing is said of others."""
    known = list(outcomes)
    return bool(known) and all(outcome.as_it_should for outcome in known)


def among(outcomes: Iterable[Outcome], **facts: object) -> list[Outcome]:
    """Those with these facts: scheme, distance, kind or statement of the claim, target or control of the check; a tuple names several.

    A statement is any text that the claim's own contains.
    """
    return [outcome for outcome in outcomes if all(_agrees(outcome, name, fact) for name, fact in facts.items())]


def exponent(outcomes: Sequence[Outcome], sign: float = 1.0) -> str:
    """The exponent that was measured, with all intervals inside its uncertainty; "" where an interval is infinite or the outcomes do not hold."""
    fits = [outcome.fit for outcome in outcomes if outcome.fit]
    if not hold(outcomes) or len(fits) < len(outcomes):
        return ""
    ends = sorted(sign * end for end in (min(fit.interval[0] for fit in fits), max(fit.interval[1] for fit in fits)))
    return between(*ends) if all(map(math.isfinite, ends)) else ""


def exponents(groups: Mapping[str, Sequence[Outcome]], sign: float = 1.0) -> str:
    """The exponents by name, with the largest of their uncertainties: "LMC 1.00, PMM 2.01 (± 0.03)"; "" unless every one is known."""
    found = {name: exponent(outcomes, sign).split(" ± ") for name, outcomes in groups.items()}
    if not found or any(len(parts) < 2 for parts in found.values()):
        return ""
    middles, halves = ({name: float(parts[i]) for name, parts in found.items()} for i in (0, 1))
    digits = max(0, -math.floor(math.log10(max(halves.values())) + 1e-9))
    rounded = {name: round(middle, digits) for name, middle in middles.items()}
    half = _up(max(abs(middles[name] - rounded[name]) + halves[name] for name in found), digits)
    return f"{', '.join(f'{name} {value:.{digits}f}' for name, value in rounded.items())} (± {half:.{digits}f})"


def constants(outcomes: Sequence[Outcome]) -> str:
    """How far the intervals of the constants reach from those predicted: "within 0.03%"; "" unless each has both and holds."""
    ratios = [
        end / outcome.predicted_constant.value - 1
        for outcome in outcomes
        if outcome.fit and outcome.predicted_constant
        for end in outcome.fit.constant_interval
    ]
    if not hold(outcomes) or len(ratios) < 2 * len(outcomes) or not all(map(math.isfinite, ratios)):
        return ""
    return f"within {_up(100 * max(map(abs, ratios))):g}%"


def targets(outcomes: Iterable[Outcome]) -> str:
    """On how many targets: "on 3 targets", or on the only one by name."""
    names = list(dict.fromkeys(outcome.check.target for outcome in outcomes))
    return f"on {names[0]}" if len(names) == 1 else f"on {len(names)} targets"


def between(low: float, high: float) -> str:
    """An interval as its middle and a half width of one digit, rounded up so that nothing is lost.

    >>> between(1.9987, 2.0009), between(0.99991, 1.0001), between(2.9384, 3.0314)
    ('2.000 ± 0.002', '1.0000 ± 0.0001', '2.98 ± 0.06')
    """
    middle = (low + high) / 2
    half = _up(max((high - low) / 2, FINEST))
    digits = max(0, -math.floor(math.log10(half) + 1e-9))
    shown = round(middle, digits)
    half = _up(max(high - shown, shown - low, FINEST), digits)
    return f"{shown:.{digits}f} ± {half:.{digits}f}"


def shown(estimate: Estimate) -> str:
    """A number with three digits, or as many as its error allows.

    >>> shown(Estimate(0.0082731, 1e-9, "")), shown(Estimate(130.7, 0.1, "")), shown(Estimate(0.0263, 0.0021, ""))
    ('0.00827', '131', '0.026 ± 0.003')
    """
    if estimate.relative_error < EXACT:
        value = float(f"{estimate.value:.3g}")
        return f"{value:g}" if 1e-4 <= abs(value) < 1e6 else f"{value:.2e}"
    half = _up(estimate.error)
    digits = max(0, -math.floor(math.log10(half) + 1e-9)) if half else 0
    return f"{estimate.value:.{digits}f} ± {half:.{digits}f}"


def factor(high: Estimate, low: Estimate) -> str:
    """How many times a number is below another, rounded down; "" where their errors do not leave it at 1.05 at least.

    >>> factor(Estimate(4146.0, 0.4, ""), Estimate(128.2, 0.2, "")), factor(Estimate(1.0, 0.1, ""), Estimate(0.99, 0.0, ""))
    ('32', '')
    """
    if low.value - low.error <= 0:
        return ""
    ratio = (high.value - high.error) / (low.value + low.error)
    if not ratio >= 1.05:
        return ""
    return f"{math.floor(ratio)}" if ratio >= 10 else f"{math.floor(10 * ratio) / 10:.1f}"


def least(numbers: Mapping[str, Estimate]) -> list[str]:
    """The names whose number may be the least: one, where its lead is larger than the errors.

    >>> least({"a": Estimate(1.0, 0.01, ""), "b": Estimate(1.3, 0.1, ""), "c": Estimate(1.01, 0.02, "")})
    ['a', 'c']
    """
    if not numbers:
        return []
    lowest = min(estimate.value + estimate.error for estimate in numbers.values())
    return [name for name, estimate in sorted(numbers.items(), key=lambda pair: pair[1].value) if estimate.value - estimate.error <= lowest]


def _agrees(outcome: Outcome, name: str, fact: object) -> bool:
    check = outcome.check
    if name == "statement":
        return str(fact) in check.claim.statement
    value = getattr(check if name in ("target", "control") else check.claim, name)
    return value in fact if isinstance(fact, tuple) else bool(value == fact)


def _up(value: float, digits: int | None = None) -> float:
    """Rounded up to one digit, or to so many decimals."""
    if not value:
        return 0.0
    scale = 10.0 ** (digits if digits is not None else -math.floor(math.log10(value)))
    return math.ceil(value * scale - 1e-9) / scale
