"""The file formats of the language, and what a table may say of their files.

The readers lie a floor above, so their options are told again here; a test keeps the two alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Final

from astropile.document import did_you_mean
from astropile.schema.models import Table
from astropile.schema.report import Loc, Report

_TEXT: Final = {"rows=axis", "rows=file", "ignore_case", "nulls"}
_TABLE: Final = {"rows=axis", "rows=file", "ignore_case"}
#: Format -> reader options, and ``rows=...`` for the values of ``rows``, that its files take.
FORMATS: Final[Mapping[str, frozenset[str]]] = {
    "avro": frozenset(_TABLE),
    "csv": frozenset({*_TEXT, "delimiter", "comment", "header"}),
    "ecsv": frozenset(_TEXT),
    "fits": frozenset({*_TABLE, "rows=cutout", "rows=channel", "hdu", "shared"}),
    "hdf5": frozenset({*_TABLE, "rows=group", "shared"}),
    "npy": frozenset({"rows=axis", "rows=file"}),
    "parquet": frozenset(_TABLE),
    "picture": frozenset({"rows=file"}),
    "snana": frozenset({"rows=file", "ignore_case", "nulls"}),
    "snoopy": frozenset({"rows=file", "ignore_case", "nulls"}),
    "text": frozenset({*_TEXT, "delimiter", "comment", "header"}),
    "votable": frozenset({*_TABLE, "nulls"}),
}
OPTIONS: Final = ("hdu", "shared", "ignore_case", "delimiter", "comment", "header", "nulls")


@cache
def _added_formats() -> frozenset[str]:
    """Return formats of other packages; what their files take is known to their readers alone."""
    return frozenset(entry_points(group="astropile.readers").names)


def check_format(table: Table, loc: Loc, report: Report) -> None:
    """Check the format of a table's files and the options of its reader."""
    if table.format not in FORMATS:
        if table.format not in _added_formats():
            help_text = did_you_mean(table.format, FORMATS) or f"formats: {', '.join(FORMATS)}"
            message = f"no file format '{table.format}'"
            report.add("format", message, (*loc, "format"), help=help_text)
        return
    legal = FORMATS[table.format]
    rows = [option.removeprefix("rows=") for option in sorted(legal) if option.startswith("rows=")]
    if table.rows not in rows:
        message = f"{table.format} files have no rows: {table.rows}"
        is_written = "rows" in table.model_fields_set
        place = (*loc, "rows") if is_written else loc
        help_text = f"write rows: {' or '.join(rows)}"
        report.add("option", message, place, key=not is_written, help=help_text)
    for option in OPTIONS:
        if getattr(table, option) and option not in legal:
            message = f"{table.format} files have no option {option}"
            report.add("option", message, (*loc, option), key=True)
