"""Tables of other libraries, and files, as batches of Arrow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from astropile.disk import local_path
from astropile.errors import CorruptFileError, NoFilesError, UsageError
from astropile.readers import ReadOptions, open_reader
from astropile.survey.plain_parquet import parquet_pieces

__all__ = ["TableInput", "table_input"]

#: Memory of a batch.
BATCH_BYTES = 32 * 2**20
Batches: TypeAlias = Iterator[tuple[int, pa.Table]]
_ANEW = "look at the file, or fetch it again"
_GUESSED = "types are guessed from the first 32 MB; make a Parquet file with the types you mean"
_PLAIN = "leave the column out, or replace it by numbers or text"


@dataclass(frozen=True)
class TableInput:
    """A table that can be read more than once, piece by piece.

    Attributes
    ----------
    name : str
        For messages.
    schema : Schema
        Its columns; units and descriptions in the field metadata.
    batches : callable
        Names of columns, or None for all -> first row and values of each piece.
    file : Path, optional
        Where it comes from.
    digest : str
        Of the values, for a table in memory.
    """

    name: str
    schema: pa.Schema
    batches: Callable[[Sequence[str] | None], Batches]
    file: Path | None = None
    digest: str = ""

    def stamps(self) -> tuple[tuple[str, int, int], ...]:
        """Return name, size and time of change of the file."""
        if self.file is None:
            return ()
        stat = self.file.stat()
        return ((self.file.name, stat.st_size, stat.st_mtime_ns),)


def table_input(table: Any, object_id: str) -> TableInput:
    """Return any table as batches of Arrow.

    Parameters
    ----------
    table : astropy Table, pandas DataFrame, pyarrow Table, or path-like
        The table, or a Parquet, CSV or FITS file.
    object_id : str
        Column of the id; that of a CSV file is read as the text it is.

    Raises
    ------
    UsageError
        It is none of these, or has columns that Arrow cannot hold.
    """
    if isinstance(table, str | PathLike):
        return _file_input(local_path(table, "table"), object_id)
    if isinstance(table, pa.Table):
        return _memory_input(table)
    if hasattr(table, "itercols") and hasattr(table, "colnames"):
        return _memory_input(_from_astropy(table))
    if hasattr(table, "to_parquet") and hasattr(table, "columns"):
        return _memory_input(_from_pandas(table))
    msg = f"a table is expected, got {type(table).__name__}"
    hint = "give an astropy, pandas or pyarrow table, or the path of a Parquet, CSV or FITS file"
    raise UsageError(msg, hint=hint)


def _memory_input(table: pa.Table) -> TableInput:
    def batches(columns: Sequence[str] | None) -> Batches:
        chosen = table if columns is None else table.select(list(columns))
        step = _step(table.schema, table.nbytes // max(1, table.num_rows))
        for start in range(0, chosen.num_rows, step):
            yield start, chosen.slice(start, step)

    return TableInput("table", table.schema, batches, digest=_digest(table))


def _digest(table: pa.Table) -> str:
    """Return a sha256 of the values, so that an unfinished build knows its table again."""
    digest = hashlib.sha256(table.schema.serialize().to_pybytes())
    sink = pa.PythonFile(_Hashed(digest), mode="w")
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1 << 16)
    return digest.hexdigest()


class _Hashed:
    """A file that only remembers the hash of what was written."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self._digest = digest
        self._place = 0

    def write(self, data: Any) -> int:
        self._digest.update(data)
        self._place += len(data)
        return len(data)

    def tell(self) -> int:
        return self._place

    def flush(self) -> None:
        return

    def close(self) -> None:
        return


def _step(schema: pa.Schema, row_bytes: int = 0) -> int:
    wide = row_bytes or sum(_width(field.type) for field in schema)
    return max(1, min(1 << 19, BATCH_BYTES // max(1, wide)))


def _width(kind: pa.DataType) -> int:
    try:
        return max(1, int(kind.bit_width) // 8)
    except ValueError:
        return 32


def _file_input(path: Path, object_id: str) -> TableInput:
    if not path.is_file():
        what = "a folder, not a file" if path.is_dir() else "no such file"
        hint = "give the path of one Parquet, CSV or FITS file"
        raise NoFilesError(what, where=str(path), hint=hint)
    suffixes = [s.lower() for s in path.suffixes]
    if ".parquet" in suffixes or ".parq" in suffixes:
        return _parquet_input(path)
    if ".csv" in suffixes or ".tsv" in suffixes:
        return _csv_input(path, object_id)
    if {".fits", ".fit", ".fz"} & set(suffixes):
        return _fits_input(path)
    msg = "the name of the file does not tell its format"
    raise UsageError(msg, where=str(path), hint="name it .parquet, .csv or .fits")


@contextmanager
def _reading(path: Path, hint: str = _ANEW) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "where", None) is not None:
            raise
        msg = f"the file cannot be read: {str(error).splitlines()[0]}"
        raise CorruptFileError(msg, where=str(path), hint=hint) from error


def _parquet_input(path: Path) -> TableInput:
    with _reading(path), pq.ParquetFile(path, pre_buffer=False) as file:
        schema, meta = file.schema_arrow, file.metadata

    def batches(columns: Sequence[str] | None) -> Batches:
        start = 0
        with _reading(path):
            for table in parquet_pieces(path, meta, columns, BATCH_BYTES):
                yield start, table
                start += table.num_rows

    return TableInput(path.name, schema.remove_metadata(), batches, path)


def _csv_input(path: Path, object_id: str) -> TableInput:
    from pyarrow import csv

    parse = csv.ParseOptions(delimiter="\t" if ".tsv" in path.suffixes else ",")
    options = {"read_options": csv.ReadOptions(block_size=BATCH_BYTES), "parse_options": parse}
    as_text = csv.ConvertOptions(column_types={object_id: pa.string()})  # 007 is not 7
    with _reading(path), csv.open_csv(path, convert_options=as_text, **options) as reader:
        schema = reader.schema

    def batches(columns: Sequence[str] | None) -> Batches:
        start = 0
        convert = csv.ConvertOptions(column_types=schema, include_columns=columns or [])
        with (
            _reading(path, _GUESSED),
            csv.open_csv(path, convert_options=convert, **options) as reader,
        ):
            for batch in reader:
                yield start, pa.Table.from_batches([batch])
                start += batch.num_rows

    return TableInput(path.name, schema, batches, path)


def _fits_input(path: Path) -> TableInput:
    options = ReadOptions(rows="axis", hdu="1")
    with open_reader(path, "fits", options) as reader:
        cells, total = reader.cells(), reader.count_rows()
        with _reading(path):
            facts = _fits_facts(path)
        names = list(facts)
        unfit = [name for name in names if name not in cells]
        if unfit:
            msg = "the column is neither numbers nor text, or its name has a . in it"
            raise UsageError(msg, where=f"{path.name}, {unfit[0]}", hint=_PLAIN)
        first = reader.read(names, slice(0, min(total, 1)))
    fields = []
    for name in names:
        try:
            fields.append(_arrow_field(name, _arrow_of(first[name]), facts[name]))
        except pa.ArrowException as error:
            msg = f"the column cannot be stored: {error}"
            raise UsageError(msg, where=f"{path.name}, {name}", hint=_PLAIN) from error
    schema = pa.schema(fields)

    def batches(columns: Sequence[str] | None) -> Batches:
        wanted = names if columns is None else list(columns)
        step = _step(schema)
        with open_reader(path, "fits", options) as reader:
            for start in range(0, total, step):
                found = reader.read(wanted, slice(start, min(start + step, total)))
                arrays = [_arrow_of(found[n]).cast(schema.field(n).type) for n in wanted]
                yield start, pa.Table.from_arrays(arrays, names=wanted)

    return TableInput(path.name, schema, batches, path)


def _fits_facts(path: Path) -> dict[str, dict[str, str]]:
    """Return unit and description of every column of the first table; one row is read."""
    import warnings

    from astropy.io import fits
    from astropy.table import Table
    from astropy.utils.exceptions import AstropyWarning

    with fits.open(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)  # units that are not of FITS are kept
        hdu = file[1] if len(file) > 1 else file[0]
        if not isinstance(hdu, fits.BinTableHDU | fits.TableHDU):
            msg = "the first extension is not a table"
            raise CorruptFileError(msg, where=str(path), hint="move the table to the first one")
        head = Table.read(type(hdu)(hdu.data[:1], hdu.header))
        return {name: _facts(head[name]) for name in head.colnames}


def _arrow_of(column: Any) -> pa.Array:
    """Return a column of a reader as an Arrow array; further axes become lists."""
    if column.shapes is not None:
        msg = "arrays whose shape differs by row cannot be a column of a plain table"
        raise UsageError(msg, hint=_PLAIN)
    return _lists(column.data, column.offsets, column.null)


def _lists(data: Any, offsets: Any = None, null: Any = None) -> pa.Array:
    shape = data.shape[1:]
    mask = None if null is None or not null.any() else null
    if not shape and offsets is None:
        return pa.array(np.ascontiguousarray(data), mask=mask)
    array = pa.array(np.ascontiguousarray(data).reshape(-1))
    for length in reversed(shape):
        array = pa.FixedSizeListArray.from_arrays(array, length)
    if offsets is not None:
        array = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), array)
    return array


def _from_pandas(table: Any) -> pa.Table:
    """Return a pandas table as Arrow; the index is no column."""
    try:
        return pa.Table.from_pandas(table, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError) as error:
        said = "; ".join(str(part) for part in error.args).splitlines()[0]
        raise UsageError(f"pandas cannot give it to Arrow: {said}", hint=_PLAIN) from error


def _from_astropy(table: Any) -> pa.Table:
    """Return an astropy table as Arrow, units and descriptions in the field metadata."""
    arrays, fields = [], []
    for column in table.itercols():
        name = column.info.name
        try:
            array = _from_column(*_values_and_mask(column))
        except (pa.ArrowException, UnicodeDecodeError, _UnfitError) as error:
            msg = f"the column cannot be stored: {str(error).splitlines()[0]}"
            raise UsageError(msg, where=f"table, {name}", hint=_PLAIN) from error
        arrays.append(array)
        fields.append(_arrow_field(name, array, _facts(column)))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


class _UnfitError(Exception):
    """A column that is neither numbers nor text."""


def _values_and_mask(column: Any) -> tuple[Any, Any]:
    """Return the values of a column without unit, and where it has none (or None)."""
    from astropy.units import Quantity

    values = column
    if isinstance(column, Quantity):
        values = column.to_value(column.unit)
    elif not hasattr(column, "dtype"):
        msg = f"it is of type {type(column).__name__}"
        raise _UnfitError(msg)
    if hasattr(values, "unmasked"):  # the Masked of astropy, which NumPy does not know
        return np.asarray(values.unmasked), np.asarray(values.mask)
    mask = np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else None
    return np.asarray(np.ma.getdata(values)), mask


def _from_column(plain: Any, mask: Any) -> pa.Array:
    """Return values as Arrow: null where masked, NaN in arrays."""
    if 0 in plain.shape[1:]:
        msg = "its arrays have no elements"
        raise _UnfitError(msg)
    if plain.dtype.kind == "S":
        plain = np.char.decode(plain, "utf-8")
    native = plain.astype(plain.dtype.newbyteorder("="), copy=False)
    if native.dtype.kind == "O":
        listed = native.tolist()
        if mask is not None and mask.ndim == 1:
            listed = [None if gap else value for value, gap in zip(listed, mask, strict=True)]
        return pa.array(listed)
    if mask is None or mask.ndim == 1 or not mask.any():
        return _lists(native, None, mask if mask is not None and mask.ndim == 1 else None)
    if native.dtype.kind != "f":
        msg = f"values of type {native.dtype} are masked inside arrays, where only floats can be"
        raise _UnfitError(msg)
    return _lists(np.where(mask, np.array(np.nan, native.dtype), native))


def _facts(column: Any) -> dict[str, str]:
    unit = getattr(column, "unit", None)
    facts = {"unit": "" if unit is None else str(unit)}
    facts["description"] = column.info.description or ""
    return {key: value for key, value in facts.items() if value}


def _arrow_field(name: str, array: pa.Array, facts: dict[str, str]) -> pa.Field:
    return pa.field(name, array.type, metadata=facts or None)
