"""The catalogue of a survey as an astropy Table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.errors import UsageError
from astropile.readers import Column
from astropile.schema import OBJECT_LEAVES
from astropile.sky import healpix_index
from astropile.survey.request import Request, collect
from astropile.vocabulary import UnitTextError, conversion, parse_unit

if TYPE_CHECKING:
    from astropy.table import Table

    from astropile.schema import Leaf


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

    addresses = [a for a in request.resolve(list(columns)) if a not in OBJECT_LEAVES]
    for address in addresses:
        if request.leaves[address].axes:
            raise UsageError(
                f"'{address}' is an array of each object, not a catalogue column",
                where=request.schema.id,
                hint="read it with dataset() or iter_tables()",
            )
    found = request.catalogue_pass(split)
    if addresses:
        wanted = (*OBJECT_LEAVES, *addresses)
        run = request.run(wanted, split=split)
        found = collect(run.batches(index=found.index), found.rejects, wanted)
    targets = {request.resolver.resolve(name).leaf.address: unit for name, unit in units.items()}
    table = Table(meta={"survey": request.schema.id, "config": request.config})
    for address in OBJECT_LEAVES:
        _add(table, address, found.columns[address], request.leaves[address], targets)
    table["healpix"] = healpix_column(table["ra"], table["dec"], healpix_order)
    for address in addresses:
        column = found.columns.get(address)
        if column is None:
            column = Column(np.full(len(found.index), np.nan), null=np.ones(len(found.index), bool))
        _add(table, address, column, request.leaves[address], targets)
    return table


def healpix_column(ra: Any, dec: Any, order: int) -> Any:
    """Return the nested pixel of each position; masked where the position is null."""
    from astropy.table import MaskedColumn

    lon, lat = (np.ma.filled(np.ma.asarray(values).astype(float), np.nan) for values in (ra, dec))
    known = np.isfinite(lon) & np.isfinite(lat)
    pixel = np.full(len(lon), -1, dtype=np.int64)
    pixel[known] = healpix_index(lon[known], lat[known], order=order)
    if known.all():
        return pixel
    return MaskedColumn(pixel, mask=~known)


def _add(table: Table, name: str, column: Column, leaf: Leaf, targets: Mapping[str, str]) -> None:
    from astropy.table import Column as TableColumn
    from astropy.table import MaskedColumn

    data, text = column.data, leaf.field.unit
    if name in targets:
        data, text = _converted(data, leaf, targets[name]), targets[name]
    unit = parse_unit(text) if text else None
    kind = MaskedColumn if column.null is not None and column.null.any() else TableColumn
    options: dict[str, Any] = {"description": leaf.field.description, "unit": unit}
    if kind is MaskedColumn:
        options["mask"] = column.null
    table[name] = kind(data, **options)


def _converted(data: Any, leaf: Leaf, target: str) -> Any:
    try:
        factor = conversion(parse_unit(leaf.field.unit), parse_unit(target))
    except UnitTextError as error:
        raise UsageError(error.message, where=leaf.address, hint=error.help) from error
    if factor is None:
        return data
    return factor(data) if callable(factor) else data * factor
