"""The ABOBA splitting."""

from pmmtheory.dynamics import Underdamped
from pmmtheory.schemes.splitting import Splitting


class ABOBA(Splitting):
    """Order 2: the force is taken once, at the middle of the step.

    Source: Leimkuhler & Matthews 2013.
    """

    parts = (("A", 0.5), ("B", 0.5), ("O", 1.0), ("B", 0.5), ("A", 0.5))
    orders = {Underdamped: 2}
