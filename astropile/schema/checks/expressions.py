"""What is asked of every expression, over cells or over leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from astropile.document import did_you_mean
from astropile.expression import Call, Expr, Literal, result_kind, walk
from astropile.schema.leaves import Leaf
from astropile.schema.report import Loc, Report
from astropile.schema.survey_schema import SurveySchema

_UNIT_MAKERS = ("unit", "ab_mag", "ab_flux", "air_to_vacuum", "vacuum_to_air")
_HELP = {
    "number": "number(x) reads a text",
    "bool": "compare, or take bits: x != 0, any_bit(x)",
    "text": "text(x) writes a number",
}


def check_lookups(schema: SurveySchema, expr: Expr, text: str, loc: Loc, report: Report) -> bool:
    """Check that every lookup named in an expression exists."""
    is_sound = True
    for node in walk(expr):
        if not isinstance(node, Call) or node.function != "lookup":
            continue
        named = node.arguments[1]
        assert isinstance(named, Literal)  # noqa: S101 - the parser sees to it
        if named.value not in schema.file.lookups:
            lookups = schema.file.lookups
            help_text = did_you_mean(str(named.value), lookups) or _listed(lookups)
            message = f"'{named.value}' is not in lookups"
            part = report.part_of(loc, text, named)
            report.add("lookup", message, loc, part=part, help=help_text)
            is_sound = False
    return is_sound


def _listed(lookups: Mapping[str, Any]) -> str:
    return f"there are: {', '.join(lookups)}" if lookups else "the survey has no lookups"


def makes_unit(expr: Expr) -> bool:
    """Whether something in an expression gives or takes a unit."""
    return any(isinstance(node, Call) and node.function in _UNIT_MAKERS for node in walk(expr))


def check_kind(expr: Expr, leaf: Leaf, text: str, loc: Loc, report: Report) -> None:
    """Check that the kind of an expression, where its text tells it, is that of the leaf."""
    dtype = leaf.field.dtype
    wanted = {"bool": "bool", "string": "text"}.get(dtype, "number")
    found = result_kind(expr)
    if found in ("unknown", wanted) or (found, wanted) == ("number", "text"):
        return  # an integer becomes text in decimal
    message = f"{leaf.address} is {dtype}, but this gives a {found}"
    part = report.part_of(loc, text, expr)
    report.add("kind", message, loc, part=part, help=_HELP[wanted], once=True)


def check_predicate(expr: Expr, what: str, text: str, loc: Loc, report: Report) -> None:
    """Check that an expression can be true or false."""
    found = result_kind(expr)
    if found not in ("unknown", "bool"):
        part = report.part_of(loc, text, expr)
        message = f"{what} must be true or false, but this gives a {found}"
        report.add("kind", message, loc, part=part, help=_HELP["bool"])
