"""What other projects import into their CI: check_scheme, broken schemes, and (in `strategies`, with hypothesis) strategies."""

from pmmtheory.testing.check_scheme import check_scheme
from pmmtheory.testing.verdict import BrokenScheme, Checked, UncheckedScheme

__all__ = ["BrokenScheme", "Checked", "UncheckedScheme", "check_scheme"]
