"""Attached tables together: order, policies, windows, channels, projection and files to watch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

import astropile as ap
from astropile.engine import RowIndex, files
from astropile.errors import CellError, NoFilesError, SourceError, UsageError
from tests.engine.conftest import read_all, run_of, survey
from tests.engine.test_located import lists_of, write_catalogue, write_table

IMAGE = """
  image:
    kind: image
    axes: {y: {size: 4}, x: {size: 4}}
    fields:
      flux: {dtype: float32, axes: [y, x], unit: adu, description: Flux.}
      good: {dtype: bool, axes: [y, x], true_means: good, description: Good pixels.}
"""
SPECTRUM = """
  spectrum:
    kind: spectrum
    axes: {pixel: {}}
    medium: vacuum
    frame: heliocentric
    fields:
      flux: {dtype: float64, description: Flux.}
      model: {dtype: float64, description: Model.}
"""


def write_mosaic(path: Path) -> WCS:
    """Write an image of 20 x 30 pixels whose values are their numbers, with a tangent plane."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [10.0, 5.0]
    wcs.wcs.crpix = [15.0, 10.0]
    wcs.wcs.cdelt = [-1 / 3600, 1 / 3600]
    data = np.arange(20 * 30, dtype="f4").reshape(20, 30)
    header = wcs.to_header()
    fits.HDUList(
        [
            fits.PrimaryHDU(),
            fits.ImageHDU(data, header, name="SCI"),
            fits.ImageHDU((data > 100).astype("i2"), header, name="MASK"),
        ]
    ).writeto(path)
    return wcs


def windows(edge: str, policy: str = "drop") -> Any:
    """Return a survey whose images are windows of a mosaic."""
    source = f"""
    tables:
      main: {{files: cat.csv, format: csv}}
      tile:
        each: true
        files: "{{tile}}.fits"
        format: fits
        rows: cutout
        cutout: {{ra: ra, dec: dec, size: [4, 4], edge: {edge}}}
        unmatched: {policy}
    values: {{image.flux: tile.SCI, image.good: "tile.inside and any_bit(tile.MASK, 0)"}}
"""
    return survey(modalities=IMAGE, source=source)


@pytest.mark.parametrize("edge", ["drop", "fill"])
def test_windows_when_some_reach_over_the_edge_then_dropped_or_filled(
    tmp_path: Path, edge: str
) -> None:
    wcs = write_mosaic(tmp_path / "m.fits")
    x, y = np.array([12, 0, 25, 12]), np.array([8, 5, 15, 8])
    ra, dec = wcs.pixel_to_world_values(x, y)
    write_catalogue(tmp_path, 4, tile=["m", "m", "m", "none"])
    text = (tmp_path / "cat.csv").read_text().splitlines()
    rows = [f"o{k},{a},{d},{t}" for k, (a, d, t) in enumerate(zip(ra, dec, "mmmn", strict=True))]
    (tmp_path / "cat.csv").write_text("\n".join([text[0], *rows]))
    run = run_of(windows(edge), tmp_path)
    (batch,) = run.batches()
    catalogue = run_of(windows(edge), tmp_path, [])
    (known,) = catalogue.batches()
    # The catalogue knows which rows are left, though it holds no window.
    assert known.index.row.tolist() == batch.index.row.tolist()
    assert catalogue.rejects.counts() == run.rejects.counts()
    flux = batch.columns["image.flux"].data
    data = np.arange(600, dtype="f4").reshape(20, 30)
    np.testing.assert_array_equal(flux[0], data[6:10, 10:14])
    if edge == "drop":
        assert batch.columns["object_id"].data.tolist() == ["o0", "o2"]
        assert run.rejects.counts() == {"unmatched": 1, "edge": 1}
        assert "m.fits (table tile): the window" in "\n".join(run.rejects.messages)
    else:
        assert batch.columns["object_id"].data.tolist() == ["o0", "o1", "o2"]
        assert np.isnan(flux[1][:, :2]).all()
        assert not np.isnan(flux[1][:, 2:]).any()
        assert not batch.columns["image.good"].data[1][:, :2].any()


def test_windows_when_no_file_is_there_then_null_as_of_another_image(tmp_path: Path) -> None:
    """Of a kind that the expressions of the survey can take, whole numbers where bits are asked."""
    write_catalogue(tmp_path, 2, tile=["none", "void"])
    schema = windows("fill", policy="null")
    for _ in range(2):
        batch = read_all(schema, tmp_path)
        null = batch.columns["image.flux"].null
        assert null is not None
        assert null.all()
        if not (tmp_path / "m.fits").exists():
            write_mosaic(tmp_path / "m.fits")


def test_channels_when_attached_alone_then_planes_are_a_list(tmp_path: Path) -> None:
    cube = """
  maps:
    kind: cube
    axes: {plane: {}, y: {size: 2}, x: {size: 3}}
    fields:
      name: {dtype: string, axes: [plane], description: Name.}
      value: {dtype: float64, axes: [plane, y, x], description: Value.}
"""
    source = """
    tables:
      main: {files: cat.csv, format: csv}
      maps: {each: true, files: "{stem}.fits", format: fits, rows: channel}
    values: {maps.name: maps.hdu, maps.value: maps.data}
"""
    write_catalogue(tmp_path, 2, stem=["a", "b"])
    for stem, n in (("a", 2), ("b", 3)):
        images = [fits.ImageHDU(np.full((n, 2, 3), 1.0), name="FLUX")]
        images += [fits.ImageHDU(np.full((2, 3), 2.0), name="SIGMA")]
        fits.HDUList([fits.PrimaryHDU(), *images]).writeto(tmp_path / f"{stem}.fits")
    batch = read_all(survey(modalities=cube, source=source), tmp_path)
    value = batch.columns["maps.value"]
    assert value.counts.tolist() == [3, 4]
    assert value.data.shape == (7, 2, 3)
    assert batch.columns["maps.name"].data.tolist() == [
        *["FLUX"] * 2,
        "SIGMA",
        *["FLUX"] * 3,
        "SIGMA",
    ]


def test_fields_when_one_table_lacks_a_row_then_its_field_alone_is_null(tmp_path: Path) -> None:
    """Also where the other one says how long the arrays of the row are."""
    source = """
    tables:
      main: {files: cat.csv, format: csv}
      spec: {each: true, files: "s{stem}.fits", format: fits}
      best: {each: true, files: "b{stem}.fits", format: fits, unmatched: null}
    values: {spectrum.flux: spec.flux, spectrum.model: best.model}
"""
    write_catalogue(tmp_path, 2, stem=["1", "2"])
    write_table(tmp_path / "s1.fits", flux=[1.0, 2.0])
    write_table(tmp_path / "s2.fits", flux=[3.0])
    write_table(tmp_path / "b2.fits", model=[9.0])
    schema = survey(modalities=SPECTRUM, source=source)
    batch = read_all(schema, tmp_path)
    assert lists_of(batch.columns["spectrum.flux"]) == [[1, 2], [3]]
    model = batch.columns["spectrum.model"]
    assert model.null is not None
    assert model.null.tolist() == [True, False]
    (table,) = run_of(schema, tmp_path).tables()
    assert table.column("spectrum").to_pylist() == [
        {"flux": [1.0, 2.0], "model": None},
        {"flux": [3.0], "model": [9.0]},
    ]


def test_whole_table_when_it_is_not_there_then_error_names_the_pattern(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 1, key=[1])
    source = """
    tables:
      main: {files: cat.csv, format: csv}
      spec: {files: "other-*.fits", format: fits, on: {key: key}}
    values: {spectrum.flux: "tile(spec.flux, 1)", spectrum.model: "tile(spec.flux, 1)"}
"""
    with pytest.raises(NoFilesError, match=r"other-\*\.fits"):
        read_all(survey(modalities=SPECTRUM, source=source), tmp_path)


def test_whole_table_when_key_is_in_its_path_then_joined_by_capture(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 2, night=[12, 11])
    for night in (11, 12):
        write_table(tmp_path / f"n{night}.fits", flux=[float(night), 0.0], use=[1, 0])
    source = """
    tables:
      main: {files: cat.csv, format: csv}
      spec: {files: "n<night>.fits", format: fits, where: use == 1, on: {path.night: night}}
    values: {spectrum.flux: "tile(spec.flux, 1)", spectrum.model: "tile(spec.flux, 1)"}
"""
    batch = read_all(survey(modalities=SPECTRUM, source=source), tmp_path)
    assert lists_of(batch.columns["spectrum.flux"]) == [[12], [11]]


def test_row_number_when_text_is_no_number_then_error_names_the_row(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 2, fiber=["1", "x"])
    write_table(tmp_path / "all.fits", flux=[1.0, 2.0])
    source = """
    tables:
      main: {files: cat.csv, format: csv}
      spec: {files: "all.fits", format: fits, row: fiber}
    values: {spectrum.flux: "tile(spec.flux, 1)", spectrum.model: "tile(spec.flux, 1)"}
"""
    with pytest.raises(CellError, match=r"cat\.csv, row 1: 'x' is not a number \(table spec"):
        read_all(survey(modalities=SPECTRUM, source=source), tmp_path)


EACH = """
    tables:
      main: {files: cat.csv, format: csv, where: "use == 1"}
      spec: {each: true, files: "d/{stem}.fits", format: fits, unmatched: drop}
    values: {spectrum.flux: spec.flux, spectrum.model: spec.flux}
"""


def test_survey_when_files_are_attached_then_catalogue_dataset_and_piles_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASTROPILE_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "data"
    root.mkdir()
    write_catalogue(root, 6, stem=["a", "b", "-", "a", "c", "a"], use=[1, 1, 1, 0, 1, 1])
    for stem in ("a", "b"):
        write_table(root / f"d/{stem}.fits", flux=[float(ord(stem)), 1.0])
    schema = survey(modalities=SPECTRUM, source=EACH)
    path = tmp_path / "invented.yaml"
    path.write_text(_text(schema))
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(path))
    found = ap.load("invented", data_dir=root)
    kept = ["o0", "o1", "o5"]
    assert found.catalog()["object_id"].tolist() == kept
    assert found.rejects.counts() == {"unmatched": 2}
    examples = found.dataset()
    assert examples["object_id"][:].tolist() == kept
    pile = found.build(tmp_path / "pile")
    assert sorted(pile.catalog()["object_id"].tolist()) == kept
    some = found.filter("object_id != 'o1'").dataset()
    assert [row["object_id"] for row in some] == ["o0", "o5"]
    assert [row["spectrum"]["flux"][0] for row in some] == [97.0, 97.0]
    chosen = found.filter("object_id != 'o0'")
    assert len(chosen.catalog()) == 2
    (root / "d/b.fits").unlink()
    with pytest.raises(SourceError, match="1 of 2 rows can no longer be read"):
        chosen.dataset()


def _text(schema: Any) -> str:
    return str(schema.document.text)


def test_files_when_attached_then_those_that_may_be_read_are_watched(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    write_catalogue(tmp_path, 1, stem=["a"], use=[1])
    for stem in ("a", "b"):
        write_table(tmp_path / f"d/{stem}.fits", flux=[1.0])
    write_table(tmp_path / "other.fits", flux=[1.0])
    run = run_of(survey(modalities=SPECTRUM, source=EACH), tmp_path)
    assert [path.name for path in run.attached_files] == ["a.fits", "b.fits"]


def test_files_when_there_are_many_main_files_then_no_folder_is_listed_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
    tables:
      main: {files: "<stem>.csv", format: csv}
      spec: {each: true, files: "d/{path.stem}-*.fits", format: fits, unmatched: drop}
    values: {spectrum.flux: spec.flux, spectrum.model: spec.flux}
"""
    for number in range(9):
        write_catalogue(tmp_path, 1)
        (tmp_path / "cat.csv").rename(tmp_path / f"s{number}.csv")
        write_table(tmp_path / f"d/s{number}-x.fits", flux=[1.0])
    write_table(tmp_path / "d/other.fits", flux=[1.0])
    run = run_of(survey(modalities=SPECTRUM, source=source), tmp_path)
    listed: list[Path] = []
    entries = files._entries

    def counted(path: Path) -> Any:
        listed.append(path)
        return entries(path)

    monkeypatch.setattr(files, "_entries", counted)
    assert [path.name for path in run.attached_files] == [f"s{k}-x.fits" for k in range(9)]
    assert len(listed) == 1


def test_index_when_rows_are_listed_then_only_their_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    write_catalogue(tmp_path, 3, stem=["a", "b", "c"], use=[1, 1, 1])
    write_table(tmp_path / "d/a.fits", flux=[1.0])
    write_table(tmp_path / "d/c.fits", flux=[3.0])
    (tmp_path / "d/b.fits").write_bytes(b"damaged")
    run = run_of(survey(modalities=SPECTRUM, source=EACH), tmp_path)
    (batch,) = run.batches(index=RowIndex(np.array([0, 0]), np.array([0, 2])))
    assert lists_of(batch.columns["spectrum.flux"]) == [[1], [3]]


def test_simulate_when_first_source_cannot_be_written_then_the_next_one_is(tmp_path: Path) -> None:
    second = (
        EACH
        + """
  plain:
    description: The same in one file.
    tables: {main: {files: '*.hdf5', format: hdf5}}
    keep: {spectrum.pixel: "true"}
"""
    )
    schema = survey(modalities=SPECTRUM, source=second)
    assert ap.testing.simulate(schema, None, 3, data_dir=tmp_path / "m").source == "plain"
    with pytest.raises(UsageError, match="each cannot be undone"):
        ap.testing.simulate(schema, None, 3, data_dir=tmp_path / "n", source="files")


BESIDE = """
    tables:
      main: {files: "<stem>.csv", format: csv}
      beside: {EACH, format: npy, row: row()}
    values: {value: beside.data}
"""
VALUE = "  value: {dtype: int64, description: Value.}\n"


@pytest.mark.parametrize("each", ["files: cat.npy", 'each: true, files: "{path.stem}.npy"'])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_rows_side_by_side_when_one_file_has_more_then_both_numbers_are_told(
    tmp_path: Path, each: str, n: int
) -> None:
    write_catalogue(tmp_path, 3)
    np.save(tmp_path / "cat.npy", np.arange(n))
    schema = survey(columns=VALUE, source=BESIDE.replace("EACH", each))
    if n == 3:
        assert read_all(schema, tmp_path).columns["value"].data.tolist() == [0, 1, 2]
        some = RowIndex(np.zeros(1, dtype=np.int64), np.array([2]))
        (batch,) = run_of(schema, tmp_path).batches(index=some)
        assert batch.columns["value"].data.tolist() == [2]
        return
    with pytest.raises(CellError, match=rf"beside\)? has {n} rows, but the file .* has 3"):
        read_all(schema, tmp_path)


def test_rows_side_by_side_when_there_are_two_files_then_one_table_is_not_for_both(
    tmp_path: Path,
) -> None:
    """Without a file for each, the rows of the second file would get those of the first."""
    write_catalogue(tmp_path, 3)
    text = (tmp_path / "cat.csv").read_text()
    (tmp_path / "dog.csv").write_text(text.replace("\no", "\np"))
    np.save(tmp_path / "cat.npy", np.arange(3))
    np.save(tmp_path / "dog.npy", np.arange(3, 6))
    whole = survey(columns=VALUE, source=BESIDE.replace("EACH", 'files: "*.npy"'))
    with pytest.raises(CellError, match=r"has 6 rows, but the file .* has 3"):
        list(run_of(whole, tmp_path).batches())
    each = BESIDE.replace("EACH", 'each: true, files: "{path.stem}.npy"')
    found = read_all(survey(columns=VALUE, source=each), tmp_path)
    assert found.columns["value"].data.tolist() == [0, 1, 2, 3, 4, 5]
