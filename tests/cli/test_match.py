"""``astropile match`` and the folder it writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from astropy.table import Table
from typer.testing import Result

import astropile as ap
from astropile.cli.folder import new_folder
from astropile.errors import OutputError, UsageError
from tests.cli.conftest import rows

Run = Callable[..., Result]


@pytest.fixture
def pair(write: Callable[..., Path]) -> list[object]:
    """Return the arguments of a match of two surveys; three of six objects are in both."""
    shifted = rows(6)["ra"] + np.where(np.arange(6) % 2, 0.5, 0) / 3600
    left = write(rows(6, ra=np.where(np.arange(6) == 5, np.nan, shifted)), folder="left")
    right = write(rows(6, dec=np.where(np.arange(6) == 0, 50, rows(6)["dec"])), folder="right")
    return ["match", "orchard", "vineyard", "--left-data", left, "--right-data", right]


def test_match_when_done_then_catalogue_and_examples_are_row_aligned(
    run: Run, pair: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "new" / "m"
    result = run(*pair, "-r", "0.2", "-o", out)
    assert result.exit_code == 0, result.output
    assert "2 pairs within 0.2 arcsec (nearest)" in result.stdout
    assert "orchard: 6 rows, 1 without position, 0 refused" in result.stdout
    catalog = Table.read(out / "catalog.ecsv", format="ascii.ecsv")
    matched = datasets.load_from_disk(str(out / "dataset"))
    assert catalog["orchard:object_id"].tolist() == ["102", "104"]
    assert [row["orchard"]["object_id"] for row in matched] == ["102", "104"]
    assert np.asarray(matched[0]["vineyard"]["image"]["flux"]).shape == (2, 4, 4)
    assert sorted(path.name for path in out.parent.iterdir()) == ["m"]


def test_match_when_json_then_counts_and_places(
    run_json: Any, pair: list[object], tmp_path: Path
) -> None:
    facts = run_json(*pair, "-o", tmp_path / "m", "--find", "mutual")
    assert facts["pairs"] == 4
    assert facts["left"]["without_position"] == 1
    assert facts["right"]["rejected"] == {}
    assert (facts["radius_arcsec"], facts["find"]) == (1.0, "mutual")
    assert Path(facts["catalog"]).is_file()


def test_match_when_the_folder_holds_something_then_refused_before_reading(
    run: Run, tmp_path: Path, schemas: Path
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    arguments = ["--left-data", "/nowhere", "--right-data", "/nowhere"]
    for out in (tmp_path, kept):
        result = run("match", "orchard", "vineyard", *arguments, "-o", out)
        assert result.exit_code == 2
        assert "nothing is ever overwritten" in result.stderr
    assert kept.read_text() == "mine"


def test_match_when_rows_are_refused_then_said(
    run: Run, pair: list[object], write: Callable[..., Path], tmp_path: Path
) -> None:
    write(rows(6, object_id=np.array([1, 1, 2, 3, 4, 5])), folder="left")
    result = run(*pair, "-o", tmp_path / "m")
    assert result.exit_code == 0, result.output
    assert "orchard: 5 rows, 0 without position, 1 refused (repeated_id 1)" in result.stdout


@pytest.mark.parametrize("radius", ["0", "-1", "nan", "wide"])
def test_match_when_the_radius_is_no_angle_then_code_2(
    run: Run, pair: list[object], tmp_path: Path, radius: str
) -> None:
    result = run(*pair, "-r", radius, "-o", tmp_path / "m")
    assert result.exit_code == 2
    assert "--radius" in result.stderr
    assert not (tmp_path / "m").exists()


def test_match_when_the_data_are_bad_then_nothing_is_left(
    run: Run, pair: list[object], tmp_path: Path
) -> None:
    for file in (tmp_path / "right").rglob("*.hdf5"):
        file.write_bytes(b"no HDF5")
    before = sorted(tmp_path.iterdir())
    result = run(*pair, "-o", tmp_path / "m")
    assert result.exit_code == 1
    assert "1.hdf5" in result.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_match_when_no_progress_is_wanted_then_standard_error_is_empty(
    process: Any, pair: list[object], tmp_path: Path
) -> None:
    result = process(*pair, "-o", tmp_path / "m")
    assert (result.returncode, result.stderr) == (0, "")


def test_new_folder_when_writing_fails_then_it_does_not_exist(tmp_path: Path) -> None:
    def write_half() -> None:
        with new_folder(tmp_path / "out") as aside:
            (aside / "half.txt").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_new_folder_when_empty_then_filled_with_usual_modes(tmp_path: Path) -> None:
    out, usual = tmp_path / "out", tmp_path / "usual"
    out.mkdir()
    usual.mkdir()
    with new_folder(out) as aside:
        (aside / "a.txt").write_text("a")
    assert [path.name for path in out.iterdir()] == ["a.txt"]
    assert out.stat().st_mode == usual.stat().st_mode


def test_new_folder_when_somebody_was_faster_then_theirs_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def write_late() -> None:
        with new_folder(out) as aside:
            (aside / "a.txt").write_text("ours")
            out.mkdir()
            (out / "a.txt").write_text("theirs")

    with pytest.raises(OutputError, match="cannot write"):
        write_late()
    assert (out / "a.txt").read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [out]


def test_new_folder_when_the_place_is_a_file_then_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(UsageError, match="is not a folder"), new_folder(file):
        pass
    with pytest.raises(OutputError), new_folder(file / "below"):
        pass


def test_match_when_all_that_left_has_then_rows_and_pairs_are_said(
    run: Run, pair: list[object], tmp_path: Path
) -> None:
    result = run(
        *pair, "--find", "k", "-k", "2", "--how", "outer", "--nested", "-o", tmp_path / "m"
    )
    assert result.exit_code == 0, result.output
    assert "4 pairs within 1 arcsec (k)" in result.stdout
    assert "8 rows (outer)" in result.stdout
    matched = datasets.load_from_disk(str(tmp_path / "m" / "dataset"))
    assert [len(row["vineyard"]) for row in matched] == [0, 1, 1, 1, 1, 0, 1, 1]
    assert matched[7]["orchard"] is None
    catalog = Table.read(tmp_path / "m" / "catalog.ecsv", format="ascii.ecsv")
    assert len(catalog) == 8


def test_match_when_near_by_errors_or_columns_then_passed_on(
    run: Run, pair: list[object], tmp_path: Path
) -> None:
    errors = ["--n-sigma", "3", "--left-error", "mag_r", "--right-error", "mag_r"]
    result = run(*pair, *errors, "-o", tmp_path / "a")
    assert result.exit_code == 1
    assert "its unit 'mag(AB)' cannot become arcsec" in result.stderr
    result = run(*pair, "--radius-column", "mag_r", "-o", tmp_path / "b")
    assert result.exit_code == 1
    assert "cannot become arcsec" in result.stderr
    assert list(tmp_path.glob("[ab]")) == []
    errors = ["--n-sigma", "3", "--left-error", "0.3", "--right-error", "1e-3"]
    result = run(*pair, *errors, "-o", tmp_path / "c")
    assert result.exit_code == 0, result.output
    assert "pairs within 3 sigma" in result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-k", "0"], "-k"),
        (["--find", "k"], "k="),
        (["--how", "right"], "--how"),
        (["--n-sigma", "0"], "--n-sigma"),
        (["--epoch", "soon"], "--epoch"),
        (["--epoch", "51544"], "Julian year"),
        (["-r", "1", "--radius-column", "mag_r"], "--radius-column"),
        (["-k", "2"], "k=2 has no meaning"),
        (["--n-sigma", "3"], "ra_err"),
        (["--radius", "1e9"], "180 degrees"),
        (["--radius-column", "nope"], "nope"),
        (["--left-where", "mag_r >"], "a value is missing"),
        (["--right-where", "nope > 1"], "nope"),
        (["--region", "cone(1, 2)"], "has 2 numbers"),
        (["--region", "circle(1, 2, 3)"], "is no region"),
        (["--left-region", "box(1, 2, 3, x)"], "--left-region"),
        (["--right-region", "polygon(1, 2, 3, 4, 5, 6, 7)"], "has 7 numbers"),
        (["--memory", "1"], "at least 64 MiB"),
        (["--memory", "much"], "512MB, 2GiB"),
    ],
)
def test_match_when_an_option_is_none_then_refused_with_its_name(
    run: Run, pair: list[object], tmp_path: Path, options: list[str], message: str
) -> None:
    result = run(*pair, *options, "-o", tmp_path / "m")
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert not (tmp_path / "m").exists()


def test_match_when_an_epoch_is_given_then_how_many_moved_is_said(
    run: Run, pair: list[object], tmp_path: Path
) -> None:
    result = run(*pair, "--epoch", "2000", "-o", tmp_path / "m")
    assert result.exit_code == 0, result.output
    assert "0 and 0 rows moved to 2000" in result.stdout


def test_match_when_piles_and_tables_are_given_then_a_pile_is_written(
    run: Run, run_json: Any, tmp_path: Path
) -> None:
    stars = Table({"id": [1, 2, 3], "ra": [10.0, 20.0, 30.0], "dec": [0.0, 5.0, 9.0]})
    where = {"object_id": "id", "ra": "ra", "dec": "dec"}
    ap.build_table(stars, tmp_path / "piles" / "one", name="one", **where)
    stars[1:].write(tmp_path / "Other stars.fits")
    out = tmp_path / "matched"
    arguments = ["match", tmp_path / "piles" / "one", tmp_path / "Other stars.fits", "-o", out]
    result = run(*arguments, "--pile", "--how", "left", "--memory", "100")
    assert result.exit_code == 0, result.output
    assert f"wrote {out}" in result.stdout
    pile = ap.open(out)
    assert pile.id == "one_x_other_stars"
    assert len(pile) == 3
    facts = run_json("match", out, tmp_path / "piles" / "one", "-o", tmp_path / "again", "--pile")
    assert facts["pairs"] == 3
    assert facts["pile"] == str(tmp_path / "again")


@pytest.mark.parametrize("options", [["--footprint"], ["--region"]])
def test_match_when_a_map_is_none_then_io_or_data(
    run: Run, pair: list[object], tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "bad.fits").write_text("x")
    for name, code in (("no.fits", 4), ("bad.fits", 1)):
        result = run(*pair, *options, tmp_path / name, "-o", tmp_path / "m")
        assert result.exit_code == code, result.output
        assert name in result.stderr
        assert "= help" in result.stderr
    assert not (tmp_path / "m").exists()


def test_match_when_rows_are_chosen_then_only_they_are_matched(
    run_json: Any, pair: list[object], tmp_path: Path
) -> None:
    def sizes(*options: object) -> tuple[int, int, int]:
        out = tmp_path / f"m{len(list(tmp_path.iterdir()))}"
        facts = run_json(*pair, *options, "-o", out)
        return facts["left"]["rows"], facts["right"]["rows"], facts["pairs"]

    left, right, pairs = sizes()
    assert sizes("--left-where", "ra < 13")[:2] == (2, right)
    assert sizes("--right-where", "ra > 13 and ra < 17")[0] == left
    assert sizes("--left-region", "cone(12, -3, 60)")[:2] == (1, right)
    assert sizes("--right-region", "polygon(9, -6, 13, -6, 13, 6, 9, 6)")[0] == left
    both = sizes("--region", "box(11, 17, -90, 90)", "--left-where", "ra < 13")
    assert both[0] == 1
    assert both[1] < right
    assert both[2] <= pairs


def test_match_when_rows_of_files_and_piles_are_chosen_then_only_they(
    run_json: Any, tmp_path: Path
) -> None:
    stars = Table({"id": [1, 2, 3], "ra": [10.0, 20.0, 30.0], "dec": [0.0, 5.0, 9.0]})
    stars["mag"] = [8.0, 9.0, 10.0]
    where = {"object_id": "id", "ra": "ra", "dec": "dec"}
    ap.build_table(stars, tmp_path / "pile", name="one", **where)
    stars.write(tmp_path / "stars.fits")
    facts = run_json(
        "match", tmp_path / "stars.fits", tmp_path / "pile", "-o", tmp_path / "m", "--memory",
        "0.1GiB", "--left-where", "mag < 9.5", "--right-where", "mag > 8.5",
        "--region", "box(0, 90, -10, 90)",
    )  # fmt: skip
    assert (facts["left"]["rows"], facts["right"]["rows"], facts["pairs"]) == (2, 2, 1)


@pytest.mark.parametrize("broken", ["write", "save_to_disk"])
def test_match_when_the_disk_is_full_then_one_error_and_nothing_is_left(
    run: Run,
    pair: list[object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Table if broken == "write" else datasets.Dataset, broken, full)
    result = run(*pair, "-o", tmp_path / "out" / "m")
    assert result.exit_code == 4, result.output
    assert f"{tmp_path / 'out' / 'm'}: cannot write: No space left on device" in result.stderr
    assert "= help: choose a folder" in result.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_match_when_a_side_is_no_place_then_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "a.fits").write_text("x")
    for name, said, code in (
        ("none.fits", "neither", 4),
        ("a.txt", ".txt", 2),
        ("a.fits", "cannot be read", 1),
    ):
        result = run("match", tmp_path / name, tmp_path / name, "-o", tmp_path / "m")
        assert result.exit_code == code, result.output
        assert said in result.output
    result = run("match", tmp_path / "a.fits", tmp_path / "a.fits", "--left-data", tmp_path,
                 "-o", tmp_path / "m")  # fmt: skip
    assert result.exit_code == 2
    result = run("match", "orchard", "vineyard", "-o", tmp_path / "m")
    assert "--left-data" in result.output
