"""The JSON Schema of survey files, for completion and checks while typing.

It knows the shape of a file and the words of the vocabulary. What needs more than one place of the
file (names, units, expressions) is checked by ``astropile validate`` alone. Written to
``registry/survey.schema.json`` by ``python -m astropile.schema``.
"""

from __future__ import annotations

import ast
import inspect
import json
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from astropile import disk
from astropile.schema import models
from astropile.schema.checks.formats import FORMATS
from astropile.schema.checks.units import PLAIN_UNITS
from astropile.schema.models import SurveyFile
from astropile.schema.transforms import transform_names
from astropile.vocabulary import Qualifier, Vocabulary, data_path, load_filters, load_vocabulary

#: Where the schema of major version 1 of the language is found, for ever.
SCHEMA_URL: Final = "urn:astropile:survey-language:1"
#: A text with a hole is known only when its template is filled.
_HOLE: Final = {"type": "string", "pattern": r"\{.+\}"}


def survey_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a survey file.

    Returns
    -------
    dict
        Plain JSON data.

    Examples
    --------
    >>> schema = survey_json_schema()
    >>> schema["$defs"]["Field"]["properties"]["is"]["$ref"]
    '#/$defs/Meaning'
    """
    schema = SurveyFile.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    for model, texts in _attribute_docstrings().items():
        properties = definitions.get(model, schema)["properties"]
        for attribute, text in texts.items():
            properties[attribute.rstrip("_")]["description"] = text
    definitions["Meaning"] = _meaning(load_vocabulary())
    for model in ("Field", "Override"):
        description = definitions[model]["properties"]["is"].get("description", "")
        definitions[model]["properties"]["is"] = {
            "$ref": "#/$defs/Meaning",
            "description": description,
        }
        definitions[model]["properties"]["unit"]["examples"] = sorted(PLAIN_UNITS - {""})
    complete = _required_without_fragments(schema)
    table = definitions["Table"]["properties"]
    table["format"]["examples"] = list(FORMATS)
    table["transform"]["examples"] = list(transform_names())
    definitions["Band"]["properties"]["filters"]["items"]["examples"] = list(load_filters())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_URL,
        **_untitled(schema),
        "title": "Survey in the astropile language, version 1",
        "if": {"required": ["include"]},
        "else": complete,
    }


def _attribute_docstrings() -> dict[str, dict[str, str]]:
    """Return the docstrings of the attributes of every model, by the name of its class."""
    tree = ast.parse(inspect.getsource(models))
    found: dict[str, dict[str, str]] = {}
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        for attribute, text in pairwise(node.body):
            match attribute, text:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(words))),
                ):
                    found.setdefault(node.name, {})[name] = words
    return found


def _required_without_fragments(schema: dict[str, Any]) -> dict[str, Any]:
    """Take away the required keys that a fragment may give; return them as a schema."""
    definitions = schema["$defs"]
    by_fragment = ("object", "columns", "sources")
    schema["required"] = [key for key in schema["required"] if key not in by_fragment]
    return {
        "required": list(by_fragment),
        "properties": {
            "object": {"required": definitions["Object"].pop("required")},
            "modalities": {
                "additionalProperties": {"required": definitions["Modality"].pop("required")}
            },
            "sources": {
                "additionalProperties": {"required": definitions["Source"].pop("required")}
            },
        },
    }


def _untitled(value: Any) -> Any:
    """Drop the titles that Pydantic makes of names: they tell nothing new on hover."""
    if isinstance(value, list):
        return [_untitled(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _untitled(item)
        for key, item in value.items()
        if not (key == "title" and isinstance(item, str))
    }


def _meaning(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the definition of ``is``: a quantity and the qualifiers that it takes."""
    quantities = vocabulary.quantities
    definitions = [quantity.definition for quantity in quantities.values()]
    return {
        "type": "object",
        "title": "Meaning",
        "description": "Quantity and qualifiers of the vocabulary; makes the canonical name.",
        "properties": {
            "quantity": _words(list(quantities), definitions, "What the number is."),
            **{key: _qualifier(value) for key, value in vocabulary.qualifiers.items()},
        },
        "required": ["quantity"],
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"quantity": {"const": name}}, "required": ["quantity"]},
                "then": {
                    "required": [*entry.requires, *entry.attributes],
                    "propertyNames": {"enum": ["quantity", *entry.in_name, *entry.attributes]},
                },
            }
            for name, entry in quantities.items()
        ],
    }


def _qualifier(qualifier: Qualifier) -> dict[str, Any]:
    if qualifier.source != "values":
        return {"type": "string", "description": qualifier.description}
    plain = {word: value for word, value in qualifier.values.items() if not value.parameter}
    stems = [word for word, value in qualifier.values.items() if value.parameter]
    descriptions = [value.description for value in plain.values()]
    found = _words(list(plain), descriptions, qualifier.description)
    found["anyOf"] += [{"type": "string", "pattern": f"^{s}[0-9]+(p[0-9]+)?$"} for s in stems]
    return found


def _words(words: list[str], descriptions: list[str], description: str) -> dict[str, Any]:
    """Return a closed list of words with a sentence each, or a hole of a template."""
    listed = {"type": "string", "enum": words, "markdownEnumDescriptions": descriptions}
    return {"description": description, "anyOf": [listed, dict(_HOLE)]}


def json_schema_text() -> str:
    """Return the JSON Schema as the text of its file: sorted keys, two spaces, a newline."""
    return json.dumps(survey_json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def json_schema_path() -> Path:
    """Return the file that ships with the package."""
    return data_path("registry") / "survey.schema.json"


def write_json_schema(path: Path | None = None) -> Path:
    """Write the JSON Schema, by default to the registry, and return where it was written."""
    target = json_schema_path() if path is None else path
    with disk.writing(target, "choose a file that can be written, on a disk with space"):
        disk.write_text(target, json_schema_text())
    return target
