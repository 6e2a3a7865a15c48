"""Alerts: real stamps of ZTF beside their table, made-up packets in the published schema."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

import astropile as ap
from astropile.errors import CellError, CorruptFileError
from tests.same_examples import assert_same_in

fastavro = pytest.importorskip("fastavro", reason="packets are written with fastavro")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def known(text: str, *missing: float) -> float | None:
    return None if text == "" or float(text) in missing else float(text)


def test_btsbot_when_stamps_lie_beside_the_table_then_row_by_row(shared_data, examples):
    folder = shared_data("ztf_btsbot")
    found = examples("btsbot", "sample", config="sample", root=folder)
    real = rows_of(folder / "usage_candidates.csv")
    stamps = np.load(folder / "usage_triplets.npy")
    assert len(found.rows) == len(real) == len(stamps) == 39
    assert found.column("object_id") == [row["candid"] for row in real]
    for row, line, triplet in zip(found.rows, real, stamps, strict=True):
        for name in ("ra", "dec", "jd", "jdstarthist", "jdstartref"):
            assert row[name] == float(line[name])
        for name in ("magpsf", "drb", "acai_h", "scorr", "days_to_peak"):
            assert row[name] == np.float32(line[name])
        for name in ("sgmag2", "srmag3", "distpsnr3", "sgscore3"):
            value = known(line[name], -999)
            assert row[name] == (None if value is None else np.float32(value))
        assert (row["OBJECT_ID_"], row["isdiffpos"]) == (line["objectId"], True)
        assert (row["fid"], row["nmtchps"]) == (int(line["fid"]), int(line["nmtchps"]))
        assert (row["split"], row["N"], row["is_SN"]) == (None, None, None)
        image = row["image"]
        assert image["view"] == ["science", "reference", "difference"]
        assert image["band"] == [" gr"[row["fid"]]] * 3
        np.testing.assert_array_equal(image["array"], np.float32(triplet).transpose(2, 0, 1))
    assert set(found.column("fid")) == {1, 2}


def publish(folder: Path, root: Path) -> list[dict[str, str]]:
    """Share the real alerts out among splits, with numbers and columns as on Zenodo."""
    lines = rows_of(folder / "usage_candidates.csv")
    stamps = np.load(folder / "usage_triplets.npy")
    for k, line in enumerate(lines):
        line["candid"] = str(2466440001015015000 + k)
        line |= {"is_SN": "True", "near_threshold": "False", "is_rise": "True", "N": str(k + 1)}
        line["source_set"] = "trues"
    root.mkdir()
    for part, split in enumerate(("train", "val", "test")):
        name = "{}_{}_v10_N100_programid1.{}".format
        with (root / name(split, "cand", "csv")).open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines[part::3])
        np.save(root / name(split, "triplets", "npy"), stamps[part::3])
    return lines


def test_btsbot_when_published_then_splits_by_file(shared_data, tmp_path):
    lines = publish(shared_data("ztf_btsbot"), tmp_path / "zenodo")
    survey = ap.load("btsbot", data_dir=tmp_path / "zenodo", source="zenodo")
    rows = list(survey)
    assert [row["object_id"] for row in rows] == [
        line["candid"] for part in range(3) for line in lines[part::3]
    ]
    assert [row["split"] for row in rows] == ["train"] * 13 + ["val"] * 13 + ["test"] * 13
    assert {(row["is_SN"], row["near_threshold"], row["is_rise"]) for row in rows} == {
        (True, False, True)
    }
    stamps = np.load(shared_data("ztf_btsbot") / "usage_triplets.npy")
    for row in rows:
        triplet = np.float32(stamps[row["N"] - 1]).transpose(2, 0, 1)
        np.testing.assert_array_equal(row["image"]["array"], triplet)


@pytest.mark.parametrize("other", ["mmu", "hats"])
def test_btsbot_when_in_the_archives_then_the_same_example(shared_data, tmp_path, other):
    publish(shared_data("ztf_btsbot"), tmp_path / "zenodo")
    survey = ap.load("btsbot", data_dir=tmp_path / "zenodo", source="zenodo")
    leaves = assert_same_in(survey, other, tmp_path / other)
    assert {"image.array", "image.band", "jd", "is_SN", "sgmag2", "split"} <= set(leaves)


@pytest.mark.parametrize("count", [38, 40])
def test_btsbot_when_counts_differ_then_error_with_both(put, examples, tmp_path, count):
    put("ztf_btsbot", "usage_candidates.csv", "usage_candidates.csv")
    np.save(tmp_path / "usage_triplets.npy", np.zeros((count, 63, 63, 3)))
    with pytest.raises(CellError, match=rf"usage_triplets\.npy.* {count} rows.* has 39"):
        examples("btsbot", "sample", config="sample")


def test_btsbot_when_array_is_cut_short_or_absent_then_told(put, shared_data, examples, tmp_path):
    put("ztf_btsbot", "usage_candidates.csv", "usage_candidates.csv")
    with pytest.raises(CellError, match="usage_triplets"):
        examples("btsbot", "sample", config="sample")
    whole = (shared_data("ztf_btsbot") / "usage_triplets.npy").read_bytes()
    (tmp_path / "usage_triplets.npy").write_bytes(whole[:100_000])
    with pytest.raises(CorruptFileError, match=r"usage_triplets\.npy"):
        examples("btsbot", "sample", config="sample")


def record(name: str, *fields: tuple[str, Any]) -> dict[str, Any]:
    listed = [{"name": key, "type": kind} for key, kind in fields]
    return {"type": "record", "name": name, "namespace": "ztf.alert", "fields": listed}


OPTIONAL = ["float", "null"]
CANDIDATE = record(
    "candidate", ("jd", "double"), ("fid", "int"), ("isdiffpos", "string"), ("ra", "double"),
    ("dec", "double"), ("magpsf", "float"), ("sigmapsf", "float"), ("distpsnr1", OPTIONAL),
)  # fmt: skip
PREVIOUS = record(
    "prv_candidate", ("jd", "double"), ("fid", "int"), ("magpsf", OPTIONAL), ("sigmapsf", OPTIONAL)
)
CUTOUT = record("cutout", ("fileName", "string"), ("stampData", "bytes"))
SCHEMA = record(
    "alert", ("objectId", "string"), ("candid", "long"), ("candidate", CANDIDATE),
    ("prv_candidates", [{"type": "array", "items": PREVIOUS}, "null"]),
    ("cutoutScience", [CUTOUT, "null"]), ("cutoutTemplate", ["ztf.alert.cutout", "null"]),
    ("cutoutDifference", ["ztf.alert.cutout", "null"]),
)  # fmt: skip


def packet(number: int, history: list[tuple[float, int, float | None]] | None) -> dict[str, Any]:
    """Make an alert; stamps hold its number, 0.25 of it and 0.75 of it."""

    def stamp(value: float) -> dict[str, Any]:
        file = io.BytesIO()
        fits.PrimaryHDU(np.full((63, 63), value, "f4")).writeto(file)
        return {"fileName": "a.fits.gz", "stampData": gzip.compress(file.getvalue())}

    previous = None
    if history is not None:
        previous = [
            {"jd": jd, "fid": fid, "magpsf": mag, "sigmapsf": None if mag is None else 0.125}
            for jd, fid, mag in history
        ]
    candidate = {"jd": 2460220.5, "fid": 1, "isdiffpos": "t" if number % 2 else "f",
                 "ra": 143.5 + number, "dec": 83.9734, "magpsf": 18.25, "sigmapsf": 0.0625,
                 "distpsnr1": -999.0 if number % 2 else 2.5}  # fmt: skip
    stamps = {
        f"cutout{name}": stamp(number * share)
        for name, share in (("Science", 1), ("Template", 0.25), ("Difference", 0.75))
    }
    return {"objectId": "ZTF23abhvlji", "candid": 2466440001015015000 + number,
            "candidate": candidate, "prv_candidates": previous, **stamps}  # fmt: skip


def write_packets(root: Path, *packets: dict[str, Any]) -> None:
    for alert in packets:
        with (root / f"{alert['candid']}.avro").open("wb") as file:
            fastavro.writer(file, SCHEMA, [alert])


def test_packets_when_history_is_within_then_light_curve_ends_with_the_alert(examples, tmp_path):
    history = [(2460218.5, 2, 18.75), (2460200.5, 1, None), (2460210.5, 1, 19.0)]
    write_packets(tmp_path, packet(1, history), packet(2, []), packet(3, None))
    rows = examples("ztf_alerts").rows
    assert [row["object_id"][-1] for row in rows] == ["1", "2", "3"]
    assert [row["ra"] for row in rows] == [144.5, 145.5, 146.5]
    assert [row["isdiffpos"] for row in rows] == [True, False, True]
    assert [row["distpsnr1"] for row in rows] == [None, 2.5, None]
    curve = rows[0]["lightcurve"]
    assert curve["time"] == [2460210.5, 2460218.5, 2460220.5]  # an upper limit is no measurement
    assert curve["band"] == ["g", "r", "g"]
    assert (curve["mag"], curve["mag_err"]) == ([19.0, 18.75, 18.25], [0.125, 0.125, 0.0625])
    for row in rows[1:]:
        assert (row["lightcurve"]["time"], row["lightcurve"]["mag"]) == ([2460220.5], [18.25])
    for number, row in enumerate(rows, 1):
        truth = np.broadcast_to(number * np.array([1, 0.25, 0.75])[:, None, None], (3, 63, 63))
        np.testing.assert_array_equal(row["image"]["flux"], truth)


def test_packets_when_a_stamp_is_damaged_then_file_is_named(examples, tmp_path):
    alert = packet(1, [])
    alert["cutoutTemplate"]["stampData"] = alert["cutoutTemplate"]["stampData"][:40]
    write_packets(tmp_path, alert)
    with pytest.raises(CellError, match=r"2466440001015015001\.avro: cutoutTemplate\.stampData"):
        examples("ztf_alerts")
