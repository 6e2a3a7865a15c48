"""A match as tables: pairs in Arrow, and the matched catalogue of astropy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.crossmatch.result import FOOTPRINT, SEPARATION, MatchResult
from astropile.readers.column import Array

if TYPE_CHECKING:
    import pyarrow as pa
    from astropy.table import Table

    from astropile.crossmatch.sides import AnySide
    from astropile.crossmatch.union import UnionResult

__all__ = ["footprint_array", "list_offsets", "matched_catalog", "pairs_table", "union_table"]


def pairs_table(result: MatchResult) -> pa.Table:
    """Return ids, row numbers, separation and position angle of a match."""
    import pyarrow as pa

    left_row, right_row = result.left_row, result.right_row
    apart = ~result.rows.is_pair
    right = {
        "right_object_id": _id_column(result.right, right_row, nested=result.nested),
        "right_row": _array(right_row, right_row < 0),
        SEPARATION: _array(result.separation_arcsec, apart),
        "position_angle_deg": _array(result.position_angle_deg, apart),
    }
    nests = result.rows.nests
    first = nests[:-1] if result.nested else slice(None)
    if result.nested:
        right = {name: _listed(values, right_row, nests) for name, values in right.items()}
    found = {
        "left_object_id": _id_column(result.left, left_row[first]),
        "right_object_id": right.pop("right_object_id"),
        "left_row": _array(left_row[first], left_row[first] < 0),
        **right,
    }
    inside = footprint_array(result)
    return pa.table(found if inside is None else {**found, FOOTPRINT: inside})


def _id_column(side: AnySide, rows: Array, *, nested: bool = False) -> pa.Array | pa.ChunkedArray:
    """Return ids, in pieces if they come so and need not be nested."""
    from astropile.crossmatch.pileside import PileSide

    return side.id_column(rows) if isinstance(side, PileSide) and not nested else side.ids(rows)


def _array(values: Array, mask: Array) -> pa.Array:
    """Return an Arrow array; where nothing is masked it shares the memory of the values."""
    import pyarrow as pa

    from astropile.pile.plain import plain_array

    return pa.array(values, mask=mask) if mask.any() else plain_array(values)


def footprint_array(result: MatchResult) -> pa.Array | None:
    """Return for each row of a result whether its object is in the footprint of the other side."""
    import pyarrow as pa

    inside = result.in_footprint
    if inside is None:
        return None
    if result.nested:
        inside = inside[result.rows.nests[:-1]]
    return pa.array(inside.data, mask=np.ma.getmaskarray(inside))


def list_offsets(right_row: Array, nests: Array) -> Array:
    """Return where the list of each nest begins: rows without a right object are in none."""
    present = np.concatenate([[0], np.cumsum(right_row >= 0)])
    return np.asarray(present[nests], dtype=np.int64)


def _listed(values: pa.Array, right_row: Array, nests: Array) -> pa.Array:
    """Return the values of right objects as a list a nest."""
    import pyarrow as pa

    present = values.filter(pa.array(right_row >= 0))
    offsets = pa.array(list_offsets(right_row, nests))
    return pa.LargeListArray.from_arrays(offsets, present).cast(pa.list_(values.type))


def matched_catalog(result: MatchResult) -> Table:
    """Return ids, positions and separations of a match."""
    from astropy.table import Table

    from astropile.survey.catalog import healpix_column

    meta = {
        "left": result.left.label,
        "right": result.right.label,
        "radius_arcsec": result.radius_arcsec,
        "find": result.find,
        "how": result.how,
    }
    if result.epoch is not None:
        meta["epoch"] = result.epoch
    table = Table(meta=meta)
    rows, nests = result.rows, result.rows.nests
    left_row = rows.left[nests[:-1]] if result.nested else rows.left
    _add(table, result.left, left_row, "")
    ra, dec = (np.ma.filled(np.ma.asarray(table[name]), np.nan) for name in ("ra", "dec"))
    table["healpix"] = healpix_column(ra, dec, 29)
    _add(table, result.left, left_row, f"{result.left.label}:")
    if result.nested:
        offsets = list_offsets(rows.right, nests)
        right, separation = rows.right[rows.right >= 0], rows.separation_arcsec[rows.right >= 0]
        inner = Table()
        _add(inner, result.right, right, f"{result.right.label}:")
        for name in inner.colnames:
            # Units of columns of arrays would be lost in files; the description says them.
            table[name] = _arrays(np.asarray(inner[name]), offsets)
            if inner[name].unit is not None:
                table[name].description = f"in {inner[name].unit}"
        table[SEPARATION] = _arrays(separation, offsets)
        table[SEPARATION].description = "in arcsec"
    else:
        _add(table, result.right, rows.right, f"{result.right.label}:")
        table[SEPARATION] = _column(rows.separation_arcsec, ~rows.is_pair, "arcsec")
    _add_footprint(table, result)
    return table


def _add_footprint(table: Table, result: MatchResult) -> None:
    inside = result.in_footprint
    if inside is not None:
        inside = inside[result.rows.nests[:-1]] if result.nested else inside
        table[FOOTPRINT] = _column(inside.data, np.ma.getmaskarray(inside), None)


def _add(table: Table, side: AnySide, rows: Array, prefix: str) -> None:
    table[f"{prefix}object_id"] = _texts(side.ids(rows))
    for name, values in zip(("ra", "dec"), side.position_at(rows), strict=True):
        table[f"{prefix}{name}"] = _column(values, rows < 0, "deg")


def union_table(union: UnionResult) -> Table:
    """Return the groups of a union, with one member of every survey."""
    from astropy.table import Table

    from astropile.survey.catalog import healpix_column

    table = Table(meta={"radius_arcsec": union.radius_arcsec})
    table["object_id"] = _texts(union.first_ids)
    ra, dec = union.first_position
    here = np.zeros(len(union), dtype=bool)
    table["ra"], table["dec"] = _column(ra, here, "deg"), _column(dec, here, "deg")
    table["healpix"] = healpix_column(ra, dec, 29)
    table["n_surveys"] = np.sum([count > 0 for count in union.counts], axis=0)
    table["n_rows"] = np.sum(union.counts, axis=0)
    table["extent_arcsec"] = _column(union.extent_arcsec, here, "arcsec")
    for side, count in zip(union.sides, union.counts, strict=True):
        table[f"in_{side.label}"] = count > 0
    for side in union.sides:
        seen = union.in_footprint(side)
        if seen is not None:
            table[f"{side.label}:in_footprint"] = _column(seen.data, np.ma.getmaskarray(seen), None)
    for side, members, count in zip(union.sides, union.members, union.counts, strict=True):
        row = np.full(len(union), -1, dtype=np.int64)
        row[count > 0] = members[(np.cumsum(count) - count)[count > 0]]
        table[f"{side.label}:object_id"] = _texts(side.ids(row))
        table[f"{side.label}:row"] = _column(row, row < 0, None)
        table[f"{side.label}:n"] = count
    return table


def _texts(ids: pa.Array) -> Any:
    """Return ids as a column of texts, masked where there is none."""
    null = ids.is_null().to_numpy(zero_copy_only=False)
    return _column(np.array(ids.fill_null("").to_pylist(), dtype=np.str_), null, None)


def _column(values: Array, mask: Array, unit: str | None) -> Any:
    from astropy.table import Column, MaskedColumn

    if mask.any():
        return MaskedColumn(values, mask=mask, unit=unit)
    return Column(values, unit=unit)


def _arrays(values: Array, offsets: Array) -> Array:
    """Return an array of arrays: what lies between offsets."""
    found = np.empty(len(offsets) - 1, dtype=object)
    for place, start in enumerate(offsets[:-1].tolist()):
        found[place] = values[start : offsets[place + 1]]
    return found
