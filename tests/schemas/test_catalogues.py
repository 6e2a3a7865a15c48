"""Catalogues in the layouts of Multimodal Universe become Examples, value for value."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HATS = "dataset/Norder=4/Dir=0/Npix=7.parquet"


def stored(schema):
    """Return the leaves but the bools, which are formulas over flags."""
    return [leaf for leaf in schema.leaves.values() if leaf.field.dtype != "bool"]


def numbered(schema, *, but=()):
    """Return a value for every stored column, no two alike; float32 holds the numbers exactly."""
    leaves = [leaf for leaf in stored(schema) if leaf.name not in but and not leaf.block]
    make = {"f": lambda k: k + 0.25, "i": int, "s": lambda k: f"t{k}"}
    return {leaf.name: make[leaf.field.dtype[0]](k) for k, leaf in enumerate(leaves, start=1)}


def as_hdf5(value, nothing, dtype):
    """Return a column of a value and of what stands for none."""
    return [str(value), nothing] if isinstance(value, str) else np.array([value, nothing], dtype)


def write_parquet(root, path, columns):
    target = root / path
    target.parent.mkdir(parents=True)
    pq.write_table(pa.table(columns), target)


def differing(row, wanted):
    return {name: (row[name], value) for name, value in wanted.items() if row[name] != value}


def test_allwise_when_integers_are_floats_with_nan_then_integers_and_nulls(
    survey, write_hdf5, read
):
    values = numbered(survey("allwise"), but=("object_id",))
    values |= {"ra": 359.1234567, "dec": -12.3456789, "w1mjdmean": 55400.12345678, "cntr": 2**53}
    texts = {name for name, value in values.items() if isinstance(value, str)}
    cells = {name: as_hdf5(value, np.nan, "f8") for name, value in values.items()}
    cells |= {name: [values[name], ""] for name in texts}
    cells |= {"ra": [values["ra"], 0.5], "dec": [values["dec"], 1.5]}
    cells |= {"cntr": np.int64([2**53, 2**53 + 1]), "healpix": [7, 7], "healpix_k5": [29, 29]}
    write_hdf5("allwise/healpix=7/001-of-001.hdf5", **cells)
    first, second = read("allwise")
    assert len(first) == 339  # 298 columns, the id, and whether each of 40 flags is set
    assert differing(first, values | {"object_id": "9007199254740992"}) == {}
    assert isinstance(first["pmra"], int)
    assert second["object_id"] == "9007199254740993"
    numbers = set(values) - texts - {"ra", "dec", "cntr"}
    assert {second[name] for name in numbers} == {None}
    assert second["w3cc_map_str"] is None


def test_allwise_when_hats_holds_32_bits_then_leaves_are_doubles(survey, tmp_path, read):
    values = numbered(survey("allwise"), but=("object_id",))
    values |= {"ra": 359.1234567, "dec": -12.3456789, "cntr": 5}
    kinds = {float: pa.float32(), int: pa.int64(), str: pa.string()}
    columns = {n: pa.array([v, None], kinds[type(v)]) for n, v in values.items()}
    columns |= {"cntr": pa.array([5, 6]), "object_id": pa.array([5, 6])}
    columns |= {n: pa.array([values[n], 1], pa.float32()) for n in ("ra", "dec")}
    columns["_healpix_29"] = pa.array([7, 8])
    write_parquet(tmp_path, f"allwise/{HATS}", columns)
    first, second = read("allwise", "hats")
    assert (first["object_id"], second["object_id"]) == ("5", "6")
    assert (first["ra"], first["dec"]) == (np.float32(359.1234567), np.float32(-12.3456789))
    assert differing(first, {n: v for n, v in values.items() if n not in ("ra", "dec")}) == {}
    assert (second["ra"], second["w1mpro"], second["w1nm"], second["rel"]) == (1, None, None, None)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("w4mpro", "mag_psf_W4"),
        ("w1sigmpro", "mag_psf_W1_err"),
        ("w2mag", "mag_aper16p5_W2_apcor"),
        ("w4mag", "mag_aper33_W4_apcor"),
        ("w3mag_4", "mag_aper27p5_W3"),
        ("w4mag_4", "mag_aper55_W4"),
        ("w4sigm_8", "mag_aper99_W4_err"),
        ("w1sigp1", "mag_mean_W1_scatter"),
        ("k_m_2mass", "mag_profile_Ks"),
        ("sigpmdec", "apparent_pmdec_err"),
        ("w2snr", "flux_psf_W2_snr"),
    ],
)
def test_allwise_when_column_has_a_meaning_then_its_name_says_it(survey, address, name):
    assert survey("allwise").leaves[address].canonical == name


def test_twomass_when_catalogue_says_decl_then_dec_and_decl(survey, write_hdf5, read):
    values = numbered(survey("twomass"), but=("object_id", "dec", "decl"))
    values |= {"ra": 267.220049, "jdate": 2450950.8609, "hemis": "s", "pts_key": 1200000001}
    texts = {name for name, value in values.items() if isinstance(value, str)}
    cells = {name: as_hdf5(value, np.nan, "f8") for name, value in values.items()}
    cells |= {name: [values[name], r"\N"] for name in texts}
    cells |= {"decl": [-20.35899, 1.25], "ra": [267.220049, 2.0], "pts_key": [1200000001, 5]}
    write_hdf5("psc/healpix=1700/001-of-001.hdf5", **cells)
    first, second = read("twomass")
    assert differing(first, values) == {}
    assert (first["dec"], first["decl"]) == (-20.35899, -20.35899)
    assert (first["object_id"], second["object_id"]) == ("1200000001", "5")
    assert {second[n] for n in set(values) - {"ra", "pts_key", "designation"}} == {None}


def test_twomass_when_hats_then_dec_is_its_own_column(survey, tmp_path, read):
    values = numbered(survey("twomass"), but=("object_id", "decl")) | {"ra": 10.5, "dec": 2.5}
    columns = {name: pa.array([value]) for name, value in values.items()}
    columns |= {"decl": pa.array([2.5]), "object_id": columns["pts_key"]}
    write_parquet(tmp_path, f"psc/{HATS}", columns)
    (row,) = read("twomass", "hats")
    assert differing(row, values | {"decl": 2.5, "object_id": str(values["pts_key"])}) == {}


def write_galex(survey, write_hdf5):
    """Write FITS columns as they come: big-endian numbers, bytes; return the first row."""
    values = numbered(survey("galex")) | {"ra": 30.25, "dec": -5.5, "object_id": 6381}
    kinds = {"float32": ">f4", "float64": ">f8", "int16": ">i2", "int32": ">i4", "string": "S30"}
    dtypes = {leaf.name: kinds[leaf.field.dtype] for leaf in stored(survey("galex"))}
    cells = {}
    for name, value in values.items():
        nothing = b"" if isinstance(value, str) else -999
        value = value.encode() if isinstance(value, str) else value
        cells[name] = np.array([value, nothing], dtypes[name])
    places = {n: [values[n], 1.0] for n in ("ra", "dec", "avaspra", "avaspdec", "glon", "glat")}
    cells |= {n: np.array(v, ">f8") for n, v in places.items()}
    cells["object_id"] = np.array([6381, 6382], ">i8")
    cells["primgid"] = np.array([values["primgid"][1:], "12"], "S19").astype(">i8")
    write_hdf5("ais/healpix=0/001-of-001.hdf5", **cells, healpix=np.int64([0, 0]))
    return values | {"object_id": "6381", "primgid": values["primgid"][1:]}


def test_galex_when_nothing_was_measured_then_null_not_minus_999(survey, write_hdf5, read):
    values = write_galex(survey, write_hdf5)
    first, second = read("galex")
    assert len(first) == 95 + 4  # with whether any of four flags is set
    assert differing(first, values) == {}
    assert second["object_id"] == "6382"
    measured = [n for n in values if n.startswith(("fuv_", "nuv_", "diff", "sepas", "prob", "ib_"))]
    assert len(measured) == 62
    assert {second[n] for n in measured} == {None}
    assert (second["e_bv"], second["groupgid"]) == (None, None)


@pytest.mark.parametrize("blank", [-999, -99, 99])
def test_galex_when_magnitude_is_any_blank_then_null(survey, write_hdf5, read, blank, tmp_path):
    write_galex(survey, write_hdf5)
    rows = [row | {"nuv_mag": blank, "fuv_magerr_aper_6": blank} for row in read("galex")[:1]]
    columns = {name: pa.array([row[name] for row in rows]) for name in rows[0]}
    write_parquet(tmp_path, f"ais/{HATS}", columns)
    (row,) = read("galex", "hats")
    assert (row["nuv_mag"], row["fuv_magerr_aper_6"]) == (None, None)
    assert row["fuv_mag"] == rows[0]["fuv_mag"]


def test_galex_when_a_column_of_the_band_merger_is_minus_9999_then_null(
    survey, write_hdf5, read, tmp_path
):
    write_galex(survey, write_hdf5)
    blank = ("e_bv", "nuv_mag", "nuv_magerr", "nuv_artifact", "nuv_flux", "nuv_fluxerr", "prob")
    rows = [row | dict.fromkeys(blank, -9999) for row in read("galex")[:1]]
    write_parquet(
        tmp_path, f"ais/{HATS}", {name: pa.array([row[name] for row in rows]) for name in rows[0]}
    )
    (row,) = read("galex", "hats")
    assert {row[name] for name in blank} == {None}


def test_sages_when_names_are_padded_bytes_then_text(write_hdf5, read, tmp_path):
    cells = {f"{n}_{b}": np.array([k, -999], ">f8") for k, b in ((16.5, "U"), (15.25, "V"))
             for n in ("MAG", "ERR")}  # fmt: skip
    write_hdf5(
        "dr1/healpix=3/001-of-001.hdf5",
        object_id=np.array([b"SAGE000206.1+000720 ", b"SAGE000206.2+000721\0"]),
        ra=np.array([0.525, 0.526], ">f8"), dec=np.array([0.122, 0.123], ">f8"),
        OBS_TIME_U=np.array([57400.123456789, 1], ">f8"), OBS_TIME_V=np.array([2, 3], ">f8"),
        FLAG_U=np.array([0, 0], ">i4"), FLAG_V=np.array([0, 4], ">i4"), healpix=[3, 3], **cells,
    )  # fmt: skip
    first, second = read("sages")
    assert (first["object_id"], second["object_id"]) == (
        "SAGE000206.1+000720",
        "SAGE000206.2+000721",
    )
    assert (first["MAG_U"], first["MAG_V"], second["MAG_U"]) == (16.5, 15.25, None)
    assert (first["OBS_TIME_U"], second["FLAG_V"]) == (57400.123456789, 4)
    write_parquet(tmp_path, f"dr1/{HATS}", {n: pa.array([first[n]]) for n in first})
    assert read("sages", "hats") == [first]


PROPERTIES = ("Z_HP", "Z_MW", "TAGE_MW", "AVG_SFR", "ZERR", "TSNR2_BGS", "MAG_G", "MAG_R", "MAG_Z",
              "MAG_W1", "FIBMAG_R", "PROVABGS_Z_MAX", "SCHLEGEL_COLOR", "PROVABGS_W_ZFAIL",
              "PROVABGS_W_FIBASSIGN")  # fmt: skip


def test_provabgs_when_properties_have_an_axis_of_one_then_scalars(write_hdf5, read):
    samples = np.arange(2600.0).reshape(2, 100, 13)
    cells = {name: np.array([k + 0.5, k]) for k, name in enumerate(PROPERTIES)}
    cells |= {n: cells[n][:, None] for n in ("Z_MW", "TAGE_MW", "AVG_SFR")}
    cells["MAG_W1"] = np.array([40.0, 19.5])
    write_hdf5(
        "datafiles/healpix=16/001-of-001.h5",
        object_id=np.int64([39633448888962529, 39633448888962530]),
        TARGETID=np.int64([39633448888962529, 39633448888962530]),
        ra=[273.7323012345678, 273.7], dec=[65.5084080001, 65.5], HPIX_64=np.int64([16040, 3]),
        PROVABGS_LOGMSTAR_BF=[10.5, 9.25], PROVABGS_MCMC=samples,
        PROVABGS_THETA_BF=samples[:, 0] + 0.5, healpix=[16, 16], **cells,
    )  # fmt: skip
    first, second = read("desi_provabgs")
    assert (first["object_id"], first["HPIX_64"]) == ("39633448888962529", 16040)
    assert (first["ra"], first["dec"]) == (273.7323012345678, 65.5084080001)
    assert (first["LOG_MSTAR"], second["LOG_MSTAR"]) == (10.5, 9.25)
    assert [first[n] for n in PROPERTIES if n != "MAG_W1"] == [
        k + 0.5 for k, n in enumerate(PROPERTIES) if n != "MAG_W1"
    ]
    assert (first["MAG_W1"], second["MAG_W1"]) == (None, 19.5)
    assert np.array_equal(second["PROVABGS_MCMC"], samples[1])
    assert np.array_equal(first["PROVABGS_THETA_BF"], np.arange(13) + 0.5)


def test_provabgs_when_hats_holds_a_floating_pixel_then_integer(tmp_path, read):
    samples = np.arange(1300, dtype="f4").reshape(100, 13)
    columns = {name: pa.array([float(k)], pa.float32()) for k, name in enumerate(PROPERTIES)}
    columns |= {
        "object_id": pa.array(["39633448888962529"]),
        "ra": pa.array([float(np.float32(273.7323))]), "dec": pa.array([65.5]),
        "HPIX_64": pa.array([16040], pa.float32()), "LOG_MSTAR": pa.array([10.5], pa.float32()),
        "PROVABGS_MCMC": pa.array([samples.tolist()], pa.list_(pa.list_(pa.float32()))),
        "PROVABGS_THETA_BF": pa.array([samples[0].tolist()], pa.list_(pa.float32())),
    }  # fmt: skip
    write_parquet(tmp_path, f"provabgs/{HATS}", columns)
    (row,) = read("desi_provabgs", "hats")
    assert (row["object_id"], row["HPIX_64"]) == ("39633448888962529", 16040)
    assert row["ra"] == np.float32(273.7323)
    assert [row[name] for name in PROPERTIES] == list(range(len(PROPERTIES)))
    assert np.array_equal(row["PROVABGS_MCMC"], samples)
