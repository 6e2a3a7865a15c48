"""Matched Examples: the left survey streams, the right one waits on disk for its turn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from astropile.crossmatch.result import FOOTPRINT, SEPARATION, MatchResult
from astropile.crossmatch.sides import AnySide, changed
from astropile.crossmatch.store import RowStore, lists_of, struct_of, taken
from astropile.crossmatch.tabular import footprint_array, list_offsets
from astropile.engine import BATCH_BYTES
from astropile.readers.column import Array
from astropile.survey.cache import building, cache_dir, open_arrow, write_tables

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetInfo, Features


__all__ = [
    "info_of",
    "match_key",
    "matched_dataset",
    "matched_features",
    "require_all",
    "side_by_side",
]


def matched_dataset(result: MatchResult) -> Dataset:
    """Return the Examples of a match from the cache, writing them first if need be."""
    features = matched_features(result)
    key = match_key(result)
    folder = cache_dir() / "matches" / key
    if not folder.is_dir():
        with building(folder) as aside:
            waiting = aside / "right.arrow"
            chosen = np.unique(result.right_row)
            chosen = chosen[chosen >= 0]
            written = write_tables(
                _examples(result.right, chosen), result.right.features(), waiting
            )
            require_all(result.right, written, len(chosen))
            right = RowStore(waiting)
            tables = side_by_side(result, right, chosen, features.arrow_schema)
            write_tables(tables, features, aside / "data.arrow")
            right.close()
            waiting.unlink()
    info = info_of((result.left, result.right), features)
    return open_arrow(folder / "data.arrow", features, info, key, None)


def matched_features(result: MatchResult) -> Features:
    """Return the features of matched Examples: one struct a survey, and the separation."""
    import datasets

    right, separation = dict(result.right.features()), datasets.Value("float64")
    found = {
        result.left.label: dict(result.left.features()),
        result.right.label: datasets.List(right) if result.nested else right,
        SEPARATION: datasets.List(separation) if result.nested else separation,
    }
    if result.in_footprint is not None:
        found[FOOTPRINT] = datasets.Value("bool")
    return datasets.Features(found)


def match_key(result: MatchResult) -> str:
    """Return the key of a match: both conversions, labels and the rows themselves."""
    digest = hashlib.sha256()
    for side in (result.left, result.right):
        digest.update(f"{side.label}\n{side.key()}\n".encode())
    digest.update(f"{result.nested}\n".encode())
    for rows in (result.left_row, result.right_row, result.separation_arcsec):
        digest.update(np.ascontiguousarray(rows).tobytes())
    if result.in_footprint is not None:
        digest.update(result.in_footprint.filled(fill_value=False).tobytes())
        digest.update(np.ma.getmaskarray(result.in_footprint).tobytes())
    return digest.hexdigest()


def _examples(side: AnySide, rows: Array) -> Iterator[pa.Table]:
    """Yield the Examples of increasing row numbers; no file is opened for none."""
    if len(rows):
        yield from side.examples(rows)


def require_all(side: AnySide, read: int, wanted: int) -> None:
    """Refuse to go on if rows are not there any more: all after them would be paired wrongly."""
    if read != wanted:
        raise changed(f"{wanted - read} of {wanted} matched rows", side)


def side_by_side(
    result: MatchResult, right: RowStore, chosen: Array, schema: pa.Schema
) -> Iterator[pa.Table]:
    """Yield matched Examples: the left rows as they are read, each with its partners.

    A table holds as many pairs as fit into the memory of a batch, however many partners a row has
    and however small the rows of the left survey are beside those of the right one.
    """
    rows = result.rows
    writer = _Writer(result, right, chosen, schema)
    with_left = int(np.searchsorted(rows.left < 0, True))
    own, start = np.unique(rows.left[:with_left], return_index=True)
    edges = np.append(start, with_left)
    done = 0
    for table in _examples(result.left, own):
        require_all(result.left, min(done + table.num_rows, len(own)), done + table.num_rows)
        here = own[done : done + table.num_rows]
        bounds = edges[done : done + table.num_rows + 1]
        done += table.num_rows
        for begin, end in writer.pieces(bounds, table.nbytes // table.num_rows):
            place = np.searchsorted(here, rows.left[begin:end])
            yield writer.table(table, place, begin, end)
    require_all(result.left, done, len(own))
    for begin, end in writer.pieces(np.arange(with_left, len(rows) + 1), 0):
        yield writer.table(None, np.full(end - begin, -1), begin, end)


class _Writer:
    """Puts left rows and the right rows that belong to them side by side."""

    def __init__(
        self, result: MatchResult, right: RowStore, chosen: Array, schema: pa.Schema
    ) -> None:
        self._result, self._right, self._schema = result, right, schema
        absent = result.right_row < 0
        self._place = np.where(absent, -1, np.searchsorted(chosen, result.right_row))
        self._inside = footprint_array(result)
        self._nests = result.rows.nests

    def pieces(self, bounds: Array, left_bytes: int) -> Iterator[tuple[int, int]]:
        """Cut rows of the result into pieces of a batch; nests are never torn."""
        if len(bounds) < 2:
            return
        step = max(1, BATCH_BYTES // max(1, left_bytes + self._right.row_bytes))
        begin, last = int(bounds[0]), int(bounds[-1])
        while begin < last:
            end = min(begin + step, last)
            if self._result.nested and end < last:
                fits = bounds[np.searchsorted(bounds, end, side="right") - 1]
                following = bounds[np.searchsorted(bounds, begin, side="right")]
                end = int(max(fits, following))
            yield begin, end
            begin = end

    def table(self, left: pa.Table | None, place: Array, begin: int, end: int) -> pa.Table:
        """Return some rows of the result; `place` says which row of a table is the left one."""
        import pyarrow as pa

        result = self._result
        kinds = [field.type for field in self._schema]
        right_place, separation = self._place[begin:end], result.separation_arcsec[begin:end]
        slots = slice(begin, end)
        if result.nested:
            first, last = np.searchsorted(self._nests, (begin, end)).tolist()
            slots, nests = slice(first, last), self._nests[first : last + 1] - begin
            offsets, present = list_offsets(right_place, nests), right_place >= 0
            block = self._right.block(right_place[present], kinds[1].value_type)
            apart = pa.array(separation[present], from_pandas=True)
            columns = [lists_of(block, offsets, kinds[1]), lists_of(apart, offsets, kinds[2])]
            place = place[nests[:-1]]
        else:
            block = self._right.block(right_place, kinds[1])
            columns = [block, pa.array(separation, from_pandas=True)]
        if left is None:
            own = pa.nulls(len(place), kinds[0])
        else:
            own = struct_of(taken(left, place), kinds[0])
        inside = [] if self._inside is None else [self._inside[slots]]
        return pa.Table.from_arrays([own, *columns, *inside], schema=self._schema)


def info_of(sides: Sequence[AnySide], features: Features) -> DatasetInfo:
    """Return what a Dataset of several surveys says of itself: meaning, citations, licences."""
    import datasets

    facts = {"astropile": {side.label: side.facts() for side in sides}}
    credits = [side.credit for side in sides]
    return datasets.DatasetInfo(
        description=json.dumps(facts, sort_keys=True, ensure_ascii=False),
        citation="\n\n".join(dict.fromkeys(text for text, _ in credits if text)),
        license="; ".join(dict.fromkeys(text for _, text in credits if text)),
        features=features,
    )
