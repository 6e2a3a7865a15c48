"""Supernovae from the files of surveys and compilations, against a parse with nothing of ours."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

import astropile as ap
from astropile.errors import AstropileError, CellError, LeafError
from astropile.survey import Survey
from tests.same_examples import assert_same_in

Shared = Callable[[str], Path]

#: survey, config, folder of real files, pattern, prefix of the id, lookup of bands, objects, points
TEXTS = [
    ("foundation", None, "sn_foundation", "*.txt", "", None, 20, 784),
    ("ps1_sne_ia", None, "sn_ps1", "*.txt", "PS1_", None, 20, 1075),
    ("des_y3_sne_ia", None, "sn_des3yr", "*.dat", "DES_", None, 20, 1740),
    ("snls", None, "sn_snls", "*.dat", "", None, 20, 1273),
    ("swift_sne_ia", None, "sn_swift", "*.dat", "", None, 20, 753),
    ("cfa", "cfa3_natural", "sn_cfa", "*.DAT", "SN", "letter", 29, 2422),
    ("csp", "csp_dr3", "sn_csp", "CSPDR3_*.DAT", "SN", "letter", 27, 5449),
    ("csp", "csp2", "sn_csp", "CSP2_*.dat", "SN", "letter", 1, 285),
]
FIELDS = {"flux": ("FLUXCAL", "FLUXCALERR"), "mag": ("MAG", "MAGERR")}
FILTERS = dict(zip("ugriBVomnYyJjHh", "abcdefghijklmno", strict=True))  # README of DES-SN5YR_LOWZ
LOWZ = "sn_snana_fits_lowz"


def parsed(path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Read the first word behind every key, and the observations."""
    words = [line.split() for line in path.read_text().splitlines()]
    keys = {w[0].rstrip(":"): w[1] for w in words if len(w) > 1 and w[0].endswith(":")}
    (columns,) = (w[1:] for w in words if w and w[0] == "VARLIST:")
    rows = [dict(zip(columns, w[1:], strict=True)) for w in words if w and w[0] == "OBS:"]
    return keys, rows


def identity(prefix: str, keys: dict[str, str]) -> str:
    return prefix + (keys["SNID"].lstrip("0") if prefix == "PS1_" else keys["SNID"])


def curve_of(row: dict[str, Any], value: str) -> list[tuple[Any, ...]]:
    """Return the elements of a light curve as a sorted list."""
    curve = row["lightcurve"]
    fields = (curve[name] for name in ("band", "time", value, f"{value}_err"))
    return sorted((str(band), *map(float, rest)) for band, *rest in zip(*fields, strict=True))


def by_id(survey: Survey) -> dict[str, dict[str, Any]]:
    rows = list(survey)
    found = {row.get("object_id", row.get("SNID")): row for row in rows}
    assert len(found) == len(rows)
    assert len(survey.rejects) == 0
    return found


@pytest.mark.parametrize(
    ("name", "config", "folder", "pattern", "prefix", "lookup", "objects", "points"), TEXTS
)
def test_text_when_real_then_every_word_of_a_plain_parse(
    name: str, config: str | None, folder: str, pattern: str, prefix: str, lookup: str | None,
    objects: int, points: int, shared_data: Shared,
) -> None:  # fmt: skip
    survey = ap.load(name, data_dir=shared_data(folder), config=config, source="snana")
    rows = by_id(survey)
    (value,) = FIELDS.keys() & set(next(iter(rows.values()))["lightcurve"])
    letters = survey.schema.file.lookups.get(lookup or "", {})
    total = 0
    for path in sorted(shared_data(folder).glob(pattern)):
        keys, elements = parsed(path)
        row = rows.pop(identity(prefix, keys))
        assert (row["ra"], row["dec"]) == (
            float(keys["RA"]), float(keys.get("DEC", keys.get("DECL", "")))
        )  # fmt: skip
        late = 0.5 if config == "csp_dr3" else 0
        wanted = sorted(
            (
                letters.get(band := element.get("FLT") or element["BAND"], band),
                float(element["MJD"]) - late,
                *(float(np.float32(element[column])) for column in FIELDS[value]),
            )
            for element in elements
        )
        assert curve_of(row, value) == wanted
        assert len(wanted) == int(keys["NOBS"])
        total += len(wanted)
        if value == "flux":
            mass = float(keys.get("HOSTGAL_LOGMASS", keys.get("HOST_LOGMASS", "nan")))
            known = np.isfinite(mass) and mass not in (-99, -9, 0)
            assert row["host_log_mass"] == (float(np.float32(mass)) if known else None)
            assert row["redshift"] == float(np.float32(keys["REDSHIFT_CMB"]))
            assert row["obj_type"] == "Ia"
        if name == "csp":
            assert row["redshift"] == float(np.float32(keys["REDSHIFT_HELIO"]))
    assert rows == {}
    assert (len(survey), total) == (objects, points)


@pytest.mark.parametrize(
    ("name", "config", "source", "folder"),
    [(name, config, "snana", folder) for name, config, folder, *_ in TEXTS if name != "cfa"
     and config != "csp2"] + [("csp", "csp_dr3", "snana_fits", LOWZ)],
)  # fmt: skip
@pytest.mark.parametrize("other", ["mmu", "hats"])
def test_example_when_written_as_hdf5_or_hats_then_the_same(
    name: str, config: str | None, source: str, folder: str, other: str,
    shared_data: Shared, tmp_path: Path,
) -> None:  # fmt: skip
    survey = ap.load(name, data_dir=shared_data(folder), config=config, source=source)
    same = assert_same_in(survey, other, tmp_path)
    leaves = set(survey.schema.leaves_of(survey.config))
    assert set(same) == leaves  # no leaf is absent from either source


def cfa_as_mmu(path: Path, row: dict[str, Any]) -> None:
    """Write HDF5 as the builder does: arrays over band and epoch, padded with zeros."""
    curve, bands = row["lightcurve"], ["B", "I", "R", "U", "V", "i'", "r'"]
    own = [np.flatnonzero(curve["band"] == band) for band in bands]
    path.parent.mkdir(parents=True)
    with h5py.File(path, "w") as file:
        for name in ("time", "mag", "mag_err"):
            array = np.zeros((len(bands), max(map(len, own))), "f4")
            for line, places in zip(array, own, strict=True):
                line[: len(places)] = curve[name][places]
            file[name] = array
        file["bands"] = np.array(bands, "S2")
        file["object_id"], file["obj_type"] = np.bytes_(row["object_id"]), np.bytes_("?")
        file["ra"], file["dec"] = np.float32(row["ra"]), np.float32(row["dec"])


@pytest.mark.parametrize(("source", "folder"), [("snana", "sn_cfa"), ("snana_fits", LOWZ)])
def test_cfa_when_written_as_hdf5_then_the_same(
    source: str, folder: str, shared_data: Shared, tmp_path: Path
) -> None:
    raw = by_id(ap.load("cfa", data_dir=shared_data(folder), config="cfa3_natural", source=source))
    for number, row in enumerate(raw.values()):
        cfa_as_mmu(tmp_path / f"cfa3/healpix=000{number}/example.hdf5", row)
    again = by_id(ap.load("cfa", data_dir=tmp_path, config="cfa3"))
    assert again.keys() == raw.keys()
    for name, row in raw.items():
        one, two = (dict(zip(("band", "time", "mag", "mag_err"), zip(*curve_of(r, "mag"),
                    strict=True), strict=True)) for r in (row, again[name]))  # fmt: skip
        assert one["band"] == two["band"]
        np.testing.assert_allclose(one["time"], two["time"], rtol=1e-7)
        assert sorted(one["mag"]) == sorted(two["mag"])
        assert sorted(one["mag_err"]) == sorted(two["mag_err"])
        np.testing.assert_allclose(
            [row["ra"], row["dec"]], [again[name]["ra"], again[name]["dec"]], rtol=1e-7
        )
        assert row["obj_type"] is again[name]["obj_type"] is None


def test_cfa_when_real_hdf5_of_the_same_supernova_then_only_magnitudes_differ(
    shared_data: Shared, tmp_path: Path
) -> None:
    """Multimodal Universe holds standard magnitudes, the compilation natural ones."""
    place = tmp_path / "cfa3" / "healpix=1772"
    place.mkdir(parents=True)
    shutil.copy(shared_data("mmu_hdf5_cfa") / "SN2007bc.hdf5", place)
    (mmu,) = ap.load("cfa", data_dir=tmp_path)
    raw = by_id(
        ap.load("cfa", data_dir=shared_data("sn_cfa"), config="cfa3_natural", source="snana")
    )["SN2007bc"]
    np.testing.assert_allclose([raw["ra"], raw["dec"]], [mmu["ra"], mmu["dec"]], rtol=1e-7)
    (one, two) = (row["lightcurve"] for row in (raw, mmu))
    assert Counter(one["band"]) == Counter(two["band"]) == {"B": 19, "V": 17, "r'": 15, "i'": 9}
    np.testing.assert_array_equal(one["band"], two["band"])
    np.testing.assert_allclose(one["time"], two["time"], atol=0.002)
    np.testing.assert_array_equal(one["mag_err"], two["mag_err"])
    off = np.abs(one["mag"] - two["mag"])
    assert 0.05 < off[one["band"] == "B"].max() < 0.08
    assert off[one["band"] != "B"].max() < 0.025


def days_late(own: Any, part: Any) -> Any:
    """Return by how much the dates of the first Carnegie Supernova Project are too late."""
    first = own["SNID"].strip() not in ("2011iv", "iPTF13ebh")
    return np.where(np.char.startswith(np.asarray(part["BAND"]), "CSP") & first, 0.5, 0)


def in_order(elements: Any) -> list[tuple[Any, ...]]:
    """Sort by band, time to three digits and magnitude, which rounding does not change."""
    return sorted(elements, key=lambda e: (e[0], round(e[1], 3), round(e[2], 3)))


def head_and_curves(folder: Path) -> tuple[Any, Any]:
    head = fits.getdata(folder / "DES-SN5YR_LOWZ_HEAD.FITS.gz", 1)
    return head, fits.getdata(folder / "DES-SN5YR_LOWZ_PHOT.FITS.gz", 1)


@pytest.mark.parametrize(
    ("name", "config", "subsurveys", "objects", "points"),
    [
        ("cfa", "cfa3_natural", ("CFA3K", "CFA3S"), 185, 11523),
        ("cfa", "cfa4_natural", ("CFA4p1", "CFA4p2"), 93, 5229),
        ("csp", "csp_dr3", ("CSP",), 62, 8316),
        ("csp", "csp2", ("CSP",), 2, 504),
        ("des_sn5yr", "lowz", ("CFA3K", "CFA3S", "CFA4p1", "CFA4p2", "CSP"), 342, 36632),
    ],
)
def test_fits_when_real_then_the_rows_that_astropy_points_at(
    name: str, config: str, subsurveys: tuple[str, ...], objects: int, points: int,
    shared_data: Shared,
) -> None:  # fmt: skip
    folder = shared_data(LOWZ)
    source = "fits" if name == "des_sn5yr" else "snana_fits"
    survey = ap.load(name, data_dir=folder, config=config, source=source)
    rows = by_id(survey)
    lookups = survey.schema.file.lookups
    head, curves = head_and_curves(folder)
    total = 0
    for number in range(len(head)):
        own = head[number]
        row = rows.pop(own["SNID"] if name == "des_sn5yr" else f"SN{own['SNID']}", None)
        row = rows.pop(own["SNID"], None) if row is None else row
        if row is None:
            assert own["SUBSURVEY"] not in subsurveys or name == "csp"
            continue
        assert own["SUBSURVEY"] in subsurveys
        assert (row["ra"], row["dec"]) == (own["RA"], own["DEC"])
        part = curves[own["PTROBS_MIN"] - 1 : own["PTROBS_MAX"]]
        tokens = lookups["token" if name == "des_sn5yr" else "lowz"]
        part = part[[tokens[band.strip()] != "" for band in part["BAND"]]]
        assert (part["MJD"] > 0).all()
        flux, error = (part[column].astype("f8") for column in ("FLUXCAL", "FLUXCALERR"))
        values = [flux, error]
        if name != "des_sn5yr":
            values = [27.5 - 2.5 * np.log10(flux), 2.5 / np.log(10) * error / flux]
        value = "flux" if name == "des_sn5yr" else "mag"
        bands = [tokens[band.strip()] for band in part["BAND"]]
        wanted = sorted(zip(bands, part["MJD"] - days_late(own, part), *values, strict=True))
        found = curve_of(row, value)
        assert [element[0] for element in found] == [element[0] for element in wanted]
        assert [element[1] for element in found] == [element[1] for element in wanted]
        np.testing.assert_allclose(
            [element[2:] for element in found], [element[2:] for element in wanted], rtol=3e-7
        )
        total += len(found)
    assert rows == {}
    assert (len(survey), total) == (objects, points)


@pytest.mark.parametrize(
    ("folder", "pattern", "camera", "letters"),
    [
        ("sn_csp", "*.[Dd][Aa][Tt]", "CSP", FILTERS),
        ("sn_cfa", "*.DAT", "CFA", dict(zip("fghijabcde", "pqrstuvwxy", strict=True))),
    ],
)
def test_text_and_fits_when_of_one_supernova_then_same_points_other_errors(
    folder: str, pattern: str, camera: str, letters: dict[str, str], shared_data: Shared
) -> None:
    """Both hold the same points in every band; the optical errors of CSP are larger in FITS."""
    rows = by_id(ap.load("des_sn5yr", data_dir=shared_data(LOWZ), config="lowz"))
    last = {band: token[-1] for token, band in
            ap.load("des_sn5yr").schema.file.lookups["token"].items()}  # fmt: skip
    added: dict[str, list[float]] = {}
    for path in sorted(shared_data(folder).glob(pattern)):
        keys, elements = parsed(path)
        row = rows[keys["SNID"]]
        late = 0.5 if path.name.startswith("CSPDR3") else 0
        assert (row["ra"], row["dec"]) == (
            float(keys["RA"]), float(keys.get("DEC", keys.get("DECL", "")))
        )  # fmt: skip
        text = in_order(
            (letters[e["FLT"]], float(e["MJD"]) - late, float(e["MAG"]), float(e["MAGERR"]))
            for e in elements
        )
        table = in_order(
            (last[band], time, 27.5 - 2.5 * np.log10(flux), 2.5 / np.log(10) * error / flux)
            for band, time, flux, error in curve_of(row, "flux")
            if band.startswith(camera)
        )
        assert [element[0] for element in text] == [element[0] for element in table]
        one, two = (np.array([element[1:] for element in side]) for side in (text, table))
        np.testing.assert_allclose(one[:, :2], two[:, :2], rtol=0, atol=6e-5)
        errors = two[:, 2]
        for (letter, *_), old, new in zip(text, one[:, 2], errors, strict=True):
            added.setdefault(letter, []).append(new**2 - old**2)
    floor = {letter: np.sqrt(max(np.median(squares), 0)) for letter, squares in added.items()}
    raised = {letter for letter, error in floor.items() if 0.009 < error < 0.012}
    assert raised >= (set("bcdehi") if camera == "CSP" else set())
    assert not raised & (set("ajkln") if camera == "CSP" else set("qrstvwxy"))


def test_csp_when_read_then_at_night_and_in_step_with_cfa(shared_data: Shared) -> None:
    """What the files call MJD is half a day late: nights of Chile, and light curves of CfA."""
    csp = by_id(ap.load("csp", data_dir=shared_data("sn_csp"), source="snana"))
    for row in csp.values():
        assert ((row["lightcurve"]["time"] + 0.25) % 1).max() < 0.75
    cfa = by_id(
        ap.load("cfa", data_dir=shared_data("sn_cfa"), config="cfa3_natural", source="snana")
    )
    for name in ("SN2006X", "SN2006ax", "SN2006D", "SN2005hk", "SN2005hc"):
        (t, m), (own_t, own_m) = (
            (c["time"][c["band"] == "B"], c["mag"][c["band"] == "B"])
            for c in (csp[name]["lightcurve"], cfa[name]["lightcurve"])
        )
        scatter = {}
        for late in (0, 0.5):  # days
            after = np.searchsorted(t + late, own_t).clip(1, len(t) - 1)
            near = (t[after] - t[after - 1] < 4) & (own_t > t[0] + late) & (own_t < t[-1] + late)
            scatter[late] = np.std(own_m[near] - np.interp(own_t[near], t + late, m))
        assert scatter[0] < scatter[0.5], name


def test_des5yr_when_light_curves_are_absent_then_the_catalogue_is_there(
    shared_data: Shared,
) -> None:
    folder = shared_data("sn_des5yr_head")
    survey = ap.load("des_sn5yr", data_dir=folder)
    head = fits.getdata(folder / "DES-SN5YR_DES_HEAD.FITS.gz", 1)
    table = survey.catalog(columns=["REDSHIFT_HELIO", "PEAKMJD", "HOSTGAL_LOGMASS", "NOBS"])
    assert len(table) == 19_706
    np.testing.assert_array_equal(table["object_id"], list(head["SNID"]))
    np.testing.assert_array_equal(table["ra"], head["RA"])
    np.testing.assert_array_equal(table["dec"], head["DEC"])
    for name, sentinel in (("REDSHIFT_HELIO", -999), ("HOSTGAL_LOGMASS", -999)):
        known = head[name] != sentinel
        np.testing.assert_array_equal(~np.ma.getmaskarray(table[name]), known)
        np.testing.assert_array_equal(np.asarray(table[name])[known], head[name][known])
    assert np.ma.getmaskarray(table["PEAKMJD"]).sum() == (head["PEAKMJD"] < 1).sum() == 1437
    with pytest.raises(CellError, match=r"no file .*DES-SN5YR_DES_PHOT.FITS.gz \(table obs\)"):
        next(iter(survey))


def test_yse_when_in_its_layout_then_read(tmp_path: Path, shared_data: Shared) -> None:
    """No file of this survey is at hand: its keys are those that Multimodal Universe reads."""
    (tmp_path / "yse_dr1").mkdir()
    (tmp_path / "yse_dr1" / "2020azn.snana.dat").write_text(
        "SURVEY: YSE\nSNID: 2020azn\nRA: 170.5\nDECL: -3.25\nREDSHIFT_FINAL: 0.0625 +- 0.001\n"
        "HOST_LOGMASS: -99 +- -99\nSPEC_CLASS: SN-Ia-norm\nFILTERS: griXYz\nNOBS: 3\nNVAR: 7\n"
        "VARLIST: MJD FLT FLUXCAL FLUXCALERR MAG MAGERR FLAG\n"
        "OBS: 58875.5 Y 100.5 2.5 22.5 0.03 0x00\nOBS: 58874.25 g -1.5 2.0 nan nan 0x00\n"
        "OBS: 58873.5 X 50.25 1.0 23.2 0.02 0x00\nEND:\n"
    )
    (row,) = ap.load("yse", data_dir=tmp_path, source="snana")
    assert (row["object_id"], row["ra"], row["dec"]) == ("2020azn", 170.5, -3.25)
    assert (row["redshift"], row["host_log_mass"], row["obj_type"]) == (0.0625, None, "SN-Ia-norm")
    curve = {name: values.tolist() for name, values in row["lightcurve"].items()}
    assert curve["band"] == ["X", "g", "Y"]
    assert (curve["time"], curve["flux"]) == ([58873.5, 58874.25, 58875.5], [50.25, -1.5, 100.5])


def test_foundation_when_as_its_own_release_then_fluxes_of_pantheon_with_larger_errors(
    tmp_path: Path, shared_data: Shared
) -> None:
    """The layout of the release, with four of its observations of a supernova that is at hand."""
    (tmp_path / "Foundation_DR1").mkdir()
    (tmp_path / "Foundation_DR1" / "Foundation_DR1_2016W.txt").write_text(
        "SURVEY: FOUNDATION\nSNTYPE: 1\nSNID: 2016W\nRA: 37.6654873\nDECL: 42.2359685\n"
        "FILTERS: griz\nREDSHIFT_FINAL: 0.0185636 +- 0.0000670\n"
        "HOSTGAL_LOGMASS: 11.388 +- 0.002\nPIXSIZE: 0.25  # arcsec\n\n######\nNOBS: 4\nNVAR: 9\n"
        "VARLIST:      MJD   FLT       FLUXCAL     FLUXCALERR       MAG    MAGERR   PSF\n"
        "OBS:  57410.29056     g     23285.733        455.303    16.582     0.021  2.66\n"
        "OBS:  57410.29097     r     25857.921        429.508    16.469     0.018  2.11\n"
        "OBS:  57410.29132     i     23084.719        386.208    16.592     0.018  2.14\n"
        "OBS:  57410.29168     z     19059.944        367.139    16.800     0.021  2.08\nEND:\n"
    )
    (own,) = ap.load("foundation", data_dir=tmp_path, source="dr1")
    survey = ap.load("foundation", data_dir=shared_data("sn_foundation"), source="snana")
    other = by_id(survey)["2016W"]
    assert own["host_log_mass"] == other["host_log_mass"]
    np.testing.assert_allclose(own["redshift"], other["redshift"], rtol=1e-3)
    np.testing.assert_allclose([own["ra"], own["dec"]], [other["ra"], other["dec"]], atol=1e-6)
    first = {e[0]: e for e in reversed(curve_of(other, "flux")) if int(e[1]) == 57410}
    for band, time, flux, error in curve_of(own, "flux"):
        _, when, light, noise = first[band]
        assert abs(time - when) < 1e-5
        assert flux == light
        added = np.sqrt(error**2 - noise**2) / flux * 2.5 / np.log(10)
        np.testing.assert_allclose(added, 0.015, rtol=0.01)


def test_csp_when_published_for_snoopy_then_as_from_snana(
    tmp_path: Path, shared_data: Shared
) -> None:
    """The points of real SNANA files in the layout that the survey publishes, days included."""
    raw = by_id(ap.load("csp", data_dir=shared_data("sn_csp"), source="snana"))
    for name, row in list(raw.items())[:5]:
        lines = [f"{name} {row['redshift']} {row['ra']} {row['dec']}"]
        curve = row["lightcurve"]
        for band in dict.fromkeys(curve["band"]):
            lines.append(f"filter {band}")
            own = curve["band"] == band
            values = zip(curve["time"], curve["mag"], curve["mag_err"], own, strict=True)
            lines += [f" {t - 52999.5:.3f} {m} {e}" for t, m, e, ours in values if ours]
        (tmp_path / f"{name}_snpy.txt").write_text("\n".join(lines) + "\n")
    for name, row in by_id(ap.load("csp", data_dir=tmp_path, source="snoopy")).items():
        one, two = (curve_of(r, "mag") for r in (row, raw[name]))
        assert [(e[0], *e[2:]) for e in one] == [(e[0], *e[2:]) for e in two]
        np.testing.assert_allclose([e[1] for e in one], [e[1] for e in two], rtol=0, atol=1e-6)
        leaves = ("object_id", "ra", "dec", "redshift", "spec_class")
        assert [row[leaf] for leaf in leaves] == [raw[name][leaf] for leaf in leaves]


@pytest.fixture
def one_of(put: Callable[[str, str, str], Path]) -> Callable[[str, str], Path]:
    """Return a function that copies a real file where it can be damaged."""
    return lambda folder, name: _writable(put(folder, name, name))


def _writable(path: Path) -> Path:
    path.chmod(0o644)
    return path


def test_text_when_cut_short_then_refused_with_the_file(
    one_of: Callable[[str, str], Path], tmp_path: Path
) -> None:
    one_of("sn_snls", "JLA2014_SNLS_03D1aw.dat")
    cut = one_of("sn_snls", "JLA2014_SNLS_03D1au.dat")
    lines = cut.read_text().splitlines(keepends=True)
    cut.write_text("".join(lines[:50]))
    survey = ap.load("snls", data_dir=tmp_path, source="snana")
    assert [row["object_id"] for row in survey] == ["03D1aw"]
    assert survey.rejects.files == [cut.name]
    assert "NOBS declares 69 observations, the file has 31" in survey.rejects.messages[0]


@pytest.mark.parametrize(
    ("name", "config", "folder", "file", "letter"),
    [
        ("cfa", "cfa3_natural", "sn_cfa", "CFA3_KEPLERCAM_2007bc.DAT", " g "),
        ("csp", "csp_dr3", "sn_csp", "CSPDR3_2004ef.DAT", " u "),
    ],
)
def test_letter_when_unknown_then_error_names_it_and_the_file(
    name: str, config: str, folder: str, file: str, letter: str,
    one_of: Callable[[str, str], Path], tmp_path: Path,
) -> None:  # fmt: skip
    path = one_of(folder, file)
    path.write_text(path.read_text().replace(letter, " Q ", 1))
    with pytest.raises(LeafError, match=r"'Q' is not in lookups.letter") as caught:
        list(ap.load(name, data_dir=tmp_path, config=config, source="snana"))
    assert file in str(caught.value)


def test_lists_when_beside_the_light_curves_then_not_read(
    one_of: Callable[[str, str], Path], tmp_path: Path
) -> None:
    one_of("sn_foundation", "FOUND_F15aqb.txt")
    (tmp_path / "zlist.txt").write_text("2017erp 0.006\n")
    (tmp_path / "Foundation_DJ17.LIST").write_text("FOUND_F15aqb.txt\n")
    assert len(ap.load("foundation", data_dir=tmp_path, source="snana")) == 1
    one_of("sn_csp", "CSP2_2011iv.dat").rename(tmp_path / "CSP2_2011iv.dat_oldformat")
    with pytest.raises(AstropileError, match="no file"):
        list(ap.load("csp", data_dir=tmp_path, config="csp2", source="snana"))


#: Rows of the first with a row of the second nearer than 1 and 2 arcsec.
OPENED = {
    "csp": ("csp", "csp_dr3", "snana", "sn_csp"),
    "csp2": ("csp", "csp2", "snana", "sn_csp"),
    "cfa": ("cfa", "cfa3_natural", "snana", "sn_cfa"),
    "des3yr": ("des_y3_sne_ia", None, "snana", "sn_des3yr"),
    "swift": ("swift_sne_ia", None, "snana", "sn_swift"),
    "lowz": ("des_sn5yr", "lowz", "fits", LOWZ),
    "des5yr": ("des_sn5yr", "des", "fits", "sn_des5yr_head"),
}
#: The README counts CSP with its one supernova of the second campaign, which CfA3 has not.
PAIRS = [
    ("csp", "cfa", 20), ("csp2", "cfa", 0), ("csp", "lowz", 27), ("csp2", "lowz", 1),
    ("cfa", "lowz", 29), ("des3yr", "des5yr", 19), ("swift", "lowz", 6),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right", "count"), PAIRS)
def test_pairs_when_read_through_yaml_then_those_of_astropy(
    left: str, right: str, count: int, shared_data: Shared
) -> None:
    a, b = (
        ap.load(name, data_dir=shared_data(folder), config=config, source=source)
        for name, config, source, folder in (OPENED[left], OPENED[right])
    )
    here, there = (
        SkyCoord(np.asarray(t["ra"]), np.asarray(t["dec"]), unit="deg")
        for t in (a.catalog(columns=[]), b.catalog(columns=[]))
    )
    nearest, separation, _ = here.match_to_catalog_sky(there)
    for radius in (1.0, 2.0):
        near = np.flatnonzero(separation.arcsec <= radius)
        result = ap.cross_match(a, b, radius_arcsec=radius)
        assert len(result) == len(near) == count
        np.testing.assert_array_equal(result.left_row, near)
        np.testing.assert_array_equal(result.right_row, nearest[near])
        np.testing.assert_allclose(result.separation_arcsec, separation[near].arcsec, atol=1e-6)


def test_match_when_of_two_surveys_then_both_light_curves_of_one_supernova(
    shared_data: Shared,
) -> None:
    csp = ap.load("csp", data_dir=shared_data("sn_csp"), source="snana")
    cfa = ap.load("cfa", data_dir=shared_data("sn_cfa"), config="cfa3_natural", source="snana")
    _, matched = ap.cross_match_datasets(csp, cfa, match_radius=1.0)
    assert len(matched) == 20
    for row in matched:
        assert row["csp"]["object_id"] == row["cfa"]["object_id"]
        assert len(row["csp"]["lightcurve"]["time"]) > 0 < len(row["cfa"]["lightcurve"]["time"])
