"""Columns: look-up, facts, and tables that show them everywhere."""

from __future__ import annotations

import copy
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.errors import AmbiguousColumnError, UnknownColumnError, UsageError
from astropile.schema import parse_schema
from astropile.survey.columns import Columns
from astropile.survey.show import TextTable

POND = (Path(__file__).parent / "pond.yaml").read_text(encoding="utf-8")
COLUMNS = Columns(parse_schema(POND, "pond.yaml"))


def test_columns_when_iterated_then_addresses_in_declared_order() -> None:
    assert list(COLUMNS)[:5] == ["object_id", "ra", "dec", "side", "n"]
    assert list(COLUMNS)[-2:] == ["spectrum.lambda", "spectrum.flux"]
    assert COLUMNS.names == tuple(COLUMNS)
    assert len(COLUMNS) == 16
    assert [column.address for column in COLUMNS.values()] == list(COLUMNS)


@pytest.mark.parametrize("name", ["g_psf", "mag_psf_g", "m_g", "mag_g_psf", "POND:g_psf"])
def test_column_when_looked_up_by_any_name_then_the_same(name: str) -> None:
    assert COLUMNS[name] is COLUMNS.resolve(name) is COLUMNS.get(name)
    assert COLUMNS[name].address == "g_psf"
    assert name in COLUMNS
    assert getattr(COLUMNS, name) is COLUMNS[name]


def test_column_when_partial_then_only_on_request() -> None:
    assert "mag_g" not in COLUMNS
    assert COLUMNS.get("mag_g", "no") == "no"
    assert COLUMNS.resolve("mag_g", partial="default").name == "g_psf"
    with pytest.raises(AmbiguousColumnError):
        COLUMNS["mag_g"]
    with pytest.raises(UnknownColumnError):
        COLUMNS["image"]


def test_attribute_when_no_column_then_attribute_error_with_the_way() -> None:
    with pytest.raises(AttributeError, match="mag_psf_g"):
        _ = COLUMNS.mag_g
    assert not hasattr(COLUMNS, "image")
    assert not hasattr(COLUMNS, "_repr_png_")
    assert {"mag_psf_g", "g_psf", "describe"} <= set(dir(COLUMNS))
    assert "image.flux" in COLUMNS._ipython_key_completions_()
    assert list(copy.deepcopy(COLUMNS)) == list(COLUMNS)


def test_column_when_photometry_then_every_fact() -> None:
    column = COLUMNS["r_psf"]
    assert (column.name, column.canonical, column.quantity) == ("r_psf", "mag_psf_r", "mag")
    assert (column.unit, column.dtype, column.shape, column.type) == (
        "mag(AB)", "float32", (), "float32",
    )  # fmt: skip
    assert column.ucd == "phot.mag;em.opt.R"
    assert column.filters == ("BOK/BASS.r", "CTIO/DECam.r")
    assert column.nulls == "-99.5, NaN, all of source fits"
    assert column.aliases == ("m_r",)
    assert column.unverified == ("filters",)
    assert (column.survey, column.group, column.formula) == ("pond", "photometry", "")


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("object_id", "dtype", "string"),
        ("object_id", "nulls", "never"),
        ("object_id", "ucd", "meta.id;meta.main"),
        ("object_id", "formula", "join('-', side, n)"),
        ("ra", "ucd", "pos.eq.ra;meta.main"),
        ("ra", "formula", "RA"),
        ("dec", "formula", ""),
        ("RA", "canonical", ""),
        ("n", "nulls", "-1, 0"),
        ("side", "nulls", ""),
        ("w_psf", "ucd", "phot.mag;em.IR.3-4um"),
        ("w_psf", "filters", ()),
        ("g_err", "ucd", "stat.error;phot.mag;em.opt.B"),
        ("g_twice", "formula", "g_err * 2"),
        ("image.flux", "name", "flux"),
        ("image.flux", "shape", (2, 4, 5)),
        ("image.flux", "type", "float32[band=2, y=4, x=5]"),
        ("image.flux", "nulls", "0 -> NaN"),
        ("image.flux", "filters", ("Subaru/HSC.g", "BOK/BASS.r", "CTIO/DECam.r")),
        ("image.bits", "nulls", "0 kept"),
        ("image.band", "group", "image"),
        ("spectrum.flux", "type", "float32[pixel=*]"),
        ("spectrum.flux", "shape", (None,)),
        ("spectrum.flux", "nulls", "all of source fits"),
        ("spectrum.flux", "filters", ("Subaru/HSC.g",)),
        ("spectrum.lambda", "filters", ()),
        ("spectrum.lambda", "unverified", ("medium",)),
    ],
)
def test_column_when_described_then_this_fact(name: str, attribute: str, value: object) -> None:
    assert getattr(COLUMNS[name], attribute) == value


def test_describe_when_all_then_each_column_once_under_its_heading() -> None:
    table = COLUMNS.describe()
    rows = table.to_dicts()
    assert {row["name"] for row in rows} == set(COLUMNS)
    assert len(rows) == len(table) == len(COLUMNS)
    assert list(rows[0]) == ["name", "canonical", "unit", "dtype", "ucd", "nulls", "description"]
    assert list(dict.fromkeys(table.headings)) == [
        "object", "columns", "photometry", "image: image[band=2, y=4, x=5]",
        "spectrum: spectrum[pixel=*]",
    ]  # fmt: skip
    assert json.loads(json.dumps(rows)) == rows
    assert table.title == "Pond <Survey> (pond), config main: 16 columns"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"group": "object"}, ["object_id", "ra", "dec"]),
        ({"group": "image"}, ["image.band", "image.flux", "image.bits"]),
        ({"group": "photometry", "find": "ERROR"}, ["g_err"]),
        ({"find": "mag_psf_w"}, ["w_psf"]),
        ({"find": "m_w"}, ["w_psf"]),
        ({"find": "stat.error"}, ["g_err"]),
        ({"find": "decam"}, ["r_psf", "image.band", "image.flux", "image.bits"]),
        ({"find": "angstrom"}, ["spectrum.lambda"]),
        ({"find": "no such thing"}, []),
    ],
)
def test_describe_when_narrowed_then_only_these(options: dict[str, str], names: list[str]) -> None:
    table = COLUMNS.describe(**options)
    assert [row["name"] for row in table] == names
    assert f"{len(names)} of 16 columns" in str(table)
    assert ("(none)" in str(table)) == (not names)


def test_describe_when_no_such_group_then_groups_are_listed() -> None:
    with pytest.raises(UsageError, match="object, columns, photometry, image, spectrum") as caught:
        COLUMNS.describe(group="imag")
    assert caught.value.hint == "did you mean 'image'?"


def test_describe_when_doubtful_then_the_description_says_so() -> None:
    rows = {row["name"]: row["description"] for row in COLUMNS.describe()}
    assert rows["g_err"] == "Error. [unverified: unit]"
    assert rows["g_twice"].endswith("[deprecated: halve it]")


def test_table_when_not_a_terminal_then_one_plain_line_a_row() -> None:
    lines = str(COLUMNS.describe()).splitlines()
    assert lines[0] == "Pond <Survey> (pond), config main: 16 columns"
    assert lines[2].split() == ["name", "canonical", "unit", "dtype", "ucd", "nulls", "description"]
    (flux,) = [line for line in lines if line.startswith("image.flux")]
    assert "float32[band=2, y=4, x=5]" in flux
    assert flux.endswith("  Image. [unverified: filters]")
    assert "# image: image[band=2, y=4, x=5]" in lines
    assert not any("\x1b" in line for line in lines)
    assert repr(COLUMNS.describe()) == str(COLUMNS.describe())


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [20, 60, 80, 120, 200])
def test_table_when_in_a_terminal_then_no_line_is_wider(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    text = re.sub("\x1b\\[[0-9;]*m", "", str(COLUMNS.describe()))
    assert max(map(len, text.splitlines())) <= width
    assert "image: image" in text
    assert ("float32[band=2, y=4, x=5]" in text) == (width == 200)
    assert ("no room for" in text) == (width < 200)
    names = [line for line in text.splitlines() if line.startswith("spectrum.lambda")]
    assert len(names) == (width >= 80)  # folded before


def test_table_when_printed_by_rich_then_brackets_and_width_are_kept() -> None:
    from rich.console import Console

    output = io.StringIO()
    Console(file=output, width=150).print(COLUMNS.describe())
    assert "image: image[band=2, y=4, x=5]" in output.getvalue()
    assert "string[band=2]" in output.getvalue()


def test_table_when_in_a_notebook_then_everything_is_escaped() -> None:
    text = COLUMNS.describe()._repr_html_()
    assert "Light &amp; &lt;b&gt;noise&lt;/b&gt;." in text
    assert "<caption>Pond &lt;Survey&gt; (pond)" in text
    assert text.count("<tr>") == 1 + 16 + 5
    assert "colspan='7'>image: image[band=2, y=4, x=5]</th>" in text
    assert COLUMNS._repr_html_() == text


def test_table_when_converted_then_the_same_rows() -> None:
    table = COLUMNS.describe()
    frame, astropy_table = table.to_pandas(), table.to_table()
    assert frame.to_dict("records") == table.to_dicts()
    assert list(astropy_table["name"]) == [row["name"] for row in table]
    assert astropy_table.meta == {"title": table.title}
    assert list(COLUMNS.describe(find="nothing at all").to_table().colnames) == list(table.header)


def test_table_when_numbers_are_unknown_then_masked_and_whole() -> None:
    table = TextTable("t", ["id", "rows", "size"], [["a", 20_000, 1.5], ["b", None, 2.0]])
    assert table.to_table()["rows"].mask.tolist() == [False, True]
    assert table.to_table()["size"].dtype == float
    assert table.to_pandas()["rows"].tolist()[0] == 20_000
    assert str(table.to_pandas()["rows"].dtype) == "Int64"
    assert str(table).splitlines()[2:] == ["id    rows  size", "a   20,000  1.5", "b           2.0"]
    assert table.to_dicts()[1] == {"id": "b", "rows": None, "size": 2.0}


@given(rows=st.lists(st.tuples(st.text(max_size=40), st.integers() | st.none()), max_size=6))
def test_table_when_it_holds_any_text_then_a_line_a_row(rows: list[tuple[str, int | None]]) -> None:
    """Control characters and line breaks never reach the terminal."""
    table = TextTable("any", ["text", "number"], rows)
    text = str(table)
    assert len(text.split("\n")) == 3 + (len(rows) or 1)
    assert text.replace("\n", "").isprintable()
    assert table._repr_html_().count("<tr>") == len(rows) + 1
    assert [row["text"] for row in table] == [text for text, _ in rows]


def test_describe_when_printed_in_a_fresh_process_then_imports_nothing_more(
    repo_root: Path,
) -> None:
    """What reading the schema itself imports is no matter of the table."""
    code = (
        "import sys, astropile.survey\n"
        "from astropile.schema import read_schema\nfrom astropile.survey.columns import Columns\n"
        "from pathlib import Path\n"
        "schema = read_schema(Path('tests/schema/meadow.yaml'))\nbefore = set(sys.modules)\n"
        "str(Columns(schema).describe())\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=repo_root, check=True
    )
    heavy = {"astropy", "pandas", "datasets", "rich", "numpy", "pyarrow", "healpy"}
    assert not heavy & set(result.stdout.split())
