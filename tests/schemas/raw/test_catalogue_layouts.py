"""Files as surveys publish them, made up where no real one is at hand, against what was written."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

import astropile as ap
from astropile.errors import AstropileError, CellError, CorruptFileError
from tests.schemas.raw.published import (
    APOGEE_PIXELS,
    GALAH_PIXELS,
    cropped,
    write_apogee,
    write_ecsv,
    write_galah,
    write_galex,
    write_lamost,
    write_twomass,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:.* did not parse as fits", "ignore:Column '.*' contains NULL"
)


def test_apogee_when_visited_once_or_often_then_first_row_on_the_common_grid(examples, tmp_path):
    fluxes = write_apogee(tmp_path)
    found = examples("apogee", "sas")
    assert found.column("object_id") == ["2M01A", "2M02B"]
    assert found.rejects.codes == ["unmatched"]
    assert "aspcapStar-dr17-2M05E.fits" in found.rejects.messages[0]
    grid = 10 ** (4.179 + 6e-6 * np.arange(APOGEE_PIXELS))
    for row, name in zip(found.rows, ("2M01A", "2M02B"), strict=True):
        spectrum = row["spectrum"]
        assert spectrum["flux"] == cropped(fluxes[name]).tolist()
        np.testing.assert_allclose(spectrum["lambda"], cropped(grid), rtol=1e-7)
        assert np.flatnonzero(np.array(spectrum["ivar"]) == 0).tolist() == [300 - 246]
        assert spectrum["ivar"][0] == 4
        assert np.flatnonzero(spectrum["mask"]).tolist() == [1]
        np.testing.assert_allclose(spectrum["pseudo_continuum_flux"], cropped(fluxes[name]) / 1000)
        assert set(spectrum["pseudo_continuum_ivar"]) == {16}
        # The mean dispersion of each detector, as in the files of Multimodal Universe.
        widths, counts = np.unique(np.float32(spectrum["lsf_sigma"]), return_counts=True)
        np.testing.assert_allclose(widths, [0.236, 0.283, 0.326])
        assert counts.tolist() == [1991, 2495, 3028]
    first, second = found.rows
    assert (first["radial_velocity"], first["restframe"], first["ra"]) == (-10.5, True, 10.5)
    assert (second["logg"], second["teff"], second["dec"]) == (None, 4002, -7.25)


def test_apogee_when_one_file_lacks_the_axis_of_visits_then_error_with_both(examples, tmp_path):
    write_apogee(tmp_path)
    (star,) = tmp_path.glob("spectro/redux/**/apStar-dr17-2M02B.fits")
    with fits.open(star, mode="update") as hdus:
        for hdu in hdus[1:]:
            hdu.data = hdu.data[0]
    with pytest.raises(CellError, match=r"2M02B.*1 axes .* but 2 in .*2M01A"):
        examples("apogee", "sas")


def test_galah_when_four_arms_then_joined_with_their_places(survey, examples, tmp_path):
    write_galah(tmp_path, survey("galah"))
    found = examples("galah", "fits")
    assert found.column("object_id") == ["131116000501004"]
    assert sorted(found.rejects.codes) == ["unmatched", "unmatched"]
    (row,) = found.rows
    catalogue = Table.read(tmp_path / "GALAH_DR3_main_allstar_v2.fits")[0]
    ages = Table.read(tmp_path / "GALAH_DR3_VAC_ages_v2.fits")[1]
    assert (row["ra"], row["rv"], row["age"]) == (
        catalogue["ra_dr2"], catalogue["rv_galah"], ages["age_bstep"]
    )  # fmt: skip
    assert (row["Eu_fe"], row["flag_Eu_fe"]) == (catalogue["Eu_fe"], catalogue["flag_Eu_fe"])
    assert row["timestamp"] == 56612.5 + 2.5
    spectrum, where = row["spectrum"], row["filter_indices"]
    ends = np.cumsum(GALAH_PIXELS)
    assert [where[f"{a}_end"] for a in "BGRI"] == (ends - 1).tolist()
    assert [where[f"{a}_start"] for a in "BGRI"] == [0, *ends[:-1]]
    assert spectrum["lambda"][5:7] == [9400, 9400.5]  # a reference pixel of 0 means the first one
    assert spectrum["lambda"][15] == 4 * 4700 - 1  # that of the last arm is its third one
    assert spectrum["flux"][:3] == [100, 0, 102]
    np.testing.assert_allclose(spectrum["ivar"][:3], [1, 0, 1 / 1.02**2], rtol=1e-6)
    assert spectrum["lsf"][4:6] == [1, 2]
    np.testing.assert_allclose(spectrum["norm_flux"][:3], [1, 0, 1.02])


def test_lamost_when_release_ten_then_spectra_by_plate_and_fibre(survey, examples, tmp_path):
    wave = write_lamost(tmp_path, survey("lamost"))
    found = examples("lamost", "fits")
    first, second = found.rows
    assert (first["object_id"], first["ra"], second["z"]) == ("101001", 332.5, None)
    assert second["spectrum_flux"] == (wave / 2).tolist()
    assert first["spectrum_wavelength"] == wave.tolist()
    (tmp_path / "spectra" / "55859" / "spec-55859-F5902_sp01-002.fits").unlink()
    found = examples("lamost", "fits")
    assert (len(found.rows), found.rejects.codes) == (1, ["unmatched"])


def test_galex_when_slices_of_latitude_then_names_in_any_case(survey, examples, tmp_path):
    columns = write_galex(tmp_path, survey("galex"))
    first, second = examples("galex", "fits").rows
    assert (first["object_id"], first["ra"]) == ("6380", 30.25)
    assert first["nuv_mag"] == columns["NUV_MAG"][0]
    assert (second["nuv_mag"], second["fuv_artifact"]) == (None, None)


def test_twomass_when_bars_between_columns_then_text_until_a_number_is_wanted(
    survey, examples, tmp_path
):
    header = survey("twomass").file.sources["archive"].tables["main"].header
    assert len(header) == len(set(header)) == 60
    rows = write_twomass(tmp_path, list(header))
    first, second = examples("twomass", "archive").rows
    assert (first["object_id"], first["dec"], first["decl"]) == (
        "1200000001",
        -20.358990,
        -20.35899,
    )
    assert (first["rd_flg"], first["ndet"], first["a"]) == ("226", "060600", "T")
    assert first["jdate"] == float(rows[0]["jdate"])
    for name in ("a", "dist_opt", "phi_opt", "ext_key", "k_msigcom", "j_cmsig"):
        assert second[name] is None


@pytest.mark.parametrize("config", ["plasticc", "train_only", "test_only"])
def test_plasticc_when_published_with_the_truth_then_splits_by_file(examples, tmp_path, config):
    for part, number in (("train", 1), ("test", 2)):
        with gzip.open(tmp_path / f"plasticc_{part}_metadata.csv.gz", "wt") as file:
            file.write(
                "object_id,ra,decl,hostgal_specz,hostgal_photoz,distmod,target,true_target,true_z\n"
            )
            kind = 90 if part == "train" else 991
            file.write(f"{number},10.5,-5.5,-9.0,0.25,nan,{kind},{kind},0.5\n")
        name = "lightcurves" if part == "train" else "lightcurves_01"
        with gzip.open(tmp_path / f"plasticc_{part}_{name}.csv.gz", "wt") as file:
            file.write("object_id,mjd,passband,flux,flux_err,detected_bool\n")
            file.write(f"{number},59580.5,5,1.5,0.5,1\n{number},59570.25,0,-2.5,0.25,0\n")
    rows = examples("plasticc", "zenodo", config=config).rows
    kinds = {"1": "SNIa", "2": "MicroLens-Binary"}
    wanted = {"plasticc": ["1", "2"], "train_only": ["1"], "test_only": ["2"]}[config]
    assert [row["object_id"] for row in rows] == wanted
    for row in rows:
        assert (row["redshift"], row["hostgal_specz"], row["dec"]) == (0.5, None, -5.5)
        assert row["obj_type"] == kinds[row["object_id"]]
        assert row["lightcurve"]["band"] == ["u", "Y"]
        assert row["lightcurve"]["time"] == [59570.25, 59580.5]


def test_tess_when_quick_look_files_then_star_from_the_header(examples, tmp_path):
    names = (
        "SAP_FLUX",
        "KSPSAP_FLUX",
        "KSPSAP_FLUX_ERR",
        "SAP_X",
        "SAP_Y",
        "SAP_BKG",
        "SAP_BKG_ERR",
    )
    names = (*names, "KSPSAP_FLUX_SML", "KSPSAP_FLUX_LAG")
    for sector in (11, 12):
        columns = {name: np.full(3, k + 1, "f4") for k, name in enumerate(names)}
        time = np.array([1600.0, np.nan, 1600.5]) + 27 * (sector - 11)
        flags = {"QUALITY": np.array([0, 0, 4096], "i4"), "ORBITID": np.array([29, 29, 30], "i4")}
        table = fits.table_to_hdu(Table({"TIME": time, **columns, **flags}))
        primary = fits.PrimaryHDU()
        cards = {"TICID": 277554109, "RA_OBJ": 210.5, "DEC_OBJ": -40.25, "TESSMAG": 9.5}
        primary.header.update(cards | {"TEFF": 5800.0, "LOGG": 4.25, "MH": -0.5, "RADIUS": 1.25})
        path = (
            tmp_path
            / f"s00{sector}"
            / f"hlsp_qlp_tess_ffi_s00{sector}-0000000277554109_tess_v01_llc.fits"
        )
        path.parent.mkdir()
        fits.HDUList([primary, table]).writeto(path)
    (row,) = examples("tess", "qlp_fits", config="qlp").rows
    assert (row["object_id"], row["ra"], row["tess_mag"]) == ("277554109", 210.5, 9.5)
    assert [row[name] for name in ("radius", "teff", "logg", "mh")] == [1.25, 5800, 4.25, -0.5]
    curve = row["lightcurve"]
    assert curve["time"] == [1600, 1600.5, 1627, 1627.5]
    assert (curve["flux"], curve["flux_err"], curve["sap_flux"]) == ([2] * 4, [3] * 4, [1] * 4)
    assert (curve["quality"], curve["orbitid"]) == ([0, 4096] * 2, [29, 30] * 2)
    assert (curve["kspsap_flux_sml"], curve["sap_y"]) == ([8] * 4, [5] * 4)


def test_gaia_when_bulk_files_then_spectra_of_the_same_part(shared_data, examples, tmp_path):
    source = Table.read(shared_data("gaia") / "gdr3_sm.fits", hdu=1)
    source = source[np.asarray(source["has_xp_continuous"])][:5]
    for part, rows in (("000000-003111", [0, 1]), ("003112-005263", [2, 3, 4])):
        chosen = source[rows]
        write_ecsv(tmp_path / f"GaiaSource_{part}.csv.gz", chosen)
        spectra = Table({"source_id": chosen["source_id"][::-1]})
        for name, kind in (("coefficients", "f8"), ("coefficient_errors", "f4")):
            for colour in ("bp", "rp"):
                values = np.arange(55) + 100 * np.arange(len(rows))[:, None] + (colour == "rp")
                spectra[f"{colour}_{name}"] = values.astype(kind)
        # The second file lacks the spectrum of the source that comes first.
        spectra = spectra[: 2 if len(rows) == 3 else None]
        write_ecsv(tmp_path / f"XpContinuousMeanSpectrum_{part}.csv.gz", spectra)
    found = examples("gaia", "bulk")
    assert found.column("object_id") == [str(n) for n in source["source_id"][[0, 1, 3, 4]]]
    assert found.rejects.codes == ["unmatched"]
    assert found.column("ra") == source["ra"][[0, 1, 3, 4]].tolist()
    first = [row["spectral_coefficients"]["coeff"] for row in found.rows]
    assert [coeff[0] for coeff in first] == [100, 0, 100, 0]
    assert [coeff[55] for coeff in first] == [101, 1, 101, 1]
    known = [
        None if np.isnan(v) else v
        for v in np.ma.filled(source["teff_gspphot"], np.nan)[[0, 1, 3, 4]].tolist()
    ]
    assert found.column("gspphot.teff_gspphot") == known


def test_hipparcos_when_main_catalogue_then_positions_of_2000(shared_data, examples, tmp_path):
    blank = dict.fromkeys(range(78), "")
    barnard = blank | {
        0: "H",
        1: " 87937",
        3: "17 57 48.97",
        4: "+04 40 05.8",
        5: " 9.54",
        8: "269.45402305",
    }
    barnard |= {9: "+04.66828815", 12: "  -797.84", 13: "  10326.93", 37: " 1.570"}
    without = blank | {
        0: "H",
        1: "115331",
        3: "23 21 36.73",
        4: "-12 30 21.2",
        5: "10.30",
        8: "            ",
        9: "            ",
    }
    lines = ["|".join(str(star[k]) for k in range(78)) for star in (barnard, without)]
    (tmp_path / "hip_main.dat").write_text("\n".join(lines) + "\n")
    first, second = examples("hipparcos", "cds").rows
    real = {row["hip"]: row for row in examples("hipparcos", root=shared_data("hipparcos")).rows}
    star = real[87937]
    assert first["object_id"] == "87937"
    # The other source is rounded to 1e-4 degrees.
    assert (first["ra"], first["dec"]) == pytest.approx((star["ra"], star["dec"]), abs=6e-5)
    assert first["vmag"] == pytest.approx(9.54)
    assert first["bv"] == pytest.approx(1.57)
    assert second["ra"] == pytest.approx(15 * (23 + 21 / 60 + 36.73 / 3600))
    assert second["dec"] == pytest.approx(-(12 + 30 / 60 + 21.2 / 3600))
    assert second["bv"] is None


OPENNGC = """\
Name;Type;RA;Dec;Const;MajAx;MinAx;PosAng;B-Mag;V-Mag;J-Mag;H-Mag;K-Mag;SurfBr;Hubble;Pax;Pm-RA;Pm-Dec;RadVel;Redshift
NGC0001;G;00:07:15.84;+27:42:29.1;Peg;1.57;1.07;112;13.69;12.93;10.78;10.02;9.76;23.13;Sb;;;;4536;0.015245
NGC0002;G;00:07:17.10;-00:00:41.6;Peg;1.10;0.67;116;14.96;;11.88;;10.85;23.44;Sab;;;;7547;
NGC0004;Dup;00:07:24.00;+08:22:26.0;Psc;;;;;;;;;;;;;;;
NGC0006;NonEx;;;;;;;;;;;;;;;;;;
"""


def test_openngc_when_sexagesimal_then_degrees_and_signs_of_0(shared_data, examples, tmp_path):
    (tmp_path / "NGC.csv").write_text(OPENNGC)
    first, second = examples("openngc", "csv").rows
    other = examples("openngc", "astrometry_net", root=shared_data("galaxy_catalogues")).rows[0]
    assert first["Name"] == other["Name"] == "NGC0001"
    assert (first["ra"], first["dec"]) == pytest.approx((other["ra"], other["dec"]), abs=1e-4)
    assert first["MajAx"] == pytest.approx(other["MajAx"], abs=1e-6)
    assert second["dec"] == pytest.approx(-41.6 / 3600)
    assert (second["V_Mag"], second["RadVel"], second["Redshift"]) == (None, 7547, None)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda text: text.replace("00:07:15.84", "00:67:15.84"), AstropileError, "sexagesimal"),
        (lambda text: text.replace("4536", "four"), AstropileError, "four"),
        (lambda text: text.replace(";Dec;", ";Dek;"), CellError, "'Dec' is not in the file"),
        (lambda text: text[:-40] + "\nNGC0007;G\n", CorruptFileError, "NGC.csv"),
    ],
)
def test_openngc_when_the_table_is_wrong_then_error_with_file_and_leaf(
    examples, tmp_path, bad, error, message
):
    (tmp_path / "NGC.csv").write_text(bad(OPENNGC))
    with pytest.raises(error, match=message):
        examples("openngc", "csv")


def test_spectrum_when_cut_short_or_without_its_hdu_then_the_file_is_named(examples, tmp_path):
    write_apogee(tmp_path)
    (star,) = tmp_path.glob("spectro/redux/**/apStar-dr17-2M02B.fits")
    star.write_bytes(star.read_bytes()[:20000])
    with pytest.raises(CorruptFileError, match=r"apStar-dr17-2M02B\.fits"):
        examples("apogee", "sas")
    survey = ap.load("apogee", data_dir=tmp_path, source="sas", on_bad_row="reject")
    assert [row["object_id"] for row in survey] == ["2M01A"]
    reasons = dict(zip(survey.rejects.codes, survey.rejects.messages, strict=True))
    assert set(reasons) == {"unmatched", "file"}
    assert "apStar-dr17-2M02B.fits" in reasons["file"]
