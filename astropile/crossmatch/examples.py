"""Matched Examples: the left survey streams, the right one waits on disk for its turn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from astropile.crossmatch.result import SEPARATION
from astropile.engine import BATCH_BYTES, RowIndex
from astropile.errors import SourceError
from astropile.readers.column import Array
from astropile.survey.cache import building, cache_dir, cache_key, open_arrow, write_tables
from astropile.survey.meaning import meaning_json
from astropile.survey.request import stamps_of

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetInfo, Features

    from astropile.crossmatch.result import MatchResult, Side


def matched_dataset(result: MatchResult) -> Dataset:
    """Return the Examples of a match from the cache, writing them first if need be."""
    features = matched_features(result)
    key = _key(result)
    folder = cache_dir() / "matches" / key
    if not folder.is_dir():
        with building(folder) as aside:
            waiting = aside / "right.arrow"
            chosen, place = np.unique(result.right_row, return_inverse=True)
            features_right = result.right.request.features()
            written = write_tables(_examples(result.right, chosen), features_right, waiting)
            _require_all(result.right, written, len(chosen))
            right = RowStore(waiting)
            tables = _side_by_side(result, right, place, features.arrow_schema)
            write_tables(tables, features, aside / "data.arrow")
            right.close()
            waiting.unlink()
    return open_arrow(folder / "data.arrow", features, _info(result, features), key, None)


def matched_features(result: MatchResult) -> Features:
    """Return the features of matched Examples: one struct a survey, and the separation."""
    import datasets

    return datasets.Features(
        {
            result.left.label: dict(result.left.request.features()),
            result.right.label: dict(result.right.request.features()),
            SEPARATION: datasets.Value("float64"),
        }
    )


def _key(result: MatchResult) -> str:
    """Return the key of a match: both conversions, labels and the pairs themselves."""
    digest = hashlib.sha256()
    for side in (result.left, result.right):
        run = side.request.run(side.request.wanted)
        digest.update(f"{side.label}\n{cache_key(side.request, None, run)}\n".encode())
    for rows in (result.left_row, result.right_row, result.separation_arcsec):
        digest.update(np.ascontiguousarray(rows).tobytes())
    return digest.hexdigest()


def _examples(side: Side, rows: Array) -> Iterator[pa.Table]:
    """Yield the Examples of increasing row numbers, in file order."""
    known = side.request.catalogue_pass(None)
    run = side.request.run(side.request.wanted, on_bad_row="raise")
    if known.stamps != stamps_of(run.files, run.root):
        raise _changed("the files", side)
    index = RowIndex(known.index.file[rows], known.index.row[rows])
    yield from side.request.tables(index=index, run=run)


def _require_all(side: Side, read: int, wanted: int) -> None:
    """Refuse to go on if rows are not there any more: all after them would be paired wrongly."""
    if read != wanted:
        raise _changed(f"{wanted - read} of {wanted} matched rows", side)


def _changed(what: str, side: Side) -> SourceError:
    msg = f"{what} of {side.label} are not as they were when they were matched"
    hint = "load the survey again, and match it again"
    return SourceError(msg, where=str(side.request.root), hint=hint)


class RowStore:
    """Examples in an Arrow file, taken by position.

    Parameters
    ----------
    path : Path
        A stream file of Arrow tables.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self._file = pa.memory_map(str(path))
        with pa.ipc.open_stream(self._file) as reader:
            self._schema = reader.schema
            self._batches = list(reader)
        self._starts = np.cumsum([0, *(batch.num_rows for batch in self._batches)])
        #: Mean size of a row.
        self.row_bytes = path.stat().st_size // max(1, int(self._starts[-1]))

    def take(self, rows: Array) -> pa.Table:
        """Return the rows at these positions, in this order."""
        import pyarrow as pa

        order = np.argsort(rows, kind="stable")
        batch_of = np.searchsorted(self._starts, rows[order], side="right") - 1
        parts = []
        for number in np.unique(batch_of):
            inside = rows[order[batch_of == number]] - self._starts[number]
            parts.append(self._batches[number].take(pa.array(inside)))
        if not parts:
            return self._schema.empty_table()
        back = np.empty(len(order), dtype=np.int64)
        back[order] = np.arange(len(order))
        return _taken(pa.Table.from_batches(parts).combine_chunks(), back)

    def close(self) -> None:
        """Let go of the file."""
        self._batches = []
        self._file.close()


def _side_by_side(
    result: MatchResult, right: RowStore, place: Array, schema: pa.Schema
) -> Iterator[pa.Table]:
    """Yield matched Examples: the left rows as they are read, each with its partners.

    A table holds as many pairs as fit into the memory of a batch, however many partners a row has
    and however small the rows of the left survey are beside those of the right one.
    """
    import pyarrow as pa

    chosen, start = np.unique(result.left_row, return_index=True)
    edges = np.append(start, len(result.left_row))
    done = 0
    for table in _examples(result.left, chosen):
        _require_all(result.left, min(done + table.num_rows, len(chosen)), done + table.num_rows)
        own = chosen[done : done + table.num_rows]
        first, last = int(edges[done]), int(edges[done + table.num_rows])
        done += table.num_rows
        pair_bytes = table.nbytes // table.num_rows + right.row_bytes
        step = max(1, BATCH_BYTES // max(1, pair_bytes))
        for begin in range(first, last, step):
            pairs = slice(begin, min(begin + step, last))
            left = _taken(table, np.searchsorted(own, result.left_row[pairs]))
            columns = [
                _struct(left, schema.field(0)),
                _struct(right.take(place[pairs]), schema.field(1)),
                pa.array(result.separation_arcsec[pairs]),
            ]
            yield pa.Table.from_arrays(columns, schema=schema)
    _require_all(result.left, done, len(chosen))


def _taken(table: pa.Table, rows: Array) -> pa.Table:
    """Return rows of a table; no copy is made of rows that follow one another."""
    import pyarrow as pa

    if len(rows) and (np.diff(rows) == 1).all():
        return table.slice(int(rows[0]), len(rows))
    return table.take(pa.array(rows))


def _struct(table: pa.Table, field: pa.Field) -> pa.StructArray:
    """Return the columns of a table as one struct column."""
    import pyarrow as pa

    arrays = []
    for column, inner in zip(table.columns, field.type, strict=True):
        if column.num_chunks == 0:
            arrays.append(pa.nulls(0, inner.type))
        else:
            arrays.append(_retyped(pa.concat_arrays(column.chunks), inner.type))
    return pa.StructArray.from_arrays(arrays, fields=list(field.type))


def _retyped(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Drop the field metadata of structs, which Dataset files do not carry."""
    import pyarrow as pa

    if not isinstance(array, pa.StructArray):
        return array
    children = [_retyped(array.field(k), wanted.field(k).type) for k in range(wanted.num_fields)]
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(children, fields=list(wanted), mask=mask)


def _info(result: MatchResult, features: Features) -> DatasetInfo:
    import datasets

    from astropile.survey.citation import citation

    sides = (result.left, result.right)
    schemas = {side.request.schema.id: side.request.schema for side in sides}
    licenses = dict.fromkeys(schema.file.about.license.name for schema in schemas.values())
    return datasets.DatasetInfo(
        description=meaning_json({side.label: side.request for side in sides}),
        citation="\n\n".join(citation(schema) for schema in schemas.values()),
        license="; ".join(licenses),
        features=features,
    )
