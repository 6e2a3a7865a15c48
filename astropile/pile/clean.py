"""The verb clean: away with what unfinished builds left."""

from __future__ import annotations

import shutil
from pathlib import Path

from astropile import disk
from astropile.pile.journal import locked
from astropile.pile.layout import WORK, building_folders

__all__ = ["clean_builds"]


def clean_builds(path: Path) -> list[tuple[Path, int]]:
    """Remove the folders of unfinished builds of a pile; the pile itself is not touched.

    Parameters
    ----------
    path : Path
        Folder of the pile, whether it is there or not.

    Returns
    -------
    list of (Path, int)
        What was removed, and the bytes it held.

    Raises
    ------
    PileError
        A build is running.
    OutputError
        A folder cannot be removed.
    """
    removed = []
    for folder in building_folders(disk.local_path(path).absolute()):
        if (folder / WORK).is_dir():
            # A build that runs keeps its lock.
            locked(folder / WORK / "lock").close()
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        with disk.writing(folder):
            shutil.rmtree(folder)
        removed.append((folder, size))
    return removed
