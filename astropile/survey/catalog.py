"""The catalogue of a survey as an astropy Table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from astropile.errors import UsageError
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import OBJECT_LEAVES
from astropile.sky import healpix_index
from astropile.survey.request import Request, collect
from astropile.vocabulary import UnitTextError, conversion, parse_unit

if TYPE_CHECKING:
    from astropy.table import Table

    from astropile.schema import Leaf

#: The column of the pixel of each object.
PIXEL: Final = "healpix"


@dataclass(frozen=True, slots=True)
class _Target:
    """A unit to convert to, and what does it: a factor, a function, or None for nothing."""

    unit: Any
    factor: float | Callable[[Any], Any] | None

    def convert(self, data: Array) -> Array:
        if self.factor is None:
            return data
        return np.asarray(self.factor(data) if callable(self.factor) else data * self.factor)


def build_catalog(
    request: Request,
    columns: Sequence[str],
    *,
    split: str | None,
    units: Mapping[str, str],
    healpix_order: int,
) -> Table:
    """Read scalar columns of all objects; see :meth:`astropile.survey.Survey.catalog`."""
    from astropy.table import Table

    addresses = [a for a in request.resolve(columns) if a not in OBJECT_LEAVES]
    if any(request.leaves[address].axes for address in addresses):
        asked = next(
            name for name in columns if any(request.leaves[a].axes for a in request.resolve([name]))
        )
        msg = f"'{asked}' is an array of each object, not a catalogue column"
        hint = "read it with dataset() or iter_tables()"
        raise UsageError(msg, where=request.schema.id, hint=hint)
    if PIXEL in addresses:
        msg = f"'{PIXEL}' is the pixel of each object in a catalogue; the survey has such a column"
        hint = f"read the survey's own '{PIXEL}' with dataset() or iter_tables()"
        raise UsageError(msg, where=request.schema.id, hint=hint)
    targets = _targets(request, units, (*OBJECT_LEAVES, *addresses))
    found = request.catalogue_pass(split)
    if addresses and len(found.index):
        wanted = (*OBJECT_LEAVES, *addresses)
        run = request.run(wanted, split=split)
        found = collect(run.batches(index=found.index), found.rejects, wanted)
    table = Table(meta={"survey": request.schema.id, "config": request.config})
    for address in OBJECT_LEAVES:
        _add(table, address, found.columns[address], request.leaves[address], targets)
    # From the degrees that were read: the table may hold another unit.
    table[PIXEL] = healpix_column(*position_deg(found.columns), healpix_order)
    for address in addresses:
        leaf = request.leaves[address]
        column = found.columns.get(address)
        if column is None:
            kind = "U1" if leaf.field.dtype == "string" else leaf.field.dtype
            n = len(found.index)
            column = Column(np.zeros(n, dtype=kind), null=np.ones(n, dtype=bool))
        _add(table, address, column, leaf, targets)
    return table


def _targets(
    request: Request, units: Mapping[str, str], addresses: Sequence[str]
) -> dict[str, _Target]:
    """Return the wanted unit of columns by their address.

    Raises
    ------
    UsageError
        A column is not asked for, has no unit, or its unit cannot become the wanted one.
    """
    targets = {}
    for name, text in units.items():
        leaf = request.resolver.resolve(name).leaf
        where = f"{request.schema.id}, {leaf.address}"
        if leaf.address not in addresses:
            msg = f"units= names '{name}', which is not among the columns of the catalogue"
            raise UsageError(msg, where=request.schema.id, hint=f"add '{name}' to columns=")
        if leaf.field.dtype in ("string", "bool"):
            msg = f"a column of type {leaf.field.dtype} has no unit that could become '{text}'"
            raise UsageError(msg, where=where, hint=f"take '{name}' out of units=")
        try:
            unit = parse_unit(text)
            factor = conversion(parse_unit(leaf.field.unit), unit)
        except UnitTextError as error:
            raise UsageError(error.message, where=where, hint=error.help) from error
        targets[leaf.address] = _Target(unit, factor)
    return targets


def position_deg(columns: Mapping[str, Column]) -> tuple[Array, Array]:
    """Return right ascension and declination in degrees, NaN where there is none."""
    ra, dec = (
        c.data if c.null is None else np.where(c.null, np.nan, c.data)
        for c in (columns["ra"], columns["dec"])
    )
    return ra, dec


def count_unplaced(ra_deg: Array, dec_deg: Array) -> int:
    """Return the number of rows without a position."""
    return int((~(np.isfinite(ra_deg) & np.isfinite(dec_deg))).sum())


def healpix_column(ra_deg: Array, dec_deg: Array, order: int) -> Any:
    """Return the nested pixel of each position; masked where the position is unknown."""
    from astropy.table import MaskedColumn

    known = np.isfinite(ra_deg) & np.isfinite(dec_deg)
    pixel = np.full(len(ra_deg), -1, dtype=np.int64)
    pixel[known] = healpix_index(ra_deg[known], dec_deg[known], order=order)
    if known.all():
        return pixel
    return MaskedColumn(pixel, mask=~known)


def _add(
    table: Table, name: str, column: Column, leaf: Leaf, targets: Mapping[str, _Target]
) -> None:
    from astropy.table import Column as TableColumn
    from astropy.table import MaskedColumn

    data, unit = column.data, parse_unit(leaf.field.unit) if leaf.field.unit else None
    if name in targets:
        data, unit = targets[name].convert(data), targets[name].unit
    kind = MaskedColumn if column.null is not None and column.null.any() else TableColumn
    options: dict[str, Any] = {"description": leaf.field.description, "unit": unit}
    if kind is MaskedColumn:
        options["mask"] = column.null
    table[name] = kind(data, **options)
