"""A folder of generated images that is filled batch by batch, and can be stopped at any time."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pmmtheory.errors import InvalidParameter

FORMATS = ("npy", "png")

RUN, MANIFEST = "run.json", "manifest.jsonl"


@dataclass(frozen=True)
class Setting:
    """How the images of one folder in the run's folder were made: a method, and how often it asks the network."""

    method: str
    calls: int

    @property
    def folder(self) -> str:
        """Its name."""
        return f"{self.method.replace(':', '-')}-{self.calls}"


class ImageFolder:
    """A folder with `run.json`, what all its images have in common; `manifest.jsonl`, a line a batch; and a folder of images a setting.

    A file is written under another name, then renamed, and its line comes after it: what a line speaks of is whole. A batch without a line is
    made again, from the same seeds.

    Parameters
    ----------
    path : str or path
    configuration : mapping, optional
        What all images have in common, with "batch", the images in a batch, and "format", "npy" (a file a batch) or "png" (a file an image). It
        begins a folder; one that has images of another configuration is refused. Without it the folder must be there.

    Raises
    ------
    InvalidParameter
        Naming `out`: a folder of another run or of something else, or one that cannot be read or written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = ImageFolder(place, {"batch": 2, "format": "npy"})
    ...     folder.keep(Setting("ddim", 10), 0, np.zeros((2, 8, 8, 3), np.uint8), {})
    ...     [folder.kept(Setting("ddim", 10), batch) for batch in (0, 1)], folder.settings()
    ([2, 0], [Setting(method='ddim', calls=10)])
    """

    def __init__(self, path: str | Path, configuration: Mapping[str, Any] | None = None):
        self.path = Path(path).expanduser()
        if configuration is not None and configuration["format"] not in FORMATS:
            raise InvalidParameter("format", configuration["format"], " or ".join(map(repr, FORMATS)))
        self.configuration = self._found() if configuration is None else self._begun(dict(configuration))
        self.batch, self.format = int(self.configuration["batch"]), self.configuration["format"]
        self._lines = {(Setting(line["method"], line["calls"]), line["batch"]): line for line in self._manifest()}

    def settings(self) -> list[Setting]:
        """The settings that have images, in the order in which they were begun."""
        return list(dict.fromkeys(setting for setting, _ in self._lines))

    def kept(self, setting: Setting, batch: int) -> int:
        """How many images of a batch are there."""
        count = int(self._lines.get((setting, batch), {"images": 0})["images"])
        return count if all(path.is_file() for path in self._files(setting, batch, count)) else 0

    def keep(self, setting: Setting, batch: int, images: np.ndarray, record: Mapping[str, Any]) -> None:
        """Write a batch of images, whole numbers from 0 to 255 of shape (n, height, width, channels), and its line with what is recorded of it."""
        with _writing(self.path):
            (self.path / setting.folder).mkdir(exist_ok=True)
            contents = [_npy(images)] if self.format == "npy" else map(_png, images)
            for path, content in zip(self._files(setting, batch, len(images)), contents, strict=True):
                _replace(path, content)
            line = {"method": setting.method, "calls": setting.calls, "batch": batch, "first": batch * self.batch, "images": len(images), **record}
            _append(self.path / MANIFEST, json.dumps(line))
        self._lines[setting, batch] = line

    def lines(self, setting: Setting) -> list[dict[str, Any]]:
        """What is recorded of the batches of a setting."""
        return [line for (one, _), line in self._lines.items() if one == setting]

    @contextmanager
    def locked(self, setting: Setting) -> Iterator[None]:
        """Keep other processes from writing images of a setting."""
        with _writing(self.path):
            (self.path / setting.folder).mkdir(exist_ok=True)
            lock = (self.path / setting.folder / ".lock").open("a")
        with lock:
            if not _taken(lock):
                raise InvalidParameter("out", str(self.path), f"a folder in which no other process makes images of {setting.method} with {setting.calls} calls")
            yield

    def _files(self, setting: Setting, batch: int, count: int) -> list[Path]:
        """The files of so many images of a batch, the first."""
        place, first = self.path / setting.folder, batch * self.batch
        if self.format == "npy":
            return [place / f"{batch:06d}.npy"]
        return [place / f"{number:06d}.png" for number in range(first, first + count)]

    def _begun(self, configuration: dict[str, Any]) -> dict[str, Any]:
        with _writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            names = [name for name in os.listdir(self.path) if not name.endswith(".tmp")]
            if not names:
                _replace(self.path / RUN, json.dumps(configuration, indent=1).encode())
                return configuration
        known = self._found()
        for name in {**known, **configuration}:
            if known.get(name) != configuration.get(name):
                have, want = known.get(name), configuration.get(name)
                raise InvalidParameter("out", str(self.path), f"a new folder, or one of the same run; its images have {name} = {have!r}, not {want!r}")
        return known

    def _found(self) -> dict[str, Any]:
        try:
            known = json.loads((self.path / RUN).read_text())
            if known["batch"] < 1 or known["format"] not in FORMATS:
                raise ValueError
        except FileNotFoundError:
            raise InvalidParameter("out", str(self.path), f"a folder of generated images, which has a file {RUN}") from None
        except (OSError, ValueError, KeyError, TypeError):
            raise InvalidParameter("out", str(self.path / RUN), "a file that can be read, as it was written with the first images") from None
        return dict(known)

    def _manifest(self) -> Iterator[dict[str, Any]]:
        """The lines that are whole: the last may have been cut off."""
        try:
            lines = (self.path / MANIFEST).read_bytes().splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            raise InvalidParameter("out", str(self.path), f"a folder that can be read: {error.strerror}") from None
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _npy(images: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, images, allow_pickle=False)
    return content.getvalue()


def _png(image: np.ndarray) -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(content, format="png")
    return content.getvalue()


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that it is there as a whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _append(path: Path, line: str) -> None:
    """Add a line by one write; one before it that was cut off is ended."""
    with path.open("a+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else "\n" + line
        file.write(f"{line}\n".encode())


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidParameter("out", str(path), f"a folder that can be written to: {error.strerror or error}") from None


def _exclusive() -> Callable[[Any], bool]:
    """What takes a lock on an open file, until it is closed; where the system has none, everyone has it."""
    try:
        import fcntl
    except ImportError:
        return lambda file: True

    def taken(file: Any) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    return taken


_taken = _exclusive()
