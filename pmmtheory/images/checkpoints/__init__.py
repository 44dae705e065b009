"""Trained networks that come with pmmtheory, in half precision, each with a record of how it was made."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pmmtheory.errors import InvalidParameter

FOLDER = Path(__file__).parent


def keep(path: Path, model: nn.Module, record: dict[str, Any]) -> None:
    """Write the weights of a model in half precision, and the record, into one file."""
    weights = {name: value.detach().to("cpu", torch.float16 if value.is_floating_point() else value.dtype) for name, value in model.state_dict().items()}
    replace(path, {"record": record, "weights": weights})


def as_record(record: Any) -> dict[str, Any]:
    """Return what is said of how a net was made, empty where nothing is; raise InvalidParameter unless it is a dict or None."""
    if record is not None and not isinstance(record, dict):
        raise InvalidParameter("record", record, "a dict, or None")
    return record or {}


def replace(path: Path, content: dict[str, Any]) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(path.name + ".part")
    torch.save(content, beside)
    os.replace(beside, path)


def kept(source: str | Path, kind: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The record and the weights of one that comes with pmmtheory, by its name, or of a file of one's own.

    Raises
    ------
    InvalidParameter
        Naming `source` where there is none of that name or path, or it is of another kind.
    """
    own = {path.stem.removeprefix(f"{kind}-"): path for path in sorted(FOLDER.glob(f"{kind}-*.pt"))}
    allowed = f"{', '.join(map(repr, own))}, or a file written by `python -m pmmtheory.images.train {kind}`"
    if not isinstance(source, str | Path):
        raise InvalidParameter("source", source, allowed)
    try:
        path = own.get(str(source), Path(source).expanduser())
        there = path.is_file()
    except (OSError, RuntimeError):  # a name that is too long for a file, or of a user that there is not
        there = False
    if not there:
        raise InvalidParameter("source", str(source), allowed)
    content = read(path, allowed)
    if content.get("record", {}).get("kind") != kind or "weights" not in content:
        raise InvalidParameter("source", str(source), allowed)
    return content["record"], content["weights"]


def read(path: Path, allowed: str, name: str = "source") -> dict[str, Any]:
    """The content of a file of torch with tensors and plain values alone: no code in it is run."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
        raise InvalidParameter(name, str(path), allowed) from None
    if not isinstance(content, dict):
        raise InvalidParameter(name, str(path), allowed)
    return content
