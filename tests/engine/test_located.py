"""A file for every main row: paths, rows inside of a file, and damaged or missing files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astropile.engine import RowIndex
from astropile.engine.files import FileFinder
from astropile.engine.forms import loosened
from astropile.engine.located import PathTemplate
from astropile.errors import CellError, CorruptFileError, LeafError, UnsafeFileError
from astropile.readers import Column
from tests.engine.conftest import read_all, run_of, survey

SPECTRUM = """
  spectrum:
    kind: spectrum
    axes: {pixel: {}}
    medium: vacuum
    frame: heliocentric
    fields:
      flux: {dtype: float64, description: Flux.}
"""
MAIN = "main: {files: cat.csv, format: csv}"


def lists_of(column: Column) -> list[list[float]]:
    """Return the rows of a ragged column."""
    assert column.offsets is not None
    return [part.tolist() for part in np.split(column.data, column.offsets[1:-1])]


def write_catalogue(root: Path, n: int, **cells: Any) -> None:
    """Write a CSV catalogue of n objects with further cells."""
    columns = {
        "object_id": [f"o{k}" for k in range(n)],
        "ra": np.linspace(1, 2, n),
        "dec": np.linspace(1, 2, n),
        **cells,
    }
    lines = [
        ",".join(columns),
        *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    (root / "cat.csv").write_text("\n".join(lines) + "\n")


def write_table(path: Path, **columns: Any) -> None:
    """Write arrays as the columns of a FITS table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    hdu = fits.table_to_hdu(Table({name: np.asarray(v) for name, v in columns.items()}))
    hdu.name = "SPEC"
    hdu.writeto(path, overwrite=True)


def spectra(table: str, values: str = "spec.flux", **parts: str) -> Any:
    """Return a survey whose spectra come from a file a row."""
    source = f"""
    tables:
      {MAIN}
      spec: {{each: true, {table}}}
    values: {{spectrum.flux: "{values}"}}
"""
    return survey(modalities=SPECTRUM, source=source, **parts)


def test_each_when_file_is_a_row_then_lengths_are_those_of_the_files(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 3, plate=[7, 12, 7])
    write_table(tmp_path / "p/0007.fits", flux=[1.0, 2.0])
    write_table(tmp_path / "p/0012.fits", flux=[3.0, 4.0, 5.0])
    schema = spectra('files: "p/{plate:04d}.fits", format: fits, rows: file')
    batch = read_all(schema, tmp_path)
    assert lists_of(batch.columns["spectrum.flux"]) == [[1, 2], [3, 4, 5], [1, 2]]


def test_each_when_alone_then_all_rows_of_the_file_are_a_list(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 3, stem=["a", "b", "a"])
    write_table(tmp_path / "a.fits", flux=[1.0, 2.0, 9.0], good=[1, 1, 0])
    write_table(tmp_path / "b.fits", flux=[3.0], good=[1])
    schema = spectra('files: "{stem}.fits", format: fits, where: good == 1')
    batch = read_all(schema, tmp_path)
    assert lists_of(batch.columns["spectrum.flux"]) == [[1, 2], [3], [1, 2]]


def test_each_when_rows_are_listed_then_read_again_in_order(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 4, plate=[1, 2, 1, 3], fiber=[2, 1, 1, 3])
    for plate in (1, 2, 3):
        flux = 10.0 * plate + np.arange(3)[:, None] + np.zeros((3, plate))
        write_table(tmp_path / f"{plate}.fits", flux=flux)
    schema = spectra('files: "{plate}.fits", format: fits, row: fiber - 1')
    assert len(read_all(schema, tmp_path)) == 4
    index = RowIndex(np.array([0, 0]), np.array([1, 3]))
    (batch,) = run_of(schema, tmp_path).batches(index=index)
    assert batch.columns["object_id"].data.tolist() == ["o1", "o3"]
    assert lists_of(batch.columns["spectrum.flux"]) == [[20, 20], [32, 32, 32]]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(data=st.data(), way=st.sampled_from(["on", "row", "range", "group"]))
def test_each_when_rows_are_inside_of_files_then_as_numpy_says(
    tmp_path: Path, data: st.DataObject, way: str
) -> None:
    n_files = data.draw(st.integers(1, 3))
    sizes = [data.draw(st.integers(1, 6)) for _ in range(n_files)]
    n = data.draw(st.integers(1, 8))
    plates = [data.draw(st.integers(0, n_files - 1)) for _ in range(n)]
    first = [data.draw(st.integers(0, sizes[p] - 1)) for p in plates]
    last = [data.draw(st.integers(f, sizes[p])) for f, p in zip(first, plates, strict=True)]
    ids = [np.random.default_rng(k).permutation(size) for k, size in enumerate(sizes)]
    for number, size in enumerate(sizes):
        flux = 100.0 * number + np.arange(size)
        key = ids[number] // 2 if way == "group" else ids[number]
        write_table(tmp_path / f"{number}.fits", flux=flux, key=key)
    key_of = [int(ids[p][f]) for p, f in zip(plates, first, strict=True)]
    if way == "group":
        key_of = [key // 2 for key in key_of]
    write_catalogue(tmp_path, n, plate=plates, first=first, last=last, key=key_of)
    how = {
        "on": "on: {key: key}",
        "row": "row: first",
        "range": "range: [first, last]",
        "group": "group: [key], on: {key: key}",
    }[way]
    schema = spectra(
        f'files: "{{plate}}.fits", format: fits, {how}',
        values="spec.flux" if way in ("range", "group") else "tile(spec.flux, 1)",
    )
    batch = read_all(schema, tmp_path)
    expected = []
    for p, start, end, wanted in zip(plates, first, last, key_of, strict=True):
        rows = {
            "range": np.arange(start, end),
            "group": np.flatnonzero(ids[p] // 2 == wanted),
        }.get(way, np.array([start]))
        expected.append((100.0 * p + rows).tolist())
    assert lists_of(batch.columns["spectrum.flux"]) == expected


@pytest.mark.parametrize("policy", ["error", "drop", "null"])
def test_each_when_file_is_missing_then_policy_decides(tmp_path: Path, policy: str) -> None:
    write_catalogue(tmp_path, 3, stem=["a", "b", ""])
    write_table(tmp_path / "a.fits", flux=[1.0, 2.0])
    schema = spectra(
        f'files: "{{stem}}.fits", format: fits, rows: file, unmatched: {policy}',
    )
    run = run_of(schema, tmp_path)
    if policy == "error":
        with pytest.raises(
            CellError, match=r"no file b\.fits \(table spec\) for 1 row, and 1 more"
        ) as caught:
            list(run.batches())
        assert "unmatched: drop" in str(caught.value)
        return
    (batch,) = run.batches()
    assert len(batch) + len(run.rejects) == 3
    if policy == "drop":
        assert batch.columns["object_id"].data.tolist() == ["o0"]
        assert run.rejects.codes == ["unmatched", "unmatched"]
        assert run.rejects.messages[0] == "no file b.fits (table spec)"
        assert run.rejects.rows == [1, 2]
    else:
        column = batch.columns["spectrum.flux"]
        assert column.null is not None
        assert column.null.tolist() == [False, True, True]
        assert lists_of(column)[0] == [1, 2]


def test_each_when_no_row_of_a_batch_has_a_file_then_all_are_null(tmp_path: Path) -> None:
    """Whether the form of the cells is known from another file, or from none."""
    write_catalogue(tmp_path, 2, stem=["a", "b"])
    table = 'files: "{stem}.fits", format: fits, rows: file, unmatched: null'
    for values in ("spec.flux", "spec.SPEC.flux[0:2]"):
        schema = spectra(table, values=values)
        for _ in range(2):
            column = read_all(schema, tmp_path).columns["spectrum.flux"]
            assert column.null is not None
            assert column.null.all()
            write_table(tmp_path / "other.fits", flux=[1.0, 2.0])
        (tmp_path / "other.fits").unlink()


def test_catalogue_when_files_are_attached_then_none_is_opened(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 2, stem=["a", "b"])
    (tmp_path / "a.fits").write_bytes(b"no FITS")
    table = 'files: "{stem}.fits", format: fits, rows: file'
    assert len(next(run_of(spectra(table), tmp_path, []).batches())) == 2
    run = run_of(spectra(f"{table}, unmatched: drop"), tmp_path, [])
    (batch,) = run.batches()
    assert batch.columns["object_id"].data.tolist() == ["o0"]
    assert run.rejects.counts() == {"unmatched": 1}


def test_catalogue_when_key_removes_rows_then_only_keys_are_read(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 2, stem=["a", "a"], key=[5, 6])
    write_table(tmp_path / "a.fits", key=[5, 7])
    table = 'files: "{stem}.fits", format: fits, on: {key: key}, unmatched: drop'
    (batch,) = run_of(spectra(table), tmp_path, []).batches()
    assert batch.columns["object_id"].data.tolist() == ["o0"]


def test_each_when_file_is_damaged_then_error_or_reject(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 3, stem=["a", "b", "a"])
    write_table(tmp_path / "a.fits", flux=np.arange(9999.0))
    write_table(tmp_path / "b.fits", flux=[1.0])
    path = tmp_path / "a.fits"
    path.write_bytes(path.read_bytes()[:6000])
    schema = spectra('files: "{stem}.fits", format: fits, rows: file')
    with pytest.raises(CorruptFileError, match=r"a\.fits: .*needed by 2 rows") as caught:
        list(run_of(schema, tmp_path).batches())
    assert "on_bad_row='reject'" in str(caught.value)
    run = run_of(schema, tmp_path, on_bad_row="reject")
    (batch,) = run.batches()
    assert batch.columns["object_id"].data.tolist() == ["o1"]
    assert run.rejects.counts() == {"file": 2}
    assert "a.fits" in run.rejects.messages[0]


def test_each_when_key_is_not_unique_then_error_names_the_file(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 1, stem=["a"], key=[5])
    write_table(tmp_path / "a.fits", flux=[1.0, 2.0], key=[5, 5])
    schema = spectra('files: "{stem}.fits", format: fits, on: {key: key}', "tile(spec.flux, 1)")
    with pytest.raises(CellError, match=r"a\.fits .* holds a key more than once"):
        read_all(schema, tmp_path)


@pytest.mark.parametrize("stem", ["../secret", "a/../../secret", "link"])
def test_each_when_path_leads_out_then_refused(tmp_path: Path, stem: str) -> None:
    root = tmp_path / "data"
    root.mkdir()
    write_table(tmp_path / "secret.fits", flux=[1.0])
    (root / "link.fits").symlink_to(tmp_path / "secret.fits")
    (root / "a").mkdir()
    write_catalogue(root, 1, stem=[stem])
    schema = spectra('files: "{stem}.fits", format: fits, rows: file, unmatched: null')
    with pytest.raises(UnsafeFileError, match="leads out"):
        read_all(schema, root)
    if stem == "link":
        assert len(read_all(schema, root, follow_links=True)) == 1


def test_each_when_pattern_matches_one_file_then_taken_else_error(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 3, obsid=[1, 2, 31])
    for name, flux in (("x/1-b.fits.gz", 1.0), ("y/2-a.fits", 2.0), ("y/31-c.fits", 3.0)):
        write_table(tmp_path / name, flux=[flux])
    schema = spectra('files: "**/{obsid}-*.fits*", format: fits, rows: file')
    column = read_all(schema, tmp_path).columns["spectrum.flux"]
    assert lists_of(column) == [[1], [2], [3]]
    write_table(tmp_path / "x/2-b.fits", flux=[2.0])
    with pytest.raises(CellError, match=r"2 files match .*x/2-b\.fits, y/2-a\.fits"):
        read_all(schema, tmp_path)


def test_each_when_catalogue_holds_a_star_then_it_is_no_pattern(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 2, stem=["*", "a"])
    write_table(tmp_path / "a.fits", flux=[1.0])
    for files in ("{stem}.fits", "{stem}.fit*"):
        schema = spectra(f'files: "{files}", format: fits, rows: file, unmatched: drop')
        (batch,) = run_of(schema, tmp_path).batches()
        assert batch.columns["object_id"].data.tolist() == ["o1"]


def test_each_when_row_is_beyond_the_end_then_message_says_how_many_there_are(
    tmp_path: Path,
) -> None:
    write_catalogue(tmp_path, 2, stem=["a", "a"], fiber=[1, 4])
    write_table(tmp_path / "a.fits", flux=[1.0, 2.0])
    schema = spectra('files: "{stem}.fits", format: fits, row: fiber', "tile(spec.flux, 1)")
    with pytest.raises(CellError, match=r"no row 4 in a\.fits \(table spec\), which has 2 rows"):
        read_all(schema, tmp_path)


def test_each_when_cell_is_lacking_then_error_lists_what_the_file_has(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 1, stem=["a"])
    write_table(tmp_path / "a.fits", fluks=[1.0])
    schema = spectra('files: "{stem}.fits", format: fits, rows: file')
    with pytest.raises(CellError, match=r"a\.fits: 'flux' is not in the file .*table spec, leaf"):
        read_all(schema, tmp_path)


def test_each_when_ranks_differ_then_error_names_both_files(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 2, stem=["a", "b"])
    write_table(tmp_path / "a.fits", flux=[1.0])
    write_table(tmp_path / "b.fits", flux=np.ones((2, 2)))
    schema = spectra('files: "{stem}.fits", format: fits, rows: file')
    with pytest.raises(CellError, match=r"b\.fits: 'flux' has 2 axes .* 1 in a\.fits"):
        read_all(schema, tmp_path)


def test_images_when_shapes_differ_then_first_axis_may_and_others_name_the_row(
    tmp_path: Path,
) -> None:
    cube = """
  cube:
    kind: cube
    axes: {plane: {}, y: {}}
    fields: {flux: {dtype: float64, axes: [plane, y], description: Flux.}}
"""
    source = f"""
    tables:
      {MAIN}
      image: {{each: true, files: "{{stem}}.fits", format: fits, rows: file}}
    values: {{cube.flux: image.hdu0}}
"""
    write_catalogue(tmp_path, 2, stem=["a", "b"])
    fits.PrimaryHDU(np.ones((2, 3))).writeto(tmp_path / "a.fits")
    fits.PrimaryHDU(np.ones((4, 3))).writeto(tmp_path / "b.fits")
    schema = survey(modalities=cube.replace("y: {}}", "y: {size: 3}}"), source=source)
    column = read_all(schema, tmp_path).columns["cube.flux"]
    assert column.counts.tolist() == [2, 4]
    assert column.data.shape == (6, 3)
    fits.PrimaryHDU(np.ones((4, 5))).writeto(tmp_path / "b.fits", overwrite=True)
    fits.PrimaryHDU(np.arange(20.0).reshape(4, 5)).writeto(tmp_path / "b.fits", overwrite=True)
    cut = survey(
        modalities=cube.replace("y: {}}", "y: {size: 3}}"),
        source=source.replace("image.hdu0}", "'image.hdu0[0:2, -3:]'}"),
    )
    column = read_all(cut, tmp_path).columns["cube.flux"]
    assert column.data[2:].tolist() == [[2, 3, 4], [7, 8, 9]]
    with pytest.raises(LeafError, match=r"cat\.csv, row 1: cube\.flux: axis y has 3 places, got 5"):
        read_all(schema, tmp_path)


def test_each_when_rows_of_a_file_are_ordered_then_first_of_each_key_is_left(
    tmp_path: Path,
) -> None:
    write_catalogue(tmp_path, 2, stem=["a", "a"], key=[1, 2])
    write_table(tmp_path / "a.fits", key=[2, 1, 2, 1], flux=[1.0, 2.0, 3.0, 4.0], t=[4, 3, 2, 1])
    for extra, expected in (
        ("sort: [t], unique: [key], on: {key: key}", [[4], [3]]),
        ("sort: [-t], unique: [key], on: {key: key}", [[2], [1]]),
        ("sort: [t], group: [key], on: {key: key}", [[4, 2], [3, 1]]),
        ("sort: [t], group: [key], row: key - 1", [[4, 2], [3, 1]]),
        ("sort: [t], where: t > 1, row: '0'", [[3], [3]]),
        ("sort: [t], where: t > 1", [[3, 2, 1], [3, 2, 1]]),
    ):
        is_list = "group" in extra or not any(word in extra for word in ("unique", "row"))
        values = "spec.flux" if is_list else "tile(spec.flux, 1)"
        schema = spectra(f'files: "{{stem}}.fits", format: fits, {extra}', values)
        column = read_all(schema, tmp_path).columns["spectrum.flux"]
        assert lists_of(column) == expected


@pytest.mark.parametrize("form", ["hdf5", "parquet", "csv"])
def test_each_when_files_are_of_other_formats_then_the_same(tmp_path: Path, form: str) -> None:
    write_catalogue(tmp_path, 3, stem=["a", "b", "a"], key=[3, 1, 2])
    for stem, start in (("a", 10.0), ("b", 20.0)):
        cells = {"key": np.arange(4), "flux": start + np.arange(4)}
        path = tmp_path / f"{stem}.{form}"
        if form == "hdf5":
            with h5py.File(path, "w") as file:
                for name, values in cells.items():
                    file[name] = values
        elif form == "parquet":
            pq.write_table(pa.table(cells), path)
        else:
            Table(cells).write(path, format="ascii.csv")
    for how in ("on: {key: key}", "row: key", "range: [key, key + 1]"):
        value = "spec.flux" if "range" in how else "tile(spec.flux, 1)"
        schema = spectra(f'files: "{{stem}}.{form}", format: {form}, {how}', value)
        column = read_all(schema, tmp_path).columns["spectrum.flux"]
        assert lists_of(column) == [[13], [21], [12]]


def test_row_when_text_is_no_number_then_refused_where_rows_may_be(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 2, stem=["a", "a"], fiber=["1", "x"])
    write_table(tmp_path / "a.fits", flux=[1.0, 2.0])
    schema = spectra('files: "{stem}.fits", format: fits, row: fiber', "tile(spec.flux, 1)")
    run = run_of(schema, tmp_path, on_bad_row="reject")
    (batch,) = run.batches()
    assert batch.columns["object_id"].data.tolist() == ["o0"]
    assert run.rejects.messages == ["table spec: 'x' is not a number"]


def test_later_table_when_it_uses_an_earlier_one_then_its_cells_are_read_too(
    tmp_path: Path,
) -> None:
    write_catalogue(tmp_path, 2, key=[1, 2])
    write_table(tmp_path / "index.fits", key=[2, 1], number=[20, 10])
    write_table(tmp_path / "f10.fits", flux=[1.0])
    write_table(tmp_path / "f20.fits", flux=[2.0, 3.0])
    source = f"""
    tables:
      {MAIN}
      index: {{files: index.fits, format: fits, on: {{key: key}}}}
      spec: {{each: true, files: "f{{index.number}}.fits", format: fits, rows: file}}
    values: {{spectrum.flux: spec.flux}}
"""
    batch = read_all(survey(modalities=SPECTRUM, source=source), tmp_path)
    assert lists_of(batch.columns["spectrum.flux"]) == [[1], [2, 3]]


@pytest.mark.parametrize("batch_rows", [1, 2])
def test_each_when_a_file_lacks_an_optional_cell_then_null_in_whatever_batch(
    tmp_path: Path, batch_rows: int
) -> None:
    write_catalogue(tmp_path, 2, stem=["a", "b"])
    write_table(tmp_path / "a.fits", flux=[1.0, 2.0])
    write_table(tmp_path / "b.fits", other=[1.0, 2.0])
    schema = spectra('files: "{stem}.fits", format: fits', "optional(spec.flux)")
    columns = [
        batch.columns["spectrum.flux"]
        for batch in run_of(schema, tmp_path).batches(batch_rows=batch_rows)
    ]
    column = Column.concatenate(columns)
    assert column.null is not None
    assert column.null.tolist() == [False, True]
    assert column.counts[0] == 2


@pytest.mark.parametrize("policy", ["drop", "null"])
def test_each_when_groups_are_joined_then_a_batch_without_any_is_of_the_same_form(
    tmp_path: Path, policy: str
) -> None:
    write_catalogue(tmp_path, 3, stem=["a", "none", "a"], key=[1, 2, 7])
    write_table(tmp_path / "a.fits", key=[1, 1], flux=[1.0, 2.0])
    table = 'files: "{stem}.fits", format: fits, on: {key: key}, group: [key]'
    source = f"""
    tables:
      {MAIN}
      spec: {{each: true, {table}, unmatched: {policy}}}
    values: {{n: "dim(spec.flux, 0)", k: spec.key}}
"""
    columns = "  n: {dtype: int32, description: N.}\n  k: {dtype: int32, description: K.}\n"
    schema = survey(columns=columns, source=source)
    for batch_rows in (1, 3):
        batches = list(run_of(schema, tmp_path).batches(batch_rows=batch_rows))
        for leaf, first in (("n", 2), ("k", 1)):
            column = Column.concatenate([batch.columns[leaf] for batch in batches])
            null = np.zeros(len(column), bool) if column.null is None else column.null
            assert column.data[0] == first
            assert null.tolist() == ([False] if policy == "drop" else [False, True, True])


@pytest.mark.parametrize("policy", ["drop", "null", "error"])
def test_later_table_when_no_file_of_an_earlier_one_is_there_then_policy_decides(
    tmp_path: Path, policy: str
) -> None:
    write_catalogue(tmp_path, 2, stem=["a", "b"])
    write_table(tmp_path / "flux.fits", flux=[1.0, 2.0])
    one = 'each: true, files: "{stem}.fits", format: fits, rows: file, unmatched: null'
    two = f'each: true, files: "{{one.PRIMARY@NAME}}.fits", format: fits, unmatched: {policy}'
    source = f"""
    tables:
      {MAIN}
      one: {{{one}}}
      spec: {{{two}}}
    values: {{spectrum.flux: spec.flux}}
"""
    run = run_of(survey(modalities=SPECTRUM, source=source), tmp_path)
    if policy == "error":
        with pytest.raises(CellError, match=r"no file has 'one\.PRIMARY@NAME' for 2 rows"):
            list(run.batches())
        return
    batches = list(run.batches())
    assert run.rejects.counts() == ({"unmatched": 2} if policy == "drop" else {})
    for batch in batches:
        null = batch.columns["spectrum.flux"].null
        assert null is not None
        assert null.tolist() == [True, True]


def test_batches_when_files_are_big_then_few_rows_at_a_time(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 40, stem=["a"] * 40)
    write_table(tmp_path / "a.fits", flux=np.ones(5000))
    schema = spectra('files: "{stem}.fits", format: fits, rows: file')
    sizes = [len(b) for b in run_of(schema, tmp_path, batch_bytes=400_000).batches()]
    assert sum(sizes) == 40
    assert max(sizes[1:]) <= 10


@pytest.mark.parametrize("lacking", [0, 10])
def test_batches_when_a_number_is_made_of_a_big_file_then_few_rows_at_a_time(
    tmp_path: Path, lacking: int
) -> None:
    """The leaf does not tell how much is read for it, nor do rows that lack their file."""
    write_catalogue(tmp_path, 60, stem=["none"] * lacking + ["a"] * (60 - lacking))
    write_table(tmp_path / "a.fits", flux=np.ones(5000))
    columns = "  top: {dtype: float32, description: Largest flux.}\n"
    spec = 'each: true, files: "{stem}.fits", format: fits, rows: file, unmatched: drop'
    tables = f"    tables:\n      {MAIN}\n      spec: {{{spec}}}\n"
    schema = survey(columns=columns, source=f"{tables}    values: {{top: max(spec.flux)}}\n")
    sizes = [len(b) for b in run_of(schema, tmp_path, batch_bytes=400_000).batches()]
    assert sum(sizes) == 60 - lacking
    assert max(sizes) <= 10


def test_template_when_holes_have_formats_then_written_as_python_does(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 2, a=[3, 12], b=[1.25, 2], c=["x", "yz"])
    write_table(tmp_path / "0003_1.25_x  .fits", flux=[1.0])
    write_table(tmp_path / "0012_2.00_yz .fits", flux=[2.0])
    schema = spectra('files: "{a:04d}_{b:.2f}_{c:3s}.fits", format: fits, rows: file')
    column = read_all(schema, tmp_path).columns["spectrum.flux"]
    assert lists_of(column) == [[1], [2]]
    with pytest.raises(CellError, match="not whole"):
        read_all(spectra('files: "{b:d}.fits", format: fits, rows: file'), tmp_path)


def test_template_when_path_is_that_of_main_then_its_captures_are_known(tmp_path: Path) -> None:
    write_table(tmp_path / "g1/coadd-5.fits", object_id=["p", "q"], ra=[1.0, 2.0], dec=[1.0, 2.0])
    write_table(tmp_path / "g1/zpix-5.fits", object_id=["q", "p"], flux=[[2.0, 2.0], [1.0, 1.0]])
    source = """
    tables:
      main: {files: "**/coadd-<group>.fits", format: fits}
      z:
        each: true
        files: "{path.dir}/zpix-{path.group}.fits"
        format: fits
        on: {object_id: object_id}
    values: {spectrum.flux: z.flux}
    keep: {spectrum.pixel: "true"}
"""
    batch = read_all(survey(modalities=SPECTRUM, source=source), tmp_path)
    assert lists_of(batch.columns["spectrum.flux"]) == [[1, 1], [2, 2]]


def test_finder_when_paths_are_odd_then_nothing_is_found(tmp_path: Path) -> None:
    finder = FileFinder(tmp_path)
    for path in ("", "a\0b", "x" * 5000, "no/such", "."):
        assert finder.find(path, is_pattern=False) == []


def test_loosened_when_holes_are_folders_then_any_depth() -> None:
    assert loosened("{path.dir}/{a}x*{b}.fits") == "**/*x*.fits"
    assert PathTemplate.of("a{b:2d}c").layouts == ("2d",)
