"""Columns of plain tables: numbers in a unit, names of objects, and the table as Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.errors import MatchError, MatchOptionError
from astropile.readers.column import Array
from astropile.sky.positions import Floats

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "bytes_of",
    "column_names",
    "length_of",
    "number_column",
    "some_rows",
    "text_column",
    "to_arrow",
    "unit_of",
]


def column_names(table: Any) -> list[str]:
    """Return the names of the columns of a table.

    Raises
    ------
    MatchError
        It is no table of a kind that is known here.
    """
    kind = _kind(table)
    if kind == "arrow":
        return list(table.column_names)
    return list(table.colnames) if kind == "astropy" else [str(name) for name in table.columns]


def length_of(table: Any) -> int:
    """Return the number of rows."""
    return int(table.num_rows) if _kind(table) == "arrow" else len(table)


def bytes_of(table: Any) -> int:
    """Return the memory of a table; texts of pandas are counted by their places only."""
    kind = _kind(table)
    if kind == "arrow":
        return int(table.nbytes)
    if kind == "pandas":
        return int(table.memory_usage(index=False).sum())
    return sum(getattr(table[name], "nbytes", 0) for name in table.colnames)


def _kind(table: Any) -> str:
    """Tell the library of a table without importing any."""
    for kind in type(table).__mro__:
        place, name = kind.__module__.partition(".")[0], kind.__name__
        if place == "pyarrow" and name == "Table":
            return "arrow"
        if (place, name) in (("pandas", "DataFrame"), ("astropy", "Table")):
            return place
    what = f"{type(table).__name__} is neither a survey nor a table"
    hint = "give a Survey, an astropy Table, a pandas DataFrame or a pyarrow Table"
    raise MatchOptionError(what, hint=hint)


def unit_of(table: Any, name: str) -> Any:
    """Return the unit of a column, None if it says none.

    Raises
    ------
    MatchError
        What it says is no unit.
    """
    kind = _kind(table)
    if kind == "astropy":
        return getattr(table[name], "unit", None)
    metadata: Mapping[bytes, bytes] = {}
    if kind == "arrow":
        metadata = table.schema.field(name).metadata or {}
    text = metadata.get(b"unit", b"").decode()
    if not text:
        return None
    from astropile.vocabulary import UnitTextError, parse_unit

    try:
        return parse_unit(text)
    except UnitTextError as error:
        raise MatchError(error.message, where=f"column {name}", hint=error.help) from error


def number_column(table: Any, name: str, unit: str) -> Floats:
    """Return a column as float64 in a unit, NaN where it has no value.

    Parameters
    ----------
    table : Table or DataFrame
        Of any of the kinds known here.
    name : str
        The column.
    unit : str
        Unit returned; a column that says none is taken to be in it.

    Raises
    ------
    MatchError
        The column holds no numbers, or its unit cannot become the one wanted.
    """
    kind = _kind(table)
    where = f"column {name}"
    try:
        if kind == "arrow":
            values = _arrow_numbers(table.column(name))
        elif kind == "pandas":
            _refuse_no_number(np.asarray(table[name]))
            values = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            values = _astropy_numbers(table[name], is_year=unit == "yr")
    except (TypeError, ValueError, AttributeError) as error:
        what = f"it holds no numbers: {error}"
        hint = "sexagesimal text becomes degrees with astropy.coordinates.SkyCoord"
        raise MatchError(what, where=where, hint=hint) from error
    if values.ndim != 1:
        what = f"it holds {values.ndim - 1}-dimensional arrays; expected one number a row"
        raise MatchError(what, where=where, hint="name another column, or make one of numbers")
    return in_unit(values, unit_of(table, name), unit, where)


def in_unit(values: Floats, given: Any, unit: str, where: str) -> Floats:
    """Convert numbers that are in a unit, or in none, to the unit wanted.

    Raises
    ------
    MatchError
        One unit cannot become the other.
    """
    if given is None or str(given) in ("", unit):
        return values
    import astropy.units as u

    try:
        return np.asarray(u.Unit(given).to(u.Unit(unit), values), dtype=np.float64)
    except (u.UnitConversionError, TypeError, ValueError) as error:
        what = f"its unit '{given}' cannot become {unit}"
        raise MatchError(
            what, where=where, hint="convert the column, or correct its unit"
        ) from error


def _refuse_no_number(values: Array) -> None:
    """Refuse what NumPy would turn into numbers without a word: texts, dates, truth."""
    kinds = {type(value) for value in values.flat} if values.dtype.kind == "O" else set()
    if values.dtype.kind not in "fiuO" or kinds & {str, bytes, bool, np.bool_}:
        msg = f"its type is {values.dtype if values.dtype.kind != 'O' else 'text'}"
        raise TypeError(msg)


def _arrow_numbers(column: pa.ChunkedArray) -> Floats:
    import pyarrow as pa
    from pyarrow import types

    if not (types.is_integer(column.type) or types.is_floating(column.type)):
        msg = f"its type is {column.type}"
        raise TypeError(msg)
    # Integers beyond 2**53 lose their last digits, which no angle or year has.
    values = column.cast(pa.float64(), safe=False).to_numpy()
    return np.asarray(values, dtype=np.float64)


def _astropy_numbers(column: Any, *, is_year: bool) -> Floats:
    years = getattr(column, "jyear", None)
    if years is not None and not is_year:
        raise TypeError("it holds times")
    if years is not None:
        return np.ma.filled(np.ma.asarray(years).astype(np.float64), np.nan)
    mask = getattr(column, "mask", None)
    values = np.asarray(getattr(column, "unmasked", column))
    _refuse_no_number(values)
    values = values.astype(np.float64)
    return values if mask is None else np.where(mask, np.nan, values)


def text_column(table: Any, name: str, rows: Array) -> pa.Array:
    """Return rows of a column as text: texts and whole numbers as they are written.

    Raises
    ------
    MatchError
        The column holds neither: an id that is no integer has lost digits.
    """
    import pyarrow as pa
    from pyarrow import types

    column = to_arrow_column(table, name)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    column = column.take(pa.array(rows))
    if types.is_binary(column.type) or types.is_large_binary(column.type):
        column = column.cast(pa.string())
    is_text = types.is_string(column.type) or types.is_large_string(column.type)
    if not (is_text or types.is_integer(column.type)):
        what = f"an id is a text or an integer, not {column.type}"
        raise MatchError(what, where=f"column {name}", hint="name another column as object_id=")
    return column.cast(pa.string())


def some_rows(table: Any, rows: Array) -> Any:
    """Return rows of a table, as a table of the same library."""
    kind = _kind(table)
    if kind == "arrow":
        return table.take(rows)
    return table.iloc[rows] if kind == "pandas" else table[rows]


def to_arrow_column(table: Any, name: str) -> Any:
    """Return one column as Arrow."""
    import pyarrow as pa

    kind = _kind(table)
    if kind == "arrow":
        return table.column(name)
    if kind == "pandas":
        return pa.Array.from_pandas(table[name])
    column = table[name]
    if hasattr(column, "transform_to"):  # sky coordinates
        place = column.icrs
        parts = [np.asarray(angle.to_value("deg"), np.float64) for angle in (place.ra, place.dec)]
        return pa.StructArray.from_arrays(parts, ["ra", "dec"])
    values = np.asarray(getattr(column, "unmasked", column))
    if getattr(column, "jyear", None) is not None or values.dtype.names:
        what = f"a {type(column).__name__} is no column of Arrow"
        hint = "remove the column, or put plain numbers or texts in its place"
        raise MatchError(what, where=f"column {name}", hint=hint)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    mask = getattr(column, "mask", None)
    try:
        return _arrow_of(values, None if mask is None or not np.any(mask) else np.asarray(mask))
    except (pa.ArrowException, TypeError, ValueError) as error:
        what = f"a {type(column).__name__} is no column of Arrow: {str(error).splitlines()[0]}"
        hint = "remove the column, or put plain numbers or texts in its place"
        raise MatchError(what, where=f"column {name}", hint=hint) from error


def _arrow_of(values: Array, mask: Array | None) -> pa.Array:
    """Return an array as Arrow: what has more than one axis becomes lists of fixed size."""
    import pyarrow as pa

    if values.ndim > 1:
        length = values.shape[1]
        inner = _arrow_of(
            values.reshape(-1, *values.shape[2:]),
            None if mask is None else mask.reshape(-1, *mask.shape[2:]),
        )
        return pa.FixedSizeListArray.from_arrays(inner, length)
    return pa.array(values, mask=mask)


def to_arrow(table: Any) -> pa.Table:
    """Return a whole table as Arrow, with the units in the metadata of the fields."""
    import pyarrow as pa
    from pyarrow import types

    arrays, fields = [], []
    for name in column_names(table):
        array = to_arrow_column(table, name)
        if types.is_dictionary(array.type):
            array = array.cast(array.type.value_type)
        unit = unit_of(table, name)
        metadata = {"unit": str(unit)} if unit is not None and str(unit) else None
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata=metadata))
    return pa.table(arrays, schema=pa.schema(fields))
