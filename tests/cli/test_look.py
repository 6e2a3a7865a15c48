"""Verbs that need no data: list, show, columns, cite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.cli.conftest import line_of

Run = Callable[..., Result]


def test_list_when_surveys_are_registered_then_one_line_each(run: Run, schemas: Path) -> None:
    result = run("list")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [line[0] for line in lines if line and line[0] in ("orchard", "vineyard")] == [
        "orchard",
        "vineyard",
    ]
    assert all(not line.endswith(" ") for line in result.stdout.splitlines())


def test_list_when_json_then_rows_with_all_facts(run_json: Any, schemas: Path) -> None:
    found = {row["id"]: row for row in run_json("list")["surveys"]}
    assert found["orchard"]["title"] == "The orchard survey"
    assert found["orchard"]["rows"] == 6
    assert {"hsc", "orchard", "vineyard"} <= set(found)


def test_list_when_a_survey_file_is_broken_then_its_problems_and_code_1(
    run: Run, orchard: Path
) -> None:
    orchard.write_text(orchard.read_text().replace("unit: mag(AB)", "unit: magg"), encoding="utf-8")
    result = run("list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{orchard}:{line_of(orchard, 'magg')}:11: error[unit]: " in result.stderr


def test_show_when_asked_then_everything_is_on_the_page(run: Run, schemas: Path) -> None:
    result = run("show", "ORCHARD_DR1")
    assert result.exit_code == 0
    for part in (
        "Orchard: The orchard survey",
        "id orchard, version 1.2.3, also called orchard_dr1",
        "wide  default     6  train   The wide layer.",
        "g     CTIO/DECam.g",
        "mag_{band}  float32  [mag(AB)]  2: band g r",
        "image  image (band=2, y=4, x=4)",
        "flux  float32 (band=2, y=4, x=4)  [nanomaggy]",
        "main   hdf5    wide/*.hdf5",
        "Licence  CC0 (https://example.org/cc0)",
        "Cite     doi:10.1000/orchard",
    ):
        assert part in result.stdout, part


def test_show_when_a_config_is_named_then_its_files(run: Run, schemas: Path) -> None:
    assert "deep/*.hdf5" in run("show", "orchard", "-c", "deep").stdout
    result = run("show", "orchard", "-c", "deeep")
    assert result.exit_code == 2
    assert "did you mean 'deep'" in result.stderr


def test_show_when_json_then_structure_and_sources(run_json: Any, schemas: Path) -> None:
    facts = run_json("show", "orchard")
    image = facts["example"][-1]
    assert [entry["name"] for entry in facts["example"][:4]] == ["object_id", "ra", "dec", "mag_g"]
    assert (image["kind"], image["shape"], image["labels"]) == (
        "image",
        [2, 4, 4],
        {"band": ["g", "r"]},
    )
    assert image["fields"][1]["unit"] == "nanomaggy"
    assert facts["sources"][0]["tables"] == [
        {"name": "main", "format": "hdf5", "files": ["wide/*.hdf5"]}
    ]
    assert [band["pivot_nm"][0] > 400 for band in facts["bands"]] == [True, True]
    assert facts["unverified"] == ["homepage"]


def test_show_when_the_title_holds_markup_then_printed_as_it_is(run: Run, orchard: Path) -> None:
    text = orchard.read_text().replace("title: The orchard survey", 'title: "[red]A[/red] :star:"')
    orchard.write_text(text, encoding="utf-8")
    assert "Orchard: [red]A[/red] :star:" in run("show", "orchard").stdout


@pytest.mark.parametrize("survey", ["hsc", "sdss"])
def test_show_when_a_survey_ships_then_text_and_json(run: Run, run_json: Any, survey: str) -> None:
    assert run("show", survey).exit_code == 0
    assert run_json("show", survey)["id"] == survey


def test_columns_when_found_by_text_then_only_those(run: Run, run_json: Any, schemas: Path) -> None:
    lines = run("columns", "orchard", "--find", "magnitude in g").stdout.splitlines()
    assert lines[0].endswith("1 of 8 columns")
    assert lines[-1].startswith("mag_g  mag_psf_g  mag(AB)  float32")
    columns = run_json("columns", "orchard", "--group", "image")["columns"]
    assert [column["address"] for column in columns] == ["image.band", "image.flux"]
    assert columns[1]["type"] == "float32[band=2, y=4, x=4]"


def test_columns_when_names_are_resolved_then_what_they_mean(run_json: Any, schemas: Path) -> None:
    asked = ["--resolve", "mag_psf_g", "--resolve", "mag_r"]
    found = run_json("columns", "orchard", *asked)["resolved"]
    assert [(row["address"], row["found_as"]) for row in found] == [
        ("mag_g", "canonical"),
        ("mag_r", "original"),
    ]


def test_columns_when_a_name_is_partial_then_candidates_and_code_2(run: Run, run_json: Any) -> None:
    result = run("columns", "hsc", "--resolve", "mag_i")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "mag_cmodel_i" in result.stderr
    error = run_json("columns", "hsc", "--resolve", "mag_i", code=2)["error"]
    assert error["type"] == "AmbiguousColumnError"
    assert "mag_cmodel_i" in error["candidates"]


def test_columns_when_the_default_is_asked_for_then_taken(run: Run) -> None:
    result = run("columns", "hsc", "--resolve", "mag_i", "--partial", "default")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].split()[:4] == [
        "mag_i", "i_cmodel_mag", "mag_cmodel_i", "default",
    ]  # fmt: skip


def test_columns_when_nothing_has_the_name_then_near_names(run: Run, schemas: Path) -> None:
    result = run("columns", "orchard", "--resolve", "mag_h")
    assert result.exit_code == 2
    assert "= help: " in result.stderr


def test_cite_when_surveys_repeat_then_each_once(run: Run, run_json: Any, schemas: Path) -> None:
    text = run("cite", "orchard", "vineyard", "ORCHARD").stdout
    assert text.count("@misc{orchard,") == text.count("@misc{vineyard,") == 1
    assert "Thanks to nobody." in text
    found = run_json("cite", "orchard")["citations"]
    assert found[0]["cite"] == ["doi:10.1000/orchard"]
    assert found[0]["license"]["name"] == "CC0"
