"""Figures as files: the same results give the same bytes, and a file is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.gallery import Entry
from pmmtheory.harness.figures.results import Results

DOTS_PER_INCH = 200


def render(entry: Entry, results: Results) -> dict[str, bytes]:
    """The PNG and the PDF of a figure by their file names, without date and without the versions of the programs."""
    metadata: dict[str, dict[str, str | None]] = {
        "png": {"Title": entry.title, "Software": None},
        "pdf": {"Title": entry.title, "Creator": None, "Producer": None, "CreationDate": None},
    }
    files = {}
    with style.theme():
        figure = entry.draw(results)
        for kind, words in metadata.items():
            buffer = BytesIO()
            figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=words)
            files[f"{entry.name}.{kind}"] = buffer.getvalue()
    return files


def write(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write the files into the folder, each under another name first; an error is a UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = {folder / name: folder / f".{name}.part" for name in files}
        try:
            for path, part in unfinished.items():
                part.write_bytes(files[path.name])
            for path, part in unfinished.items():
                os.replace(part, path)
        finally:
            for part in unfinished.values():
                part.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"the files cannot be written to {folder}: {error.strerror}.") from error
    return list(unfinished)
