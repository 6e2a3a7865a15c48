"""Templates: variables, their values, and holes that nothing fills."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from astropile.document import did_you_mean
from astropile.expression import ExpressionError, Hole, holes
from astropile.schema.leaves import Leaf
from astropile.schema.models import Holes, SurveyFile
from astropile.schema.report import Loc, Report
from astropile.schema.survey_schema import SurveySchema

#: Names with a meaning of their own in holes and expressions.
RESERVED_VARIABLES = ("block", "field", "config", "split", "path")
#: More expansions than this are a mistake, and would exhaust the machine.
MAX_EXPANSIONS = 2000
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILLED_KEYS = ("unit", "role", "formula", "ucd")


def check_variables(file: SurveyFile, report: Report) -> None:
    """Check every ``for``; must pass before anything is expanded."""
    _check_clashes(file, report)
    for loc, for_ in _all_for(file):
        count = math.prod(_count(values, len(file.bands)) for values in for_.values())
        if count > MAX_EXPANSIONS:
            message = f"makes {count} of one entry; at most {MAX_EXPANSIONS} are allowed"
            report.add("template", message, (*loc, "for"), key=True)
        for variable, values in for_.items():
            place = (*loc, "for", variable)
            _check_variable(variable, place, report)
            _check_values(variable, values, file, loc, report)


def _check_clashes(file: SurveyFile, report: Report) -> None:
    """Check that no variable of a config hides one of a template or of ``over``."""
    taken = {"band": "the bands"}
    for modality in file.modalities.values():
        taken |= {axis: f"the axis '{axis}'" for axis in modality.axes}
    for loc, for_ in _all_for(file):
        if loc[0] != "configs":
            taken |= dict.fromkeys(for_, f"the template '{loc[-1]}'")
    for name, config in file.configs.items():
        for variable in config.for_:
            if variable in taken and variable not in RESERVED_VARIABLES:
                message = f"'{variable}' is a variable of {taken[variable]}, too"
                help_text = "give the config's variable another name"
                loc = ("configs", name, "for", variable)
                report.add("variable", message, loc, key=True, help=help_text)


def _all_for(file: SurveyFile) -> Iterator[tuple[Loc, Holes]]:
    for key, field in file.columns.items():
        yield ("columns", key), field.for_
    for block, modality in file.modalities.items():
        for key, field in modality.fields.items():
            yield ("modalities", block, "fields", key), field.for_
    for source, model in file.sources.items():
        for key, table in model.tables.items():
            yield ("sources", source, "tables", key), table.for_
    for key, config in file.configs.items():
        yield ("configs", key), config.for_


def _count(values: tuple[int | str, ...], bands: int) -> int:
    return bands if values == ("*",) else len(values)


def _check_variable(variable: str, loc: Loc, report: Report) -> None:
    if variable in RESERVED_VARIABLES:
        message = f"'{variable}' is reserved; give the variable another name"
        report.add("variable", message, loc, key=True)
    elif not _VARIABLE.fullmatch(variable):
        message = f"'{variable}' is not a name of letters, digits and _"
        report.add("variable", message, loc, key=True)


def _check_values(
    variable: str, values: tuple[int | str, ...], file: SurveyFile, loc: Loc, report: Report
) -> None:
    place = (*loc, "for", variable)
    if not values:
        report.add("variable", f"'{variable}' has no values", place, key=True)
    if "*" in values and (variable != "band" or len(values) > 1):
        message = '"*" means all bands, for the variable band alone'
        report.add("variable", message, (*place, values.index("*")))
        return
    if variable != "band" or values == ("*",) or loc[0] == "configs":
        return
    for number, value in enumerate(values):
        if str(value) not in file.bands:
            help_text = did_you_mean(str(value), file.bands) or f"bands: {', '.join(file.bands)}"
            report.add("band", f"'{value}' is not a band", (*place, number), help=help_text)


def check_leftovers(schema: SurveySchema, report: Report) -> None:
    """Check that no hole of a field is left over."""
    for leaf in schema.leaves.values():
        if leaf.loc[0] == "object":
            continue
        found = [hole for hole in holes_in(leaf.name) if hole.expression not in leaf.field.for_]
        if found:
            message = f"nothing fills the hole {_text(leaf.name, found[0])} of this name"
            help_text = _help(found[0], leaf)
            report.add("template", message, leaf.loc, key=True, help=help_text, once=True)
        texts: list[tuple[str, Loc]] = [
            (getattr(leaf.field, key), (*leaf.loc, key)) for key in _FILLED_KEYS
        ]
        texts += [(text, (*leaf.loc, "is", key)) for key, text in leaf.field.is_.items()]
        texts += [(t, (*leaf.loc, "aliases", n)) for n, t in enumerate(leaf.field.aliases)]
        if leaf.field.for_:  # other prose may hold braces
            texts.append((leaf.field.description, (*leaf.loc, "description")))
        for text, loc in texts:
            for hole in holes_in(text):
                if hole.expression in leaf.field.for_:
                    continue  # why it was not filled was told when the template was expanded
                message = f"nothing fills the hole {_text(text, hole)}"
                report.add("template", message, loc, help=_help(hole, leaf), once=True)


def holes_in(text: str) -> list[Hole]:
    """Return the holes of a text; none if its braces do not pair."""
    if "{" not in text:
        return []
    try:
        return holes(text)
    except ExpressionError:
        return []


def _text(text: str, hole: Hole) -> str:
    return text[hole.start : hole.end]


def _help(hole: Hole, leaf: Leaf) -> str:
    return (
        did_you_mean(hole.expression, leaf.field.for_) or f"add for: {{{hole.expression}: [...]}}"
    )
