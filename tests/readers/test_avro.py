"""Avro: packets written with fastavro in the layout of ZTF alerts. No real packet is at hand."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from astropile.errors import CellError, CorruptFileError, MissingExtraError, UnsafeFileError
from astropile.readers import CellInfo, ReadOptions, _avro_blocks, avro, open_reader

fastavro = pytest.importorskip("fastavro", reason="packets are written with fastavro")
NewPath = Callable[[str], Path]
RowsOf = Callable[[Any], list[Any]]


def record(name: str, *fields: tuple[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "ztf.alert",
            "fields": [{"name": n, "type": t} for n, t in fields]}  # fmt: skip


CANDIDATE = record("candidate", ("jd", "double"), ("fid", "int"), ("pid", "long"),
                   ("pdiffimfilename", ["string", "null"]), ("isdiffpos", "string"),
                   ("ra", "double"), ("dec", "double"), ("magpsf", "float"),
                   ("rb", ["float", "null"]))  # fmt: skip
PREVIOUS = record("prv_candidate", ("jd", "double"), ("fid", "int"),
                  ("diffmaglim", ["float", "null"]), ("candid", ["long", "null"]),
                  ("magpsf", ["float", "null"]))  # fmt: skip
CUTOUT = record("cutout", ("fileName", "string"), ("stampData", "bytes"))
SCHEMA = {
    "type": "record", "name": "alert", "namespace": "ztf", "version": "3.3",
    "fields": [
        {"name": "schemavsn", "type": "string"}, {"name": "publisher", "type": "string"},
        {"name": "objectId", "type": "string"}, {"name": "candid", "type": "long"},
        {"name": "candidate", "type": CANDIDATE},
        {"name": "prv_candidates", "type": [{"type": "array", "items": PREVIOUS}, "null"],
         "default": None},
        {"name": "cutoutScience", "type": [CUTOUT, "null"], "default": None},
        {"name": "cutoutTemplate", "type": ["ztf.alert.cutout", "null"], "default": None},
    ],
}  # fmt: skip


def stamp(seed: int, *shape: int) -> tuple[np.ndarray, bytes]:
    pixels = np.random.default_rng(seed).normal(size=shape).astype(">f4")
    file = io.BytesIO()
    fits.PrimaryHDU(pixels).writeto(file)
    return pixels, gzip.compress(file.getvalue())


def alert(number: int, history: int | None = 2, cutout: bytes | None = None) -> dict[str, Any]:
    previous = None if history is None else [
        {"jd": 2458000.5 + i, "fid": i % 2 + 1, "diffmaglim": 20.5, "candid": None if i else 7 + i,
         "magpsf": None if i else 19.25} for i in range(history)]  # fmt: skip
    return {
        "schemavsn": "3.3", "publisher": "ZTF (www.ztf.caltech.edu)", "objectId": f"ZTF{number:05}",
        "candid": 10**17 + number,
        "candidate": {"jd": 2458100.25, "fid": 1, "pid": 3, "pdiffimfilename": None, "ra": 150.25,
                      "isdiffpos": "t", "dec": 2.5, "magpsf": 18.5, "rb": None if number else 0.5},
        "prv_candidates": previous,
        "cutoutScience": cutout and {"fileName": "a.fits.gz", "stampData": cutout},
        "cutoutTemplate": None,
    }  # fmt: skip


def write(path: Path, records: list[Any], schema: Any = SCHEMA, **options: Any) -> Path:
    with path.open("wb") as file:
        fastavro.writer(file, schema, records, **options)
    return path


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
def test_read_when_alerts_then_fields_lists_and_stamps(
    codec: str, new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Records in records, arrays of records, nulls, gzipped FITS."""
    (first, packed), (second, other) = stamp(1, 4, 3), stamp(2, 4, 3)
    alerts = [alert(0, 2, packed), alert(1, None), alert(2, 0, gzip.decompress(other))]
    path = write(new_path(".avro"), alerts, codec=codec)
    with open_reader(path, "avro", ReadOptions()) as reader:
        cells = dict(reader.cells())
        assert (reader.count_rows(), reader.block_rows()) == (3, 3)
    assert cells["candid"] == CellInfo("int64")
    assert cells["candidate.rb"] == CellInfo("float32")
    assert cells["prv_candidates.jd"] == CellInfo("float64", (None,))
    assert cells["cutoutScience.stampData"] == CellInfo("float32", (None, None))
    found = load(path, "avro")
    assert set(found) == set(cells)
    assert rows_of(found["candid"]) == [10**17, 10**17 + 1, 10**17 + 2]
    assert rows_of(found["objectId"]) == ["ZTF00000", "ZTF00001", "ZTF00002"]
    assert rows_of(found["candidate.rb"]) == [0.5, None, None]
    assert rows_of(found["candidate.pdiffimfilename"]) == [None] * 3
    assert rows_of(found["prv_candidates.jd"]) == [[2458000.5, 2458001.5], None, []]
    assert rows_of(found["prv_candidates.candid"]) == [[7, None], None, []]
    assert rows_of(found["cutoutScience.fileName"]) == ["a.fits.gz", None, "a.fits.gz"]
    pixels = found["cutoutScience.stampData"]
    assert pixels.null.tolist() == [False, True, False]
    assert pixels.data.dtype == np.dtype("f4")
    np.testing.assert_array_equal(pixels.data[[0, 2]], [first, second])
    assert found["cutoutTemplate.stampData"].null.all()


def test_read_when_there_are_many_blocks_then_any_rows_and_each_block_once(
    new_path: NewPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(new_path(".avro"), [alert(i, i % 3) for i in range(50)], sync_interval=2000)
    opened = []

    def unpack(*arguments: Any) -> Any:
        opened.append(arguments[1])
        return _avro_blocks.unpack(*arguments)

    monkeypatch.setattr(avro, "unpack", unpack)
    with open_reader(path, "avro", ReadOptions()) as reader:
        assert reader.count_rows() == 50
        assert 1 < reader.block_rows() < 50
        for start in range(0, 50, 7):
            rows = slice(start, min(50, start + 7))
            found = reader.read(["objectId"], rows)["objectId"].data.tolist()
            assert found == [f"ZTF{i:05}" for i in range(50)[rows]]
        assert len(opened) == len(set(opened)) == 3
        chosen = np.array([1, 17, 17, 49])
        assert reader.read(["candid"], chosen)["candid"].data.tolist() == [
            10**17 + i for i in chosen
        ]
        assert len(reader.read(["prv_candidates.jd"], slice(0, 0))["prv_candidates.jd"]) == 0
        assert len(reader.read(["cutoutScience.stampData"], slice(0, 0))) == 1


def test_read_when_file_is_a_row_then_records_are_an_axis(new_path: NewPath, load: Any) -> None:
    path = write(new_path(".avro"), [alert(4), alert(5)])
    found = load(path, "avro", ["candid", "prv_candidates.jd"], rows="file")
    assert found["candid"].data.shape == (1, 2)
    assert found["prv_candidates.jd"].data.shape == (1, 2, 2)


def test_cells_when_types_have_no_column_then_left_out(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Maps, unions of several, fixed, bytes in arrays; times are integers, enums text."""
    schema = record(
        "r", ("m", {"type": "map", "values": "int"}), ("u", ["int", "string"]),
        ("x", {"type": "fixed", "name": "f", "size": 4}),
        ("y", {"type": "array", "items": "bytes"}),
        ("t", {"type": "long", "logicalType": "timestamp-millis"}), ("n", "null"),
        ("e", {"type": "enum", "name": "c", "symbols": ["A", "B"]}),
        ("g", {"type": "array", "items": {"type": "array", "items": "float"}}),
        ("b", "boolean"),
    )  # fmt: skip
    row = {"m": {}, "u": 1, "x": b"1234", "y": [], "t": 1234, "n": None, "e": "B",
           "g": [[1.0, 2.0], [3.0, 4.0]], "b": True}  # fmt: skip
    path = write(new_path(".avro"), [row, row], schema)
    found = load(path, "avro")
    assert {name: rows_of(column)[1] for name, column in found.items()} == {
        "t": 1234, "n": None, "e": "B", "g": [[1, 2], [3, 4]], "b": True
    }  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"no image", gzip.compress(b"no image"), b"\x1f\x8b", b"", b"SIMPLE  =",
                stamp(1, 4, 3)[1][:-30], stamp(1, 3)[1],
                gzip.compress(b"SIMPLE  =  T" + bytes(9999))]
)  # fmt: skip
def test_read_when_bytes_are_no_image_then_error_names_the_cell(
    content: bytes, new_path: NewPath, load: Any
) -> None:
    path = write(new_path(".avro"), [alert(1, 0, content or b" ")])
    with pytest.raises(CellError, match=rf"{path.name}: cutoutScience.stampData: "):
        load(path, "avro", ["cutoutScience.stampData"])
    assert load(path, "avro", ["candid"])["candid"].data.tolist() == [10**17 + 1]


def test_read_when_an_image_is_a_bomb_then_refused(
    new_path: NewPath, load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(avro, "_STAMP_BYTES", 10_000)
    path = write(new_path(".avro"), [alert(1, 0, gzip.compress(bytes(10_001)))])
    with pytest.raises(UnsafeFileError, match="more than 10000 bytes"):
        load(path, "avro", ["cutoutScience.stampData"])


def test_read_when_a_block_is_a_bomb_then_refused(
    new_path: NewPath, load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_avro_blocks, "BOMB_BYTES", 10**5)
    schema = record("r", ("t", "string"))
    path = write(new_path(".avro"), [{"t": "x" * 10**6}], schema, codec="deflate")
    with pytest.raises(UnsafeFileError, match="decompress to more than"):
        load(path, "avro")


def container(schema: Any, block: bytes, n_records: int, codec: bytes = b"null") -> bytes:
    """Return a file that fastavro would not write."""
    file, text = io.BytesIO(), schema if isinstance(schema, bytes) else json.dumps(schema).encode()
    meta = {"avro.schema": text, "avro.codec": codec}
    fastavro.schemaless_writer(file, {"type": "map", "values": "bytes"}, meta)
    body = io.BytesIO()
    for number in (n_records, len(block)):
        fastavro.schemaless_writer(body, "long", number)
    return b"Obj\x01" + file.getvalue() + b"s" * 16 + body.getvalue() + block + b"s" * 16


SELF = record("r", ("next", ["null", "ztf.alert.r"]))
NOTHING = record("r", ("x", {"type": "array", "items": "null"}))


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (container(SELF, b"\x02" * 10**5, 1), UnsafeFileError, "records of their own kind"),
        (
            container(NOTHING, b"\xfe\xff\xff\xff\xff\xff\x0f\0", 1),
            UnsafeFileError,
            "take no bytes",
        ),
        (container(record("r"), b"", 0), UnsafeFileError, "records take no bytes"),
        (container(b'{"type":"array","items":' * 10**5, b"", 0), UnsafeFileError, "levels"),
        (container({"type": "array", "items": "int"}, b"\0", 1), CorruptFileError, "not hold rec"),
        (container(record("r", ("x", "quaternion")), b"\0", 1), CorruptFileError, "schema in the"),
        (container(b"{", b"\0", 1), CorruptFileError, "schema in the file cannot be read"),
        (container(SCHEMA, b"\0", 1, b"snappy"), CorruptFileError, "compressed with snappy"),
        (container(record("r", ("x", "int")), b"\0", 2**62), CorruptFileError, "records in 1 b"),
        (container(record("r", ("x", "int")), b"\0\0", 1), CorruptFileError, "more than its 1"),
        (container(record("r", ("x", "string")), b"\x7e", 1), CorruptFileError, "be decoded"),
        (container(record("r", ("x", "int")), b"", -1), CorruptFileError, "does not end at"),
        (container(record("r", ("x", "int")), b"x", 1, b"deflate"), CorruptFileError, "ends early"),
        (b"Obj\x01", CorruptFileError, "cannot be read"),
        (b"Obj\x01\0" + b"s" * 16, CorruptFileError, "no schema"),
        (b"Obj\x02", CorruptFileError, "no Avro file"),
    ],
)
def test_read_when_made_to_do_harm_then_one_typed_error(
    content: bytes, error: type[Exception], message: str, new_path: NewPath, load: Any
) -> None:
    """Few bytes make no end of values, no recursion, no memory."""
    path = new_path(".avro")
    path.write_bytes(content)
    with pytest.raises(error, match=rf"{path.name}: .*{message}"):
        load(path, "avro")


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_read_when_damaged_then_no_bare_exception(
    codec: str, new_path: NewPath, refused: Any
) -> None:
    path = write(new_path(".avro"), [alert(0, 1, stamp(3, 2, 2)[1]), alert(1, None)], codec=codec)
    size = path.stat().st_size
    cut, changed = refused(path, "avro", step=7)
    # Cut at the end of the head it is a file without records.
    assert cut >= -(-size // 7) - 1
    assert changed > size // 70


def test_open_when_fastavro_is_absent_then_the_extra_is_told(
    new_path: NewPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(avro, "find_spec", lambda _: None)
    path = write(new_path(".avro"), [alert(0)])
    with pytest.raises(MissingExtraError, match="Avro files need fastavro") as caught:
        open_reader(path, "avro", ReadOptions())
    assert "astropile[avro]" in caught.value.hint


def test_read_when_gzipped_whole_then_opened_as_what_it_holds(new_path: NewPath, load: Any) -> None:
    path = write(new_path(".avro.gz"), [alert(3)])
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert load(path, "avro", ["candid"])["candid"].data.tolist() == [10**17 + 3]
