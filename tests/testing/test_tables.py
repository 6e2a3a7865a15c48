"""Tables of every kind: splits, captures, filters, joins, groups, and all formats."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest
from astropy.io import fits

from astropile.errors import UsageError
from astropile.readers import ReadOptions, open_reader
from astropile.schema import parse_schema
from astropile.testing import simulate
from tests.testing.conftest import null_of, round_trip, survey

COLUMNS = """
  mag: {dtype: float32, unit: mag, description: Magnitude., min: 5, max: 40, missing: [-99]}
  field: {dtype: string, description: Field.}
  flag: {dtype: bool, true_means: bad, description: A flag.}
  number: {dtype: uint16, description: A number., min: 0}
"""


def test_splits_when_in_the_path_then_each_has_files_of_its_own(tmp_path: Path) -> None:
    source = """
    tables: {main: {files: "data/healpix=*/{split}_*.hdf5", format: hdf5}}
"""
    configs = "\nconfigs:\n  main: {description: All., splits: {train: tr, test: te}}\n"
    mock, found = round_trip(survey(source=source, configs=configs), tmp_path)
    names = {path.name for path in mock.files}
    assert names == {"tr_001-of-001.hdf5", "te_001-of-001.hdf5", "MOCK.txt"}
    assert len(np.unique(found["object_id"].data)) == 30


def test_splits_when_in_one_file_then_an_expression_tells_them_apart(tmp_path: Path) -> None:
    source = """
    tables: {main: {files: "all.fits", format: fits, hdu: "1"}}
    split_by: lower(SET)
"""
    configs = "\nconfigs:\n  main: {description: All., splits: {train: a, test: b}}\n"
    mock, _ = round_trip(survey(source=source, configs=configs), tmp_path)
    assert [path.name for path in mock.files] == ["all.fits", "MOCK.txt"]
    found = Counter(fits.getdata(mock.files[0], 1)["SET"].tolist())
    assert found == {"TRAIN": 15, "TEST": 15}


def test_splits_when_told_by_a_cell_that_is_a_leaf_then_the_leaf_is_the_split(
    tmp_path: Path,
) -> None:
    source = """
    tables: {main: {files: "all.parquet", format: parquet}}
    split_by: field
"""
    configs = "\nconfigs:\n  main: {description: All., splits: {train: a, test: b}}\n"
    schema = survey(
        columns="  field: {dtype: string, enum: [train, test], description: Split.}\n",
        source=source,
        configs=configs,
    )
    _, found = round_trip(schema, tmp_path)
    assert found["field"].data.tolist() == ["train"] * 15 + ["test"] * 15


def test_config_variables_when_in_the_path_then_every_combination_has_files(
    tmp_path: Path,
) -> None:
    source = """
    tables: {main: {files: "{side}/*.parquet", format: parquet}}
    values: {field: "'{side}'"}
"""
    configs = "\nconfigs:\n  main: {description: All., for: {side: [north, south]}}\n"
    schema = survey(
        columns="  field: {dtype: string, description: Side.}\n", source=source, configs=configs
    )
    mock, found = round_trip(schema, tmp_path)
    assert {path.parent.name for path in mock.files[:-1]} == {"north", "south"}
    assert Counter(found["field"].data.tolist()) == {"north": 15, "south": 15}


def test_capture_when_a_leaf_is_read_from_the_path_then_folders_hold_it(tmp_path: Path) -> None:
    source = """
    tables: {main: {files: "<where>/healpix=*/*.hdf5", format: hdf5}}
    values: {field: path.where}
"""
    schema = survey(columns="  field: {dtype: string, description: Field.}\n", source=source)
    mock, found = round_trip(schema, tmp_path)
    folders = {path.relative_to(tmp_path).parts[0] for path in mock.files} - {"MOCK.txt"}
    assert folders == set(found["field"].data.tolist())
    assert len(folders) > 2


@pytest.mark.parametrize("predicate", [
    "mag < 20 and isprimary and trim(kind) == 'science'",
    "mag >= 18 and 30 > mag and quality in [0, 4] and not any_bit(warn, 3)",
    "number != 3 and (flag or not flag) and is_finite(weight)",
])  # fmt: skip
def test_where_when_rows_are_filtered_then_all_mock_rows_pass(
    predicate: str, tmp_path: Path
) -> None:
    source = f"""
    tables: {{main: {{files: "all.fits", format: fits, hdu: "1", where: "{predicate}"}}}}
"""
    _, found = round_trip(survey(columns=COLUMNS, source=source), tmp_path)
    if "mag" in predicate:
        assert not null_of(found["mag"]).any()


def test_where_when_it_cannot_be_true_then_error(tmp_path: Path) -> None:
    where = "mag < 20 and x * y > 3"
    source = f"""
    tables: {{main: {{files: "all.fits", format: fits, hdu: "1", where: "{where}"}}}}
"""
    with pytest.raises(UsageError, match=r"main\.where: .*no value of x makes it true"):
        simulate(survey(columns=COLUMNS, source=source), None, 5, data_dir=tmp_path)


def test_join_when_a_table_is_attached_then_its_rows_have_their_own_order(tmp_path: Path) -> None:
    source = """
    tables:
      main: {files: "cat_*.fits", format: fits, hdu: "1"}
      other: {files: "other.csv", format: csv, comment: "#", on: {id: object_id}}
    values: {mag: other.m, field: other.f, flag: any_bit(other.bits), number: other.n}
"""
    mock, _ = round_trip(survey(columns=COLUMNS, source=source), tmp_path)
    assert [path.name for path in mock.files[:2]] == ["cat_001-of-002.fits", "cat_002-of-002.fits"]
    text = mock.files[2].read_text(encoding="utf-8").splitlines()
    assert text[0].startswith("# astropile_mock: simulated")
    column = text[1].split(",").index("id")
    ids = [line.split(",")[column] for line in text[2:]]
    assert sorted(ids) == sorted(mock.leaves["object_id"].data.tolist())
    assert ids != mock.leaves["object_id"].data.tolist()


def test_row_when_a_table_is_aligned_then_it_has_the_order_of_main(tmp_path: Path) -> None:
    source = """
    tables:
      main: {files: "cat.fits", format: fits, hdu: "1"}
      other: {files: "other.fits", format: fits, hdu: "1", row: row()}
    values: {mag: other.m}
"""
    columns = "  mag: {dtype: float32, unit: mag, description: Magnitude.}\n"
    round_trip(survey(columns=columns, source=source), tmp_path / "one")
    several = source.replace("cat.fits", "cat*.fits")
    with pytest.raises(UsageError, match=r"table other, row: row\(\)"):
        simulate(survey(columns=columns, source=several), None, 9, data_dir=tmp_path / "two")


CURVE = """
  lightcurve:
    kind: lightcurve
    axes: {epoch: {}}
    sort: [time]
    fields:
      band: {dtype: string, description: Band.}
      time: {dtype: float64, unit: d, time: {zero: 0, scale: utc}, description: Time.}
      flux: {dtype: float32, description: Flux.}
"""


def test_group_when_a_long_table_is_attached_then_rows_are_nested(tmp_path: Path) -> None:
    source = """
    tables:
      main: {files: "meta.csv", format: csv}
      obs: {files: "obs.csv", format: csv, group: [id], on: {id: object_id}, unmatched: drop}
    values:
      lightcurve.band: lookup(obs.b, token)
      lightcurve.time: obs.t
      lightcurve.flux: obs.f
"""
    mock, found = round_trip(survey(modalities=CURVE, source=source), tmp_path)
    lines = (tmp_path / "obs.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + found["lightcurve.time"].counts.sum()
    assert len(mock.files) == 3


def test_group_when_main_is_nested_then_an_object_has_many_rows(tmp_path: Path) -> None:
    source = """
    tables: {main: {files: "obs.parquet", format: parquet, group: [object_id]}}
    values: {ra: one(ra), dec: one(dec), lightcurve.band: b, lightcurve.time: t, lightcurve.flux: f}
"""
    round_trip(survey(modalities=CURVE, source=source), tmp_path)


def test_files_of_objects_when_grouped_then_each_is_one_file(tmp_path: Path) -> None:
    source = """
    tables: {main: {files: "*_lc.fits", format: fits, rows: file, group: [PRIMARY@ID]}}
    values:
      object_id: PRIMARY@ID
      ra: one(PRIMARY@RA)
      dec: one(PRIMARY@DEC)
      lightcurve.band: LC.B
      lightcurve.time: LC.T
      lightcurve.flux: LC.F
"""
    round_trip(survey(modalities=CURVE, source=source), tmp_path / "many")
    round_trip(survey(modalities=CURVE, source=source), tmp_path / "one", n=1)


SPECTRUM = """
  spectrum:
    kind: spectrum
    axes: {pixel: {}}
    medium: vacuum
    frame: observed
    fields:
      flux: {dtype: float32, description: Flux.}
      lambda: {dtype: float64, unit: Angstrom, description: Wavelength.}
"""


def test_fits_when_one_object_a_file_then_images_and_cards(tmp_path: Path) -> None:
    source = """
    tables: {main: {files: "spec/*.fits", format: fits, rows: file}}
    values:
      object_id: PRIMARY@OBSID
      ra: hdu0@RA
      dec: PRIMARY@DEC
      spectrum.flux: hdu1.FLUX
      spectrum.lambda: 10 ** grid(dim(hdu1.FLUX, 0), hdu1@COEFF0, hdu1@COEFF1)
"""
    mock, found = round_trip(survey(modalities=SPECTRUM, source=source), tmp_path, rtol=1e-9)
    assert fits.getheader(mock.files[1], 1)["COEFF0"] > 3
    lengths = found["spectrum.flux"].counts
    assert len(set(lengths.tolist())) > 3


def test_shared_cell_when_declared_then_stored_once(tmp_path: Path) -> None:
    for number, (suffix, options) in enumerate((("hdf5", ""), ("fits", 'hdu: "1", '))):
        kind = suffix
        source = f"""
    tables: {{main: {{files: "a.{suffix}", format: {kind}, {options}shared: [WAVE.w]}}}}
    values: {{spectrum.flux: F, spectrum.lambda: WAVE.w}}
"""
        schema = survey(modalities=SPECTRUM.replace("{}", "{size: 12}"), source=source)
        _, found = round_trip(schema, tmp_path / str(number))
        wave = found["spectrum.lambda"].data
        assert (wave == wave[0]).all()
    with h5py.File(tmp_path / "0" / "a.hdf5") as file:
        assert file["WAVE/w"].shape == (12,)


SUBSET = """
  image:
    kind: image
    axes: {band: {labels: [g, r, z], subset: true}, y: {size: 3}, x: {size: 4}}
    fields:
      band: {dtype: string, description: Band.}
      flux: {dtype: float32, unit: nJy, description: Flux.}
"""


@pytest.mark.parametrize("form", ["hdf5", "parquet"])
def test_subset_when_planes_are_missing_then_lengths_differ(form: str, tmp_path: Path) -> None:
    source = f"""
    tables: {{main: {{files: "x/healpix=*/*.{form}", format: {form}}}}}
    values: {{image.band: "lookup(image.band, token)"}}
"""
    _, found = round_trip(survey(modalities=SUBSET, source=source), tmp_path)
    assert len(set(found["image.band"].counts.tolist())) > 1


@pytest.mark.parametrize("keep", ["band != ''", "present"])
def test_subset_when_planes_are_padded_then_padding_needs_no_label(
    keep: str, tmp_path: Path
) -> None:
    source = f"""
    tables: {{main: {{files: "x/healpix=*/*.hdf5", format: hdf5}}}}
    keep: {{image.band: "{keep}"}}
"""
    mock, found = round_trip(survey(modalities=SUBSET, source=source), tmp_path)
    counts = found["image.band"].counts
    assert len(set(counts.tolist())) > 1
    with h5py.File(mock.files[0]) as file:
        assert (file["image/band"][:] == b"").any()


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ("a.hdf5", "format: hdf5"),
        ("a_*.fits.gz", 'format: fits, hdu: "1"'),
        ("a.fits", "format: fits, hdu: OBJECTS"),
        ("x/dataset/**/*.parquet", "format: parquet"),
        ("a.csv", "format: csv"),
        ("a*.csv.gz", "format: csv, delimiter: '|', comment: '#'"),
        ("a.csv.bz2", "format: csv, header: [flag, object_id, mag, ra, dec, number, field]"),
        ("a.ecsv", "format: ecsv"),
    ],
)
def test_scalars_when_written_in_any_format_then_truth_comes_back(
    files: str, options: str, tmp_path: Path
) -> None:
    source = f'    tables: {{main: {{files: "{files}", {options}}}}}\n'
    mock, found = round_trip(survey(columns=COLUMNS, source=source), tmp_path)
    assert null_of(found["mag"]).sum() == 1
    assert len(mock.files) == 1 + (2 if "*." in files and "dataset" not in files else
                                   len(mock.files) - 1 if "dataset" in files else 1)  # fmt: skip


def test_format_when_it_is_only_read_then_error_names_it(tmp_path: Path) -> None:
    source = '    tables: {main: {files: "*.csv", format: csv, rows: file}}\n'
    with pytest.raises(UsageError, match="are only read"):
        simulate(survey(source=source), None, 3, data_dir=tmp_path)
    source = '    tables: {main: {files: "*.csv", format: csv}}\n'
    with pytest.raises(UsageError, match="one value a row"):
        simulate(survey(source=source, modalities=SPECTRUM), None, 3, data_dir=tmp_path)


def test_frame_when_galactic_then_truth_is_icrs(tmp_path: Path) -> None:
    columns = """
  glon: {dtype: float64, unit: deg, description: Galactic longitude.}
  glat: {dtype: float64, unit: deg, description: Galactic latitude.}
"""
    text = survey(columns=columns).document.text
    text = text.replace("ra: ra, dec: dec}", "ra: glon, dec: glat, frame: galactic}")
    lines = [line for line in text.splitlines() if not line.startswith(("  ra:", "  dec:"))]
    _, found = round_trip(parse_schema("\n".join(lines), "other.yaml"), tmp_path, rtol=1e-9)
    assert np.ptp(found["ra"].data) < 9
    assert np.ptp(found["glon"].data) > 4


def test_ids_when_integers_then_wide_ones_are_exact(tmp_path: Path) -> None:
    columns = "  target: {dtype: int64, description: Id.}\n"
    schema = survey(columns=columns)
    text = schema.document.text.replace("id: object_id", "id: target")
    text = text.replace("  object_id: {dtype: string, description: Id.}\n", "")
    mock, found = round_trip(parse_schema(text, "other.yaml"), tmp_path)
    ids = mock.leaves["target"].data
    assert (ids.astype(np.float64).astype(np.int64) != ids).any()
    assert found["object_id"].data.tolist() == ids.astype(str).tolist()
    with open_reader(mock.files[1], "hdf5", ReadOptions()) as reader:
        assert reader.cells()["target"].dtype == "int64"
