"""FITS files (https://fits.gsfc.nasa.gov/fits_standard.html), also compressed ones.

Cells are the columns of the chosen unit (``RA``), columns of other units (``FIBERMAP.RA``,
``hdu2.RA``), whole images (``FLUX``, ``hdu0``) and header cards (``PRIMARY@DATE``,
``hdu0@DATE``). A name that several units have means the first of them, ``SCI,2`` (or its number)
the one with that ``EXTVER``; a column of the chosen unit goes before an image.
Header cards belong to every row.

``rows: channel`` makes every plane of every image a row with the cells ``hdu``, ``channel``,
``unit``, ``data``, ``error`` and ``quality``; ``rows: cutout`` has no rows, but windows around
positions, and the cell ``inside``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from math import prod
from pathlib import Path
from typing import ClassVar

import numpy as np
from astropy.io import fits

from astropile.document import did_you_mean
from astropile.errors import CellError, UnsafeFileError, UsageError
from astropile.readers._base import BUDGET_BYTES, FileReader, as_row
from astropile.readers._cells import Cells, Facts
from astropile.readers._compression import DAMAGE, read_plain
from astropile.readers._fits_channels import Channels
from astropile.readers._fits_columns import TableColumn, read_column, table_columns
from astropile.readers._fits_hdus import Hdu, read_hdus
from astropile.readers._fits_numbers import image_dtype, image_values, stored_dtype, stored_image
from astropile.readers._fits_tiles import Tiles
from astropile.readers._fits_wcs import SkyGrid, sky_grid
from astropile.readers._fits_windows import Windows, fill_outside, place_windows, read_sections
from astropile.readers._selection import count_selected
from astropile.readers.column import Array, Column, Rows
from astropile.readers.protocol import CellInfo, ReadOptions


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a cell is: a column or the image of a unit, a card of its header, or made here."""

    hdu: Hdu
    column: TableColumn | None = None
    key: str = ""
    made: str = ""


class FitsReader(FileReader):
    """Reader of one FITS file.

    ``rows: axis`` takes the rows of the chosen table (or the planes of the chosen image) for the
    rows, ``rows: file`` the whole file for one row, ``rows: channel`` the planes of all images.
    With ``rows: cutout`` it is a `WindowReader`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "stars.fits")
    >>> columns = [fits.Column("ra", "D", array=[1.0, 2.0]), fits.Column("n", "J", array=[1, -9])]
    >>> columns[1].null = -9
    >>> fits.BinTableHDU.from_columns(columns).writeto(path)
    >>> with FitsReader(path, ReadOptions()) as reader:
    ...     reader.read(["n"])["n"].null.tolist()
    [False, True]
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (
        *DAMAGE,
        fits.VerifyError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
    )

    def __init__(self, path: Path, options: ReadOptions) -> None:
        super().__init__(path, options)
        with self._errors():
            self._bytes = read_plain(path)
            self._hdus = read_hdus(self._bytes)
            self._main = self._find_main()
        self._tiles = Tiles(path, self._bytes)
        self._grids: dict[int, SkyGrid] = {}

    def close(self) -> None:
        """Close the file."""
        self._bytes = np.empty(0, dtype=np.uint8)
        self._tiles.close()

    def count_rows(self) -> int:
        """Return the number of rows; none for windows."""
        if self._options.rows == "file":
            return 1
        if self._options.rows == "channel":
            with self._errors():
                return len(self._channels)
        if self._options.rows == "cutout":
            return 0
        with self._errors():
            return self._main.shape[0] if self._main.shape else 0

    def block_rows(self) -> int:
        """Return 1: rows of a FITS file stand one after the other."""
        return 1

    def _find_main(self) -> Hdu:
        """Return the unit whose rows are meant."""
        wanted = self._options.hdu
        if not wanted:
            tables = [hdu for hdu in self._hdus if "table" in hdu.kind]
            images = [hdu for hdu in self._hdus if "image" in hdu.kind and hdu.shape]
            if self._options.rows in ("cutout", "channel"):
                tables = []
            return (tables or images or self._hdus)[0]
        for hdu in self._hdus:
            if wanted in (hdu.name, str(hdu.number)):
                return hdu
        names = [hdu.name for hdu in self._hdus if hdu.name]
        hint = did_you_mean(wanted, names)
        msg = f"no HDU {wanted!r}"
        raise CellError(msg, hint=hint or f"it has 0 to {len(self._hdus) - 1}: {', '.join(names)}")

    @property
    def _cells(self) -> Cells:
        return self._found[0]

    @cached_property
    def _found(self) -> tuple[Cells, dict[str, _Place]]:
        """Cells, and the places of their first addresses."""
        facts: dict[str, Facts] = {}
        places: dict[str, _Place] = {}
        aliases: dict[str, str] = {}
        with self._errors():
            for addresses, place in self._places():
                free = [name for name in addresses if name not in facts and name not in aliases]
                if not free:
                    continue
                facts[free[0]] = partial(self._info, place)
                places[free[0]] = place
                aliases |= dict.fromkeys(free[1:], free[0])
        return Cells(facts, aliases, ignore_case=self._options.ignore_case), places

    def _places(self) -> Iterator[tuple[list[str], _Place]]:
        """Yield all cells with their addresses, the preferred one first."""
        made = {"cutout": ("inside",), "channel": Channels.cells}.get(self._options.rows, ())
        for cell in made:
            yield [cell], _Place(self._main, made=cell)
        for hdu in (self._main, *self._hdus):
            names = self._names(hdu)
            if self._options.rows in ("cutout", "channel"):
                if self._options.rows == "cutout" and _is_picture(hdu):
                    yield names, _Place(hdu)
            elif "table" in hdu.kind:
                bare = [""] if hdu is self._main else []
                for column in table_columns(hdu).values():
                    prefixes = [*bare, *(f"{name}." for name in names)]
                    yield [prefix + column.name for prefix in prefixes], _Place(hdu, column)
            elif "image" in hdu.kind and hdu.shape:
                yield names, _Place(hdu)
            for key in hdu.keywords():
                yield [f"{name}@{key}" for name in names], _Place(hdu, key=key)

    def _names(self, hdu: Hdu) -> list[str]:
        """Return what a unit is called; a name that several have means the first of them alone."""
        names = [f"hdu{hdu.number}"]
        first = next(other for other in self._hdus if other.name == hdu.name)
        if hdu.name and hdu is first:
            names.insert(0, hdu.name)
        elif hdu.name and "EXTVER" in hdu.header:
            names.append(f"{hdu.name},{hdu.header['EXTVER']}")
        if hdu.number == 0 and hdu.name != "PRIMARY":
            names.append("PRIMARY")
        return names

    def _info(self, place: _Place) -> CellInfo:
        """Return what the headers say of a cell; called when the cell is looked up."""
        with self._errors():
            return self._describe(place)

    def _describe(self, place: _Place) -> CellInfo:
        hdu = place.hdu
        by_row = self._options.rows != "file"
        if place.made:
            if place.made == "inside":
                return CellInfo("bool", (None, None))
            return self._channels.info(place.made)
        if place.key:
            kind = _card(hdu, place.key).data.dtype
            dtype = "text" if kind.kind == "U" else kind.name
            return CellInfo(dtype, shared=by_row)
        shared = by_row and self._is_shared(place)
        whole: tuple[int | None, ...] = hdu.shape
        if place.column is not None:
            varying = (None,) if place.column.pointer and place.column.code != "A" else ()
            whole = (*hdu.shape, *place.column.shape, *varying)
            dtype, unit = place.column.dtype, place.column.unit
        else:
            dtype, unit = image_dtype(hdu).name, str(hdu.header.get("BUNIT", "")).strip()
        if self._options.rows == "cutout":
            return CellInfo(dtype, (*whole[:-2], None, None), unit)
        return CellInfo(dtype, whole[1:] if by_row and not shared else whole, unit, shared)

    @cached_property
    def _shared(self) -> list[_Place]:
        cells, places = self._found
        firsts = [cells.first_address(name) for name in self._options.shared]
        return [places[first] for first in firsts if first is not None]

    def _is_shared(self, place: _Place) -> bool:
        return bool(place.key) or place in self._shared

    @cached_property
    def _channels(self) -> Channels:
        return Channels(self._hdus, self._main if self._options.hdu else None)

    def _read(self, addresses: Sequence[str], rows: Rows) -> dict[str, Column]:
        if self._options.rows == "cutout":
            msg = "rows: cutout has no rows of its own"
            raise UsageError(msg, hint="windows are read by position: read_windows")
        return {address: self._column(address, rows) for address in addresses}

    def _column(self, address: str, rows: Rows) -> Column:
        """Read one cell."""
        place = self._found[1][address]
        n = count_selected(rows)
        if place.key:
            return _card(place.hdu, place.key).spread(n)
        if place.made:
            return self._channels.read(place.made, rows, self._image)
        length = place.hdu.shape[0]
        if self._options.rows == "file" or self._is_shared(place):
            whole = self._values(place, slice(0, length))
            return as_row(whole, address).spread(n)
        if length != self.count_rows():
            msg = f"{address}: {length} rows, HDU {self._main.number} has {self.count_rows()}"
            hint = "if it belongs to every row, list it under 'shared' of the table"
            raise CellError(msg, hint=hint)
        return self._values(place, rows)

    def _values(self, place: _Place, rows: Rows) -> Column:
        """Read rows of a column or image."""
        if place.column is not None:
            return read_column(self._bytes, place.hdu, place.column, rows)
        return self._image(place.hdu, rows)

    def _image(self, hdu: Hdu, rows: Rows) -> Column:
        """Read places on the first axis of an image."""
        if hdu.kind != "compressed image":
            return image_values(stored_image(self._bytes, hdu)[rows], hdu)
        if isinstance(rows, slice):
            return image_values(self._tiles.section(hdu, (rows,)), hdu)
        first = int(rows[0])
        raw = self._tiles.section(hdu, (slice(first, int(rows[-1]) + 1),))
        return image_values(raw[rows - first], hdu)

    def read_windows(
        self,
        names: Sequence[str],
        ra_deg: Array,
        dec_deg: Array,
        size: tuple[int, int],
        *,
        also: Sequence[str] = (),
    ) -> tuple[dict[str, Column], Array]:
        """Cut a window around each position out of every image (`WindowReader.read_windows`)."""
        if self._options.rows != "cutout":
            msg = f"the file was opened with rows: {self._options.rows}"
            raise UsageError(msg, hint="windows need rows: cutout")
        with self._errors():
            addresses = {name: self._address(name) for name in names}
            places = {address: self._found[1][address] for address in addresses.values()}
            images = {p.hdu.number: p.hdu for p in places.values() if not (p.key or p.made)}
            n_read = len(images)
            beside = (self._found[1][self._address(name)] for name in also)
            images |= {p.hdu.number: p.hdu for p in beside if not (p.key or p.made)}
            if not images and any(place.made for place in places.values()):
                images = {self._main.number: self._main}
            ra, dec = (np.asarray(values, dtype=np.float64) for values in (ra_deg, dec_deg))
            self._check_windows([*images.values()][:n_read], len(ra), size)
            placed = {
                number: place_windows(self._grid(hdu), _plane(hdu), ra, dec, size)
                for number, hdu in images.items()
            }
            columns: dict[str, Column] = {}
            for address, place in places.items():
                if place.key:
                    columns[address] = _card(place.hdu, place.key).spread(len(ra))
                elif place.made:
                    columns[address] = Column(_all(w.inside() for w in placed.values()))
                else:
                    columns[address] = self._windows(place.hdu, placed[place.hdu.number])
            inside = _all([np.ones(len(ra), bool), *(w.whole() for w in placed.values())])
            return {name: columns[address] for name, address in addresses.items()}, inside

    def _windows(self, hdu: Hdu, windows: Windows) -> Column:
        """Read windows of an image."""
        rows = np.flatnonzero(windows.touching())
        found = windows.take(rows)
        if hdu.kind == "compressed image":
            width = int(hdu.header.get("ZTILE1", hdu.shape[-1]))
            section = partial(self._tiles.section, hdu)
            dtype = stored_dtype(hdu)
            raw = read_sections(
                found, section, hdu.shape[:-2], dtype, by_column=width < hdu.shape[-1]
            )
        else:
            raw = found.cut(stored_image(self._bytes, hdu))
        return fill_outside(image_values(raw, hdu), windows, rows)

    def _grid(self, hdu: Hdu) -> SkyGrid:
        """Return where the pixels of an image are on the sky."""
        if hdu.number not in self._grids:
            if not _is_picture(hdu):
                msg = f"HDU {hdu.number} is no image with two axes"
                raise CellError(msg, hint="name an image of the file")
            self._grids[hdu.number] = sky_grid(hdu, self._hdus, self._tiles.opened)
        return self._grids[hdu.number]

    def _check_windows(self, images: Iterable[Hdu], n: int, size: tuple[int, int]) -> None:
        """Refuse windows that no machine can hold."""
        plane = n * size[0] * size[1]
        total = sum(plane * prod(h.shape[:-2]) * image_dtype(h).itemsize for h in images)
        if total > BUDGET_BYTES:
            msg = f"{n} windows of {size} pixels take {total / 2**30:.0f} GiB"
            raise UnsafeFileError(msg, hint="read fewer, or smaller ones")


def _all(masks: Iterable[Array]) -> Array:
    """Return where all masks are true; there is at least one."""
    return np.asarray(reduce(np.logical_and, masks))


def _is_picture(hdu: Hdu) -> bool:
    """Return whether a unit is an image with two axes or more."""
    return "image" in hdu.kind and len(hdu.shape) > 1 and prod(hdu.shape) > 0


def _plane(hdu: Hdu) -> tuple[int, int]:
    """Return the last two axes of an image."""
    ny, nx = hdu.shape[-2:]
    return ny, nx


def _card(hdu: Hdu, key: str) -> Column:
    """Return the value of a card as a column of one row."""
    value = hdu.value(key)
    if value is None:
        return Column(np.array([""]), null=np.array([True]))
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        value = float(value)
    return Column(np.array([value.rstrip() if isinstance(value, str) else value]))
