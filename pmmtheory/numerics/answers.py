"""What a user's function answers at points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter


def answered(f: Callable[[Tensor], Any], x: Tensor, name: str = "f") -> Tensor:
    """f(x) in the dtype of x; raises InvalidParameter where f raises, or answers with what are no numbers."""
    try:
        return torch.as_tensor(f(x), dtype=x.dtype, device=x.device)
    except InvalidParameter:
        raise
    except Exception as error:  # the user's own code may raise anything
        allowed = f"a function of a tensor of points that gives numbers (it raised: {error})"
        raise InvalidParameter(name, f, allowed) from error
