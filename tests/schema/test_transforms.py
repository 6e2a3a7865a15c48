"""Declarations of transforms: those of the package, and those of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from astropile.document import parse_document
from astropile.errors import SchemaError, UsageError
from astropile.schema import transforms as declared
from astropile.schema.transforms import TransformDeclaration, load_transforms, transform_names
from astropile.vocabulary.registry_file import validated

GOOD: dict[str, Any] = {
    "version": "1.0.0",
    "description": "Made for a test.",
    "function": "elsewhere:function",
    "inputs": {"x": {"dtype": "float64", "unit": "nm", "description": "A number."}},
    "outputs": {"y": {"dtype": "float64", "like": "x", "description": "Another."}},
}


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Return a function: what an entry point of another package gives."""

    def add(loaded: Any) -> None:
        point = SimpleNamespace(name="more", value="elsewhere:ALL", load=lambda: loaded)
        monkeypatch.setattr(declared, "entry_points", lambda **_: [point])
        load_transforms.cache_clear()

    yield add
    monkeypatch.undo()
    load_transforms.cache_clear()


def test_load_when_only_the_package_has_some_then_its_units_and_sources_are_sound() -> None:
    found = load_transforms()
    assert tuple(found) == transform_names()
    for declaration in found.values():
        declaration.check_units()
        assert all(text.startswith(("doi:", "https://")) for text in declaration.source)


def test_load_when_another_package_adds_one_then_it_is_known(added: Any) -> None:
    added({"more.made": GOOD})
    assert load_transforms()["more.made"].outputs["y"].like == "x"
    assert "more.made" not in transform_names()


def test_load_when_another_package_replaces_one_then_ours_stays(added: Any) -> None:
    added({"image.flip": GOOD})
    assert "picture" in load_transforms()["image.flip"].inputs


BAD: dict[str, tuple[Any, str]] = {
    "no mapping": ([GOOD], "expected a mapping of names to declarations, got list"),
    "name without family": ({"made": GOOD}, "string_pattern_mismatch"),
    "missing key": ({"more.made": {"version": "1.0.0"}}, "description"),
    "unknown key": ({"more.made": {**GOOD, "colour": "red"}}, "colour"),
    "unit": (
        {"more.made": {**GOOD, "inputs": {"x": {**GOOD["inputs"]["x"], "unit": "furlongs"}}}},
        "unit 'furlongs' is not known",
    ),
}


@pytest.mark.parametrize(("loaded", "words"), BAD.values(), ids=BAD)
def test_load_when_an_entry_point_is_wrong_then_error_names_it(
    loaded: Any, words: str, added: Any
) -> None:
    added(loaded)
    with pytest.raises(UsageError, match=words) as caught:
        load_transforms()
    assert caught.value.where == "entry point 'more' of astropile.transforms (elsewhere:ALL)"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outputs": {"y": {"dtype": "float64", "like": "z", "description": "."}}}, "is no input"),
        ({"outputs": {"y": {"dtype": "any", "description": "."}}}, "needs a dtype, or like"),
        ({"outputs": {"y": {"dtype": "bool", "needs": ["q"], "description": "."}}}, "needs q"),
        ({"params": {"p": {"dtype": "int64", "default": 0, "min": 1, "description": "."}}},
         "default of p: expected at least 1, got 0"),
        ({"function": "no place"}, "function"),
        ({"inputs": {}}, "inputs"),
    ],
)  # fmt: skip
def test_declaration_when_it_contradicts_itself_then_refused(
    change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        TransformDeclaration.model_validate({**GOOD, **change})


def test_file_when_a_declaration_is_wrong_then_error_has_its_place() -> None:
    """The registry is read as every other file of it."""
    text = 'transforms:\n  a.b:\n    version: "1"\n'
    with pytest.raises(SchemaError, match=r"transforms\.yaml:3:14: error\[string_pattern"):
        validated(parse_document(text, "transforms.yaml"), declared._File)


def test_settings_when_given_then_defaults_are_filled_and_numbers_are_floats() -> None:
    settings = load_transforms()["spectrum.coadd_arms"].settings({"tolerance": 1})
    assert settings == {"tolerance": 1.0, "clear_weighted": False}
    assert isinstance(settings["tolerance"], float)
