"""What everything that is written here does to the disk: written aside, waited for, then renamed.

Callers use these as ``disk.write_text(...)``, so that a test can make any one of them fail.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from astropile.errors import AstropileError, OutputError, UsageError

__all__ = [
    "append_line",
    "local_path",
    "make_folder",
    "reason_of",
    "rename",
    "sha256_of",
    "size_text",
    "sync",
    "write_text",
    "writing",
]

_STEPS = ("B", "KiB", "MiB", "GiB", "TiB")
#: For builds and downloads.
GOES_ON = "free some space or choose another folder; the same call again goes on where it stopped"


def local_path(given: object, name: str = "path") -> Path:
    """Return what a caller gives as a path, with the home folder put in for ``~``.

    Parameters
    ----------
    given : object
        A text or something path-like.
    name : str
        The argument's name, for the message.

    Raises
    ------
    UsageError
        It is no path, or one that no file can have.

    Examples
    --------
    >>> local_path("piles/mine").as_posix()
    'piles/mine'
    """
    hint = 'give a text or a pathlib.Path, such as "piles/mine"'
    try:
        text = os.fspath(given)  # type: ignore[call-overload]
    except TypeError:
        text = None
    if not isinstance(text, str):
        msg = f"{name}={given!r} is no path, but of type {type(given).__name__}"
        raise UsageError(msg, hint=hint)
    if "\0" in text:
        msg = f"{name}={text!r} holds a NUL character, which no path can"
        raise UsageError(msg, hint=hint)
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        msg = f"{name}={text!r}: there is no such user, or no home folder"
        raise UsageError(msg, hint="write the path out") from error


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
        msg = f"cannot write: {reason_of(error)}"
        raise OutputError(msg, where=str(place), hint=hint) from error


def reason_of(error: OSError) -> str:
    """Return in a few words why a disk cannot be written; libraries say it in their own.

    Examples
    --------
    >>> reason_of(OSError("1000 requested and 20 written"))  # NumPy
    'No space left on device'
    """
    text = str(error)
    told = re.search(r"errno = (\d+)", text)  # HDF5
    number = int(told[1]) if told is not None else error.errno
    if number is not None:
        return os.strerror(number)
    is_short = " requested and " in text
    return os.strerror(errno.ENOSPC) if is_short else text.partition("\n")[0]


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
    try:
        with aside.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        rename(aside, path)
    except OSError:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise


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


def size_text(size: int) -> str:
    """Return a number of bytes for people, in the units that budgets are given in.

    Examples
    --------
    >>> size_text(1000), size_text(64 * 2**20), size_text(3 * 2**29)
    ('1000 B', '64 MiB', '1.5 GiB')
    """
    value, step = float(size), 0
    while value >= 1023.95 and step < len(_STEPS) - 1:
        value, step = value / 1024, step + 1
    return f"{value:.1f}".removesuffix(".0") + f" {_STEPS[step]}"
