"""What check_scheme says: which laws were checked and how, which were not and why, and which one is broken."""

from __future__ import annotations

from collections.abc import Mapping


class BrokenScheme(AssertionError):
    """A scheme breaks a law of sampling.

    Attributes
    ----------
    law : str
        The name of the law.
    """

    def __init__(self, scheme: str, law: str, seen: str):
        super().__init__(scheme, law, seen)
        self.law = law

    def __str__(self) -> str:
        scheme, law, seen = self.args
        return f'{scheme} breaks the law "{law}": {seen}.'


class UncheckedScheme(BrokenScheme):
    """Under `strict`: no law is seen to be broken, but one could not be computed; `law` names the first."""

    def __str__(self) -> str:
        scheme, law, reason = self.args
        return f'{scheme} was not checked for the law "{law}": {reason.rstrip(".")}.'


class Checked(tuple[str, ...]):
    """The names of the laws that were checked; printed, one sentence a law that was not.

    Attributes
    ----------
    scheme : str
    skipped : mapping
        Each of the other laws to the reason.
    failures : mapping
        Those of them that could not be computed, or not in time: failures under `strict`. The rest were left out by the caller, or
        have nothing to be compared with.
    notes : mapping
        Laws that were checked by particles to what that can see.
    """

    scheme: str
    skipped: Mapping[str, str]
    failures: Mapping[str, str]
    notes: Mapping[str, str]

    def __str__(self) -> str:
        kept = ", ".join(self) or "none"
        lines = [f"{self.scheme}: {len(self)} laws checked ({kept})."]
        lines += [f'The law "{law}" was checked by particles: {note}.' for law, note in self.notes.items()]
        lines += [f'The law "{law}" was not checked: {reason.rstrip(".")}.' for law, reason in self.skipped.items()]
        return "\n".join(lines)
