"""Examples of groups: every survey is read once and waits on disk for its turn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from astropile.crossmatch.examples import info_of, require_all
from astropile.crossmatch.store import RowStore, lists_of
from astropile.crossmatch.union import UnionResult
from astropile.engine import BATCH_BYTES
from astropile.survey.cache import building, cache_dir, open_arrow, write_tables

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, Features

__all__ = ["union_dataset"]

_POSITION = {"object_id": "string", "ra": "float64", "dec": "float64"}


def union_dataset(union: UnionResult) -> Dataset:
    """Return the Examples of the groups from the cache, writing them first if need be."""
    features = _features(union)
    key = _key(union)
    folder = cache_dir() / "unions" / key
    if not folder.is_dir():
        with building(folder) as aside, ExitStack() as open_stores:
            waiting = [aside / f"{number}.arrow" for number in range(len(union.sides))]
            for side, path in zip(union.sides, waiting, strict=True):
                tables = side.examples(np.arange(len(side))) if len(side) else iter(())
                require_all(side, write_tables(tables, side.features(), path), len(side))
            stores = [open_stores.enter_context(closing(RowStore(path))) for path in waiting]
            tables = _grouped(union, stores, features.arrow_schema)
            write_tables(tables, features, aside / "data.arrow")
            open_stores.close()
            for path in waiting:
                Path.unlink(path)
    info = info_of(union.sides, features)
    return open_arrow(folder / "data.arrow", features, info, key, None)


def _features(union: UnionResult) -> Features:
    import datasets

    own = {name: datasets.Value(kind) for name, kind in _POSITION.items()}
    lists = {side.label: datasets.List(dict(side.features())) for side in union.sides}
    return datasets.Features({**own, **lists})


def _key(union: UnionResult) -> str:
    digest = hashlib.sha256()
    for side, group in zip(union.sides, union.group, strict=True):
        digest.update(f"{side.label}\n{side.key()}\n".encode())
        digest.update(np.ascontiguousarray(group).tobytes())
    return digest.hexdigest()


def _grouped(union: UnionResult, stores: list[RowStore], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield as many groups at a time as fit into the memory of a batch."""
    import pyarrow as pa

    ids = union.first_ids
    ra, dec = (pa.array(axis, from_pandas=True) for axis in union.first_position)
    ends = [np.concatenate([[0], np.cumsum(count)]) for count in union.counts]
    size = np.sum([end * s.row_bytes for end, s in zip(ends, stores, strict=True)], axis=0)
    begin = 0
    while begin < len(union):
        fits = int(np.searchsorted(size, size[begin] + BATCH_BYTES, side="right")) - 1
        end = max(fits, begin + 1)
        columns = [ids[begin:end], ra[begin:end], dec[begin:end]]
        for place, (store, edge) in enumerate(zip(stores, ends, strict=True)):
            kind = schema.field(len(columns)).type
            members = union.members[place][edge[begin] : edge[end]]
            block = store.block(members, kind.value_type)
            columns.append(lists_of(block, edge[begin : end + 1] - edge[begin], kind))
        yield pa.Table.from_arrays(columns, schema=schema)
        begin = end
