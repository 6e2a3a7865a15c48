"""Multi-order coverage maps: any shape, as pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.disk import local_path
from astropile.errors import CorruptFileError, MissingExtraError, NoFilesError, UsageError
from astropile.sky.index import healpix_index
from astropile.sky.regions.region import in_ranges, joined, positions

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Moc", "load_moc", "moc", "moc_class"]


@dataclass(frozen=True, slots=True, eq=False)
class Moc:
    """A set of pixels; make one with :func:`moc`."""

    key: str
    _ranges: NDArray[np.int64] = field(repr=False)

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same pixels."""
        return isinstance(other, Moc) and self.key == other.key

    def __hash__(self) -> int:
        """Return a number that equal maps share."""
        return hash(self.key)

    def ranges(self) -> NDArray[np.int64]:
        """Return the pixels themselves, as ranges of nested order 29."""
        return self._ranges

    def contains(self, ra_deg: Any, dec_deg: Any) -> NDArray[np.bool_]:
        """Return which positions are in one of the pixels."""
        ra, dec, known = positions(ra_deg, dec_deg)
        return known & in_ranges(healpix_index(ra, dec), self._ranges)


def moc(source: Any) -> Moc:
    """Return the region of a multi-order coverage map (MOC).

    Parameters
    ----------
    source : mocpy.MOC or path-like
        A map in memory, or a FITS, JSON or text file of one.

    Raises
    ------
    MissingExtraError
        A file is given and mocpy is not installed.
    CorruptFileError
        The file holds no map of the sky.

    Examples
    --------
    >>> import astropile as ap
    >>> from mocpy import MOC
    >>> half = ap.moc(MOC.from_str("0/0-5"))
    >>> half.contains([45.0, 315.0], [40.0, -80.0]).tolist()
    [True, False]
    """
    if isinstance(source, str | PathLike):
        source = load_moc(local_path(source, "map"))
    found = getattr(source, "to_depth29_ranges", None)
    if found is None:
        msg = f"no coverage map: {type(source).__name__}"
        raise UsageError(msg, hint="give a mocpy.MOC, or the path of a file of one")
    ranges = joined(np.asarray(found, dtype=np.int64).reshape(-1, 2))
    digest = hashlib.sha256(ranges.astype("<i8").tobytes()).hexdigest()
    return Moc(f"moc({digest[:32]})", ranges)


def moc_class() -> Any:
    """Return the class of coverage maps.

    Raises
    ------
    MissingExtraError
        mocpy is not installed.
    """
    try:
        from mocpy import MOC
    except ImportError as error:
        msg = "coverage maps of the sky need mocpy, which is not installed"
        raise MissingExtraError(msg, hint="pip install 'astropile[plot]'") from error
    return MOC


def load_moc(path: Path) -> Any:
    """Return the map of a FITS, JSON or text file.

    Raises
    ------
    MissingExtraError
        mocpy is not installed.
    NoFilesError, CorruptFileError
        There is no such file, or it holds no map of the sky.
    """
    MOC = moc_class()  # noqa: N806
    hint = "give a multi-order coverage map in ICRS as FITS, JSON or text, or a mocpy.MOC"
    if not path.is_file():
        raise NoFilesError("there is no such file of a MOC", where=str(path), hint=hint)
    form = {".json": "json", ".txt": "ascii", ".ascii": "ascii"}.get(path.suffix.lower(), "fits")
    try:
        return MOC.load(str(path), format=form)
    except Exception as error:  # mocpy raises whatever its parsers do
        msg = f"the file holds no MOC of the sky: {error}"
        raise CorruptFileError(msg, where=str(path), hint=hint) from error
