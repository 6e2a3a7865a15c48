"""Names that come from elsewhere: they must stay below the folder they are meant for."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from astropile.errors import UnsafeFileError

__all__ = ["checked_name", "decoded_name", "local_path"]

# Drive letters and streams of Windows, and what no terminal and no shell should see.
_BAD_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\\:*?\"<>|]")
# Windows opens devices by these names, with any ending.
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_LONGEST_NAME = 255
_LONGEST_PATH = 1024


def checked_name(path: str) -> str:
    """Return a relative path with ``/`` if it is safe to make such a file.

    Parameters
    ----------
    path : str
        Path below a folder, as a mirror gives it.

    Raises
    ------
    UnsafeFileError
        It is absolute, steps back, or holds what has a meaning of its own somewhere.

    Examples
    --------
    >>> checked_name("dataset/Norder=0/Dir=0/Npix=4.parquet")
    'dataset/Norder=0/Dir=0/Npix=4.parquet'
    """
    parts = path.split("/")
    fault = ""
    if not path or len(path) > _LONGEST_PATH:
        fault = "is empty or too long"
    elif any(part in ("", ".", "..") for part in parts):
        fault = "is absolute, or leads out of its folder"
    elif _BAD_TEXT.search(path):
        fault = "holds characters that no file name should"
    elif any(len(part.encode()) > _LONGEST_NAME or part[-1] in ". " for part in parts):
        fault = "has a part that some systems cannot store"
    elif any(_DEVICES.fullmatch(part) for part in parts):
        fault = "is the name of a device"
    if fault:
        msg = f"the mirror names a file {path!r}, which {fault}"
        raise UnsafeFileError(msg, hint="do not use this mirror; tell its owner")
    return path


def decoded_name(path: str) -> str:
    """Return the safe path that a percent-encoded one of a web server means.

    Raises
    ------
    UnsafeFileError
        As for `checked_name`; ``%2F`` is no way into another folder.

    Examples
    --------
    >>> decoded_name("healpix%3D12/a%20b.hdf5")
    'healpix=12/a b.hdf5'
    """
    parts = [unquote(part, errors="strict") for part in path.split("/")]
    if any("/" in part for part in parts):
        return checked_name("/".join(["", *parts]))  # refused as absolute
    return checked_name("/".join(parts))


def local_path(folder: Path, path: str) -> Path:
    """Return where a file of a mirror goes, below a folder and nowhere else.

    Raises
    ------
    UnsafeFileError
        The name is not safe, or a link in the folder leads out of it.
    """
    target = folder / checked_name(path)
    if not target.parent.resolve().is_relative_to(folder.resolve()) or target.is_symlink():
        msg = "a link would lead the file out of the download folder"
        raise UnsafeFileError(msg, where=str(target), hint="remove the link, or take a new folder")
    return target
