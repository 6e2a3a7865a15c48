"""Batches over many files: joined where small, in order, with the right file in every error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astropile.engine import scan
from astropile.errors import LeafError, UnsafeFileError
from astropile.schema import parse_schema
from tests.engine.conftest import HEAD, positions, read_all, run_of, survey
from tests.engine.test_run import SPECTRUM, rows_of

Write = Callable[..., Path]
FLUX = "  flux: {dtype: int16, description: Flux.}\n"
PADDED = """
    values: {spectrum.flux: flux, spectrum.lambda: wave}
    keep: {spectrum.pixel: lambda > 0}
"""
OBJECT_FILES = "    tables: {main: {files: '*.hdf5', format: hdf5, rows: file}}\n"


def part(first: int, count: int, **cells: object) -> dict[str, object]:
    """Return cells of some objects with ids of their own."""
    return {**positions(count), "object_id": np.arange(first, first + count), **cells}


def ids_of(root: Path, **options: int) -> list[list[str]]:
    """Return the ids of every batch."""
    run = run_of(survey(), root)
    return [batch.columns["object_id"].data.tolist() for batch in run.batches(**options)]


def test_batches_when_files_are_small_then_joined_in_order(write_hdf5: Write) -> None:
    """A batch costs more than its rows where these are few."""
    for number in range(5):
        root = write_hdf5(part(10 * number, 2), f"{number}.hdf5")
    expected = [str(10 * number + k) for number in range(5) for k in range(2)]
    assert ids_of(root) == [expected]


def test_batches_when_joined_then_not_beyond_the_rows_asked_for(write_hdf5: Write) -> None:
    for number, count in enumerate([2, 1, 3, 1]):
        root = write_hdf5(part(10 * number, count), f"{number}.hdf5")
    sizes = [len(batch) for batch in ids_of(root, batch_rows=3)]
    assert sizes == [3, 3, 1]


def test_batches_when_files_are_big_then_each_by_itself(
    write_hdf5: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is copied for it."""
    monkeypatch.setattr(scan, "JOIN_BYTES", 100)
    for number in range(3):
        root = write_hdf5(part(10 * number, 4 if number == 1 else 1), f"{number}.hdf5")
    assert [len(batch) for batch in ids_of(root)] == [1, 4, 1]


def test_batches_when_files_differ_in_type_then_not_joined(write_hdf5: Write) -> None:
    """A sentinel rounded to one type would not be found in the other."""
    write_hdf5(part(0, 2, flux=np.array([1, 2], "i2")), "a.hdf5")
    root = write_hdf5(part(10, 2, flux=np.array([1.0, 2.0], "f4")), "b.hdf5")
    run = run_of(survey(columns=FLUX), root)
    assert [len(batch) for batch in run.batches()] == [2, 2]


def test_leaf_when_a_value_of_a_later_file_is_wrong_then_its_file_and_row(
    write_hdf5: Write,
) -> None:
    write_hdf5(part(0, 3, flux=np.zeros(3)), "a.hdf5")
    root = write_hdf5(part(10, 3, flux=np.array([0, 1e9, 0])), "b.hdf5")
    with pytest.raises(LeafError, match=r"^b\.hdf5, row 1: flux: 1000000000\.0 does not fit int16"):
        read_all(survey(columns=FLUX), root)
    run = run_of(survey(columns=FLUX), root, on_bad_row="reject")
    assert sum(len(batch) for batch in run.batches()) == 5
    assert run.rejects.files == ["b.hdf5"]


def test_leaf_when_the_fault_is_of_no_row_then_still_the_right_file(write_hdf5: Write) -> None:
    """Labels given twice are found in the whole batch, not in a row."""
    modality = """
  image:
    kind: image
    axes: {band: {labels: [g, r], subset: true}, y: {size: 1}, x: {size: 1}}
    photometry: {system: AB, zeropoint: 22.5, per: nanomaggy}
    fields:
      band: {dtype: string, description: Band.}
      flux: {dtype: float32, unit: nanomaggy, description: Flux.}
"""
    for name, bands in (("a", [b"g", b"r"]), ("b", [b"g", b"g"])):
        cells = part(ord(name), 1, band=np.array([bands]), flux=np.zeros((1, 2, 1, 1), "f4"))
        root = write_hdf5(cells, f"{name}.hdf5")
    schema = survey(modalities=modality, source='    names: "{field}"\n')
    with pytest.raises(LeafError, match=r"^b\.hdf5: image\.band: a label occurs twice"):
        read_all(schema, root)


def test_spectrum_when_files_are_padded_to_other_lengths_then_joined_without_padding(
    write_hdf5: Write,
) -> None:
    """What is padding is said element by element, so the lengths mean nothing."""
    for name, wave in (("a", [[1.0, 2.0, -1]]), ("b", [[4.0, -1, -1, -1], [5.0, 6, 7, 8]])):
        cells = part(10 * ord(name), len(wave), wave=np.array(wave), flux=10 * np.array(wave))
        root = write_hdf5(cells, f"{name}.hdf5")
    batch = read_all(survey(modalities=SPECTRUM, source=PADDED), root)
    assert rows_of(batch.columns["spectrum.lambda"]) == [[1, 2], [4], [5, 6, 7, 8]]
    assert rows_of(batch.columns["spectrum.flux"]) == [[10, 20], [40], [50, 60, 70, 80]]


def test_spectrum_when_lengths_differ_by_file_without_keep_then_error_still_asks_for_it(
    write_hdf5: Write,
) -> None:
    """Joined, they would look like lists; but they are arrays of one length in each file."""
    for name, length in (("a", 3), ("b", 4)):
        arrays = np.ones((2, length))
        root = write_hdf5(part(10 * ord(name), 2, wave=arrays, flux=arrays), f"{name}.hdf5")
    source = "    values: {spectrum.flux: flux, spectrum.lambda: wave}\n"
    with pytest.raises(LeafError, match=r"a\.hdf5: .* axis pixel differs by object"):
        list(run_of(survey(modalities=SPECTRUM, source=source), root).batches())


def test_spectrum_when_an_expression_sees_the_length_then_files_stay_apart(
    write_hdf5: Write,
) -> None:
    """The last element is another one in a longer array."""
    columns = "  last: {dtype: float64, description: Last.}\n"
    for name, wave in (("a", [[1.0, 2.0]]), ("b", [[4.0, 5.0, 6.0]])):
        cells = part(10 * ord(name), 1, wave=np.array(wave), flux=np.array(wave))
        root = write_hdf5(cells, f"{name}.hdf5")
    source = PADDED.replace("values: {", "values: {last: 'wave[-1]', ")
    schema = survey(columns=columns, modalities=SPECTRUM, source=source)
    batches = list(run_of(schema, root).batches())
    assert [batch.columns["last"].data.tolist() for batch in batches] == [[2.0], [6.0]]


def test_object_files_when_many_then_in_order_and_a_bad_one_is_refused_once(
    write_hdf5: Write,
) -> None:
    """One file is one object; the others do not suffer."""
    for number in range(7):
        one = {"object_id": np.bytes_(f"s{number}"), "ra": 1.0 * number, "dec": 0.0}
        root = write_hdf5(one, f"{number}.hdf5")
    (root / "3.hdf5").write_bytes((root / "3.hdf5").read_bytes()[:700])
    for rows in (None, 2):
        run = run_of(survey(source=OBJECT_FILES), root)
        batches = list(run.batches(batch_rows=rows))
        found = [name for batch in batches for name in batch.columns["object_id"].data.tolist()]
        assert found == ["s0", "s1", "s2", "s4", "s5", "s6"]
        assert [len(batch) for batch in batches] == ([6] if rows is None else [2, 2, 2])
        assert run.rejects.to_arrow().to_pydict()["code"] == ["file"]
        assert run.rejects.files == ["3.hdf5"]


def test_object_files_when_arrays_fill_the_budget_then_fewer_files_a_batch(
    write_hdf5: Write,
) -> None:
    columns = "  first: {dtype: float64, description: First.}\n"
    source = OBJECT_FILES + "    values: {first: 'wave[0]'}\n"
    for number in range(4):
        one = {"object_id": number, "ra": 1.0, "dec": 0.0, "wave": np.full(1000, number, "f8")}
        root = write_hdf5(one, f"{number}.hdf5")
    run = run_of(survey(columns=columns, source=source), root, batch_bytes=17_000)
    assert [batch.columns["first"].data.tolist() for batch in run.batches()] == [[0, 1], [2, 3]]


@pytest.mark.parametrize("through", ["folder", "file"])
def test_files_when_a_link_is_on_the_way_then_refused_unless_it_stays_inside(
    write_hdf5: Write, tmp_path: Path, through: str
) -> None:
    """A linked folder leads out as a linked file does."""
    write_hdf5(part(0, 1), "outside/a/a.hdf5")
    write_hdf5(part(10, 1), "root/kept/b.hdf5")
    root = tmp_path / "root"
    inside = root / "again"
    inside.symlink_to(root / "kept")
    source = "    tables: {main: {files: '*/*.hdf5', format: hdf5}}\n"
    schema = survey(source=source)
    assert [p.parent.name for p in run_of(schema, root).files] == ["again", "kept"]
    if through == "folder":
        (root / "out").symlink_to(tmp_path / "outside" / "a")
    else:
        (root / "kept" / "c.hdf5").symlink_to(tmp_path / "outside" / "a" / "a.hdf5")
    with pytest.raises(UnsafeFileError, match="leads out of the data directory"):
        run_of(schema, root)
    assert len(run_of(schema, root, follow_links=True).files) > 2


def test_files_when_a_path_is_found_twice_then_read_once_unless_other_rows_are_wanted(
    write_hdf5: Write,
) -> None:
    """One catalogue may hold the objects of several programmes, each a combination of a config."""
    root = write_hdf5(part(0, 5, kind=np.array([b"a", b"b", b"a", b"c", b"b"])), "all.hdf5")
    configs = "  main: {description: All of it., for: {kind: [b, a]}}"
    for where, ids in (("kind == '{kind}'", ["1", "4", "0", "2"]), ("kind != 'c'", None)):
        source = f"""    tables: {{main: {{files: '*.hdf5', format: hdf5, where: "{where}"}}}}\n"""
        text = HEAD + "sources:\n  files:\n    description: Files of the test.\n" + source
        schema = parse_schema(f"{text}configs:\n{configs}\n", "invented.yaml")
        run = run_of(schema, root)
        found = [i for batch in run.batches() for i in batch.columns["object_id"].data.tolist()]
        assert found == (ids or ["0", "1", "2", "4"])
        assert len(run.rejects) == 0
