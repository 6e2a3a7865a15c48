"""The reference of the language lists what the code knows: keys, functions, roles, codes."""

from __future__ import annotations

import ast
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel

from astropile.expression import FUNCTIONS, MACROS
from astropile.readers import formats
from astropile.schema import ROLE_AXES, models
from astropile.schema.checks.formats import FORMATS

MODELS = {
    name: model
    for name, model in vars(models).items()
    if isinstance(model, type) and issubclass(model, models.Model) and model is not models.Model
}
#: Words of the page that say more than `text`, and other spellings.
TEXTS = re.compile(r"\b(expression|unit|path|name|cell|config|leaf|leave|axe|table|band)s?\b")
PROTECTED = re.compile(r"(`[^`]*`|\[\w+\]\(#\w+\))")
ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*?) ?\| (.+) \|$", re.MULTILINE)


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next one."""
    start = text.index(f"# {heading}\n")
    end = text.find("\n#", start)
    return text[start : end if end > 0 else len(text)]


def type_text(kind: Any) -> str:
    """Return the type of a key as the tables say it."""
    origin, args = get_origin(kind), get_args(kind)
    if kind == models.Scalar:
        return "scalar"
    if origin is Annotated or kind == models.DType:
        return "dtype" if kind == models.DType else type_text(args[0])
    if origin is Literal:
        return " ".join(f"`{'null' if value is None else value}`" for value in args)
    if origin in (Union, types.UnionType):
        return " or ".join(type_text(arg) for arg in args if arg is not type(None))
    if origin is tuple:
        inner = [type_text(arg) for arg in args if arg is not Ellipsis]
        return f"list of {inner[0]}" if Ellipsis in args else f"[{', '.join(inner)}]"
    if origin is dict:
        return f"map of {type_text(args[1])}"
    if issubclass(kind, BaseModel):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return {str: "text", bool: "true/false", int: "integer", float: "number"}[kind]


def default_text(field: Any) -> str:
    """Return the default of a key as the tables say it."""
    if field.is_required():
        return "required"
    if field.default in ((), {}, "", None):
        return ""
    value = str(field.default)
    return f"`{value.lower() if isinstance(field.default, bool) else value}`"


def plain(kind: str) -> str:
    """Return a type with `text` for the words that say more; code and links stay."""
    pieces = PROTECTED.split(kind)
    pieces[::2] = (TEXTS.sub("text", piece) for piece in pieces[::2])
    return "".join(pieces).replace("integer or text", "text or integer")


@pytest.mark.parametrize("name", MODELS)
def test_keys_of_a_model_when_compared_with_its_table_then_all_agree(
    name: str, reference: str
) -> None:
    hints = get_type_hints(MODELS[name], include_extras=True)
    expected = [
        (field.alias or key, plain(type_text(hints[key])), default_text(field))
        for key, field in MODELS[name].model_fields.items()
    ]
    rows = ROW.findall(section(reference, name))
    assert [(key, plain(kind), default) for key, kind, default, _ in rows] == expected


def test_dtypes_when_listed_then_are_all(reference: str) -> None:
    row = next(row for row in ROW.findall(section(reference, "Field")) if row[0] == "dtype")
    assert re.findall(r"`(\w+)`", row[3]) == list(get_args(models.DType))


def test_functions_and_macros_when_listed_then_are_all(reference: str) -> None:
    table = section(reference, "Expressions")
    listed = re.findall(r"^\| `((\w+)\(.*?\))` \| .{4,} \|$", table, re.MULTILINE)
    signatures = {name: function.signature for name, function in FUNCTIONS.items()}
    signatures |= {name: signature for name, (signature, _) in MACROS.items()}
    assert {name: signature for signature, name in listed} == signatures
    assert len(listed) == len(signatures)


def test_roles_when_listed_then_are_those_of_each_kind(reference: str) -> None:
    rows = re.findall(
        r"^\| ((?:`\w+` ?)+)\| (.*) \|$", section(reference, "Modality"), re.MULTILINE
    )
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for kinds, roles in rows[-5:]:
        groups = [part.split(":") for part in roles.split(" · ") if ":" in part]
        known = {
            role: tuple(axes.strip().split(", "))
            for names, axes in groups
            for role in re.findall(r"`(\w+)`", names)
        }
        found |= dict.fromkeys(re.findall(r"`(\w+)`", kinds), known)
    assert found == ROLE_AXES


def test_formats_when_listed_then_are_all_and_the_unread_ones_are_told(reference: str) -> None:
    rows = re.findall(r"^\| (`.*?) \| (.*) \| (.*)\|$", section(reference, "Cells"), re.MULTILINE)
    listed = {
        name: set() if "no reader yet" in cells else set(re.findall(r"`(\w+)`", ways))
        for names, cells, ways in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    assert set(listed) == set(FORMATS)
    assert {name for name, ways in listed.items() if ways} == set(formats())
    for name in formats():
        ways = {option for option in FORMATS[name] if option.startswith("rows=")}
        assert {f"rows={way}" for way in listed[name]} == ways


#: Where the code stands among the arguments of the calls that report a problem.
PLACES = {"add": 0, "Fault": 0, "_refused": 1, "_report_word": 1, "_report": 2}
#: Codes that a name or a signature carries.
OTHERS = {"expression", "bits", "codes", "missing", "enum", "medium", "frame"}
#: Of names that somebody typed, and of units; files report them under other codes.
INNER = {"name_words", "unit_kind", "unit_unknown"}


def reported_codes(folder: Path) -> Iterator[str]:
    """Yield the codes of problems that the modules of a folder report."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            texts = [getattr(argument, "value", None) for argument in node.args]
            if name == "problem":
                texts = [value for value in texts if isinstance(value, str)]
            place = PLACES.get(name, 0 if name == "problem" else len(texts))
            code = texts[place] if place < len(texts) else None
            if isinstance(code, str) and re.fullmatch(r"[a-z]+(_[a-z]+)*", code):
                yield code


def test_codes_when_listed_then_are_all(reference: str, repo_root: Path) -> None:
    package = repo_root / "astropile"
    known = {*reported_codes(package / "document"), *reported_codes(package / "schema")}
    known |= {code for code in reported_codes(package / "vocabulary") if "_" in code} - INNER
    rows = re.findall(
        r"^\| [a-zA-Z ]+ \| (`.*`) \|$", section(reference, "Without data"), re.MULTILINE
    )
    listed = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    assert listed == known | OTHERS
