"""Turns every fault of a file's shape into a problem at its place in the text."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from astropile.document import Document, did_you_mean, document_lints, near
from astropile.schema.report import Loc, Report

ModelT = TypeVar("ModelT", bound=BaseModel)

_EXPECTED = {
    "bool_type": "true or false",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "none_required": "null",
}
#: The order in which the alternatives of a key are named.
_ORDER = ("true or false", "an integer", "a number", "text", "a list", "a mapping", "null")


def validate_shape(
    document: Document, data: Mapping[str, Any], model: type[ModelT], report: Report
) -> ModelT:
    """Validate the data of a document with a model; every error becomes a problem of the report.

    Parameters
    ----------
    document : Document
        Where the data come from; gives the places.
    data : mapping
        Plain data of the document, with its fragments merged.
    model : type
        The Pydantic model to make.
    report : Report
        Takes the problems. If it got any, the returned model must not be used.

    Returns
    -------
    BaseModel
        An instance of the model; without values if the data are wrong.
    """
    try:
        # Aliases alone are keys of the language: `is_` is a name of Python's.
        return model.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        faults = [_Fault(dict(entry), data) for entry in error.errors(include_url=False)]
    lost = {
        problem.line: problem for problem in document_lints(document) if problem.code == "comma"
    }
    for fault in _collapsed(faults):
        line = document.span(fault.loc, key=True).line
        if fault.kind == "extra_forbidden" and fault.input is None and line in lost:
            if lost[line] not in report.problems:
                report.problems.append(lost[line])  # the key is the end of an unquoted text
        else:
            _report(fault, model, document, report)
    return model.model_construct()


class _Fault:
    """One Pydantic error, its place freed from the names of union branches."""

    __slots__ = ("context", "from_union", "input", "kind", "loc")

    def __init__(self, entry: dict[str, Any], data: object) -> None:
        self.kind: str = entry["type"]
        self.input = entry.get("input")
        self.context: Mapping[str, Any] = entry.get("ctx", {})
        self.loc, self.from_union = _data_loc(entry["loc"], data, missing=self.kind == "missing")

    @property
    def expected(self) -> str:
        """What the branch wanted, in words."""
        return _EXPECTED.get(self.kind, "")


def _data_loc(loc: Sequence[str | int], data: object, *, missing: bool) -> tuple[Loc, bool]:
    """Keep the parts of a Pydantic place that exist in the data."""
    found: list[str | int] = []
    branched = False
    here: Any = data
    for number, part in enumerate(loc):
        if _has(here, part):
            here = here[part]
        elif missing and number == len(loc) - 1:
            here = None
        else:
            branched = True  # the name of a union's branch, or '[key]'
            continue
        found.append(part)
    return tuple(found), branched


def _has(data: Any, part: str | int) -> bool:
    if isinstance(data, Mapping):
        return part in data
    return isinstance(data, list) and isinstance(part, int) and part < len(data)


def _collapsed(faults: Sequence[_Fault]) -> list[_Fault]:
    """Merge the branches of a union: one wrong value is one problem."""
    merged: dict[Loc, _Fault] = {}
    result = []
    for fault in faults:
        if not fault.from_union:
            result.append(fault)
        elif fault.loc not in merged:
            merged[fault.loc] = fault
            fault.context = {"branches": {fault.expected}}
            result.append(fault)
        else:
            merged[fault.loc].context["branches"].add(fault.expected)
    return result


def _report(fault: _Fault, model: type[BaseModel], document: Document, report: Report) -> None:
    loc, kind, context = fault.loc, fault.kind, fault.context
    got = _shown(fault.input)
    if kind == "extra_forbidden":
        keys = _keys_at(model, loc[:-1])
        help_text = did_you_mean(str(loc[-1]), keys) or f"allowed: {', '.join(keys)}"
        report.add("unknown_key", f"unknown key '{loc[-1]}'", loc, key=True, help=help_text)
    elif kind == "missing" and isinstance(loc[-1], int):
        report.add("length", f"expected a list of two values, got {loc[-1]}", loc[:-1])
    elif kind == "missing":
        report.add("missing_key", f"missing key '{loc[-1]}'", loc[:-1], key=True)
    elif "branches" in context:
        words = [word for word in _ORDER if word in context["branches"]]
        if {"an integer", "a number"} <= set(words):
            words.remove("an integer")
        report.add("type", f"expected {' or '.join(words)}, got {got}", loc)
    elif kind in _EXPECTED:
        help_text = _type_help(fault, document)
        report.add("type", f"expected {fault.expected}, got {got}", loc, help=help_text)
    elif kind == "literal_error":
        _report_choice(fault, report)
    elif kind == "string_pattern_mismatch":
        report.add("pattern", f"{got} is not of the form {context['pattern']}", loc)
    elif kind == "string_too_short":
        report.add("empty", f"'{loc[-1]}' must not be empty", loc)
    elif kind == "too_short":
        report.add("empty", f"expected at least {context['min_length']} entry", loc, key=True)
    elif kind == "too_long":
        length = f"{context['max_length']} values, got {context['actual_length']}"
        report.add("length", f"expected a list of {length}", loc)
    elif kind == "greater_than_equal":
        report.add("range", f"expected at least {context['ge']}, got {got}", loc)
    else:
        report.add("shape", str(context.get("error", kind.replace("_", " "))), loc)


def _report_choice(fault: _Fault, report: Report) -> None:
    words = str(fault.context["expected"]).replace(" or ", ", ").split(", ")
    allowed = ["null" if word == "None" else word.strip("'") for word in words]
    close = near(str(fault.input), allowed)
    help_text = f"allowed: {', '.join(allowed)}"
    if fault.loc == ("language",):
        message = f"this version reads language {' or '.join(allowed)}, not {_shown(fault.input)}"
        report.add("language", message, fault.loc)
        return
    if fault.input in allowed:
        help_text = "write it without quotes"
    elif close:
        help_text = f"did you mean {' or '.join(close)}? {help_text}"
    report.add("choice", f"{_shown(fault.input)} is not allowed", fault.loc, help=help_text)


def _type_help(fault: _Fault, document: Document) -> str:
    value = fault.input
    if fault.kind == "string_type" and isinstance(value, (bool, int, float)):
        return f'write it in quotes: "{_plain(value)}"'
    if fault.kind == "tuple_type" and isinstance(value, (str, int, float)):
        return f"write it as a list: [{_plain(value)}]"
    if fault.kind == "string_type" and isinstance(value, Mapping):
        return "quote text that starts with {"
    return ""


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(value: object) -> str:
    """Show a value as it stands in YAML, short."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= 60 else f"'{value[:57]}...'"
    return _plain(value)


def _keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """Return the keys that the model at a place of the data knows."""
    here: Any = model
    for part in loc:
        here = _model_in(here, part)
    found = _as_model(here)
    return [] if found is None else key_names(found)


def key_names(model: type[BaseModel]) -> list[str]:
    """Return the keys of a model as they are written in YAML."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any, part: str | int) -> Any:
    model = _as_model(annotation)
    if model is not None:
        by_key = {field.alias or name: field for name, field in model.model_fields.items()}
        return by_key[str(part)].annotation if part in by_key else None
    for branch in _branches(annotation):
        if get_origin(branch) is dict:
            return get_args(branch)[1]
        if get_origin(branch) is tuple:
            return get_args(branch)[0]
    return None


def _as_model(annotation: Any) -> type[BaseModel] | None:
    for branch in _branches(annotation):
        if isinstance(branch, type) and issubclass(branch, BaseModel):
            return branch
    return None


def _branches(annotation: Any) -> list[Any]:
    """Return the alternatives of a type, without its annotations."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        return [inner for branch in get_args(annotation) for inner in _branches(branch)]
    return [annotation]
