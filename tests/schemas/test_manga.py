"""Cubes, images and maps of galaxies: one group an object, with compound data sets."""

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PIXELS, SIDE = 4563, 96
SPECTRA = {"flux": ">f4", "ivar": ">f4", "mask": ">i4", "lsf_sigma": ">f4", "lambda": "<f4"}
PLACES = dict.fromkeys(("skycoo_x", "skycoo_y"), "<f4")
PLACES |= {f"ellcoo_{c}": "<f4" for c in ("r", "rre", "rkpc", "theta")}
UNITS = {"flux": "1E-17 erg/s/cm^2/Ang/spaxel", "lambda": "Angstrom", "skycoo": "arcsec"}
UNITS |= {"ellcoo_r": "arcsec", "ellcoo_rre": "", "ellcoo_rkpc": "kpc/h", "ellcoo_theta": "degrees"}
WAVELENGTH = np.float32(10 ** (3.55892 + 1e-4 * np.arange(PIXELS)))
#: Mask of each spaxel: outside the cube of the pipeline, outside the bundle, within it.
MASKS = {0: 1024, 4655: 1027, 4656: 0, 4657: 1024, 9215: 1024}
DONOTUSE = 2**30


def spaxels():
    """Return a cube as rows of a table, 4657 with one good pixel among bad ones."""
    dtype = [(name, kind, (PIXELS,)) for name, kind in SPECTRA.items()]
    dtype += [(name, "<i8") for name in ("x", "y", "spaxel_idx")]
    dtype += [(f"{name}_units", "S27") for name in ("flux", "lambda")]
    dtype += list(PLACES.items())
    dtype += [(f"{name}_units", "S8") for name in list(UNITS)[2:]]
    rows = np.zeros(len(MASKS), dtype=dtype)
    rows["spaxel_idx"] = list(MASKS)
    rows["y"], rows["x"] = np.divmod(rows["spaxel_idx"], SIDE)
    rows["lambda"] = WAVELENGTH
    rows["mask"] = np.array(list(MASKS.values()))[:, None]
    rows["mask"][3, 7] = 8
    rows["flux"] = rows["spaxel_idx"][:, None]
    rows["flux"][2] = np.arange(PIXELS)
    rows["ivar"], rows["lsf_sigma"] = 4, 1.25
    for k, name in enumerate(PLACES):
        rows[name] = k + rows["x"] / 2
    for name, unit in UNITS.items():
        rows[f"{name}_units"] = unit.encode()
    return rows


def images():
    kinds = {"band": "S5", "array": ("<f4", (SIDE, SIDE)), "array_units": "S17"}
    kinds |= {"psf": ("<f4", (SIDE, SIDE)), "psf_units": "S17", "scale": "<f8", "scale_units": "S6"}
    rows = np.zeros(4, dtype=[(f"image_{name}", kind) for name, kind in kinds.items()])
    rows["image_band"] = [b"g", b"r", b"i", b"z"]
    rows["image_array"] = np.arange(4.0)[:, None, None] + np.arange(SIDE)
    rows["image_psf"], rows["image_scale"] = 0.25, 0.5
    rows["image_array_units"] = rows["image_psf_units"] = b"nanomaggies/pixel"
    return rows


def maps():
    field = dict.fromkeys(("array", "ivar", "mask"), ("<f4", (SIDE, SIDE)))
    kinds = {"group": "S20", "label": "S30", **field, "array_units": "S30"}
    rows = np.zeros(3, dtype=list(kinds.items()))
    rows["label"] = [b"stellar_vel", b"emline_gvel_ha_6564", b"spx_skycoo_on_sky_x"]
    rows["group"] = [b"stellar_vel", b"emline_gvel", b"spx_skycoo"]
    rows["array_units"] = [b"km/s", b"km/s", b"arcsec"]
    rows["array"] = np.arange(3.0)[:, None, None]
    rows["mask"] = np.array([0, DONOTUSE + 2**9, DONOTUSE])[:, None, None]
    return rows


@pytest.fixture
def write_groups(tmp_path):
    """Return a function that writes one file with a group an object."""

    def write(path, redshifts):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(target, "w") as file:
            file.attrs["project"], file.attrs["release"] = "SDSS", "DR17"
            for name, redshift in redshifts.items():
                group = file.create_group(name, track_order=True)
                scalars = {"object_id": name, "ra": 232.544703894, "dec": 48.6902009334}
                scalars |= {"healpix": np.int64(583), "z": redshift, "spaxel_size": 0.5}
                for key, value in (scalars | {"spaxel_size_unit": b"arcsec"}).items():
                    group.attrs[key] = group[key] = value
                group["spaxels"], group["images"], group["maps"] = spaxels(), images(), maps()

    return write


PATH = "manga/healpix=583/001-of-001.hdf5"


def test_manga_when_one_group_an_object_then_compound_fields_get_their_names(write_groups, read):
    write_groups(PATH, {"8485-1901": 0.0407447, "8485-1902": -9999.0})
    first, second = read("manga")
    assert (first["object_id"], second["object_id"]) == ("8485-1901", "8485-1902")
    assert (first["ra"], first["dec"]) == (232.544703894, 48.6902009334)
    assert (round(first["z"], 6), second["z"]) == (0.040745, None)
    assert (first["spaxel_size"], first["spaxel_size_units"]) == (0.5, "arcsec")
    assert set(first["images"]) == {
        "filter", "flux", "flux_units", "psf", "psf_units", "scale", "scale_units"
    }  # fmt: skip
    assert set(first["maps"]) == {
        "group",
        "label",
        "flux",
        "ivar",
        "mask",
        "mask_bad",
        "array_units",
    }
    names = {"flux", "ivar", "mask", "mask_bad", "lsf", "lambda", "x", "y", "spaxel_idx", *PLACES}
    assert set(first["spaxels"]) == names | {f"{name}_units" for name in UNITS}


def test_manga_when_padded_to_the_grid_then_spaxels_of_the_cube_stay(write_groups, read):
    write_groups(PATH, {"8485-1901": 0.04})
    (row,) = read("manga")
    cube = row["spaxels"]
    assert cube["spaxel_idx"] == [4655, 4656, 4657]
    assert (cube["y"], cube["x"]) == ([48, 48, 48], [47, 48, 49])
    mask = np.array(cube["mask"])
    assert (mask.shape, mask.dtype.kind) == ((3, PIXELS), "i")
    assert mask[:, 6:9].tolist() == [[1027] * 3, [0] * 3, [1024, 8, 1024]]
    assert np.array_equal(cube["mask_bad"], mask != 0)
    assert np.array_equal(cube["flux"][1], np.arange(PIXELS))
    assert np.array_equal(cube["lsf"], np.full((3, PIXELS), 1.25))
    assert np.array_equal(np.float32(cube["lambda"]), WAVELENGTH)  # once, not for every spaxel
    assert cube["ellcoo_theta"] == [28.5, 29, 29.5]
    assert {name: cube[f"{name}_units"] for name in UNITS} == UNITS


def test_manga_when_maps_have_flags_as_floats_then_integers_in_order_of_label(write_groups, read):
    write_groups(PATH, {"8485-1901": 0.04})
    (row,) = read("manga")
    found = row["maps"]
    assert found["label"] == ["emline_gvel_ha_6564", "spx_skycoo_on_sky_x", "stellar_vel"]
    assert found["array_units"] == ["km/s", "arcsec", "km/s"]
    assert np.array(found["flux"])[:, 0, 95].tolist() == [1, 2, 0]
    mask = np.array(found["mask"])
    assert mask.dtype.kind == "i"
    assert mask[:, 5, 5].tolist() == [DONOTUSE + 512, DONOTUSE, 0]
    assert row["images"]["filter"] == ["g", "r", "i", "z"]
    assert np.array(row["images"]["flux"])[:, 3, 10].tolist() == [10, 11, 12, 13]
    assert row["images"]["scale_units"] == "arcsec"


def test_manga_when_a_chunk_has_many_groups_then_each_is_a_row(write_groups, read):
    write_groups("manga/healpix=583/001-of-002.hdf5", {"1-1": 0.1, "1-2": 0.2})
    write_groups("manga/healpix=583/002-of-002.hdf5", {"1-3": 0.3})
    assert [row["object_id"] for row in read("manga", without=("spaxels.flux",))] == [
        "1-1", "1-2", "1-3"
    ]  # fmt: skip


def structs(rows, names):
    """Return one list of structs; spectra are of shape (1, pixels), as in the converter."""
    columns = {}
    for old, new in names.items():
        values = rows[old].astype("U") if rows[old].dtype.kind == "S" else rows[old]
        columns[new] = (values[:, None] if values.shape[1:] == (PIXELS,) else values).tolist()
    return [[dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]]


def test_manga_when_in_hats_form_then_lists_of_structs_are_the_same(tmp_path, write_groups, read):
    cube, planes, fields = spaxels(), images(), maps()
    renamed = {name: name.replace("lsf_sigma", "lsf") for name in cube.dtype.names}
    filters = {"image_band": "filter", "image_array": "flux", "image_psf": "psf"}
    filters |= {"image_array_units": "flux_units", "image_psf_units": "psf_units"}
    filters |= {"image_scale": "scale", "image_scale_units": "scale_units"}
    table = {
        "z": [0.04],
        "spaxel_size": [0.5],
        "spaxel_size_units": ["arcsec"],
        "spaxels": structs(cube, renamed),
        "images": structs(planes, filters),
        "ra": [232.544703894],
        "dec": [48.6902009334],
        "maps": structs(fields, {n: {"array": "flux"}.get(n, n) for n in fields.dtype.names}),
        "object_id": ["8485-1901"],
    }
    path = tmp_path / "manga/dataset/Norder=4/Dir=0/Npix=583.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table(table), path)
    write_groups(PATH, {"8485-1901": 0.04})
    assert read("manga", "hats") == read("manga")
