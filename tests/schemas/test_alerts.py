"""Alerts with stamps, and simulated light curves, with splits, as Multimodal Universe has them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from astropile.engine import Run, compile_plan

VIEWS = ["science", "reference", "difference"]
TEXTS = {"OBJECT_ID_": b"ZTF21acdjasw", "source_set": b"trues"}
NOT_STORED = ("object_id", "ra", "dec", "split", *TEXTS)


def read_split(schema, root, config, split, source="mmu"):
    """Return the ids of one split."""
    chosen = {"config": config, "source": source, "splits": [split]}
    plan = compile_plan(schema, wanted=["object_id"], **chosen)
    return [i for table in Run(plan, root).tables() for i in table["object_id"].to_pylist()]


def alert_cells(schema, n):
    """Return the columns that are numbers or bools: the value is the row's number."""
    leaves = [leaf for leaf in schema.leaves.values() if not leaf.block]
    kinds = {leaf.name: leaf.field.dtype for leaf in leaves if leaf.name not in NOT_STORED}
    # The converter stores what pandas reads: float64, int64 and bool.
    wide = {"float32": "f8", "float64": "f8", "int64": "i8", "bool": "?"}
    return {name: np.arange(n).astype(wide[kind]) for name, kind in kinds.items()}


def write_alerts(schema, write_hdf5, path, ids, **cells):
    n = len(ids)
    triplet = np.zeros((n, 63, 63, 3))
    triplet[:, 5, 9] = [0.25, 0.5, -0.125]
    triplet[:, 9, 5] = [1, 2, 3]
    values = alert_cells(schema, n) | {name: np.array([text] * n) for name, text in TEXTS.items()}
    split = path.split("/")[-1].split("_")[0]
    values |= {
        "object_id": np.int64(ids), "split": np.array([split.encode()] * n),
        "ra": 200.123456789012 + np.arange(n), "dec": np.linspace(-10, 10, n),
        "healpix": np.full(n, 42), "band": np.array([b"r", b"g"] * n)[:n],
        "image_scale": np.full(n, 1.01), "image_triplet": triplet,
    }  # fmt: skip
    write_hdf5(path, **(values | cells))


ID = 2418290236115015016


def test_btsbot_when_views_are_the_last_axis_then_planes(survey, write_hdf5, read):
    path = "data/healpix=0042/train_001-of-001.hdf5"
    write_alerts(survey("btsbot"), write_hdf5, path, [ID, ID + 1])
    first, second = read("btsbot")
    image = first["image"]
    assert image["view"] == VIEWS
    assert (image["band"], second["image"]["band"]) == (["r"] * 3, ["g"] * 3)
    array = np.array(image["array"])
    assert array.shape == (3, 63, 63)
    assert array[:, 5, 9].tolist() == [0.25, 0.5, -0.125]
    assert array[:, 9, 5].tolist() == [1, 2, 3]
    np.testing.assert_allclose(image["scale"], 1.01, rtol=1e-6)
    assert (first["object_id"], second["object_id"]) == (str(ID), str(ID + 1))
    assert (first["ra"], first["dec"]) == (200.123456789012, -10)
    assert (first["OBJECT_ID_"], first["source_set"]) == ("ZTF21acdjasw", "trues")


def test_btsbot_when_dates_are_exact_then_they_stay_so(survey, write_hdf5, read):
    dates = {name: [2459487.8123456] for name in ("jd", "jdstarthist", "jdstartref")}
    path = "data/healpix=0042/val_001-of-001.hdf5"
    write_alerts(survey("btsbot"), write_hdf5, path, [ID], **dates)
    (row,) = read("btsbot")
    assert {name: [row[name]] for name in dates} == dates


def test_btsbot_when_no_neighbour_then_null(survey, write_hdf5, read):
    near = [f"s{band}mag{n}" for band in "griz" for n in "123"]
    near += [f"{name}{n}" for name in ("sgscore", "distpsnr") for n in "123"]
    near += ["neargaia", "neargaiabright", "maggaia", "maggaiabright", "seeratio", "drb"]
    path = "data/healpix=0042/test_001-of-001.hdf5"
    cells = {name: np.array([-999.0, 0.5]) for name in near}
    write_alerts(survey("btsbot"), write_hdf5, path, [ID, ID + 1], **cells)
    without, with_one = read("btsbot")
    assert [without[name] for name in near] == [None] * 24
    assert [with_one[name] for name in near] == [0.5] * 24
    assert (without["nneg"], with_one["nneg"], with_one["sharpnr"]) == (0, 1, 1)


def test_btsbot_when_plain_statements_then_no_masks(survey, write_hdf5, read):
    path = "data/healpix=0042/train_001-of-001.hdf5"
    write_alerts(survey("btsbot"), write_hdf5, path, [ID, ID + 1])
    rows = read("btsbot")
    names = ("isdiffpos", "is_SN", "near_threshold", "is_rise")
    assert [[row[name] for name in names] for row in rows] == [[False] * 4, [True] * 4]
    assert {survey("btsbot").leaves[name].field.true_means for name in names} == {"neither"}


def test_btsbot_when_splits_are_files_then_told_apart(survey, write_hdf5, read, tmp_path):
    schema = survey("btsbot")
    for number, split in enumerate(["test", "train", "val"]):
        for folder in ("0042", "2999"):
            i = ID + 10 * number + int(folder) % 10
            write_alerts(schema, write_hdf5, f"data/healpix={folder}/{split}_001-of-001.hdf5", [i])
    rows = read("btsbot")
    assert [row["split"] for row in rows] == ["train"] * 2 + ["val"] * 2 + ["test"] * 2
    assert read_split(schema, tmp_path, "BTSbot", "val") == [str(ID + 22), str(ID + 29)]


def test_btsbot_hats_when_splits_are_mixed_then_told_apart(survey, tmp_path, read):
    schema = survey("btsbot")
    cells = alert_cells(schema, 3)
    small = {"f": pa.float32(), "i": pa.int64(), "b": pa.bool_()}
    columns = {name: pa.array(x, small[x.dtype.kind]) for name, x in cells.items()}
    array = np.arange(3 * 63 * 63, dtype="f4").reshape(3, 63, 63)
    nested = pa.list_(pa.list_(pa.list_(pa.float32())))
    parts = {
        "band": pa.array([[b] * 3 for b in "rgr"], pa.list_(pa.string())),
        "view": pa.array([VIEWS] * 3, pa.list_(pa.string())),
        "array": pa.array([(array + k).tolist() for k in range(3)], nested),
        "scale": pa.array([[1.01] * 3] * 3, pa.list_(pa.float32())),
    }
    columns["image"] = pa.StructArray.from_arrays([*parts.values()], names=[*parts])
    columns["jd"] = pa.array(np.float32([2459487.8] * 3))
    table = pa.table(
        columns | {
            "object_id": pa.array([ID, ID + 1, ID + 2], pa.int64()), "ra": [1.0, 2, 3],
            "dec": [3.0, 4, 5], "split": ["val", "train", "val"], "healpix": [1, 2, 3],
            **{name: [text.decode()] * 3 for name, text in TEXTS.items()},
        }
    )  # fmt: skip
    path = tmp_path / "BTSbot/dataset/Norder=4/Dir=0/Npix=5.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(table, path)
    rows = read("btsbot", "hats")
    assert [row["object_id"][-2:] for row in rows] == ["17", "16", "18"]
    assert [row["split"] for row in rows] == ["train", "val", "val"]
    assert np.array_equal(rows[0]["image"]["array"], array + 1)
    assert (rows[0]["image"]["band"], rows[0]["image"]["view"]) == (["g"] * 3, VIEWS)
    assert abs(rows[0]["jd"] - 2459487.8) < 0.13
    assert read_split(schema, tmp_path, "BTSbot", "val", "hats") == [str(ID), str(ID + 2)]


CLASSES = {
    90: "SNIa", 67: "SNIa-91bg", 52: "SNIax", 42: "SNII", 62: "SNIbc", 95: "SLSN-I", 15: "TDE",
    64: "KN", 88: "AGN", 92: "RRL", 65: "M-dwarf", 16: "EB", 53: "Mira", 6: "MicroLens-Single",
    99: "extra", 991: "MicroLens-Binary", 992: "ILOT", 993: "CaRT", 994: "PISN",
    995: "MicroLens-String",
}  # fmt: skip


def simulated(n, first):
    """Return columns and light curves [n, band, (time, flux, error), epoch] with one full band."""
    curves = np.zeros((n, 6, 3, 4))
    curves[:, 0, :, :2] = [[59582.3282, 59580.25], [-1.5, 2.5], [0.5, 0.25]]
    curves[:, 3, :, :1] = [[60674.26171875], [7], [1]]
    codes = [*CLASSES]
    return {
        "object_id": np.arange(first, first + n), "ra": np.linspace(0, 359, n),
        "dec": np.linspace(-64.7609, 4.1815, n), "redshift": np.linspace(0, 3, n),
        "hostgal_specz": np.where(np.arange(n) % 2, -9, 0.25), "hostgal_photoz": np.full(n, 0.5),
        "obj_type": np.array([codes[k % 20] for k in range(n)]), "lightcurve": curves,
    }  # fmt: skip


def test_plasticc_when_fields_are_places_of_an_axis_then_lists(write_hdf5, read):
    cells = simulated(20, 615)
    write_hdf5("data/healpix=1714/train_01.hdf5", **cells)
    rows = read("plasticc")
    curve = rows[0]["lightcurve"]
    assert curve["band"] == ["u", "u", "i"]
    assert curve["time"] == [59580.25, 59582.3282, 60674.26171875]
    assert (curve["flux"], curve["flux_err"]) == ([2.5, -1.5, 7], [0.25, 0.5, 1])
    assert [row["obj_type"] for row in rows] == [*CLASSES.values()]
    assert [row["hostgal_specz"] for row in rows[:4]] == [0.25, None, 0.25, None]
    assert [row["object_id"] for row in rows[:2]] == ["615", "616"]
    assert [row["ra"] for row in rows] == cells["ra"].tolist()
    np.testing.assert_allclose([row["redshift"] for row in rows], cells["redshift"], rtol=1e-6)


def test_plasticc_when_the_last_band_has_data_then_kept(write_hdf5, read):
    cells = simulated(1, 1)
    cells["lightcurve"][0, 5, :, :1] = [[59600.5], [4], [2]]
    write_hdf5("data/healpix=3/train_01.hdf5", **cells)
    (row,) = read("plasticc")
    assert row["lightcurve"]["band"][-1] == "Y"
    assert row["lightcurve"]["flux"][-1] == 4


@pytest.mark.parametrize(
    ("config", "ids"),
    [
        ("plasticc", ["10", "20", "30"]),
        ("train_only", ["10"]),
        ("test_only", ["20", "30"]),
        ("all", ["20", "30", "10"]),
    ],
)
def test_plasticc_when_configs_share_files_then_each_has_its_own(config, ids, write_hdf5, read):
    write_hdf5("data/healpix=17/train_01.hdf5", **simulated(1, 10))
    write_hdf5("data/healpix=17/test_01.hdf5", **simulated(1, 20))
    write_hdf5("data/healpix=17/test_11.hdf5", **simulated(1, 30))
    assert [row["object_id"] for row in read("plasticc", config=config)] == ids


def test_plasticc_when_split_then_training_and_test_set(survey, write_hdf5, tmp_path):
    schema = survey("plasticc")
    write_hdf5("data/healpix=17/train_01.hdf5", **simulated(2, 10))
    write_hdf5("data/healpix=17/test_01.hdf5", **simulated(1, 20))
    assert read_split(schema, tmp_path, "plasticc", "train") == ["10", "11"]
    assert read_split(schema, tmp_path, "plasticc", "test") == ["20"]
    assert read_split(schema, tmp_path, "test_only", "train") == ["20"]
    assert schema.file.about.simulated


def test_plasticc_hats_when_read_then_as_from_hdf5(write_hdf5, read, tmp_path):
    cells = simulated(4, 75227491)
    cells["lightcurve"][:, 0, 0, 0] = 59582.328125  # a number that float32 holds
    write_hdf5("data/healpix=17/test_01.hdf5", **cells)
    curves = cells.pop("lightcurve")
    parts = {"band": pa.array([np.repeat([*"ugrizY"], 4).tolist()] * 4, pa.list_(pa.string()))}
    for k, name in enumerate(["time", "flux", "flux_err"]):
        values = curves[:, :, k].reshape(4, -1).astype("f4")
        parts[name] = pa.array(values.tolist(), pa.list_(pa.float32()))
    names = ("hostgal_photoz", "hostgal_specz", "redshift")
    table = pa.table({
        "lightcurve": pa.StructArray.from_arrays([*parts.values()], names=[*parts]),
        **{name: pa.array(cells[name].astype("f4")) for name in names},
        "ra": cells["ra"], "dec": cells["dec"],
        "obj_type": [CLASSES[code] for code in cells["obj_type"].tolist()],
        "object_id": cells["object_id"].astype(str),
    })  # fmt: skip
    path = tmp_path / "all/dataset/Norder=4/Dir=0/Npix=5.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(table, path)
    rows = read("plasticc", "hats", config="all")
    assert len(rows) == 4
    assert rows == read("plasticc", config="all")
