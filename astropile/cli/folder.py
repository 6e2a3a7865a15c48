"""A folder of results: written aside, named when all of it is there, never written over."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from astropile import disk
from astropile.errors import UsageError

#: The next step where nothing can be written.
HINT = "choose a folder that can be written and has space"


def require_free(folder: Path) -> None:
    """Refuse a place that holds something.

    Raises
    ------
    UsageError
        The folder is not empty, or is a file.
    """
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() or folder.is_symlink():
        what = "is not empty" if folder.is_dir() else "is not a folder"
        raise UsageError(
            f"the output folder {what}; nothing is ever overwritten",
            where=str(folder),
            hint="name another folder, or remove this one first",
        )


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write to; it gets its name when everything was written.

    Raises
    ------
    UsageError
        The folder holds something.
    OutputError
        The place cannot be written.
    """
    require_free(folder)
    folder = folder.resolve()  # a link to an empty folder stays a link
    with disk.writing(folder, HINT):
        folder.parent.mkdir(parents=True, exist_ok=True)
        outer = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        # The outer folder is private to the user; the inner one has the modes of any other.
        aside = outer / folder.name
        aside.mkdir()
        yield aside
        with disk.writing(folder, HINT):
            aside.replace(folder)  # an empty folder may be there; anything else is refused
    finally:
        shutil.rmtree(outer, ignore_errors=True)
