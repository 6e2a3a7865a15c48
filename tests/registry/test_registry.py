"""Surveys are found by every name, wherever their file is, and no two files share a name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from astropile import registry
from astropile.errors import SchemaError, SurveyNotFoundError, UsageError
from astropile.registry import find_schema, heads, register, schema_files

BODY = """
about:
  title: A made-up survey
  name: {name}
  description: Made for tests.
  license: {{name: CC0}}
  acknowledgement: Nobody.
  cite: ["doi:10.0/0"]
object: {{id: object_id, ra: ra, dec: dec}}
columns:
  object_id: {{dtype: string, description: Id.}}
  ra: {{dtype: float64, unit: deg, description: Right ascension.}}
  dec: {{dtype: float64, unit: deg, description: Declination.}}
sources:
  files: {{description: Files., tables: {{main: {{files: "*.csv", format: csv}}}}}}
configs:
  main: {{description: All of it.}}
"""
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a survey file of given names and return its path."""

    def written(
        survey: str, *, name: str = "", aliases: tuple[str, ...] = (), file: str = ""
    ) -> Path:
        head = f'language: "1.0"\nsurvey: {survey}\nversion: "1.0.0"\naliases: {list(aliases)}'
        path = tmp_path / (file or f"{survey}.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + BODY.format(name=name or survey.capitalize()), encoding="utf-8")
        return path

    return written


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget at the end what a test registers."""
    monkeypatch.setattr(registry, "_registered", [])


@pytest.mark.parametrize("name", ["decals", "DECaLS", "DECALS", "stein_et_al", "SSL_legacysurvey"])
def test_find_when_id_alias_or_class_in_any_case_then_the_survey(name: str) -> None:
    assert find_schema(name).id == "decals"


def test_find_when_misspelt_then_near_names_are_suggested() -> None:
    with pytest.raises(SurveyNotFoundError, match=r"no survey 'hcs'\n  = help: did you mean 'hsc'"):
        find_schema("hcs")


def test_find_when_nothing_is_near_then_says_how_to_list() -> None:
    with pytest.raises(SurveyNotFoundError, match="astropile list shows all surveys"):
        find_schema("zzzzzzzzzzzz")


def test_heads_when_only_shipped_then_one_a_file_sorted_by_id() -> None:
    found = heads()
    assert [head.survey for head in found] == sorted(head.survey for head in found)
    assert [head.path for head in found] == list(schema_files())
    assert all(head.path.stem == head.survey for head in found)


def test_variable_when_it_names_folders_and_files_then_all_are_known(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = write("alder", file="folder/alder.yaml"), write("birch", file="other/b.yaml")
    write("cedar", file="other/not_named.yaml")
    monkeypatch.setenv("ASTROPILE_SCHEMAS", os.pathsep.join([str(one.parent), "", str(two)]))
    assert find_schema("alder").id == "alder"
    assert find_schema("BIRCH").id == "birch"
    assert {"alder", "birch", "hsc"} <= {head.survey for head in heads()}
    with pytest.raises(SurveyNotFoundError):
        find_schema("cedar")


def test_variable_when_place_is_absent_then_error_names_place_and_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match=r"nowhere: no such schema (.|\n)*mend ASTROPILE_SCHEMAS"):
        find_schema("hsc")


def test_variable_when_a_file_is_broken_then_error_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.yaml").write_text("survey: [unclosed", encoding="utf-8")
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(tmp_path))
    with pytest.raises(SchemaError, match=r"broken\.yaml:1"):
        heads()


@pytest.mark.parametrize(
    ("names", "clashing"),
    [
        ({"survey": "hsc"}, "hsc"),
        ({"survey": "alder", "aliases": ("stein_et_al",)}, "stein_et_al"),
        ({"survey": "alder", "name": "GAIA"}, "gaia"),
        ({"survey": "ssl_legacysurvey"}, "ssl_legacysurvey"),
    ],
)
@pytest.mark.parametrize("asked", ["hsc", "decals", "gaia", "alder"])
def test_find_when_two_files_claim_a_name_then_both_are_named(
    write: Write, monkeypatch: pytest.MonkeyPatch, names: dict[str, str], clashing: str, asked: str
) -> None:
    path = write(**names, file="mine.yaml")
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(path))
    match = rf"'{clashing}' is claimed by .*schemas/.*\.yaml and by {path}"
    with pytest.raises(UsageError, match=match):
        find_schema(asked)


def test_register_when_good_then_found_by_all_names(write: Write) -> None:
    schema = register(write("alder", name="Alder", aliases=("aln",)))
    assert schema.id == "alder"
    assert find_schema("ALN") is find_schema("Alder")
    assert "alder" in {head.survey for head in heads()}


def test_register_when_called_twice_then_one_entry(write: Write) -> None:
    path = write("alder")
    register(path)
    register(path)
    assert [file for file in schema_files() if file.stem == "alder"] == [path]


def test_register_when_file_is_edited_then_new_names_count(write: Write) -> None:
    register(write("alder", aliases=("first",)))
    write("alder", aliases=("second", "third"))
    assert find_schema("second").id == "alder"
    with pytest.raises(SurveyNotFoundError):
        find_schema("first")


def test_register_when_name_is_taken_then_refused_and_forgotten(write: Write) -> None:
    path = write("alder", aliases=("hsc",))
    with pytest.raises(UsageError, match=r"'hsc' is claimed by"):
        register(path)
    assert path not in schema_files()
    assert find_schema("hsc").id == "hsc"


def test_register_when_file_is_absent_then_error_names_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml: no such schema file"):
        register(tmp_path / "none.yaml")


def test_register_when_schema_breaks_the_language_then_its_problems(write: Write) -> None:
    path = write("alder")
    path.write_text(path.read_text().replace("float64", "float65", 1), encoding="utf-8")
    with pytest.raises(SchemaError, match=r"alder\.yaml:\d+:\d+: error"):
        register(path)
    assert path not in schema_files()


@pytest.fixture
def entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], EntryPoint]:
    """Make a package beside the tests and an entry point that names it."""

    def make(value: str, code: str = "") -> EntryPoint:
        package = tmp_path / "site" / "of_others"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(code, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        monkeypatch.delitem(sys.modules, "of_others", raising=False)
        point = EntryPoint("mine", value, registry.ENTRY_POINT_GROUP)
        monkeypatch.setattr(registry, "entry_points", lambda group: [point])
        return point

    return make


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("of_others", ""),
        ("of_others:HERE", "from pathlib import Path\nHERE = Path(__file__).parent"),
        ("of_others:FILE", "import os\nFILE = os.path.join(os.path.dirname(__file__), 'a.yaml')"),
    ],
)
def test_entry_point_when_package_folder_or_file_then_its_surveys_are_known(
    write: Write, entry_point: Callable[[str, str], EntryPoint], value: str, code: str
) -> None:
    write("alder", file="site/of_others/a.yaml")
    entry_point(value, code)
    assert find_schema("alder").id == "alder"


@pytest.mark.parametrize(
    ("value", "code"),
    [("of_others:NONE", ""), ("of_others", "1 / 0"), ("of_others:N", "N = 3"), ("no_such", "")],
)
def test_entry_point_when_it_gives_no_folder_then_error_names_it(
    entry_point: Callable[[str, str], EntryPoint], value: str, code: str
) -> None:
    entry_point(value, code)
    with pytest.raises(UsageError, match=f"entry point 'mine = {value}' gives no folder"):
        heads()
