"""The shipped vocabulary holds together, and a broken one is refused with places."""

from pathlib import Path

import pytest

from astropile.document import document_lints, read_document
from astropile.errors import AstropileError, SchemaError
from astropile.vocabulary import data_path, load_vocabulary, parse_unit
from astropile.vocabulary import paths as paths_module

SMALL = """\
vocabulary: "1.0"
qualifiers:
  band: {description: A band., from: bands}
  method: {description: How., values: {spec: {description: Spectrum.}}, hints: {sp: spec}}
  stat: {description: What., values: {err: {description: Error., unit: difference}}}
quantities:
  mag: {definition: Magnitude., units: [mag], ucd: phot.mag, requires: [band], optional: [stat]}
hints: {m: mag}
"""


def load(tmp_path, old="", new=""):
    assert old in SMALL
    path = tmp_path / "quantities.yaml"
    path.write_text(SMALL.replace(old, new, 1))
    return load_vocabulary(path)


def test_load_vocabulary_when_shipped_then_read_once():
    assert load_vocabulary() is load_vocabulary()


def test_load_vocabulary_when_path_is_given_then_that_file(tmp_path):
    assert load(tmp_path).canonical({"quantity": "mag", "band": "i"}) == "mag_i"


def test_shipped_units_of_quantities_parse():
    for entry in load_vocabulary().quantities.values():
        assert all(parse_unit(unit) for unit in entry.units)


def test_shipped_words_are_described():
    vocabulary = load_vocabulary()
    texts = [entry.definition for entry in vocabulary.quantities.values()]
    for qualifier in vocabulary.qualifiers.values():
        texts += [qualifier.description, *(v.description for v in qualifier.values.values())]
    assert [
        text for text in texts if len(text) < 5 or not text.endswith((".", ").", "...)."))
    ] == []


@pytest.mark.parametrize("name", ["quantities", "filters", "units"])
def test_registry_files_have_no_lints(name):
    assert document_lints(read_document(data_path("registry") / f"{name}.yaml")) == []


@pytest.mark.parametrize(
    ("old", "new", "message", "line"),
    [
        ("requires: [band]", "requires: [bnd]", "'bnd' is not a qualifier", 7),
        ("optional: [stat]", "optional: [stat, method]", "are not in the order of the file", 7),
        ("  mag:", "  Mag:", "'Mag' is no name of a quantity", 7),
        ("err:", "my_err:", "'my_err' is no value", 5),
        ("{m: mag}", "{m: magg}", "'magg' is not a quantity", 8),
        ("{sp: spec}", "{sp: sp}", "'sp' is not a value of method", 4),
        ("unit: difference", "unit: same", "Input should be 'value'", 5),
        ("unit: difference", "only: [flux]", "'flux' does not exist", 5),
        ("ucd: phot.mag", "ucd: phot.mag, ucd_when: {spec: a}", "takes no 'spec'", 7),
        ("definition: Magnitude., ", "", "Field required", 7),
    ],
)
def test_load_vocabulary_when_file_is_wrong_then_schema_error_with_place(
    tmp_path, old, new, message, line
):
    with pytest.raises(SchemaError) as caught:
        load(tmp_path, old, new)
    problems = [problem for problem in caught.value.problems if message in problem.message]
    assert [problem.line for problem in problems] == [line]


def test_load_vocabulary_when_a_quantity_has_one_word_twice_then_schema_error(tmp_path):
    path = tmp_path / "quantities.yaml"
    path.write_text(SMALL.replace("{err: {", "{spec: {").replace("[band]", "[band, method]"))
    with pytest.raises(SchemaError, match="'spec' is a value of both method and stat"):
        load_vocabulary(path)


def test_load_vocabulary_when_two_quantities_share_a_word_then_it_is_read(tmp_path):
    assert load(tmp_path, "{err: {", "{spec: {").qualifiers["stat"].words == ["spec"]


def test_data_path_when_folder_is_missing_then_error_with_next_step(tmp_path, monkeypatch):
    monkeypatch.setattr(paths_module, "__file__", str(tmp_path / "a" / "b" / "paths.py"))
    with pytest.raises(AstropileError, match="install astropile again"):
        data_path("registry")


def test_data_path_when_installed_then_the_folder_inside_the_package(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "astropile"
    (package / "_data" / "registry").mkdir(parents=True)
    (tmp_path / "site-packages" / "registry").mkdir()
    monkeypatch.setattr(paths_module, "__file__", str(package / "vocabulary" / "paths.py"))
    assert data_path("registry") == Path(package / "_data" / "registry")
