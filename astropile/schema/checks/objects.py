"""The object block: what identifies an object, and where it is."""

from __future__ import annotations

from astropile.document import did_you_mean
from astropile.expression import ExpressionError, names, parse
from astropile.schema.checks.expressions import check_lookups
from astropile.schema.leaves import Leaf
from astropile.schema.report import Loc, Report
from astropile.schema.survey_schema import SurveySchema


def check_object(schema: SurveySchema, report: Report) -> None:
    """Check what the object block refers to."""
    _check_id(schema, report)
    for key, written in (("ra", schema.file.object.ra), ("dec", schema.file.object.dec)):
        leaf = _column(schema, written)
        if leaf is None:
            continue  # reported when the leaves were made
        loc = ("object", key)
        if leaf.field.dtype != "float64" and leaf.field.is_.get("quantity") != key:
            message = f"{written} is {leaf.field.dtype}; positions are float64"
            report.add("object", message, loc, help="a source that stores less says so with lossy:")
        if leaf.field.unit != "deg":
            message = f"{written} is in '{leaf.field.unit}'; positions are in deg"
            report.add("object", message, loc)
        _check_everywhere(leaf, loc, report)
    epoch = schema.file.object.epoch
    if isinstance(epoch, str):
        leaf = _column(schema, epoch)
        if leaf is None or leaf.field.dtype in ("string", "bool"):
            help_text = did_you_mean(epoch, schema.file.columns)
            message = f"'{epoch}' is not a column of Julian years"
            report.add("object", message, ("object", "epoch"), help=help_text)
    elif epoch is not None and not 1800 <= epoch <= 2200:
        message = f"expected a Julian year such as 2016.0, got {epoch:g}"
        report.add("object", message, ("object", "epoch"))


def _column(schema: SurveySchema, name: str) -> Leaf | None:
    """Return a column, also one that is a leaf of the object."""
    leaf = schema.leaves.get(name)
    is_column = leaf is not None and not leaf.block and leaf.loc[0] == "columns"
    return leaf if is_column else None


def _check_id(schema: SurveySchema, report: Report) -> None:
    loc, text = ("object", "id"), schema.file.object.id
    try:
        expr = parse(text)
    except ExpressionError as error:
        report.add_expression_error(error, text, loc)
        return
    check_lookups(schema, expr, text, loc, report)
    if not names(expr):
        report.add("object", "an id that is the same for every object", loc, help="name a column")
    for name in names(expr):
        part = report.part_of(loc, text, name)
        leaf = _column(schema, name.text)
        if leaf is None:
            help_text = did_you_mean(name.text, schema.file.columns)
            message = f"'{name.text}' is not a column"
            report.add("object", message, loc, part=part, help=help_text)
            continue
        written = schema.file.columns[leaf.template].dtype
        is_told = leaf.field.is_.get("quantity") == "object_id"
        if written in ("float32", "float64") and not is_told:
            message = f"{name.text} is {written}; an id is made of integers and texts"
            report.add("object", message, loc, part=part)
        _check_everywhere(leaf, loc, report)


def _check_everywhere(leaf: Leaf, loc: Loc, report: Report) -> None:
    if leaf.only:
        message = f"{leaf.name} must exist in every config: the object needs it"
        report.add("object", message, loc, help="take its only: away")
