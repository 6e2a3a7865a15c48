"""The same objects as HDF5 files and as a HATS catalogue that LSDB wrote give the same Examples."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import astropile
from astropile.expression import names
from astropile.registry import find_schema, schema_files
from astropile.schema import OBJECT_LEAVES, SurveySchema, read_schema
from astropile.testing import Mock, simulate
from tests.same_examples import assert_same, bound, common_leaves, in_order

lsdb = pytest.importorskip("lsdb", reason="HATS catalogues are written with LSDB")

OBJECTS, SEED = 8, 11
HDF5, HATS = "mmu", "hats"


def cases() -> list[tuple[str, str, str]]:
    """Return surveys, configs and HATS sources, one config for every set of leaves."""
    found = []
    for path in schema_files():
        schema = read_schema(path)
        seen = set()
        configs = sorted(schema.file.configs, key=lambda c: c != schema.config_name(None))
        for config in configs:
            leaves = frozenset(schema.leaves_of(config))
            hats = [name for name in schema.sources(config) if name.startswith(HATS)]
            if HDF5 in schema.sources(config) and hats and leaves not in seen:
                seen.add(leaves)
                found.append((schema.id, config, hats[0]))
    return found


@pytest.mark.parametrize(("name", "config", "hats"), cases())
def test_examples_when_stored_as_hdf5_or_as_hats_catalogue_then_the_same(
    name: str, config: str, hats: str, tmp_path: Path
) -> None:
    schema = find_schema(name)
    first = simulate(name, config, OBJECTS, data_dir=tmp_path / HDF5, seed=SEED, source=HDF5)
    second = simulate(
        name, config, OBJECTS, data_dir=tmp_path / "flat", seed=SEED, source=hats, like=first
    )
    write_catalogues(second, ra_dec_of(schema, config, hats), tmp_path / hats)
    columns = common_leaves(schema, config, (HDF5, hats))
    surveys = [
        astropile.load(name, data_dir=tmp_path / source, config=config, source=source)
        for source in (HDF5, hats)
    ]
    tables = [in_order(survey, columns) for survey in surveys]
    assert [len(table) for table in tables] == [OBJECTS] * 2
    assert tables[0].schema.names == tables[1].schema.names
    keys = tables[0].schema.names if "object_id" in columns else tables[0].schema.names[1:]
    assert len(keys) >= len(OBJECT_LEAVES) - 1
    for key in keys:
        assert_same(*(table[key].combine_chunks() for table in tables), key)


def test_examples_when_a_value_differs_then_told() -> None:
    """The comparison sees values, lengths, nulls and types at any depth."""
    one = pa.array([{"flux": [[1.0, 2.0]]}, {"flux": [[3.0, np.nan]]}])
    assert_same(one, one, "x")
    for other in (
        [{"flux": [[1.0, 2.1]]}, {"flux": [[3.0, np.nan]]}],
        [{"flux": [[1.0, 2.0], []]}, {"flux": [[3.0, np.nan]]}],
        [{"flux": [[1.0, 2.0]]}, None],
        [{"flux": [[1.0, 2.0]]}, {"flux": [[3.0, 4.0]]}],
        [{"flux": [[1, 2]]}, {"flux": [[3, 4]]}],
    ):
        with pytest.raises(AssertionError):
            assert_same(one, pa.array(other), "x")


def ra_dec_of(schema: SurveySchema, config: str, source: str) -> list[str]:
    """Return the columns of a HATS catalogue that hold the position."""
    place = schema.file.object
    values = bound(schema, config, source).values
    return [list(names(values[address].expr))[-1].text for address in (place.ra, place.dec)]


def write_catalogues(mock: Mock, position: list[str], root: Path) -> None:
    """Write the Parquet files of a mock as HATS catalogues at the same places below a folder."""
    import dask
    import pandas as pd

    parts: dict[str, list[pa.Table]] = {}
    for path in mock.files:
        place = re.fullmatch("(.*)/dataset/.*[.]parquet", str(path.relative_to(mock.data_dir)))
        if place is not None:
            parts.setdefault(place[1], []).append(pq.read_table(path))
    assert parts
    for place, tables in parts.items():
        frame = pa.concat_tables(tables).to_pandas(types_mapper=pd.ArrowDtype)
        with dask.config.set(scheduler="synchronous"):
            catalogue = lsdb.from_dataframe(
                frame,
                ra_column=position[0],
                dec_column=position[1],
                catalog_name=place.replace("/", "_"),
                partition_rows=len(frame) // 3 + 1,
                margin_threshold=None,
            )
            catalogue.write_catalog(
                root / place, as_collection=False, create_thumbnail=True, progress_bar=False
            )
        written = root / place / "dataset"
        # Older writers put the sample of rows among the data.
        shutil.copy(root / place / "data_thumbnail.parquet", written)
        first = next(written.glob("Norder=*/Dir=*/Npix=*.parquet"))
        assert "_healpix_29" in pq.read_schema(first).names
