"""``astropile find`` and ``astropile compare``: questions over all surveys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import Result

Run = Callable[..., Result]


def test_find_when_asked_then_a_line_a_column(run: Run, schemas: Path) -> None:
    result = run(
        "find", "--quantity", "mag", "--band", "g", "--modality", "image", "--near", "480nm"
    )
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines() if "orchard" in line] == [
        ["orchard", "wide,", "deep", "mag_g", "mag_psf_g", "mag(AB)", "image", "g", "CTIO/DECam.g"]
    ]


def test_find_when_json_then_rows(run_json: Any, schemas: Path) -> None:
    conditions = ["--is", "estimator=psf", "--text", "magnitude in r", "--unit", "nJy"]
    rows = run_json("find", *conditions)["found"]
    own = {row["survey"]: row for row in rows if row["survey"] in ("orchard", "vineyard")}
    assert own["orchard"]["configs"] == ["wide", "deep"]
    assert own["orchard"]["column"] == own["vineyard"]["column"] == "mag_r"


def test_find_when_nothing_is_there_then_said_and_code_0(run: Run) -> None:
    result = run("find", "--quantity", "teff", "--method", "sim", "--text", "no such words")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "(none)")


def test_find_when_a_word_is_wrong_then_code_2_and_the_next_step(run: Run, run_json: Any) -> None:
    result = run("find", "--quantity", "redshft")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean 'redshift'?" in result.stderr
    for wrong in ("frame", "frame=", "=cmb", "unit=mag"):
        assert run_json("find", "--is", wrong, code=2)["error"]["hint"]
    error = run_json("find", "--method", "spec", "--is", "method=phot", code=2)["error"]
    assert "again" in error["message"]


def test_compare_when_asked_then_table_and_warnings(run: Run, schemas: Path) -> None:
    result = run("compare", "mag_psf_g", "--survey", "orchard", "--survey", "vineyard")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "mag_psf_g"
    assert [line.split()[0] for line in lines[3:]] == ["orchard", "vineyard"]
    result = run("compare", "orchard:mag_g", "hsc:mag_cmodel_g")
    assert "warning[band]: 'g' is not one filter: CTIO/DECam.g (482 nm; orchard)" in result.stdout


def test_compare_when_json_then_columns_and_warnings(run_json: Any, schemas: Path) -> None:
    facts = run_json("compare", "orchard:mag_g", "decals:flux_g")
    assert [column["column"] for column in facts["columns"]] == ["mag_g", "flux_g"]
    assert facts["columns"][0]["pivot_nm"] == [482.0]
    assert [warning["code"] for warning in facts["warnings"]] == ["band"]


def test_compare_when_nothing_has_the_name_then_code_2(run_json: Any) -> None:
    error = run_json("compare", "mag_cmodl_i", "--survey", "hsc", code=2)["error"]
    assert error["type"] == "UnknownColumnError"
    assert "mag_cmodel_i" in error["hint"]
