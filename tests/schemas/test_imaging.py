"""Stamps: bands that differ by object, one mask for all bands, pictures, neighbours; and HATS."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

NIRCAM = ["f090w", "f115w", "f150w", "f200w", "f277w", "f356w", "f444w"]
COEFFICIENTS = ("cxx_image", "cyy_image", "cxy_image")
TRACTOR = ("FLUX_G", "FLUX_R", "FLUX_I", "FLUX_Z", "SHAPE_R", "SHAPE_E1", "SHAPE_E2", "X", "Y")


def planes(labels, side):
    """Return planes that hold their number, big-endian as FITS files give them, y first."""
    stamp = np.arange(len(labels), dtype=">f4")[:, None, None] * np.ones((side, side), ">f4")
    stamp[:, 3, 5] = -1
    return stamp


def nircam(ids, labels, short_scale):
    """Return the columns of a mosaic."""
    n = len(ids)
    stamp = np.stack([planes(labels, 96)] * n)
    scale = [short_scale if label < "f277w" else 0.04 for label in labels]
    return {
        "object_id": np.array(ids), "id": np.arange(1, n + 1, dtype=">i8"),
        "ra": np.linspace(150.1, 150.2, n).astype(">f8"), "dec": np.full(n, 2.3, ">f8"),
        "mag_auto": np.full(n, 24.5, ">f8"), "flux_radius": np.full(n, 7.5, ">f4"),
        "flux_auto": np.full(n, 0.5, ">f8"), "fluxerr_auto": np.full(n, 0.01, ">f8"),
        **{c: np.full(n, 0.25, ">f8") for c in COEFFICIENTS},
        "image_band": np.array([[label.encode() for label in labels]] * n),
        "image_flux": stamp, "image_ivar": np.abs(stamp), "image_mask": stamp > 0,
        "image_psf_fwhm": np.full((n, len(labels)), 0.05, "f4"),
        "image_scale": np.array([scale] * n, "f4"),
    }  # fmt: skip


@pytest.fixture
def write_mosaics(write_hdf5):
    """Write a field with seven bands and one with six."""
    write_hdf5("ceers/healpix=1071/001-of-001.hdf5", **nircam([-(2**62), 9], NIRCAM, 0.02))
    write_hdf5("ngdeep/healpix=2238/001-of-001.hdf5", **nircam([2**62], NIRCAM[1:], 0.02))
    write_hdf5("primer-uds/healpix=1200/001-of-001.hdf5", **nircam([3], NIRCAM, 0.04))


@pytest.mark.usefixtures("write_mosaics")
def test_jwst_when_fields_have_six_or_seven_bands_then_each_object_has_its_own(read):
    rows = {row["object_id"]: row for row in read("jwst")}
    assert list(rows) == ["3", str(-(2**62)), "9", str(2**62)]
    assert [row["deep_field"] for row in rows.values()] == [
        "primer-uds",
        "ceers",
        "ceers",
        "ngdeep",
    ]
    assert [row["id"] for row in rows.values()] == [1, 1, 2, 1]
    assert rows["9"]["image"]["band"] == NIRCAM
    deep = rows[str(2**62)]["image"]
    assert deep["band"] == NIRCAM[1:]
    assert np.array(deep["flux"]).shape == (6, 96, 96)
    assert np.array(deep["flux"])[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert np.array(deep["flux"])[:, 3, 5].tolist() == [-1] * 6
    assert np.array(deep["ivar"])[5, 3, 5] == 1
    assert np.array(deep["mask"])[:, 0, 0].tolist() == [False, *[True] * 5]
    assert not np.array(deep["mask"])[:, 3, 5].any()


@pytest.mark.usefixtures("write_mosaics")
def test_jwst_when_pixels_differ_by_band_then_scale_says_so(read):
    (wide,) = read("jwst", config="primer-uds")
    (deep,) = read("jwst", config="ngdeep")
    assert np.allclose(wide["image"]["scale"], 0.04)
    assert np.allclose(deep["image"]["scale"], [0.02] * 3 + [0.04] * 3)
    assert (deep["ra"], deep["mag_auto"], deep["flux_radius"]) == (150.1, 24.5, 7.5)
    assert [deep[c] for c in COEFFICIENTS] == [0.25] * 3


def test_jwst_when_stored_by_datasets_arrays_then_the_same_from_hats(read, tmp_path):
    labels = NIRCAM[1:]
    stamp = planes(labels, 96).astype("f4")
    values = {"flux": stamp.tolist(), "ivar": np.abs(stamp).tolist(), "mask": (stamp > 0).tolist()}
    image = {"band": labels, **values, "psf_fwhm": [0.05] * 6, "scale": [0.02] * 6}
    kind = pa.struct(
        {
            "band": pa.list_(pa.string()),
            **{f: pa.list_(pa.list_(pa.list_(pa.float32()))) for f in ("flux", "ivar")},
            "mask": pa.list_(pa.list_(pa.list_(pa.bool_()))),
            **{f: pa.list_(pa.float32()) for f in ("psf_fwhm", "scale")},
        }
    )
    floats = ("mag_auto", "flux_radius", "flux_auto", "fluxerr_auto", *COEFFICIENTS)
    write_partition(
        tmp_path / "ngdeep",
        image=pa.array([image], kind),
        **{name: pa.array([0.5], pa.float32()) for name in floats},
        object_id=["4611686018427387904"], ra=[53.2], dec=[-27.8],
    )  # fmt: skip
    (row,) = read("jwst", "hats", config="ngdeep")
    assert (row["object_id"], row["deep_field"], row["id"]) == (
        "4611686018427387904",
        "ngdeep",
        None,
    )
    assert row["image"]["band"] == labels
    np.testing.assert_array_equal(np.array(row["image"]["flux"]), stamp)
    np.testing.assert_array_equal(np.array(row["image"]["mask"]), stamp > 0)


def write_partition(root, **columns):
    """Write one partition of a HATS catalogue, and the files beside it that hold no objects."""
    folder = root / "dataset" / "Norder=4" / "Dir=0"
    folder.mkdir(parents=True)
    table = pa.table({"_healpix_29": pa.array([1 << 50], pa.int64()), **columns})
    pq.write_table(table, folder / "Npix=1071.parquet")
    pq.write_table(table, root / "dataset" / "data_thumbnail.parquet")
    pq.write_metadata(table.schema, root / "dataset" / "_common_metadata")


def neighbours(count):
    """Return the table of a stamp, padded with zeros to 20 places."""
    full = np.zeros((1, 20))
    full[0, :count] = np.arange(1, count + 1)
    codes = np.zeros((1, 20), dtype=np.int64)
    codes[0, :count] = np.resize([6, 2, 3], count)
    return full, codes


def southern(count):
    """Return the columns of one galaxy with a number of neighbours."""
    stamp = planes("griz", 160)[None]
    mask = np.ones((1, 160, 160), bool)
    mask[0, 2, 7] = False
    full, codes = neighbours(count)
    picture = np.zeros((1, 160, 160, 3), np.uint8)
    picture[0, 2, 7] = (255, 128, 1)
    sweep = {f"FLUX_{b}": np.array([k], ">f4") for k, b in enumerate(BANDS)}
    sweep |= {f"FLUX_IVAR_{b}": np.array([k], ">f4") for k, b in enumerate(BANDS)}
    return {
        "object_id": np.array([b"0421p022-7410"], "S16"), "BRICKNAME": np.array([b"0421p022"]),
        "OBJID": np.array([7410], ">i4"), "gid": [0], "healpix": [1071],
        "RA": np.array([42.213114], ">f8"), "DEC": np.array([2.371997], ">f8"),
        "ra": np.array([42.213114], ">f8"), "dec": np.array([2.371997], ">f8"),
        "TYPE": np.array([b"SER"]), "EBV": np.array([0.0666], ">f4"), **sweep,
        "SHAPE_R": np.array([0.9421], ">f4"), "SHAPE_E1": np.array([0.25], ">f4"),
        "SHAPE_E2": np.array([-0.5], ">f4"),
        "image_band": np.array([[b"des-g", b"des-r", b"des-i", b"des-z"]]),
        "image_array": stamp, "image_ivar": np.abs(stamp), "image_mask": mask,
        "image_psf_fwhm": np.array([[1.5, 1.25, 0, 1]], ">f4"),
        "image_scale": np.full((1, 4), 0.262, "f4"),
        "image_rgb": picture, "blobmodel": picture[..., ::-1], "object_mask": picture[..., 2] * 5,
        "catalog_TYPE": codes, **{f"catalog_{name}": full for name in TRACTOR},
    }  # fmt: skip


BANDS = ("G", "R", "I", "Z", "W1", "W2", "W3", "W4")


def check_southern(row, count):
    assert row["object_id"] == "0421p022-7410"
    assert (row["ra"], row["dec"]) == (42.213114, 2.371997)
    assert [row[f"FLUX_{b}"] for b in BANDS] == list(range(8))
    assert (row["SHAPE_E1"], row["SHAPE_E2"]) == (0.25, -0.5)
    image = row["image"]
    assert image["band"] == ["g", "r", "i", "z"]
    assert np.array(image["flux"])[:, 0, 0].tolist() == [0, 1, 2, 3]
    mask = np.array(image["mask"])
    assert mask.shape == (4, 160, 160)
    assert np.argwhere(~mask).tolist() == [[band, 2, 7] for band in range(4)]
    assert image["psf_fwhm"][:2] == [1.5, 1.25]
    assert np.isnan(image["psf_fwhm"][2])
    assert np.array(row["rgb"])[2, 7].tolist() == [255, 128, 1]
    assert np.array(row["blobmodel"])[2, 7].tolist() == [1, 128, 255]
    assert np.argwhere(np.array(row["object_mask"])).tolist() == [[2, 7]]
    assert np.array(row["object_mask"])[2, 7] == 5
    catalog = row["catalog"]
    assert catalog["TYPE"] == [6, 2, 3, 6][:count]
    for name in TRACTOR:
        assert catalog[name] == list(range(1, count + 1))


@pytest.mark.parametrize("count", [1, 3])
def test_legacysurvey_when_neighbours_are_padded_then_only_real_ones_stay(write_hdf5, read, count):
    write_hdf5("dr10_south_21/healpix=1071/001-of-001.hdf5", **southern(count))
    (row,) = read("legacysurvey")
    check_southern(row, count)
    assert row["TYPE"] == "SER"
    assert row["FLUX_IVAR_W4"] == 7


def test_legacysurvey_when_table_is_full_then_twenty_neighbours(write_hdf5, read):
    write_hdf5("dr10_south_21/healpix=1071/001-of-001.hdf5", **southern(20))
    (row,) = read("legacysurvey", config="LegacySurvey")
    assert row["catalog"]["X"] == list(range(1, 21))


def png(pixels):
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.fromarray(pixels).save(file, format="PNG")
    return [{"bytes": file.getvalue(), "path": None}]


def test_legacysurvey_when_hats_then_pictures_are_unpacked_and_ids_freed(read, tmp_path):
    cells = southern(3)
    lists = {name: cells[f"catalog_{name}"].astype("f4").tolist()[0] for name in (*TRACTOR, "TYPE")}
    image = {
        "band": ["des-g", "des-r", "des-i", "des-z"],
        "flux": cells["image_array"][0].tolist(),
        "mask": np.stack([cells["image_mask"][0]] * 4).tolist(),
        "ivar": cells["image_ivar"][0].tolist(),
        "psf_fwhm": cells["image_psf_fwhm"][0].tolist(),
        "scale": [0.262] * 4,
    }
    names = ("EBV", "SHAPE_R", "SHAPE_E1", "SHAPE_E2", *(f"FLUX_{b}" for b in BANDS))
    write_partition(
        tmp_path / "dr10_south_21",
        image=[image],
        blobmodel=png(np.ascontiguousarray(cells["blobmodel"][0])), rgb=png(cells["image_rgb"][0]),
        object_mask=png(cells["object_mask"][0]), catalog=[lists],
        **{name: cells[name].astype("f4") for name in names},
        object_id=["b'0421p022-7410'"], ra=[42.213114], dec=[2.371997],
    )  # fmt: skip
    (row,) = read("legacysurvey", "hats")
    check_southern(row, 3)
    assert (row["TYPE"], row["FLUX_IVAR_G"]) == (None, None)


def test_hsc_when_hats_then_bands_of_the_survey(read, survey, tmp_path):
    labels = ["hsc-g", "hsc-r", "hsc-i", "hsc-z", "hsc-y"]
    stamp = planes(labels, 160).astype("f4")
    image = {
        "band": labels, "flux": stamp.tolist(), "ivar": np.abs(stamp).tolist(),
        "mask": (stamp > 1).tolist(), "psf_fwhm": [0.7] * 5, "scale": [0.168] * 5,
    }  # fmt: skip
    leaves = survey("hsc").leaves.values()
    floats = [leaf.name for leaf in leaves if not (leaf.block or leaf.derived)]
    floats = [name for name in floats if name not in ("object_id", "ra", "dec")]
    write_partition(
        tmp_path / "pdr3_dud_22.5",
        image=[image], **{name: pa.array([0.5], pa.float32()) for name in floats},
        ra=[150.0], dec=[2.0], object_id=["43158605715669"],
    )  # fmt: skip
    (row,) = read("hsc", "hats")
    assert row["object_id"] == "43158605715669"
    assert row["image"]["band"] == ["g", "r", "i", "z", "y"]
    assert np.array(row["image"]["mask"])[:, 0, 0].tolist() == [False, False, True, True, True]
    assert (row["i_cmodel_mag"], row["i_cmodel_mag_dered"]) == (0.5, 0.0)


def test_decals_when_hats_lacks_the_numbers_of_the_survey_then_known_by_hemisphere(read, tmp_path):
    labels = ["des-g", "des-r", "des-z"]
    image = {
        "band": labels, "flux": planes(labels, 152).astype("f4").tolist(),
        "psf_fwhm": [0.0, 1.5, 1.25], "scale": [0.262] * 3,
    }  # fmt: skip
    names = [f"{f}_{b}" for f in ("flux", "fiberflux", "psfdepth") for b in "grz"]
    for region in ("north", "south"):
        write_partition(
            tmp_path / region,
            image=[image], **{name: pa.array([2.5], pa.float32()) for name in names},
            ebv=pa.array([0.02], pa.float32()), z_spec=pa.array([-99], pa.float32()),
            ra=[10.0], dec=[33.0], object_id=["1628"],
        )  # fmt: skip
    rows = read("decals", "hats")
    assert [row["object_id"] for row in rows] == ["north-1628", "south-1628"]
    assert [row["internal_inds"] for row in rows] == [1628, 1628]
    assert [row["region"] for row in rows] == ["north", "south"]
    assert {(row["z_spec"], row["brickid"]) for row in rows} == {(None, None)}
    assert rows[0]["image"]["band"] == ["g", "r", "z"]
    assert np.isnan(rows[0]["image"]["psf_fwhm"][0])


def spectrum(wavelength):
    """Return a spectrum as a struct of lists of 32 bits."""
    numbers = pa.array([wavelength], pa.list_(pa.float32()))
    names = ["flux", "ivar", "lsf_sigma", "lambda", "mask"]
    flags = pa.array([[x < 0 for x in wavelength]], pa.list_(pa.bool_()))
    return pa.StructArray.from_arrays([numbers] * 4 + [flags], names=names)


def test_sdss_when_hats_then_ids_freed_padding_gone_and_flag_keeps_its_meaning(read, tmp_path):
    fluxes = [
        f"{f}{i}_{b}"
        for f in ("SPECTROFLUX", "SPECTROSYNFLUX") for i in ("", "_IVAR") for b in "UGRIZ"
    ]  # fmt: skip
    numbers = [*fluxes, "Z", "Z_ERR", "VDISP", "VDISP_ERR"]
    for program, bad in (("sdss", False), ("boss", True)):
        write_partition(
            tmp_path / program,
            spectrum=spectrum([4000, 4001, 4002, -1]),
            **{name: pa.array([1.5], pa.float32()) for name in numbers},
            ra=[1.0], dec=[2.0], healpix=[7], ZWARNING=[bad],
            object_id=[f"b'  {program}299489677444933632'"],
        )  # fmt: skip
    rows = read("sdss", "hats")
    assert [row["object_id"] for row in rows] == [
        "sdss299489677444933632",
        "boss299489677444933632",
    ]
    assert [(row["ZWARNING"], row["ZWARNING_bad"]) for row in rows] == [(None, False), (None, True)]
    assert rows[0]["spectrum"]["lambda"] == [4000, 4001, 4002]
    assert rows[0]["SPECTROSYNFLUX_IVAR_Z"] == 1.5


def test_desi_when_hats_then_true_still_means_good_there_and_bad_here(read, tmp_path):
    fluxes = [f"{f}_{b}" for f in ("FLUX", "FLUX_IVAR", "FIBERFLUX", "FIBERTOTFLUX") for b in "GRZ"]
    for config, good in (("dr1_main", True), ("edr_sv3", False)):
        write_partition(
            tmp_path / config,
            spectrum=spectrum(np.linspace(3600, 9824, 7781)),
            **{name: pa.array([-99], pa.float32()) for name in fluxes},
            **{name: pa.array([0.5], pa.float32()) for name in ("Z", "ZERR", "EBV")},
            ra=[1.0], dec=[2.0], ZWARN=[good], object_id=["39627"],
        )  # fmt: skip
        (row,) = read("desi", "hats", config=config)
        assert (row["ZWARN"], row["ZWARN_bad"], row["PHOTSYS"]) == (None, not good, None)
        assert (row["Z"], row["FLUX_G"], len(row["spectrum"]["mask"])) == (0.5, None, 7781)


def test_gaia_when_hats_then_groups_are_structs_and_positions_keep_their_digits(
    survey, read, tmp_path
):
    schema = survey("gaia")
    structs = {}
    for name, block in schema.blocks.items():
        fields = [address.partition(".")[2] for address in block.leaves]
        number = {"ra": 286.71691289637, "dec": 0.27, "astrometric_params_solved": 31}
        if block.axes:
            values = [pa.array([[0.5] * 110], pa.list_(pa.float32()))] * len(fields)
        else:
            values = [pa.array([number.get(f, 0.5)], pa.float32()) for f in fields]
        structs[name] = pa.StructArray.from_arrays(values, names=fields)
    write_partition(
        tmp_path / "gaia_dr3",
        **structs, ra=[286.71691289637], dec=[0.27], healpix=[3], object_id=[4267180339403392768],
    )  # fmt: skip
    (row,) = read("gaia", "hats")
    assert row["object_id"] == "4267180339403392768"
    assert row["ra"] == row["astrometry"]["ra"] == 286.71691289637
    assert row["corrections"]["astrometric_params_solved"] == 31
    assert row["photometry"]["phot_g_mean_flux"] == 0.5
    assert row["spectral_coefficients"]["coeff"] == [0.5] * 110


def test_meaning_when_exported_then_tells_scales_codes_and_polarity(survey):
    schema = survey("legacysurvey")
    assert schema.leaves["pictures.object_mask"].field.codes["0"] == "none"
    assert schema.leaves["catalog.TYPE"].field.codes["2"] == "REX"
    assert {schema.leaves["image.mask"].field.true_means} == {"good"}
    assert survey("jwst").blocks["image"].modality.pixel_scale["f444w"] == 0.04
    configs = {"all", "ceers", "gdn", "gds", "ngdeep", "primer-cosmos", "primer-uds"}
    assert set(survey("jwst").file.configs) == configs
    assert survey("jwst").config_name(None) == "all"
