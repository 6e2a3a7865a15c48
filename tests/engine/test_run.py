"""From files to finished leaves, on small invented surveys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astropile.engine import RowIndex, Run
from astropile.errors import CellError, LeafError, UnsafeFileError
from astropile.readers import Column
from astropile.schema import parse_schema
from tests.engine.conftest import positions, read_all, run_of, survey

IMAGE = """
  image:
    kind: image
    axes: {band: {labels: [g, r, z]}, y: {size: 2}, x: {size: 2}}
    photometry: {system: AB, zeropoint: 22.5, per: nanomaggy}
    fields:
      band: {dtype: string, description: Band.}
      flux: {dtype: float32, unit: nanomaggy, description: Flux.}
      mask: {dtype: bool, true_means: good, description: Good pixels.}
"""
SPECTRUM = """
  spectrum:
    kind: spectrum
    axes: {pixel: {}}
    sort: [lambda]
    medium: vacuum
    frame: heliocentric
    fields:
      flux: {dtype: float32, unit: erg / (s cm2 Angstrom), description: Flux.}
      lambda: {dtype: float64, unit: Angstrom, description: Wavelength.}
"""


def rows_of(column: Column) -> list[list[float]]:
    assert column.offsets is not None
    return [p.tolist() for p in np.split(column.data, column.offsets[1:-1])]


def test_image_when_bands_arrive_in_other_order_then_planes_follow(
    write_hdf5: Callable[..., Path],
) -> None:
    flux = np.arange(2 * 3 * 4, dtype="f4").reshape(2, 3, 2, 2)
    band = np.array([[b"des-z", b"des-g", b"des-r"], [b"des-g", b"des-r", b"des-z"]])
    root = write_hdf5(
        {**positions(2), "image_array": flux, "image_band": band, "m": flux[:, 0] > 1}
    )
    source = """
    names: "{block}_{field}"
    values:
      image.flux: image_array
      image.band: lookup(image_band, token)
      image.mask: axes(m, 'y x')
"""
    batch = read_all(survey(modalities=IMAGE, source=source), root)
    np.testing.assert_array_equal(batch.columns["image.flux"].data[0], flux[0][[1, 2, 0]])
    np.testing.assert_array_equal(batch.columns["image.flux"].data[1], flux[1])
    assert batch.columns["image.band"].data[0].tolist() == ["g", "r", "z"]
    assert batch.columns["image.mask"].data.shape == (2, 3, 2, 2)


def test_image_when_label_unknown_then_error_names_file_row_leaf(
    write_hdf5: Callable[..., Path],
) -> None:
    flux = np.zeros((2, 3, 2, 2), "f4")
    band = np.array([[b"g", b"r", b"z"], [b"g", b"r", b"q"]])
    root = write_hdf5(
        {**positions(2), "image_flux": flux, "image_band": band, "image_mask": flux > 1}
    )
    schema = survey(modalities=IMAGE, source='    names: "{block}_{field}"\n')
    with pytest.raises(LeafError, match=r"data\.hdf5, row 1: image\.band: 'q' is not one of"):
        read_all(schema, root)


def test_image_when_shape_differs_then_error_says_expected_and_got(
    write_hdf5: Callable[..., Path],
) -> None:
    flux = np.zeros((2, 3, 2, 5), "f4")
    band = np.tile(np.array([b"g", b"r", b"z"]), (2, 1))
    root = write_hdf5(
        {**positions(2), "image_flux": flux, "image_band": band, "image_mask": flux > 1}
    )
    schema = survey(modalities=IMAGE, source='    names: "{block}_{field}"\n')
    with pytest.raises(LeafError, match="axis x has 2 places, got 5"):
        read_all(schema, root)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.floats(1, 9), max_size=5), min_size=2, max_size=4))
def test_spectrum_when_padded_then_padding_never_leaves_and_order_is_declared(
    write_hdf5: Callable[..., Path], spectra: list[list[float]]
) -> None:
    length = max(map(len, spectra)) + 1
    padded = np.full((len(spectra), length), -1.0)
    for row, values in enumerate(spectra):
        padded[row, : len(values)] = values
    root = write_hdf5({**positions(len(spectra)), "wave": padded, "flux": 2 * padded})
    source = """
    values: {spectrum.flux: flux, spectrum.lambda: wave}
    keep: {spectrum.pixel: lambda > 0}
"""
    batch = read_all(survey(modalities=SPECTRUM, source=source), root)
    assert rows_of(batch.columns["spectrum.lambda"]) == [sorted(s) for s in spectra]
    flux = rows_of(batch.columns["spectrum.flux"])
    assert flux == [[np.float32(2 * v) for v in sorted(s)] for s in spectra]


def test_spectrum_when_dense_without_keep_then_error_asks_for_keep(
    write_hdf5: Callable[..., Path],
) -> None:
    root = write_hdf5({**positions(2), "wave": np.ones((2, 3)), "flux": np.ones((2, 3))})
    schema = survey(
        modalities=SPECTRUM, source="    values: {spectrum.flux: flux, spectrum.lambda: wave}\n"
    )
    with pytest.raises(LeafError, match=r"keep: \{spectrum\.pixel"):
        read_all(schema, root)


def test_values_when_unit_tagged_then_converted_to_the_leafs_unit(
    write_hdf5: Callable[..., Path],
) -> None:
    root = write_hdf5(
        {**positions(2), "wave_nm": np.array([[400.0, 500.0]] * 2), "flux": np.ones((2, 2))}
    )
    source = """
    values: {spectrum.lambda: "unit(wave_nm, 'nm')", spectrum.flux: flux}
    keep: {spectrum.pixel: "true"}
"""
    batch = read_all(survey(modalities=SPECTRUM, source=source), root)
    np.testing.assert_allclose(batch.columns["spectrum.lambda"].data, [4000, 5000] * 2)


COLUMNS = """
  mag: {dtype: float32, unit: mag(AB), missing: [-99], description: Magnitude.}
  dust: {dtype: float32, unit: mag, description: Dust.}
  count: {dtype: int32, missing: [-9], description: A count.}
  flag: {dtype: int32, bits: {0: bad}, description: Bits.}
  flag_bad: {dtype: bool, true_means: bad, formula: any_bit(flag), description: Any bit.}
  clean: {dtype: float32, unit: mag(AB), formula: mag - dust, description: Without dust.}
"""


def column_files(n: int) -> dict[str, object]:
    return {
        **positions(n),
        "mag": np.linspace(20, 21, n, dtype="f4"),
        "dust": np.full(n, 0.5, "f4"),
        "count": np.arange(n, dtype="f8"),
        "flag": np.arange(n) % 2,
    }


def test_columns_when_sentinels_then_null_and_formulas_follow(
    write_hdf5: Callable[..., Path],
) -> None:
    files = column_files(3)
    files["mag"] = np.array([-99, 20, np.nan], "f4")
    files["count"] = np.array([-9, 2, np.nan])
    batch = read_all(survey(columns=COLUMNS), write_hdf5(files))
    columns = batch.columns
    assert columns["mag"].null is not None
    assert columns["mag"].null.tolist() == [True, False, True]
    assert columns["count"].null is not None
    assert columns["count"].null.tolist() == [True, False, True]
    assert columns["flag_bad"].data.tolist() == [False, True, False]
    assert columns["clean"].null is not None
    assert columns["clean"].data[1] == np.float32(19.5)
    assert columns["object_id"].data.tolist() == ["100", "101", "102"]


@pytest.mark.parametrize(
    ("cell", "value", "message"),
    [
        ("count", [0.5, 1, 2], "count: 0.5 is not whole"),
        ("count", [0, 1, 3e10], "count: 30000000000.0 does not fit int32"),
        ("mag", [1, 2, 1e300], "mag: 1e[+]300 does not fit float32"),
    ],
)
def test_columns_when_cast_impossible_then_error_or_reject(
    write_hdf5: Callable[..., Path], cell: str, value: list[float], message: str
) -> None:
    schema, files = survey(columns=COLUMNS), column_files(3)
    files[cell] = np.array(value, dtype="f8")
    root = write_hdf5(files)
    with pytest.raises(LeafError, match=message):
        read_all(schema, root)
    run = run_of(schema, root, on_bad_row="reject")
    assert sum(len(batch) for batch in run.batches()) == 2
    assert run.rejects.counts() == {"leaf": 1}


def test_objects_when_id_null_repeated_or_position_impossible_then_rejected_and_counted(
    write_hdf5: Callable[..., Path],
) -> None:
    ids = np.array([b"a", b"", b"a", b"b", b"c", b"d"])
    ra = np.array([1, 2, 3, 4, np.inf, np.nan])
    dec = np.array([0, 0, 0, 91, 0, 0.0])
    root = write_hdf5({"object_id": ids, "ra": ra, "dec": dec})
    run = run_of(survey(), root)
    (batch,) = run.batches()
    assert batch.columns["object_id"].data.tolist() == ["a", "d"]
    table = run.rejects.to_arrow().to_pydict()
    assert table["code"] == ["null_id", "position", "position", "repeated_id"]
    assert table["row"] == [1, 3, 4, 2]
    assert len(run.rejects) + len(batch) == 6


def test_objects_when_id_repeats_in_another_file_then_first_in_row_order_stays(
    write_hdf5: Callable[..., Path],
) -> None:
    write_hdf5(positions(3), "b.hdf5")
    root = write_hdf5(positions(2), "a.hdf5")
    run = run_of(survey(), root)
    assert [len(b) for b in run.batches(batch_rows=2)] == [2, 1]
    assert run.rejects.files == ["b.hdf5", "b.hdf5"]


def test_right_ascension_when_outside_0_360_then_normalised(
    write_hdf5: Callable[..., Path],
) -> None:
    root = write_hdf5({**positions(2), "ra": np.array([-10.0, 370.0])})
    assert read_all(survey(), root).columns["ra"].data.tolist() == [350.0, 10.0]


def test_cells_when_missing_then_error_lists_what_the_file_has(
    write_hdf5: Callable[..., Path],
) -> None:
    files = column_files(2)
    del files["dust"]
    with pytest.raises(CellError, match=r"'dust' is not in the file .* leaf dust.*it has count"):
        read_all(survey(columns=COLUMNS), write_hdf5(files))


def test_optional_when_no_file_has_the_cell_then_error(write_hdf5: Callable[..., Path]) -> None:
    schema = survey(
        columns="  x: {dtype: float32, description: X.}\n", source="    values: {x: optional(xx)}\n"
    )
    with pytest.raises(CellError, match="'xx' is in no file"):
        read_all(schema, write_hdf5(positions(2)))


def test_where_when_rows_fail_then_left_out_without_reject(write_hdf5: Callable[..., Path]) -> None:
    source = "    tables: {main: {files: '*.hdf5', format: hdf5, where: 'q > 1'}}\n"
    root = write_hdf5({**positions(4), "q": np.array([0, 2, np.nan, 3])})
    run = run_of(survey(source=source), root)
    (batch,) = run.batches()
    assert batch.columns["object_id"].data.tolist() == ["101", "103"]
    assert len(run.rejects) == 0


def test_index_when_given_then_only_these_rows_in_row_order(
    write_hdf5: Callable[..., Path],
) -> None:
    write_hdf5(column_files(5), "a.hdf5")
    root = write_hdf5({**column_files(3), "object_id": np.arange(500, 503)}, "b.hdf5")
    schema = survey(columns=COLUMNS)
    index = RowIndex(np.array([0, 0, 1]), np.array([1, 4, 2]))
    batches = list(run_of(schema, root).batches(index=index))
    ids = [i for b in batches for i in b.columns["object_id"].data.tolist()]
    assert ids == ["101", "104", "502"]


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 100])
def test_batches_when_size_differs_then_same_rows(
    write_hdf5: Callable[..., Path], batch_rows: int
) -> None:
    root = write_hdf5(column_files(7))
    tables = list(run_of(survey(columns=COLUMNS), root).tables(batch_rows=batch_rows))
    assert tables[0].num_rows == min(batch_rows, 7)
    assert [i for t in tables for i in t["count"].to_pylist()] == list(range(7))


def test_projection_when_few_leaves_wanted_then_other_cells_are_not_read(
    write_hdf5: Callable[..., Path],
) -> None:
    files = column_files(2)
    del files["dust"]
    run = run_of(survey(columns=COLUMNS), write_hdf5(files), wanted=["mag"])
    (batch,) = run.batches()
    assert set(batch.columns) == {"object_id", "ra", "dec", "mag"}


def test_join_when_key_matches_then_cells_beside_and_unmatched_follow_policy(
    write_hdf5: Callable[..., Path],
) -> None:
    write_hdf5({"id": np.array([102, 100]), "z": np.array([2.0, 0.5])}, "side/z.hdf5")
    root = write_hdf5(positions(3))
    source = """
    tables:
      main: {files: "data.hdf5", format: hdf5}
      other: {files: "side/z.hdf5", format: hdf5, on: {id: object_id}, unmatched: POLICY}
    values: {z: other.z}
"""
    columns = "  z: {dtype: float32, description: Z.}\n"
    with pytest.raises(CellError, match="no row of table other for 1 row "):
        read_all(survey(columns=columns, source=source.replace("POLICY", "error")), root)
    batch = read_all(survey(columns=columns, source=source.replace("POLICY", "null")), root)
    assert batch.columns["z"].null is not None
    assert batch.columns["z"].null.tolist() == [False, True, False]
    run = run_of(survey(columns=columns, source=source.replace("POLICY", "drop")), root)
    (batch,) = run.batches()
    assert batch.columns["z"].data.tolist() == [0.5, 2.0]
    assert run.rejects.counts() == {"unmatched": 1}


def test_join_when_key_repeats_then_refused(write_hdf5: Callable[..., Path]) -> None:
    write_hdf5({"id": np.array([100, 100]), "z": np.array([2.0, 0.5])}, "side/z.hdf5")
    root = write_hdf5(positions(1))
    source = """
    tables:
      main: {files: "data.hdf5", format: hdf5}
      other: {files: "side/z.hdf5", format: hdf5, on: {id: object_id}GROUP}
    values: {z: VALUE}
"""
    columns = "  z: {dtype: float32, description: Z.}\n"
    once = source.replace("GROUP", "").replace("VALUE", "other.z")
    with pytest.raises(CellError, match="holds a key more than once"):
        read_all(survey(columns=columns, source=once), root)
    grouped = source.replace("GROUP", ", group: [id]").replace("VALUE", "max(other.z)")
    batch = read_all(survey(columns=columns, source=grouped), root)
    assert batch.columns["z"].data.tolist() == [2.0]


def test_unique_when_key_repeats_across_files_then_first_by_sort(
    write_hdf5: Callable[..., Path],
) -> None:
    source = (
        "    tables: {main: {files: '*.hdf5', format: hdf5, sort: [-snr], unique: [object_id]}}\n"
    )
    write_hdf5({**positions(2), "snr": np.array([1.0, 9.0])}, "a.hdf5")
    root = write_hdf5({**positions(2), "snr": np.array([5.0, 2.0])}, "b.hdf5")
    run = run_of(survey(source=source), root)
    places = [
        (int(b.index.file[k]), int(b.index.row[k])) for b in run.batches() for k in range(len(b))
    ]
    assert places == [(0, 1), (1, 0)]
    assert len(run.rejects) == 0


def test_files_when_link_leads_out_then_refused(
    write_hdf5: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.hdf5"
    root = write_hdf5(positions(1), "real.hdf5")
    (root / "real.hdf5").rename(outside)
    (root / "link.hdf5").symlink_to(outside)
    with pytest.raises(UnsafeFileError, match="leads out of the data directory"):
        run_of(survey(), root)
    assert isinstance(run_of(survey(), root, follow_links=True), Run)


def test_frame_when_galactic_then_positions_are_icrs(write_hdf5: Callable[..., Path]) -> None:
    text = survey().document.text.replace("ra: ra, dec: dec}", "ra: l, dec: b, frame: galactic}")
    text = text.replace("  ra: {", "  l: {").replace("  dec: {", "  b: {")
    text = text.replace("is: {quantity: ra}, ", "").replace("is: {quantity: dec}, ", "")
    files = positions(2)
    root = write_hdf5({"object_id": files["object_id"], "l": files["ra"], "b": files["dec"]})
    batch = read_all(parse_schema(text, "x.yaml"), root)
    sky = SkyCoord(files["ra"], files["dec"], unit="deg", frame="galactic").icrs
    np.testing.assert_allclose(batch.columns["ra"].data, sky.ra.deg, atol=1e-12)
    np.testing.assert_allclose(batch.columns["dec"].data, sky.dec.deg, atol=1e-12)
    assert batch.columns["l"].data.tolist() == files["ra"].tolist()


def test_lightcurve_when_band_not_declared_then_refused_with_row(
    write_hdf5: Callable[..., Path],
) -> None:
    modality = """
  lightcurve:
    kind: lightcurve
    axes: {epoch: {}}
    fields:
      band: {dtype: string, description: Band.}
      mag: {dtype: float32, unit: mag, description: Magnitude.}
"""
    bands = np.array([[b"g", b"r"], [b"r", b"Q"]])
    root = write_hdf5({**positions(2), "band": bands, "mag": np.ones((2, 2))})
    source = """
    names: "{field}"
    keep: {lightcurve.epoch: "true"}
"""
    schema = survey(modalities=modality, source=source)
    with pytest.raises(LeafError, match=r"row 1: lightcurve\.band: 'Q' is not one of the bands"):
        read_all(schema, root)


def test_group_when_main_is_nested_then_index_reads_whole_groups(
    write_hdf5: Callable[..., Path],
) -> None:
    source = """
    tables: {main: {files: "*.hdf5", format: hdf5, group: [object_id, ra, dec]}}
    values: {x: max(x)}
"""
    files = {
        "object_id": np.array([7, 8, 7]),
        "ra": np.array([1.0, 2.0, 1.0]),
        "dec": np.zeros(3),
        "x": np.array([1.0, 5.0, 3.0]),
    }
    schema = survey(columns="  x: {dtype: float32, description: X.}\n", source=source)
    root = write_hdf5(files)
    assert read_all(schema, root).columns["x"].data.tolist() == [3.0, 5.0]
    (batch,) = run_of(schema, root).batches(index=RowIndex(np.array([0]), np.array([0])))
    assert batch.columns["object_id"].data.tolist() == ["7"]
    assert batch.columns["x"].data.tolist() == [3.0]


def test_where_when_condition_is_an_array_then_error_says_any_or_all(
    write_hdf5: Callable[..., Path],
) -> None:
    source = """
    tables: {main: {files: "*.hdf5", format: hdf5, rows: file, where: q > 0}}
"""
    files = {"object_id": 5, "ra": 1.0, "dec": 2.0, "q": np.array([1, 2])}
    with pytest.raises(LeafError, match=r"where: the condition gives an array a row(.|\n)*any\("):
        read_all(survey(source=source), write_hdf5(files))


def test_image_when_partner_is_missing_then_mask_is_null_not_all_good(
    write_hdf5: Callable[..., Path],
) -> None:
    planes = np.ones((1, 3, 2, 2), dtype="f4")
    band = np.array([[b"g", b"r", b"z"]])
    write_hdf5(
        {"id": np.array([101]), "flux": planes, "band": band, "bad": planes[:, 0]}, "side/x.hdf5"
    )
    source = """
    tables:
      main: {files: "data.hdf5", format: hdf5}
      t: {files: "side/x.hdf5", format: hdf5, on: {id: object_id}, unmatched: null}
    values: {image.flux: t.flux, image.band: t.band, image.mask: "axes(t.bad == 0, 'y x')"}
"""
    batch = read_all(survey(modalities=IMAGE, source=source), write_hdf5(positions(2)))
    for name in ("flux", "mask"):
        null = batch.columns[f"image.{name}"].null
        assert null is not None
        assert null.tolist() == [True, False]


def test_columns_when_text_is_no_number_then_row_named_or_rejected(
    write_hdf5: Callable[..., Path],
) -> None:
    schema, files = survey(columns=COLUMNS), column_files(3)
    files["mag"] = np.array([b"20.5", b"bright", b"21"])
    root = write_hdf5(files)
    with pytest.raises(LeafError, match="row 1: mag: 'bright' is not a number"):
        read_all(schema, root)
    run = run_of(schema, root, on_bad_row="reject")
    assert sum(len(batch) for batch in run.batches()) == 2


def test_index_when_empty_then_no_batches(write_hdf5: Callable[..., Path]) -> None:
    none = np.empty(0, dtype=np.int64)
    run = run_of(survey(), write_hdf5(positions(2)))
    assert list(run.batches(index=RowIndex(none, none))) == []


@pytest.mark.parametrize("rows", ["axis", "file"])
def test_split_when_said_by_a_cell_then_each_row_is_in_one_split(
    write_hdf5: Callable[..., Path], rows: str
) -> None:
    source = f"    tables: {{main: {{files: '*.hdf5', format: hdf5, rows: {rows}}}}}\n"
    text = survey(source=source).document.text
    text = text.replace("configs:", "    split_by: part\nconfigs:")
    text = text.replace("{description: All of it.}", "{description: All., splits: {a: a, b: b}}")
    for part in (b"a", b"b"):
        cells = {"object_id": b"id-" + part, "ra": 1.0, "dec": 2.0, "part": part}
        as_rows = {name: np.array([value]) for name, value in cells.items()}
        root = write_hdf5(cells if rows == "file" else as_rows, f"{part.decode()}.hdf5")
    run = run_of(parse_schema(text, "x.yaml"), root)
    assert [b.columns["object_id"].data.tolist() for b in run.batches()] == [["id-a"], ["id-b"]]
    assert len(run.rejects) == 0


def test_unique_when_no_row_is_left_then_nothing(write_hdf5: Callable[..., Path]) -> None:
    source = """
    tables: {main: {files: "*.hdf5", format: hdf5, where: ra > 400, unique: [object_id]}}
"""
    run = run_of(survey(source=source), write_hdf5(positions(3)))
    assert list(run.batches()) == []


@pytest.mark.parametrize("good", [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1]])
def test_spectrum_when_one_object_is_padded_then_what_is_kept_is_right(
    write_hdf5: Callable[..., Path], good: list[int]
) -> None:
    """Padding at the ends is cut off, between the values it is left out."""
    wave = np.array([good], dtype="f8") * np.array([1.0, 2.0, 3.0, 4.0])
    root = write_hdf5({**positions(1), "wave": wave, "flux": wave})
    source = """
    values: {spectrum.flux: flux, spectrum.lambda: wave}
    keep: {spectrum.pixel: lambda > 0}
"""
    batch = read_all(survey(modalities=SPECTRUM, source=source), root)
    assert rows_of(batch.columns["spectrum.lambda"]) == [wave[wave > 0].tolist()]
