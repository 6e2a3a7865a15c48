"""Kepler light curves, AllWISE and SAGES as published, against astropy, Arrow and Python."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

import astropile as ap
from astropile.errors import AstropileError, CellError, LeafError
from tests.same_examples import assert_same_in
from tests.schemas.raw.published import write_table

pytestmark = pytest.mark.filterwarnings("ignore:.* did not parse as fits")

#: Columns of a light-curve file with their FITS formats and units, in its order (FILEVER 6.1).
CURVE = {
    "TIME": ("D", "BJD - 2454833"), "TIMECORR": ("E", "d"), "CADENCENO": ("J", None),
    "SAP_FLUX": ("E", "e-/s"), "SAP_FLUX_ERR": ("E", "e-/s"), "SAP_BKG": ("E", "e-/s"),
    "SAP_BKG_ERR": ("E", "e-/s"), "PDCSAP_FLUX": ("E", "e-/s"), "PDCSAP_FLUX_ERR": ("E", "e-/s"),
    "SAP_QUALITY": ("J", None), "PSF_CENTR1": ("D", "pixel"), "PSF_CENTR1_ERR": ("E", "pixel"),
    "PSF_CENTR2": ("D", "pixel"), "PSF_CENTR2_ERR": ("E", "pixel"), "MOM_CENTR1": ("D", "pixel"),
    "MOM_CENTR1_ERR": ("E", "pixel"), "MOM_CENTR2": ("D", "pixel"),
    "MOM_CENTR2_ERR": ("E", "pixel"), "POS_CORR1": ("E", "pixels"), "POS_CORR2": ("E", "pixels"),
}  # fmt: skip
FLUXES = ("PDCSAP_FLUX", "PDCSAP_FLUX_ERR", "SAP_FLUX", "SAP_FLUX_ERR")
#: Star, its position, and the first day, number of cadences and time stamp of its quarters.
STARS = {
    2556081: ((286.40237, 37.81233), {"2009166043257": (131.5, 40), "2009131105131": (120.5, 25)}),
    757076: ((291.03873, 36.59813), {"2010078095331": (352.25, 30)}),
}


def write_quarter(path: Path, kic: int, place: tuple[Any, Any], start: float, n: int) -> None:
    """Write one file: header, table and aperture; some cadences are flagged, some hold nothing."""
    rng = np.random.default_rng(kic + n)
    data = {name: rng.uniform(1, 5000, n) for name in CURVE}
    data["TIME"] = start + 0.0204335982 * np.arange(n)
    data["CADENCENO"] = 1000 + np.arange(n)
    data["SAP_QUALITY"] = np.where(np.arange(n) % 7 == 3, 128, 0)
    for row, name in ((5, "PDCSAP_FLUX"), (8, "SAP_FLUX_ERR"), (12, "SAP_FLUX")):
        data[name][row] = np.nan
    for name in set(CURVE) - {"CADENCENO", "SAP_QUALITY"}:
        data[name][[0, 14]] = np.nan
    columns = [fits.Column(k, form, unit, array=data[k]) for k, (form, unit) in CURVE.items()]
    cards = {"TELESCOP": "Kepler", "OBJECT": f"KIC {kic}", "KEPLERID": kic, "RADESYS": "ICRS",
             "RA_OBJ": place[0], "DEC_OBJ": place[1], "EQUINOX": 2000.0}  # fmt: skip
    hdus = [
        fits.PrimaryHDU(),
        fits.BinTableHDU.from_columns(columns, name="LIGHTCURVE"),
        fits.ImageHDU(np.ones((5, 4), "i4"), name="APERTURE"),
    ]
    for hdu in hdus:
        hdu.header.update(cards)
    hdus[1].header.update({"TIMESYS": "TDB", "BJDREFI": 2454833, "BJDREFF": 0.0, "TIMEUNIT": "d"})
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList(hdus).writeto(path)


def write_kepler(root: Path) -> dict[int, list[Path]]:
    """Write the folders of the archive; beside long cadence there is a file of short cadence."""
    paths: dict[int, list[Path]] = {}
    for kic, (place, quarters) in STARS.items():
        folder = root / "lightcurves" / f"{kic:09d}"[:4] / f"{kic:09d}"
        for stamp, (start, n) in quarters.items():
            paths.setdefault(kic, []).append(folder / f"kplr{kic:09d}-{stamp}_llc.fits")
            write_quarter(paths[kic][-1], kic, place, start, n)
        write_quarter(folder / f"kplr{kic:09d}-2009201121230_slc.fits", kic, place, 169.5, 20)
    return paths


def good_cadences(paths: list[Path]) -> dict[str, np.ndarray]:
    """Return time and fluxes of all quarters by astropy, as the converter chooses cadences."""
    found = []
    for path in paths:
        table = fits.getdata(path, "LIGHTCURVE")
        good = table["SAP_QUALITY"] == 0
        for name in ("TIME", *FLUXES):
            good &= np.isfinite(table[name])
        found.append(table[good])
    order = np.argsort(np.concatenate([table["TIME"] for table in found]))
    return {n: np.concatenate([t[n] for t in found])[order] for n in ("TIME", *FLUXES)}


def test_kepler_when_quarters_are_files_then_one_curve_of_good_cadences(examples, tmp_path):
    paths = write_kepler(tmp_path)
    found = examples("kepler", "fits")
    assert len(found.rejects) == 0
    rows = {row["object_id"]: row for row in found.rows}
    assert set(rows) == {"2556081", "757076"}
    for kic, own in paths.items():
        row, wanted = rows[str(kic)], good_cadences(own)
        assert (row["ra"], row["dec"]) == STARS[kic][0]
        curve = row["lightcurve"]
        assert curve["time"] == wanted["TIME"].tolist()
        for name in FLUXES:
            assert np.array_equal(np.float32(curve[name.lower()]), wanted[name])
    # 40 + 25 cadences; without every seventh, 5, 8 and 12, and 0 and 14.
    assert len(rows["2556081"]["lightcurve"]["time"]) == (40 - 6 - 5) + (25 - 4 - 5)
    assert np.all(np.diff(rows["2556081"]["lightcurve"]["time"]) > 0)


@pytest.mark.parametrize("source", ["mmu", "hats"])
def test_kepler_when_in_other_containers_then_the_same_examples(tmp_path, source):
    write_kepler(tmp_path / "published")
    survey = ap.load("kepler", data_dir=tmp_path / "published")
    assert survey.request.chosen_source == "fits"
    columns = assert_same_in(survey, source, tmp_path / "other")
    assert set(columns) == set(survey.schema.leaves_of("all"))


@pytest.mark.parametrize("n_bytes", [2000, 8000, 13000])
def test_kepler_when_a_quarter_is_cut_short_then_told_and_the_others_read(
    examples, tmp_path, n_bytes
):
    first, second = write_kepler(tmp_path)[2556081]
    first.write_bytes(first.read_bytes()[:n_bytes])
    found = examples("kepler", "fits")
    assert found.rejects.codes == ["file"]
    assert found.rejects.to_arrow()["file"].to_pylist() == [str(first.relative_to(tmp_path))]
    rows = {row["object_id"]: row["lightcurve"]["time"] for row in found.rows}
    assert rows["2556081"] == good_cadences([second])["TIME"].tolist()
    assert set(rows) == {"2556081", "757076"}


def test_kepler_when_a_star_has_no_position_then_kept_as_in_hdf5(examples, tmp_path):
    """The converter writes -1 for both."""
    own = tmp_path / "kplr000757076-2010078095331_llc.fits"
    write_quarter(own, 757076, (None, None), 352.25, 30)
    curve = {name.lower(): values[None] for name, values in good_cadences([own]).items()}
    (tmp_path / "data" / "healpix=0").mkdir(parents=True)
    with h5py.File(tmp_path / "data" / "healpix=0" / "001-of-001.hdf5", "w") as file:
        for name, values in {"object_id": [757076], "ra": [-1.0], "dec": [-1.0], **curve}.items():
            file[name] = values
    (row,) = examples("kepler", "fits").rows
    assert (row["ra"], row["dec"], len(row["lightcurve"]["time"])) == (None, None, 21)
    assert examples("kepler", "mmu").rows == [row]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda header: header.remove("KEPLERID"), CellError, "LIGHTCURVE@KEPLERID"),
        (lambda header: header.set("TTYPE8", "FLUX"), CellError, r"LIGHTCURVE.PDCSAP_FLUX"),
        (lambda header: header.set("TUNIT4", "mJy"), LeafError, "'mJy' by the file"),
    ],
)
def test_kepler_when_header_is_not_as_published_then_error_says_so(
    examples, tmp_path, change, error, message
):
    for path in chain.from_iterable(write_kepler(tmp_path).values()):
        with fits.open(path, mode="update") as hdus:
            change(hdus["LIGHTCURVE"].header)
    with pytest.raises(error, match=message):
        examples("kepler", "fits")


#: What a first source is; other columns count up. Empty is null, as almost all of the second one.
SOURCE = {
    "designation": "J225517.54+895640.0", "ra": "343.8230913", "dec": "89.9444623",
    "cntr": "9007199254740993", "source_id": "3436p681_ac51-000001", "coadd_id": "3436p681_ac51",
    "satnum": "9000", "pmra": "-442", "pmcode": "1N000", "cc_flags": "0000", "rel": "",
    "ext_flg": "0", "var_flg": "0nnn", "ph_qual": "ABUU", "det_bit": "3", "moon_lev": "0000",
    "w3sigmpro": "", "w1cc_map": "0", "w1cc_map_str": "", "w2cc_map_str": "Dd",
    "w1mjdmean": "55400.12345678", "na": "0", "w1flg": "33", "rho12": "-17", "tmass_key": "",
    "n_2mass": "0", "x": "-0.0000912345678", "htm20": "17041234567890",
}  # fmt: skip
NEEDED = {"designation": "J225517.55+895641.0", "ra": "343.9", "dec": "89.95", "cntr": "5",
          "source_id": "3436p681_ac51-000002", "coadd_id": "3436p681_ac51"}  # fmt: skip


def columns_of(survey: Any) -> dict[str, str]:
    """Return the 298 columns of AllWISE with their types, in the order of the files."""
    schema = survey("allwise")
    names = schema.file.sources["archive"].tables["main"].header
    return {name: schema.leaves[name].field.dtype for name in names}


def allwise_rows(columns: dict[str, str]) -> list[dict[str, str]]:
    """Return the texts of two sources."""
    filled = {
        name: f"t{k}" if kind == "string" else str(k % 9) if kind == "int64" else f"{k / 1000:.3f}"
        for k, (name, kind) in enumerate(columns.items())
    }
    return [filled | SOURCE, dict.fromkeys(columns, "") | NEEDED]


def write_parts(root: Path, rows: list[dict[str, str]], *, end: str = "|\n") -> Path:
    """Write the last part as gzip and the one before as bzip2, a source each; return the last."""
    texts = ["|".join(row.values()) + end for row in rows]
    (root / "wise-allwise").mkdir(parents=True)
    with bz2.open(root / "wise-allwise" / "wise-allwise-cat-part47.bz2", "wt") as file:
        file.write(texts[1])
    with gzip.open(root / "wise-allwise" / "wise-allwise-cat-part48.gz", "wt") as file:
        file.write(texts[0])
    return root / "wise-allwise" / "wise-allwise-cat-part48.gz"


def by_python(text: str, kind: str) -> Any:
    """Return what a text means."""
    numbers: dict[str, Callable[[str], Any]] = {
        "int64": int, "float64": float, "float32": lambda t: float(np.float32(t)), "string": str
    }  # fmt: skip
    return numbers[kind](text) if text else None


def write_parquet(root: Path, columns: dict[str, str], rows: list[dict[str, str]]) -> None:
    """Write a file of each of two pixels; as in the archive, columns of the pixels come last."""
    for pixel, row in enumerate(rows, 10):
        values = {
            name: pa.array([by_python(row[name], kind)], getattr(pa, kind)())
            for name, kind in columns.items()
        }
        values["healpix_k29"] = pa.array([pixel * 4**24])
        path = root / "wise-allwise.parquet" / "healpix_k0=0" / f"healpix_k5={pixel}"
        path.mkdir(parents=True)
        pq.write_table(pa.table(values), path / "part0.snappy.parquet", compression="snappy")
    (root / "wise-allwise.parquet" / "_metadata").write_bytes(b"PAR1")


def test_allwise_when_columns_are_listed_then_as_many_as_declared_in_order(survey):
    columns = columns_of(survey)
    assert len(columns) == 298
    stored = {leaf.name for leaf in survey("allwise").leaves.values() if not leaf.derived}
    assert set(columns) == stored - {"object_id"}
    # Places in the published files that others use: they count from 0.
    places = {"designation": 0, "ra": 1, "dec": 2, "w1mpro": 16, "w1snr": 18, "w2mpro": 20,
              "w2snr": 22, "w3mpro": 24, "w3snr": 26, "w4mpro": 28, "w4snr": 30,
              "htm20": 297}  # fmt: skip
    assert {name: list(columns).index(name) for name in places} == places


@pytest.mark.parametrize("source", ["archive", "parquet"])
def test_allwise_when_published_then_every_value_and_null_in_its_column(
    survey, examples, tmp_path, source
):
    columns = columns_of(survey)
    rows = allwise_rows(columns)
    write_parts(tmp_path, rows)
    write_parquet(tmp_path, columns, rows)
    found = {row["object_id"]: row for row in examples("allwise", source).rows}
    assert set(found) == {"9007199254740993", "5"}
    for row in rows:
        own = found[row["cntr"]]
        wanted = {name: by_python(row[name], kind) for name, kind in columns.items()}
        assert {name: own[name] for name in columns} == wanted
    first = found["9007199254740993"]
    assert (first["cc_flags"], first["w1flg_bad"], first["w1cc_map_str"]) == ("0000", True, None)


@pytest.mark.parametrize("published", ["archive", "parquet"])
def test_allwise_when_in_other_containers_then_the_same_examples(survey, tmp_path, published):
    columns = columns_of(survey)
    root = tmp_path / "published"
    if published == "archive":
        write_parts(root, allwise_rows(columns))
    else:
        write_parquet(root, columns, allwise_rows(columns))
    loaded = ap.load("allwise", data_dir=root)
    assert loaded.request.chosen_source == published
    for source in ("mmu", "hats", *({"archive", "parquet"} - {published})):
        same = assert_same_in(loaded, source, tmp_path / source)
        assert set(same) == set(loaded.schema.leaves_of("allwise"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text + text[:900], r"part48.gz: line 2 has \d+ cells"),
        (lambda text: text + text[:-2] + "\n", "part48.gz: line 2 has 298 cells, expected 299"),
        (lambda text: text + text[:-1] + "7\n", "a row has 299 cells, others end with"),
        (lambda text: text[:-1] + "7|\n", "line 1 has 300 cells, expected 298"),
        (lambda text: text.replace("|-442|", "|-4x2|"), "pmra.*-4x2"),
    ],
)
def test_allwise_when_a_line_is_wrong_then_error_with_its_place(
    survey, examples, tmp_path, change, message
):
    path = write_parts(tmp_path, allwise_rows(columns_of(survey)))
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()).decode()).encode()))
    with pytest.raises(AstropileError, match=message):
        examples("allwise", "archive")


def test_allwise_when_the_last_bars_were_taken_off_then_the_same(survey, examples, tmp_path):
    """As others do before they copy the files into a data base."""
    rows = allwise_rows(columns_of(survey))
    write_parts(tmp_path / "bars", rows)
    write_parts(tmp_path / "none", rows, end="\n")
    bars, none = (examples("allwise", "archive", root=tmp_path / n).rows for n in ("bars", "none"))
    assert bars == none


def write_sages(root: Path) -> Path:
    """Write the catalogue: two good stars, and three that lack a band or are flagged."""
    path = root / "sages" / "dr1-uv.fits"
    write_table(
        path,
        SAGE_ID=np.array([f"SAGE00020{k}.1+000720" for k in range(5)], "S22"),
        RA=0.525 + np.arange(5) / 7, DEC=-0.122 - np.arange(5) / 9,
        MAG_U=[16.5, -999, 14.25, 13.125, 12.0625], ERR_U=[0.01, -999, 0.02, 0.03, 0.04],
        FLAG_U=np.array([0, 0, 4, 0, 0], "i4"), OBS_TIME_U=57400.123456789 + np.arange(5),
        MAG_V=[15.75, 15.5, 13.75, -999, 11.875], ERR_V=[0.011, 0.021, 0.031, -999, 0.041],
        FLAG_V=np.array([0, 0, 0, 0, 0], "i4"), OBS_TIME_V=57500.987654321 - np.arange(5),
    )  # fmt: skip
    return path


def test_sages_when_published_then_stars_that_are_good_in_both_bands(survey, examples, tmp_path):
    table = Table.read(write_sages(tmp_path))
    table = table[(table["FLAG_U"] == 0) & (table["MAG_U"] > -999) & (table["MAG_V"] > -999)]
    found = examples("sages", "fits")
    assert len(found.rejects) == 0
    assert found.column("object_id") == [str(name) for name in table["SAGE_ID"].astype(str)]
    assert len(found.rows) == 2
    original = {"object_id": "SAGE_ID", "ra": "RA", "dec": "DEC"}
    for leaf in set(survey("sages").leaves) - {"object_id"}:
        assert found.column(leaf) == table[original.get(leaf, leaf)].tolist()


@pytest.mark.parametrize("source", ["mmu", "hats"])
def test_sages_when_in_other_containers_then_the_same_examples(tmp_path, source):
    write_sages(tmp_path / "published")
    survey = ap.load("sages", data_dir=tmp_path / "published")
    assert survey.request.chosen_source == "fits"
    columns = assert_same_in(survey, source, tmp_path / "other")
    assert set(columns) == set(survey.schema.leaves_of("dr1"))


@pytest.mark.parametrize(
    ("card", "text", "error", "message"),
    [
        ("TTYPE2", "RADEG", CellError, "'RA' is not in the file"),
        ("TUNIT2", "rad", LeafError, "'rad' by the file, but 'deg'"),
    ],
)
def test_sages_when_header_contradicts_then_error_with_both(
    examples, tmp_path, card, text, error, message
):
    with fits.open(write_sages(tmp_path), mode="update") as hdus:
        hdus[1].header[card] = text
    with pytest.raises(error, match=message):
        examples("sages", "fits")
