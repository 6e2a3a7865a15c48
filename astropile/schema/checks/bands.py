"""Bands: filters that the registry knows, or a wavelength range."""

from __future__ import annotations

from astropile.document import did_you_mean
from astropile.schema.checks.fields import check_unverified
from astropile.schema.models import Band
from astropile.schema.report import Loc, Report
from astropile.schema.survey_schema import SurveySchema
from astropile.vocabulary import find_filter, load_filters, load_vocabulary


def check_bands(schema: SurveySchema, report: Report) -> None:
    """Check every band."""
    for token, band in schema.file.bands.items():
        loc = ("bands", token)
        for fault in load_vocabulary().check_bands([token]):
            report.add(fault.code, fault.message, loc, key=True, help=fault.help)
        check_unverified(band.unverified, Band, {}, loc, report)
        ways = [
            key
            for key, given in (
                ("filters", band.filters),
                ("by", band.by or band.cases),
                ("wavelength", band.wavelength),
            )
            if given
        ]
        if not ways and "filters" not in band.unverified:
            help_text = "add filters: [SVO ids], by: and cases:, or wavelength: [nm, nm]"
            report.add("band", f"band {token} has no filter", loc, key=True, help=help_text)
        if "by" in ways and "filters" in ways:
            report.add("band", "give filters, or by and cases, not both", loc, key=True)
        _check_filters(band, loc, report)
        _check_cases(band, schema, loc, report)
        _check_wavelength(band, loc, report)


def _check_filters(band: Band, loc: Loc, report: Report) -> None:
    places = [((*loc, "filters", number), name) for number, name in enumerate(band.filters)]
    places += [((*loc, "cases", value), name) for value, name in band.cases.items()]
    known = load_filters()
    for place, name in places:
        if name in known or place[2] in band.unverified:
            continue
        near = find_filter(name)
        help_text = f"did you mean {' or '.join(near[:3])}?" if near else ""
        help_text = help_text or "write Facility/Instrument.Band, as the filter service SVO does"
        report.add("filter_id", f"'{name}' is not a registered filter", place, help=help_text)
    for number, name in enumerate(band.filters):
        if name in band.filters[:number]:
            report.add("band", f"'{name}' is given twice", (*loc, "filters", number))


def _check_cases(band: Band, schema: SurveySchema, loc: Loc, report: Report) -> None:
    if not band.by:
        if band.cases:
            report.add("band", "cases need by: the column that decides", loc, key=True)
        return
    if not band.cases:
        report.add("band", "by needs cases: {value: filter}", loc, key=True)
    leaf = schema.leaves.get(band.by)
    if leaf is None or leaf.block:
        columns = [address for address, found in schema.leaves.items() if not found.block]
        help_text = did_you_mean(band.by, columns)
        report.add("band", f"'{band.by}' is not a column", (*loc, "by"), help=help_text)
        return
    if leaf.field.dtype in ("float32", "float64"):
        message = f"{band.by} is {leaf.field.dtype}; a column of cases has exact values"
        report.add("band", message, (*loc, "by"))
    values = [_plain(value) for value in leaf.field.enum] or list(leaf.field.codes)
    for value in band.cases:
        if values and value not in values:
            help_text = f"it has {', '.join(values)}"
            message = f"'{value}' is not a value of {band.by}"
            report.add("band", message, (*loc, "cases", value), key=True, help=help_text)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_wavelength(band: Band, loc: Loc, report: Report) -> None:
    if band.wavelength is None:
        return
    low, high = band.wavelength
    if not 0 < low < high:
        message = f"expected a range in nm from low to high, got {low:g} to {high:g}"
        report.add("band", message, (*loc, "wavelength"))
