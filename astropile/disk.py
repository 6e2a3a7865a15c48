"""What everything that is written here does to the disk: written aside, waited for, then renamed.

Callers use these as ``disk.write_text(...)``, so that a test can make any one of them fail.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from astropile.errors import AstropileError, OutputError

__all__ = ["append_line", "make_folder", "rename", "sha256_of", "sync", "write_text", "writing"]

#: For builds and downloads.
GOES_ON = "free some space or choose another folder; the same call again goes on where it stopped"


@contextmanager
def writing(place: Path, hint: str = GOES_ON) -> Iterator[None]:
    """Turn what goes wrong while writing into one error that names the place.

    Parameters
    ----------
    place : Path
        What is written.
    hint : str
        The next step.

    Raises
    ------
    OutputError
        The disk is full, or the place cannot be written.
    """
    try:
        yield
    except AstropileError:
        raise  # some are OSErrors, and tell about a file that is read meanwhile
    except OSError as error:
        msg = f"cannot write: {error.strerror or error}"
        raise OutputError(msg, where=str(place), hint=hint) from error


def sync(path: Path) -> None:
    """Wait until a file, or the list of the files of a folder, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Make a folder and those above it."""
    path.mkdir(parents=True, exist_ok=True)


def rename(source: Path, target: Path) -> None:
    """Give a finished file or folder its name, and wait until the name is on the disk."""
    source.rename(target)
    sync(target.parent)


def write_text(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    aside = path.with_name(f".{path.name}.aside")
    with aside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    rename(aside, path)


def append_line(path: Path, text: str) -> None:
    """Add a line to a file and wait until it is on the disk."""
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
