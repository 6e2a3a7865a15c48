"""Spectra as surveys publish them: real files, and made-up ones in the published layout."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table, vstack

import astropile as ap
from astropile.errors import CellError, CorruptFileError, LeafError, UsageError
from tests.same_examples import assert_same_in

pytestmark = pytest.mark.filterwarnings(
    "ignore:.* did not parse as fits", "ignore:Column '.*' contains NULL",
    "ignore:The unit '.*' has been deprecated", "ignore:table path was not set",
)  # fmt: skip

TILE, PIXEL = "4-80613-thru20210324", "sv3-dark-26065"
SURVEYS = Path(__file__).parent / "surveys"


def plain(values: Any) -> list[Any]:
    return np.ma.filled(np.ma.asarray(values), np.nan).tolist()


def coadded(hdus: fits.HDUList, row: int) -> dict[str, np.ndarray]:
    """Join the three arms of a spectrum, one place of 0.8 Angstrom after the other."""
    grid = np.round(3600 + 0.8 * np.arange(7781), 1)
    total, weighted, plain_sum, count = (np.zeros(7781) for _ in range(4))
    bits = np.zeros(7781, dtype=np.int64)
    for arm in "BRZ":
        at = np.rint((hdus[f"{arm}_WAVELENGTH"].data - 3600) / 0.8).astype(int)
        flux, ivar = (hdus[f"{arm}_{name}"].data[row].astype(float) for name in ("FLUX", "IVAR"))
        total[at] += ivar
        weighted[at] += ivar * flux
        plain_sum[at] += flux
        count[at] += 1
        bits[at] |= hdus[f"{arm}_MASK"].data[row].astype(np.int64)
    flux = np.where(total > 0, weighted / np.where(total > 0, total, 1), plain_sum / count)
    return {"lambda": grid, "flux": flux, "ivar": total, "mask": (bits != 0) | (total <= 1e-6)}


def add_redrock(root: Path, targets: np.ndarray) -> Table:
    """Write the file of redshifts that belongs to the real coadds by pixel, in another order."""
    n = len(targets)
    table = Table({"TARGETID": targets[::-1], "Z": np.arange(n) / 8, "ZERR": np.full(n, 1e-5)})
    table["ZWARN"] = np.arange(n) % 2 * 4
    hdu = fits.table_to_hdu(table)
    hdu.name = "REDSHIFTS"
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(root / f"redrock-{PIXEL}.fits")
    return table


@pytest.fixture
def desi(put, tmp_path):
    """Put the real files of a tile and of a pixel; return the directory."""
    for kind in ("coadd", "redrock"):
        put("desi", f"{kind}-{TILE}.fits", f"tiles/cumulative/80613/20210324/{kind}-{TILE}.fits")
    put("desi", f"coadd-{PIXEL}.fits", f"healpix/sv3/dark/260/26065/coadd-{PIXEL}.fits")
    return tmp_path


def good_targets(hdus: fits.HDUList) -> np.ndarray:
    fibres = hdus["FIBERMAP"].data
    return np.flatnonzero((fibres["OBJTYPE"] == "TGT") & (fibres["COADD_FIBERSTATUS"] == 0))


def test_desi_when_coadds_of_tiles_and_pixels_then_arms_joined_and_redshifts_beside(desi, examples):
    folder = desi / "healpix/sv3/dark/260/26065"
    with fits.open(folder / f"coadd-{PIXEL}.fits") as hdus:
        redshifts = add_redrock(folder, hdus["FIBERMAP"].data["TARGETID"])
    found = examples("desi", "coadd", config="edr_sv3")
    assert len(found.rejects) == 0
    by_id = {row["object_id"]: row for row in found.rows}
    count = 0
    for path in sorted(desi.glob("**/coadd-*.fits")):
        with fits.open(path) as hdus:
            for k in good_targets(hdus):
                fibre = hdus["FIBERMAP"].data[k]
                row = by_id[str(fibre["TARGETID"])]
                assert (row["ra"], row["dec"]) == (fibre["TARGET_RA"], fibre["TARGET_DEC"])
                assert row["PHOTSYS"] == (fibre["PHOTSYS"].strip() or None)
                for name in ("EBV", "FLUX_G", "FIBERTOTFLUX_Z", "FLUX_IVAR_R"):
                    assert row[name] == fibre[name]
                truth = coadded(hdus, k)
                spectrum = row["spectrum"]
                assert spectrum["mask"] == truth["mask"].tolist()
                for name in ("lambda", "flux", "ivar"):
                    np.testing.assert_allclose(spectrum[name], truth[name], rtol=2e-6, atol=1e-12)
                width = np.array(spectrum["lsf_sigma"])
                assert 0.6 < np.nanmedian(width) < 1.2
                count += 1
    assert count == len(found.rows) == 3
    tile = Table.read(next(desi.glob("**/redrock-4*.fits")), hdu="REDSHIFTS")
    for line in vstack([tile["TARGETID", "Z", "ZERR", "ZWARN"], redshifts]):
        if row := by_id.get(str(line["TARGETID"])):
            assert (row["Z"], row["ZERR"], row["ZWARN"]) == (line["Z"], line["ZERR"], line["ZWARN"])
            assert row["ZWARN_bad"] == bool(line["ZWARN"])


def test_desi_when_file_or_row_of_redshifts_is_missing_then_refused_with_reason(desi, examples):
    found = examples("desi", "coadd")
    assert found.column("object_id") == ["39633345008634465"]
    assert found.rejects.codes == ["unmatched"] * 2
    assert "redrock-sv3-dark-26065.fits" in found.rejects.messages[0]
    path = next(desi.glob("**/redrock-4*.fits"))
    with fits.open(path, mode="update") as hdus:
        hdus["REDSHIFTS"].data["TARGETID"] += 1
    found = examples("desi", "coadd")
    assert found.rows == []
    assert re.search(rf"no row of .*redrock-{TILE}", found.rejects.messages[-1])


def test_desi_when_summary_catalogue_then_its_primary_spectra_alone(desi, examples):
    with fits.open(next(desi.glob(f"**/coadd-{PIXEL}.fits"))) as hdus:
        fibres = Table(hdus["FIBERMAP"].data)
        kept = good_targets(hdus)
        truth = [coadded(hdus, k) for k in kept]
    names = [n for n in fibres.colnames if not n.startswith(("SV3_", "DESI_", "MEAN_"))]
    catalogue = fibres[names][::-1]
    catalogue["SURVEY"] = np.array(["sv3"] * len(catalogue), "S7")
    catalogue["PROGRAM"] = np.array(["dark"] * len(catalogue), "S6")
    catalogue["HEALPIX"] = 26065
    catalogue["Z"], catalogue["ZERR"], catalogue["ZWARN"] = 0.5, 1e-5, 0
    catalogue["SV_PRIMARY"], catalogue["MAIN_PRIMARY"] = True, False
    lost = catalogue[catalogue["TARGETID"] == fibres["TARGETID"][kept[0]]]
    lost["TARGETID"] += 1  # not in the coadd
    other = catalogue.copy()
    other["SURVEY"], other["SV_PRIMARY"] = "main", True
    table = fits.table_to_hdu(vstack([other, catalogue, lost]))
    table.name = "ZCATALOG"
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(desi / "zall-pix-fuji.fits")
    found = examples("desi", "zall", config="edr_sv3")
    assert found.column("object_id") == [str(n) for n in fibres["TARGETID"][kept[::-1]]]
    for row, spectrum in zip(found.rows, truth[::-1], strict=True):
        np.testing.assert_allclose(row["spectrum"]["flux"], spectrum["flux"], rtol=2e-6, atol=1e-12)
    assert found.rejects.codes == ["unmatched"]
    assert examples("desi", "zall", config="dr1_main").rows == []


def test_desi_when_cut_short_then_file_is_named(desi, examples):
    path = next(desi.glob("**/coadd-4*.fits"))
    path.write_bytes(path.read_bytes()[:400_000])
    with pytest.raises(CorruptFileError, match=rf"coadd-{TILE}\.fits"):
        examples("desi", "coadd")


def test_desi_when_grids_of_arms_do_not_meet_then_error_with_file(desi, examples):
    path = next(desi.glob("**/coadd-4*.fits"))
    with fits.open(path, mode="update") as hdus:
        hdus["R_WAVELENGTH"].data += 0.3
    with pytest.raises(CellError, match=rf"coadd-{TILE}\.fits.*arms") as caught:
        examples("desi", "coadd")
    assert "coadd_arms" in str(caught.value)


def test_desi_when_flux_is_in_another_unit_then_error_with_both(desi, examples):
    path = next(desi.glob("**/coadd-sv3*.fits"))
    with fits.open(path, mode="update") as hdus:
        number = hdus["FIBERMAP"].columns.names.index("FLUX_G") + 1
        hdus["FIBERMAP"].header[f"TUNIT{number}"] = "uJy"
    with pytest.raises(LeafError, match=r"'FLUX_G' is in 'uJy' by the file, but 'nanomaggy'"):
        examples("desi", "coadd")


def test_desi_when_matched_to_the_tractor_catalogue_then_its_counterpart(
    desi, shared_data, monkeypatch
):
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(SURVEYS))
    folder = shared_data("desi_x_legacysurvey")
    tractor = ap.load("legacy_catalogue", data_dir=folder)
    spectra = ap.load("desi", data_dir=desi, source="coadd")
    catalogue, matched = ap.cross_match_datasets(spectra, tractor, match_radius=1.0)
    assert len(catalogue) == len(matched) == 1
    real = Table.read(folder / "tractor-1054p567.fits")
    with fits.open(next(desi.glob("**/coadd-4*.fits"))) as hdus:
        fibre = hdus["FIBERMAP"].data[0]
    places = [
        SkyCoord(float(ra), float(dec), unit="deg")
        for ra, dec in (
            (fibre["TARGET_RA"], fibre["TARGET_DEC"]),
            (real["RA"][0], real["DEC"][0]),
        )
    ]
    assert catalogue["separation_arcsec"][0] == pytest.approx(
        places[0].separation(places[1]).arcsec, abs=1e-6
    )
    row = matched[0]
    assert row["desi"]["FLUX_R"] == pytest.approx(row["legacy_catalogue"]["FLUX_R"], rel=0.05)


SDSS = ["0266-51602-0013", "0332-52367-0639", "1325-52762-0133", "7340-57576-0740"]
FLUXES = [f"SPECTRO{kind}FLUX{what}" for kind in ("", "SYN") for what in ("", "_IVAR")]


def test_sdss_when_lite_files_of_sdss_and_boss_then_one_form(shared_data, examples):
    folder = shared_data("sdss_spectra")
    found = examples("sdss", "lite", root=folder)
    assert len(found.rows) == 4
    for row, name in zip(found.rows, SDSS, strict=True):
        with fits.open(folder / f"spec-{name}.fits") as hdus:
            spectrum, (line,), header = hdus[1].data, hdus[2].data, hdus[0].header
            assert header["VACUUM"]
            assert row["object_id"] == str(line["SPECOBJID"]).strip()
            assert (row["ra"], row["dec"]) == (line["PLUG_RA"], line["PLUG_DEC"])
            assert (row["Z"], row["Z_ERR"]) == (line["Z"], line["Z_ERR"])
            assert (row["ZWARNING"], row["ZWARNING_bad"]) == (line["ZWARNING"], False)
            assert row["VDISP"] == (line["VDISP"] or None)
            for flux in FLUXES:
                assert [row[f"{flux}_{b}"] for b in "UGRIZ"] == line[flux].tolist()
            mine = row["spectrum"]
            for field, column in (("flux", "flux"), ("ivar", "ivar"), ("lsf_sigma", "wdisp")):
                assert mine[field] == spectrum[column].tolist()
            wave = 10 ** spectrum["loglam"].astype(float)
            np.testing.assert_allclose(mine["lambda"], wave, rtol=1e-6)
            bad = (spectrum["and_mask"] != 0) | (spectrum["ivar"] <= 1e-6)
            assert mine["mask"] == bad.tolist()
            assert bad.any()


def test_sdss_when_a_quasar_was_observed_twice_then_two_objects_at_one_place(shared_data):
    survey = ap.load("sdss", data_dir=shared_data("sdss_spectra"), source="lite", config="all")
    pairs = ap.cross_match(survey, survey, radius_arcsec=1.0, find="all", labels=("a", "b"))
    apart = pairs.left_row != pairs.right_row
    assert len(pairs) == 6
    rows = list(survey)
    ids = {rows[k]["object_id"] for k in pairs.left_row[apart]}
    assert ids == {"1491853981666797568", "8264308852981520384"}
    assert {round(rows[k]["Z"], 2) for k in pairs.left_row[apart]} == {0.46}


def write_plates(root: Path) -> Table:
    """Write the summary table and two plates; rows of it that are not wanted come as well."""
    wide = np.arange(30, dtype="f4").reshape(6, 5)
    table = Table({
        "SURVEY": np.array(["sdss", "boss", "sdss", "sdss", "sdss", "boss"], "S6"),
        "SPECPRIMARY": np.array([1, 1, 1, 0, 1, 1], "u1"),
        "TARGETTYPE": np.array(["SCIENCE"] * 4 + ["SKY"] + ["SCIENCE"], "S8"),
        "PLATEQUALITY": np.array(["good"] * 6, "S8"),
        "RUN2D": np.array(["26", "v5_13_2", "26", "26", "26", "v5_13_2"], "S7"),
        "PLATE": np.array([266, 7340, 266, 266, 266, 9999], "i4"),
        "MJD": np.array([51602, 57576, 51602, 51602, 51602, 57576], "i4"),
        "FIBERID": np.array([3, 2, 1, 2, 2, 1], "i4"),
        "SPECOBJID": np.array([f"{29949297551 + k:>22}" for k in range(6)], "S22"),
        "PLUG_RA": 10.5 + np.arange(6), "PLUG_DEC": -5.25 + np.arange(6),
        "Z": np.arange(6, dtype="f4") / 8, "Z_ERR": np.array([1e-4, -1, 1e-4, 0, 0, 0], "f4"),
        "ZWARNING": np.array([0, 4, 0, 0, 0, 0], "i4"),
        "VDISP": np.array([230, 0, 150, 0, 0, 0], "f4"),
        "VDISP_ERR": np.array([12, -4, 9, 0, 0, 0], "f4"),
        **{name: wide + k for k, name in enumerate(FLUXES)},
    })  # fmt: skip
    table.write(root / "specObj-dr17.fits")
    for run, plate, mjd, pixels in (("26", 266, 51602, 6), ("v5_13_2", 7340, 57576, 8)):
        flux = np.arange(3 * pixels, dtype="f4").reshape(3, pixels) + plate
        bits = np.zeros((3, pixels), "i4")
        bits[:, 2] = 1 << 25
        ivar = np.ones((3, pixels), "f4")
        ivar[:, 4] = 0
        images = [flux, ivar, bits, bits + 1, flux / 1000]
        hdus = [fits.PrimaryHDU(images[0]), *(fits.ImageHDU(image) for image in images[1:])]
        hdus[0].header.update({"CRVAL1": 3.58, "CD1_1": 1e-4, "CRPIX1": 1})
        folder = root / f"sdss/spectro/redux/{run}/{plate:04d}"
        folder.mkdir(parents=True)
        fits.HDUList(hdus).writeto(folder / f"spPlate-{plate:04d}-{mjd}.fits")
    return table


@pytest.mark.parametrize(
    ("config", "wanted"), [("all", [0, 2, 1]), ("sdss", [0, 2]), ("boss", [1]), ("eboss", [])]
)
def test_sdss_when_plates_then_fibre_is_the_row(examples, tmp_path, config, wanted):
    table = write_plates(tmp_path)
    found = examples("sdss", "plates", config=config)
    assert found.column("object_id") == [table["SPECOBJID"][k].strip() for k in wanted]
    for row, k in zip(found.rows, wanted, strict=True):
        line = table[k]
        assert (row["ra"], row["Z"]) == (line["PLUG_RA"], line["Z"])
        assert row["Z_ERR"] == (line["Z_ERR"] if line["Z_ERR"] > 0 else None)
        assert (row["ZWARNING"], row["ZWARNING_bad"]) == (line["ZWARNING"], line["ZWARNING"] > 0)
        for flux in FLUXES:
            assert [row[f"{flux}_{b}"] for b in "UGRIZ"] == line[flux].tolist()
        pixels = 6 if line["PLATE"] == 266 else 8
        flux = np.arange(pixels) + pixels * (line["FIBERID"] - 1) + float(line["PLATE"])
        spectrum = row["spectrum"]
        assert spectrum["flux"] == flux.tolist()
        np.testing.assert_allclose(spectrum["lambda"], 10 ** (3.58 + 1e-4 * np.arange(pixels)))
        assert np.flatnonzero(spectrum["mask"]).tolist() == [2, 4]
        assert spectrum["lsf_sigma"] == (np.float32(flux) / np.float32(1000)).tolist()
    assert found.rejects.codes == (["unmatched"] if config in ("all", "boss") else [])


def write_vipers(root: Path) -> dict[str, Table]:
    """Write one spectrum of each field, and one in which nothing was found."""
    written = {}
    for field, number, redshift in (("W1", 101136924, 0.62), ("W4", 403199213, 9.9999)):
        wave = np.float32(5514.28 + 7.14 * np.arange(557))
        table = Table({"WAVES": wave, "FLUXES": np.float32(wave * 1e-21),
                       "NOISE": np.float32(wave * -1e-22), "EDIT": wave,
                       "MASK": np.arange(557) % 4.0})  # fmt: skip
        hdu = fits.table_to_hdu(table)
        cards = {"ID": number, "RA": 30.25, "DEC": -5.5, "REDSHIFT": redshift, "REDFLAG": 4.5}
        hdu.header.update(cards | {"EXPTIME": 2700.0, "NORM": 1.25, "MAG": 21.5})
        folder = root / f"VIPERS_{field}_SPECTRA_1D_PDR2"
        folder.mkdir()
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(folder / f"VIPERS_{number}.fits")
        written[str(number)] = table
    return written


@pytest.mark.parametrize("config", ["all", "vipers_w1", "vipers_w4"])
def test_vipers_when_one_file_a_spectrum_then_cgs_becomes_1e_17(examples, tmp_path, config):
    written = write_vipers(tmp_path)
    found = examples("vipers", "fits", config=config)
    ids = [n for n in written if config == "all" or n[0] == config[-1]]
    assert found.column("object_id") == ids
    for row in found.rows:
        table = written[row["object_id"]]
        assert (row["ra"], row["dec"], row["MAG"]) == (30.25, -5.5, 21.5)
        assert row["REDSHIFT"] == (np.float32(0.62) if row["object_id"][0] == "1" else None)
        spectrum = row["spectrum"]
        np.testing.assert_allclose(spectrum["flux"], table["FLUXES"] * 1e17, rtol=1e-6)
        truth = 1 / (table["NOISE"].astype(float) * 1e17) ** 2
        np.testing.assert_allclose(spectrum["ivar"], truth, rtol=1e-6)
        assert spectrum["lambda"] == table["WAVES"].tolist()
        assert spectrum["mask"] == table["MASK"].tolist()


def test_vipers_when_a_spectrum_has_another_length_then_error_with_both(examples, tmp_path):
    write_vipers(tmp_path)
    path = next(tmp_path.glob("*W4*/*.fits"))
    with fits.open(path) as hdus:
        short = fits.BinTableHDU(hdus[1].data[:500], header=hdus[1].header)
    fits.HDUList([fits.PrimaryHDU(), short]).writeto(path, overwrite=True)
    with pytest.raises(LeafError, match=r"VIPERS_403199213\.fits.*spectrum\..*(557.*500|500.*557)"):
        examples("vipers", "fits")


def test_jwst_when_extracted_by_msaexp_then_place_from_the_header(shared_data, examples):
    folder = shared_data("jwst")
    (row,) = examples("jwst_spectra", root=folder).rows
    with fits.open(folder / "static-test-driz-center-bkg_933.spec.fits") as hdus:
        table, header = hdus["SPEC1D"].data, hdus["SCI"].header
    assert (row["ra"], row["dec"]) == (header["SRCRA"], header["SRCDEC"])
    assert (row["source"], row["grating"], row["filter"]) == ("1345_933", "PRISM", "CLEAR")
    assert row["exposure_time"] == np.float32(header["EFFEXPTM"])
    spectrum = row["spectrum"]
    assert spectrum["lambda"] == table["wave"].tolist()
    assert spectrum["flux"] == np.float32(table["flux"]).tolist()
    known = np.isfinite(table["err"]) & (table["err"] > 0)
    assert (~known).sum() == sum(spectrum["mask"]) == 84
    truth = 1 / np.where(known, table["err"], np.inf) ** 2
    np.testing.assert_allclose(spectrum["ivar"], truth, rtol=1e-6)


def write_provabgs(root: Path) -> Table:
    """Write three galaxies, the second one without a fit, as DESI publishes them."""
    rng = np.random.default_rng(5)
    names = ["Z_HP", "ZERR", "TSNR2_BGS", "MAG_G", "MAG_R", "MAG_Z", "MAG_W1", "FIBMAG_R"]
    names += ["PROVABGS_Z_MAX", "SCHLEGEL_COLOR", "PROVABGS_W_ZFAIL", "PROVABGS_W_FIBASSIGN"]
    table = Table({"TARGETID": np.array([39627781, 39627782, 39627783])})
    table["RA"], table["DEC"], table["HPIX_64"] = [10.5, 11, 12], [-5.25, 1, 2], [3, 4, 5]
    for k, name in enumerate(names):
        table[name] = (np.arange(3) + k + 1) / 8
    table["PROVABGS_LOGMSTAR_BF"] = [10.25, -999, 9.5]
    table["PROVABGS_MCMC"] = rng.normal(size=(3, 100, 13))
    table["PROVABGS_THETA_BF"] = rng.normal(size=(3, 13))
    table.write(root / "BGS_ANY_full.provabgs.sv3.v0.hdf5", path="__astropy_table__")
    return table


def test_provabgs_when_published_catalogue_then_what_it_lacks_is_null(examples, tmp_path):
    table = write_provabgs(tmp_path)[[0, 2]]
    found = examples("desi_provabgs", "vac")
    assert found.column("object_id") == ["39627781", "39627783"]
    for name in ("MAG_G", "MAG_W1", "SCHLEGEL_COLOR", "PROVABGS_W_ZFAIL", "PROVABGS_Z_MAX"):
        assert found.column(name) == plain(table[name])
    assert found.column("LOG_MSTAR") == [10.25, 9.5]
    assert found.column("AVG_SFR") == found.column("Z_MW") == [None, None]
    for row, line in zip(found.rows, table, strict=True):
        np.testing.assert_allclose(row["PROVABGS_MCMC"], line["PROVABGS_MCMC"], rtol=1e-6)
        np.testing.assert_allclose(row["PROVABGS_THETA_BF"], line["PROVABGS_THETA_BF"], rtol=1e-6)


def write_galaxy10(root: Path) -> np.ndarray:
    """Write three pictures, the second galaxy without a redshift."""
    pictures = np.random.default_rng(3).integers(0, 256, (3, 256, 256, 3)).astype("u1")
    with h5py.File(root / "Galaxy10_DECals.h5", "w") as file:
        file["images"], file["ans"] = pictures, np.array([0, 9, 5], "u1")
        file["ra"], file["dec"] = [10.5, 11, 12], [-5.25, 1, 2]
        file["redshift"], file["pxscale"] = [0.125, np.nan, 0.25], [0.262, 0.262, 0.3]
    return pictures


@pytest.mark.parametrize("config", ["gz10", "gz10_rgb_images"])
def test_galaxy10_when_one_file_then_number_of_the_row_is_the_id(examples, tmp_path, config):
    pictures = write_galaxy10(tmp_path)
    found = examples("gz10", "galaxy10", config=config)
    assert found.column("object_id") == ["0", "1", "2"]
    assert found.column("gz10_label") == [0, 9, 5]
    assert found.column("redshift") == [0.125, None, 0.25]
    assert found.column("ra") == [10.5, 11, 12]
    if config == "gz10":
        assert "rgb_image" not in found.rows[0]
    else:
        np.testing.assert_array_equal([row["rgb_image"] for row in found.rows], pictures)


@pytest.mark.parametrize("other", ["mmu", "hats"])
@pytest.mark.parametrize(
    ("name", "config", "source", "write", "fewest"),
    [
        ("sdss", "all", "plates", write_plates, 33),
        ("vipers", "all", "fits", write_vipers, 12),
        ("desi_provabgs", None, "vac", write_provabgs, 19),
        ("gz10", None, "galaxy10", write_galaxy10, 7),
    ],
)
def test_example_when_made_up_files_then_the_same_in_the_archives(
    tmp_path, name, config, source, write, fewest, other
):
    (tmp_path / "published").mkdir()
    write(tmp_path / "published")
    survey = ap.load(name, data_dir=tmp_path / "published", config=config, source=source)
    assert len(assert_same_in(survey, other, tmp_path / other)) >= fewest


@pytest.mark.parametrize("other", ["mmu", "hats"])
def test_example_when_real_spectra_then_the_same_in_the_archives(
    shared_data, desi, tmp_path, other
):
    survey = ap.load("desi", data_dir=desi, source="coadd")
    leaves = assert_same_in(survey, other, tmp_path / "one")
    assert {"spectrum.flux", "spectrum.mask", "Z", "FLUX_R"} <= set(leaves)
    survey = ap.load("sdss", data_dir=shared_data("sdss_spectra"), source="lite", config="all")
    leaves = assert_same_in(survey, other, tmp_path / "two")
    assert {"spectrum.ivar", "VDISP", "SPECTROFLUX_U"} <= set(leaves)


def test_provabgs_when_properties_are_asked_for_by_transform_then_refused() -> None:
    from astropile.transforms import function_of

    with pytest.raises(UsageError, match="basis functions"):
        function_of("provabgs.properties")({}, {})
