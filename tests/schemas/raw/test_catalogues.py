"""Real catalogues in the form of their publishers, compared with what astropy and pyarrow read."""

from __future__ import annotations

import csv
import gzip
import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table, vstack

pytestmark = pytest.mark.filterwarnings(
    "ignore:.* did not parse as fits", "ignore:'.*' contains multiple slashes",
    "ignore:The unit '.*' has been deprecated", "ignore:Column '.*' contains NULL",
)  # fmt: skip


def table(*paths, hdu=1):
    return vstack([Table.read(path, hdu=hdu) for path in paths], metadata_conflicts="silent")


def plain(column, *missing):
    """Return numbers as lists have them, with None for NaN, masks and sentinels."""
    values = np.ma.filled(np.ma.asarray(column).astype(float), np.nan)
    return [None if math.isnan(v) or v in missing else v for v in values.tolist()]


def test_gaia_dr2_when_cut_for_legacypipe_then_unknown_is_null(shared_data, examples):
    folder = shared_data("gaia_legacypipe")
    found = examples("gaia_dr2", root=folder)
    real = table(*sorted(folder.glob("*.fits")))
    assert found.column("object_id") == [str(n) for n in real["source_id"]]
    for name in ("ra", "dec", "ra_error", "parallax", "pmra_error", "phot_bp_mean_mag", "a_g_val"):
        assert found.column(name) == plain(real[name])
    assert found.column("astrometric_params_solved") == real["astrometric_params_solved"].tolist()
    assert found.column("duplicated_source") == real["duplicated_source"].tolist()
    assert sum(v is None for v in found.column("pmdec")) == 89


def test_gaia_dr2_when_cut_for_desitarget_then_0_is_null(shared_data, examples):
    folder = shared_data("gaia_desitarget")
    found = examples("gaia_dr2", "desitarget", root=folder)
    real = table(*sorted(folder.glob("*.fits")))
    for name in ("PARALLAX", "PARALLAX_ERROR", "PMRA", "PMDEC_ERROR"):
        assert found.column(name.lower()) == plain(real[name], 0)
    assert found.column("parallax").count(None) == 4
    assert found.column("phot_g_n_obs") == [None] * 50
    assert found.column("dec") == real["DEC"].tolist()


def test_gaia_xp_when_in_four_formats_then_the_same_examples(shared_data, examples):
    folder = shared_data("gaia_xp")
    first, *others = (
        examples("gaia", f"xp_{form}", root=folder).rows
        for form in ("fits", "ecsv", "csv", "votable")
    )
    assert [other == first for other in others] == [True] * 3
    real = fits.getdata(folder / "XP_CONTINUOUS_RAW.fits", 1)
    assert [row["object_id"] for row in first] == [str(n) for n in real["source_id"]]
    for row, bp, rp, error in zip(
        first, real["bp_coefficients"], real["rp_coefficients"], real["rp_coefficient_errors"],
        strict=True,
    ):  # fmt: skip
        assert row["spectral_coefficients"]["coeff"] == np.float32([*bp, *rp]).tolist()
        assert row["spectral_coefficients"]["coeff_error"][55:] == error.tolist()
        assert (row["ra"], row["dec"], row["photometry"]) == (None, None, None)


def test_gaia_xp_when_joined_to_sources_then_position_comes_from_there(
    shared_data, put, examples, tmp_path
):
    put("gaia_xp", "XP_CONTINUOUS_RAW.fits", "xp_continuous/XP_CONTINUOUS_RAW.fits")
    spectra = fits.getdata(tmp_path / "xp_continuous" / "XP_CONTINUOUS_RAW.fits", 1)
    source = Table.read(shared_data("gaia") / "gdr3_sm.fits", hdu=1)
    rows = source[np.asarray(source["has_xp_continuous"])][:3]
    rows["source_id"][:2] = spectra["source_id"][::-1]  # the third one has no spectrum
    rows = vstack([source[~np.asarray(source["has_xp_continuous"])][:2], rows])
    (tmp_path / "gaia_source").mkdir()
    rows.write(tmp_path / "gaia_source" / "result.fits")
    found = examples("gaia", "archive_xp")
    alone = {
        row["object_id"]: row
        for row in examples("gaia", "xp_fits", root=shared_data("gaia_xp")).rows
    }
    assert found.column("object_id") == [str(n) for n in spectra["source_id"][::-1]]
    assert found.column("ra") == rows["ra"][2:4].tolist()
    assert found.column("photometry.phot_g_mean_mag") == rows["phot_g_mean_mag"][2:4].tolist()
    for row in found.rows:
        assert row["spectral_coefficients"] == alone[row["object_id"]]["spectral_coefficients"]
    assert len(found.rejects) == 1


def test_gaia_sampled_spectra_when_fits_or_csv_then_the_same(shared_data, examples):
    folder = shared_data("gaia_xp")
    rows = examples("gaia_xp_sampled", "fits", root=folder).rows
    assert rows == examples("gaia_xp_sampled", "csv", root=folder).rows
    real = fits.getdata(folder / "XP_SAMPLED_RAW_dr3int6.fits", 1)
    assert [(row["ra"], row["dec"]) for row in rows] == list(
        zip(real["ra"], real["dec"], strict=True)
    )
    spectrum = rows[1]["spectrum"]
    assert (spectrum["lambda"][0], spectrum["lambda"][-1]) == (336, 1020)
    assert spectrum["flux"] == real["flux"][1].tolist()
    assert spectrum["flux_error"] == real["flux_error"][1].tolist()


def test_tycho2_when_behind_a_kd_tree_then_the_first_table_counts(put, examples, tmp_path):
    put("tycho2", "tycho2-testcase6.kd.fits", "tycho2.kd.fits")
    found = examples("tycho2", "astrometry_net")
    real = Table.read(tmp_path / "tycho2.kd.fits", hdu=1)
    has_mean = np.asarray(real["mean_dec"]) != 0
    assert len(found.rows) == 236
    assert (~has_mean).sum() == 2
    assert found.column("ra") == np.where(has_mean, real["mean_ra"], real["ra"]).tolist()
    np.testing.assert_allclose(
        [v for v in found.column("PM_RA") if v is not None],
        1000 * real["pm_ra"][has_mean],
        rtol=1e-6,
    )
    assert found.column("JMAG").count(None) == (np.asarray(real["jmag"]) == 99).sum()


def test_urat1_when_nothing_was_measured_then_null(shared_data, examples):
    folder = shared_data("urat1_desitarget")
    found = examples("urat1", root=folder)
    real = table(*sorted(folder.glob("*.fits")))
    assert found.column("object_id") == [str(n) for n in real["URAT_ID"]]
    assert found.column("APASS_R_MAG") == plain(real["APASS_R_MAG"], 30, 0)
    assert found.column("APASS_I_MAG_ERROR") == plain(real["APASS_I_MAG_ERROR"], 9)
    unknown = np.asarray(real["PM_ERROR"]) == 90
    assert [v is None for v in found.column("PMRA")] == unknown.tolist()
    assert unknown.sum() == 2


def test_uzc_when_galaxies_share_a_name_then_each_has_its_id(shared_data, examples):
    folder = shared_data("galaxy_catalogues")
    found = examples("uzc", root=folder)
    real = Table.read(folder / "uzc2000.fits", hdu=1)
    assert (len(found.rows), len(found.rejects)) == (19365, 0)
    assert len(set(found.column("object_id"))) == 19365
    assert len(set(found.column("zname"))) == 18886
    assert found.column("ra") == real["ra"].tolist()


def test_openngc_when_from_astrometry_net_then_size_in_arcmin(shared_data, examples):
    folder = shared_data("galaxy_catalogues")
    found = examples("openngc", "astrometry_net", root=folder)
    real = Table.read(folder / "openngc-ngc.fits", hdu=1)
    assert found.column("Name") == [f"NGC{n:04d}" for n in real["ngcnum"]]
    assert found.column("ra") == real["ra"].astype(float).tolist()
    known = np.asarray(real["radius"]) > 0
    assert [v is not None for v in found.column("MajAx")] == known.tolist()
    sizes = [v for v in found.column("MajAx") if v is not None]
    np.testing.assert_allclose(sizes, 120 * real["radius"][known], rtol=1e-6)


def test_apokasc_when_names_hold_blanks_then_columns_all_the_same(shared_data, examples):
    path = shared_data("apogee") / "APOKASC_Catalog.v7.1.fits"
    found = examples("apokasc", root=path.parent)
    real = Table.read(path, hdu=1)
    assert len(found.rows) == 2826
    columns = {
        "RA": "RA", "2MASS_K_MAG": "2MASS K-MAG", "SDSS_G_MAG": "SDSS G-mag",
        "ASPCAP_TEFF": "CORR_ASPCAP TEFF", "ASPCAP_TEFF_ERR": "CORR_ASPCAP TEFF_ERR",
        "ASPCAP_LOGG_ERR": "CORR_ASPCAP LOGG ERR", "NU_MAX_RG_ERR": "NU_MAX RG ERR",
        "RG_MASS_SCALE_2": "KASC_RG_MASS_SCALE_2", "TEFF_SCALE_1_ERR": "TEFF_SCALE_1 ERR",
        "RG_RADIUS_SCALE_1_MERR": "KASC_RG_RADIUS_SCALE_1 MERR",
    }  # fmt: skip
    for leaf, name in columns.items():
        missing = (-9999, 0) if leaf.startswith("SDSS") else (-9999,)
        assert found.column(leaf) == plain(real[name], *missing)
    assert found.column("SEISMO_EVOL") == [name.strip() for name in real["SEISMO EVOL"].astype(str)]
    assert found.column("WISE_4_5").count(None) == (np.asarray(real["WISE_4_5"]) < 0).sum()


def test_apogee_visit_when_read_then_three_detectors_by_wavelength(shared_data, examples):
    path = shared_data("apogee") / "apVisit-r13-5095-55844-128.fits"
    (row,) = examples("apogee_visits", root=path.parent).rows
    with fits.open(path) as hdus:
        wave, flux, error, mask = (hdus[k].data.ravel() for k in (4, 1, 2, 3))
        target, header = hdus[11].data[0], hdus[0].header
        place = (target["RA"], target["DEC"])
        assert (row["apogee_id"], row["snr"]) == (target["APOGEE_ID"], np.float32(header["SNR"]))
        order = np.argsort(wave)
        spectrum = row["spectrum"]
        assert (row["ra"], row["dec"]) == pytest.approx(place, abs=1e-9)
        assert row["object_id"] == "5095-55844-128"
        assert spectrum["lambda"] == wave[order].tolist()
        assert spectrum["flux"] == flux[order].tolist()
        assert spectrum["mask_bits"] == mask[order].tolist()
        np.testing.assert_allclose(spectrum["ivar"], 1 / error[order].astype(float) ** 2, rtol=1e-6)
    assert spectrum["mask_bits_bad"] == [bool(bits) for bits in spectrum["mask_bits"]]


def test_galah_special_when_places_are_the_pole_then_null_and_kept(shared_data, examples):
    folder = shared_data("galah")
    found = examples("galah_special", root=folder)
    real = Table.read(folder / "special_targets_sobject_id.fits", hdu=1)
    lost = np.asarray(real["de"]) == 90
    assert len(found.rows) == 146
    assert [v is None for v in found.column("ra")] == lost.tolist()
    assert 0 < lost.sum() < 146
    best = examples("galah_special", config="stars", root=folder)
    groups: dict[tuple[float, float], list[float]] = {}
    for row in real[~lost]:
        snr = row["snr2_c1_iraf"]
        groups.setdefault((row["ra"], row["de"]), []).append(
            -1 if snr is np.ma.masked or snr != snr else snr
        )
    assert len(best.rows) == len(groups) < 146
    for row in best.rows:
        assert row["snr2_c1_iraf"] == max(groups[row["ra"], row["dec"]])


def test_galah_benchmark_when_integers_have_nulls_then_null(shared_data, examples):
    folder = shared_data("galah")
    found = examples("galah_benchmark", root=folder)
    real = Table.read(folder / "sobject_GBS.fits", hdu=1)
    assert found.column("sobject_id") == real["sobject_id"].tolist()
    assert found.column("source_id") == real["source_id"].tolist()
    assert None in found.column("source_id")
    assert found.column("utmjd") == real["utmjd"].tolist()


def test_galex_photometry_when_csv_then_ids_are_text_and_sentinels_null(shared_data, examples):
    path = shared_data("galex") / "DB10_calrun_NUV.csv"
    found = examples("gphoton", root=path.parent)
    with path.open(newline="") as file:
        real = list(csv.DictReader(file))
    assert found.column("object_id") == [row["objid"] for row in real]
    assert found.column("ra") == [float(row["ra"]) for row in real]
    assert found.column("mag_bgsub") == plain([float(row["mag_bgsub"]) for row in real])
    assert None in found.column("mag_bgsub")
    assert found.column("aper4_err") == [
        None if row["aper4_err"] == "-99.0" else float(row["aper4_err"]) for row in real
    ]


def test_sdss_reference_when_radians_and_njy_then_degrees_and_ujy(shared_data, examples):
    folder = shared_data("sdss_photo")
    found = examples("sdss_refcat", root=folder)
    real = table(*sorted(folder.glob("sdssrefcat-*.fits")))
    np.testing.assert_allclose(found.column("ra"), np.degrees(real["coord_ra"]), rtol=1e-15)
    np.testing.assert_allclose(found.column("dec"), np.degrees(real["coord_dec"]), rtol=1e-15)
    np.testing.assert_allclose(found.column("g_flux"), real["g_flux"] / 1000, rtol=1e-15)
    assert 215 < min(found.column("ra")) < max(found.column("ra")) < 217


def test_sdss_photo_when_five_bands_in_a_column_then_a_leaf_each(shared_data, examples):
    path = shared_data("sdss_photo") / "photoObj-001000-1-0100.fits"
    every = examples("sdss_photo", config="all", root=path.parent)
    primary = examples("sdss_photo", config="primary", root=path.parent)
    real = fits.getdata(path, 1)
    is_primary = real["RESOLVE_STATUS"] & 256 > 0
    assert every.column("objid") == real["OBJID"].tolist()
    assert primary.column("objid") == real["OBJID"][is_primary].tolist()
    for k, band in enumerate("ugriz"):
        assert every.column(f"cmodelflux_{band}") == real["CMODELFLUX"][:, k].tolist()
        assert every.column(f"psfflux_ivar_{band}") == real["PSFFLUX_IVAR"][:, k].tolist()
        assert every.column(f"petroth50_{band}") == plain(real["PETROTH50"][:, k], -9999)
    assert every.column("type") == real["OBJC_TYPE"].tolist()
    assert every.column("clean") == (real["CLEAN"] == 1).tolist()


@pytest.mark.parametrize(
    ("config", "file", "columns"),
    [
        (
            "attributes", "LINEARattributesFinalApr2013.dat.gz",
            {"ra": 0, "dec": 1, "ug": 2, "iK": 4, "logP": 6, "kurt": 9, "nObs": 11, "LCtype": 12},
        ),
        (
            "targets", "allLINEARfinal_targets.dat.gz",
            {"raLIN": 1, "ra": 3, "dec": 4, "r": 5, "gr": 7, "ri": 8, "magMed": 11, "S": 17},
        ),
    ],
)  # fmt: skip
def test_linear_when_text_tables_then_columns_by_place(
    shared_data, examples, config, file, columns
):
    path = shared_data("linear") / file
    found = examples("linear", config=config, root=path.parent)
    with gzip.open(path, "rt") as stream:
        lines = [line.split() for line in stream if not line.startswith("#")]
    assert found.column("object_id") == [
        line[13 if config == "attributes" else 0] for line in lines
    ]
    for name, place in columns.items():
        real = np.array([float(line[place]) for line in lines])
        if name in ("gr", "ri"):
            real[np.abs(real) > 100] = np.nan
        if found.schema.leaves[name].field.dtype == "float32":
            real = real.astype(np.float32)
        assert found.column(name) == plain(real)
    if config == "attributes":
        assert found.column("Ampl").count(None) == sum(line[7] == "-99.990" for line in lines) > 0


def test_plasticc_when_long_table_then_each_object_has_its_light_curve(put, examples, tmp_path):
    put("plasticc", "training_set_metadata.csv", "training_set_metadata.csv")
    put("plasticc", "plasticc_lightcurves.csv.gz", "training_set.csv.gz")
    found = examples("plasticc", "kaggle", config="train_only")
    with gzip.open(tmp_path / "training_set.csv.gz", "rt", newline="") as stream:
        points = list(csv.DictReader(stream))
    with (tmp_path / "training_set_metadata.csv").open(newline="") as stream:
        objects = {row["object_id"]: row for row in csv.DictReader(stream)}
    assert (len(found.rows), len(found.rejects), len(objects)) == (2, 7846, 7848)
    names = {"90": "SNIa", "67": "SNIa-91bg", "42": "SNII", "15": "TDE", "62": "SNIbc", "88": "AGN"}
    for row in found.rows:
        about = objects[row["object_id"]]
        assert (row["ra"], row["dec"]) == (float(about["ra"]), float(about["decl"]))
        assert row["obj_type"] == names[about["target"]]
        own = [p for p in points if p["object_id"] == row["object_id"]]
        own.sort(key=lambda p: (int(p["passband"]), float(p["mjd"])))
        curve = row["lightcurve"]
        assert curve["band"] == ["ugrizY"[int(p["passband"])] for p in own]
        assert curve["time"] == [float(p["mjd"]) for p in own]
        assert curve["flux"] == np.float32([float(p["flux"]) for p in own]).tolist()
        assert "Y" in curve["band"]


def test_tess_when_cadences_lack_a_time_then_they_are_left_out(shared_data, examples):
    (path,) = shared_data("tess").glob("*_lc.fits")
    (row,) = examples("tess", "spoc_fits", config="spoc", root=path.parent).rows
    real = fits.getdata(path, 1)
    timed = np.isfinite(real["TIME"])
    curve = row["lightcurve"]
    assert (row["object_id"], len(curve["time"])) == ("25155310", 20076 - 815)
    assert curve["time"] == real["TIME"][timed].tolist()
    assert curve["quality"] == real["QUALITY"][timed].tolist()
    flux = np.array(curve["flux"], np.float32)
    np.testing.assert_array_equal(flux, real["SAP_FLUX"][timed])
    assert np.isnan(flux).sum() == 834 - 815
    assert row["ra"] == fits.getheader(path, 1)["RA_OBJ"]


def test_tess_when_a_star_was_seen_twice_then_one_light_curve(shared_data, put, examples, tmp_path):
    (path,) = shared_data("tess").glob("*_lc.fits")
    put("tess", path.name, f"s0001/{path.name}")
    with fits.open(path) as hdus:
        hdus[1].data["TIME"] += 27.4
        (tmp_path / "s0002").mkdir()
        hdus.writeto(tmp_path / "s0002" / path.name.replace("s01", "s02"))
    (row,) = examples("tess", "spoc_fits", config="spoc").rows
    time = np.array(row["lightcurve"]["time"])
    assert len(time) == 2 * (20076 - 815)
    assert (np.diff(time) >= 0).all()
    assert row["ra"] == fits.getheader(path, 1)["RA_OBJ"]


def test_lamost_when_spectra_are_missing_then_rows_are_refused(shared_data, examples):
    folder = shared_data("lamost")
    found = examples("lamost_dr1", config="joined", root=folder)
    with (folder / "my_data3.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if (folder / row["filename"]).exists()]
    assert found.column("obsid") == [int(row["obsid"]) for row in rows]
    assert (len(found.rows), len(found.rejects)) == (5, 3160)
    for row, real in zip(found.rows, rows, strict=True):
        data = fits.getdata(folder / real["filename"])
        assert (row["ra"], row["teff"]) == (float(real["ra"]), np.float32(real["teff"]))
        for name, k in (("flux", 0), ("ivar", 1), ("mask_bits", 3)):
            assert row["spectrum"][name] == data[k].tolist()


def test_lamost_when_files_alone_then_grid_is_that_of_the_header(shared_data, examples):
    folder = shared_data("lamost")
    found = examples("lamost_dr1", config="spectra", root=folder)
    paths = sorted(folder.glob("*.fits"))
    assert found.column("object_id") == [path.stem for path in paths]
    for row, path in zip(found.rows, paths, strict=True):
        data, header = fits.getdata(path), fits.getheader(path)
        pixel = np.arange(data.shape[1])
        wave = 10 ** (header["COEFF0"] + header["COEFF1"] * pixel)
        np.testing.assert_allclose(row["spectrum"]["lambda"], wave, rtol=1e-7)
        assert (row["spectrum"]["flux"], row["spectrum"]["ivar"]) == (
            data[0].tolist(),
            data[1].tolist(),
        )
        assert (row["ra"], row["subclass"]) == (header["RA"], header["SUBCLASS"])
    catalogue = examples("lamost_dr1", config="catalogue", root=folder)
    assert len(catalogue.rows) == 3165
    assert catalogue.column("spectrum") == [None] * 3165


def test_twomass_answer_when_some_errors_are_empty_then_null(shared_data, examples):
    folder = shared_data("twomass")
    found = examples("twomass_xmatch", root=folder)
    real = Table.read(folder / "cds_xmatch_2mass_answer.csv")
    assert found.column("object_id") == real["2MASS"].tolist()
    assert found.column("MeasureJD") == real["MeasureJD"].tolist()
    assert found.column("e_Kmag") == plain(real["e_Kmag"].astype(np.float32))
    assert found.column("e_Kmag").count(None) == np.ma.count_masked(real["e_Kmag"])


def test_hipparcos_when_parquet_then_as_pyarrow_reads_it(shared_data, examples):
    folder = shared_data("hipparcos")
    found = examples("hipparcos", root=folder)
    real = pq.read_table(folder / "hipparcos_d3celestial.parquet")
    assert found.column("hip") == real["hip"].to_pylist()
    for name in ("ra", "dec"):
        assert found.column(name) == real[name].cast("float64").to_pylist()
    np.testing.assert_allclose(found.column("vmag"), real["vmag"].to_numpy(), rtol=1e-6)


def test_gaia_when_two_releases_then_the_velocity_of_each(put, examples, tmp_path):
    for name in ("gdr3_sm.fits", "gedr3_sm.fits"):
        put("gaia", name, name)
    found = examples("gaia_edr3")
    real = [fits.getdata(tmp_path / name, 1) for name in ("gdr3_sm.fits", "gedr3_sm.fits")]
    ids = [str(n) for n in np.concatenate([t["source_id"] for t in real])]
    first = list(dict.fromkeys(ids))
    assert found.column("object_id") == first
    assert len(found.rejects) == len(ids) - len(first)
    velocity = np.concatenate([real[0]["radial_velocity"], real[1]["dr2_radial_velocity"]])
    place = [ids.index(object_id) for object_id in first]
    assert found.column("radial_velocity") == plain(velocity[place])
    motion = np.concatenate([t["pmra"] for t in real])[place]
    np.testing.assert_allclose(
        np.array(found.column("pmra"), float), motion / 1000, rtol=1e-12, equal_nan=True
    )
