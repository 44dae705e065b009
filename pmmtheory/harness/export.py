"""Write every stored row, of all devices and versions, as CSV or Parquet."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.store import Store


def export(store: Store, csv: Path | None, parquet: Path | None) -> int:
    """Write the files that are asked for; return the number of rows."""
    for package in ["pandas", "pyarrow"] if parquet else ["pandas"]:
        if find_spec(package) is None:
            raise UsageError(f"this export needs {package}: pip install {package}.")
    import pandas as pd

    columns, rows = store.everything()
    frame = pd.DataFrame(rows, columns=columns).astype({"value": float, "error": float, "seconds": float})
    try:
        if csv:
            frame.to_csv(csv, index=False)
        if parquet:
            frame.to_parquet(parquet, engine="pyarrow", index=False)
    except OSError as error:
        raise UsageError(f"the export cannot be written: {error}.") from error
    return len(frame)
