"""The BAOAB splitting."""

from pmmtheory.dynamics import Underdamped
from pmmtheory.schemes.splitting import Splitting


class BAOAB(Splitting):
    """Order 2, with the exact stationary law of the position on Gaussian targets.

    Source: Leimkuhler & Matthews 2013.
    """

    parts = (("B", 0.5), ("A", 0.5), ("O", 1.0), ("A", 0.5), ("B", 0.5))
    orders = {Underdamped: 2}
