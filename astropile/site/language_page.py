"""The keys of a survey file, from the models that check it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from astropile.expression import FUNCTIONS, MACROS
from astropile.schema.json_schema import survey_json_schema
from astropile.site.markup import code, link, listing, page, prose, raw, table, text

__all__ = ["language_page"]

_TOP: Final = "SurveyFile"
_WORDS: Final = {
    "string": "text", "boolean": "true/false", "integer": "integer", "number": "number",
    "null": "nothing",
}  # fmt: skip
_MANY: Final = 6


def language_page() -> str:
    """Return the page of all keys, models in the order in which a file meets them."""
    schema = survey_json_schema()
    models = {_TOP: schema, **_reached(schema)}
    return page(
        "Keys of a survey file",
        "Made from the models that check a file, so it cannot be out of date. Why things are as "
        "they are, with examples: [the language](language.md). The same facts complete and check "
        "a file while you type, with `registry/survey.schema.json`.\n",
        *(block for name, model in models.items() for block in _model(name, model)),
        "## Functions of expressions\n",
        *_functions(),
    )


def _reached(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the models that the file refers to, breadth first."""
    definitions = schema["$defs"]
    queue, found = [schema], dict[str, Any]()
    while queue:
        for name in _references(queue.pop(0).get("properties", {})):
            if name not in found:
                found[name] = definitions[name]
                queue.append(definitions[name])
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item.rpartition("/")[2]
            else:
                yield from _references(item)


def _model(name: str, model: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {name}\n"
    yield raw(f"<p>{prose(model.get('description', ''))}</p>")
    required = {"object", "columns", "sources", *model.get("required", ())}
    rows = [
        (
            f'<th scope="row" id="{name}-{text(key)}">{code(key)}</th>',
            _type(entry),
            "required" if key in required else _default(entry),
            prose(entry.get("description", "")),
        )
        for key, entry in model.get("properties", {}).items()
    ]
    if rows:
        yield raw(table(("Key", "Type", "Default", "Meaning"), rows))


def _default(entry: Mapping[str, Any]) -> str:
    value = entry.get("default")
    if value in (None, "", [], {}):
        return ""
    return code(str(value).lower() if isinstance(value, bool) else value)


def _type(entry: Mapping[str, Any]) -> str:
    """Return what a key may hold, as HTML."""
    if "$ref" in entry:
        name = entry["$ref"].rpartition("/")[2]
        return link(f"#{name.lower()}", text(name))
    if "const" in entry:
        return code(entry["const"])
    if "enum" in entry:
        words = [code("null" if word is None else word) for word in entry["enum"]]
        return listing(words, of="words", longest=_MANY)
    if "anyOf" in entry:
        parts = [_type(part) for part in entry["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(parts))
    if entry.get("type") == "array":
        items = entry.get("prefixItems")
        if items:
            return f"[{', '.join(map(_type, items))}]"
        return f"list of {_type(entry.get('items', {}))}"
    if entry.get("type") == "object":
        inner = entry.get("additionalProperties")
        return f"map of {_type(inner)}" if isinstance(inner, dict) else "map"
    return text(_WORDS.get(entry.get("type", ""), "anything"))


def _functions() -> Iterator[str]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for function in FUNCTIONS.values():
        groups.setdefault(function.group, []).append((function.signature, function.doc))
    groups["macros"] = list(MACROS.values())
    for group, functions in groups.items():
        yield f"### {group.capitalize()}\n"
        rows = [(code(signature), prose(doc)) for signature, doc in functions]
        yield raw(table(("Function", "What it gives"), rows))
