"""The command `spectrum`: read variances, print the table of harness.spectrum row by row, and write it to a file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.spectrum import COUNTS, METHODS, STOPS, Entry, rows
from pmmtheory.harness.store_file import require_writable
from pmmtheory.images import image_spectrum
from pmmtheory.targets import Gaussian

_COLUMNS = ("method", "stop", "start", "N", "calls", "w2_below", "error_below", "w2_above", "error_above", "reason")


def show(eigenvalues: Path | None, methods: Sequence[str] | None, counts: Sequence[int] | None, file: Path | None) -> None:
    """Print a row a method and stop: from p_T / from N(0, I), of the process itself and of each N. UsageError on what is wrong."""
    unknown = [name for name in methods or () if name not in METHODS]
    if unknown:
        raise UsageError(f"there is no method {unknown[0]!r}; there are {', '.join(METHODS)}.")
    if file:
        require_writable(file)
    data = variances(eigenvalues)
    numbers = tuple(counts or COUNTS)
    print(f"W2 to N(0, diag(v)) in dimension {data.dim}, from p_T / from N(0, I)")
    print(_line(["method", "stop", "process", *(f"N = {n}" for n in numbers)]))
    entries: list[Entry] = []
    for row in rows(data, methods, STOPS, numbers):
        pairs = [f"{first.words} / {second.words}" for first, second in zip(row[::2], row[1::2], strict=True)]
        print(_line([row[0].method, f"{row[0].stop:g}", *pairs]), flush=True)
        entries += row
    for reason in dict.fromkeys(f"refused: {entry.reason}" for entry in entries if entry.reason):
        print(reason)
    if file:
        _write(file, entries)


def variances(file: Path | None) -> Gaussian:
    """The data: those of a file of numpy, else the digits about their mean."""
    if file is None:
        return image_spectrum("digits").centred
    try:
        found = np.load(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} is no .npy file that can be read: {error}.") from None
    allowed = f"{file} must hold one axis of finite numbers above 0"
    if found.ndim != 1 or not found.size or found.dtype.kind not in "fiu":
        raise UsageError(f"{allowed}, not {found.dtype} of shape {found.shape}.")
    if not (np.isfinite(found) & (found > 0)).all():
        raise UsageError(f"{allowed}; axes without variance add nothing where the last step predicts the data.")
    return Gaussian(0.0, torch.as_tensor(found.astype(np.float64)))


def _line(cells: Iterable[str]) -> str:
    first, *rest = cells
    return f"{first:<26}" + "".join(f"{cell:<{5 if i == 0 else 19}} " for i, cell in enumerate(rest)).rstrip()


def _write(file: Path, entries: Sequence[Entry]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(_COLUMNS)
        for entry in entries:
            numbers = chain.from_iterable((number.value, number.error) if number else ("", "") for number in (entry.below, entry.above))
            writer.writerow([entry.method, entry.stop, entry.start, entry.count or "", entry.calls or "", *numbers, entry.reason])
