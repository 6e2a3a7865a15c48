"""What a field says of itself: dtype, polarity, sentinels, limits, times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from astropile.document import did_you_mean
from astropile.schema.models import About, Field, Override, SurveyFile
from astropile.schema.report import Loc, Report
from astropile.schema.shape import key_names
from astropile.schema.survey_schema import SurveySchema

#: Bits of each integer dtype, and whether it has a sign.
INTEGERS = {f"{sign}int{bits}": (bits, not sign) for sign in ("", "u") for bits in (8, 16, 32, 64)}
_FLOATS = ("float32", "float64")
#: Form of a UCD1+ (https://www.ivoa.net/documents/UCD1+/); its words are a list of the IVOA.
_UCD = re.compile(r"[A-Za-z][A-Za-z0-9.-]*(;[A-Za-z][A-Za-z0-9.-]*)*")
#: Positions and identities: never float32, and ids never a float at all.
_EXACT = {"ra", "dec"}


@dataclass(frozen=True, slots=True)
class Written:
    """A field as it is written, before its template is expanded."""

    field: Field
    key: str
    block: str
    loc: Loc

    @property
    def is_time(self) -> bool:
        """Whether it is a time: by its key, or by its role in a block."""
        role = self.field.role or (self.key if self.block else "")
        return self.field.time is not None or role == "time"


def written_fields(file: SurveyFile) -> Iterator[Written]:
    """Yield every field of a file: columns, then those of the modalities."""
    for key, field in file.columns.items():
        yield Written(field, key, "", ("columns", key))
    for block, modality in file.modalities.items():
        for key, field in modality.fields.items():
            yield Written(field, key, block, ("modalities", block, "fields", key))


def check_fields(schema: SurveySchema, report: Report) -> None:
    """Check every field, and again with what each config overrides."""
    about = schema.file.about
    check_unverified(about.unverified, About, {}, ("about",), report)
    faulty: set[str] = set()
    for written in written_fields(schema.file):
        before = len(report.problems)
        _check_field(written, report)
        if len(report.problems) > before:
            faulty.add(f"{written.block}.{written.key}" if written.block else written.key)
    for name, config in schema.file.configs.items():
        for key, override in config.override.items():
            loc: Loc = ("configs", name, "override", key)
            if override.dtype is None and "dtype" in override.model_fields_set:
                report.add("type", "expected a dtype, got nothing", (*loc, "dtype"))
            for address in schema.addresses.get(key, ())[:1]:
                leaf = schema.leaves[address]
                if leaf.template in faulty:
                    continue  # its own faults are not the override's
                changed = _overridden(leaf.field, override)
                _check_field(Written(changed, leaf.role, leaf.block, loc), report)


def _overridden(field: Field, override: Override) -> Field:
    update = {key: getattr(override, key) for key in override.model_fields_set}
    if update.get("dtype", "") is None:
        del update["dtype"]
    return field.model_copy(update=update)


def _check_field(written: Written, report: Report) -> None:
    _check_polarity(written, report)
    _check_time(written, report)
    _check_dtype(written, report)
    _check_words(written, report)
    _check_values(written, report)
    _check_limits(written, report)
    check_unverified(written.field.unverified, Field, written.field.is_, written.loc, report)
    if written.field.axes is not None and not written.block:
        message = "a column is one value an object; it has no axes"
        report.add("axes", message, (*written.loc, "axes"), key=True, help="make it a modality")


def _check_polarity(written: Written, report: Report) -> None:
    field, loc = written.field, written.loc
    if field.dtype == "bool" and field.true_means is None:
        help_text = "add true_means: good, bad, or neither (a plain statement)"
        report.add("true_means", "a bool must say what true means", loc, key=True, help=help_text)
    if field.dtype != "bool" and field.true_means is not None:
        message = f"true_means is for bools, not for {field.dtype}"
        report.add("true_means", message, (*loc, "true_means"), key=True)


def _check_time(written: Written, report: Report) -> None:
    if not written.is_time:
        return
    field, loc = written.field, written.loc
    if field.time is None:
        help_text = "add time: {zero: 2400000.5, scale: utc} (zero: the Julian date of value 0)"
        report.add("time", "a time must say what it counts from", loc, key=True, help=help_text)
    if field.dtype != "float64":
        message = f"a time is float64, not {field.dtype}"
        help_text = "a source that stores less says so with lossy:"
        report.add("dtype", message, (*loc, "dtype"), help=help_text)


def _check_dtype(written: Written, report: Report) -> None:
    field, quantity = written.field, written.field.is_.get("quantity", "")
    is_value = "stat" not in field.is_
    if quantity in _EXACT and is_value and field.dtype != "float64":
        message = f"{quantity} is float64, not {field.dtype}"
        help_text = "a source that stores less says so with lossy:"
        report.add("dtype", message, (*written.loc, "dtype"), help=help_text)
    if quantity == "object_id" and field.dtype in _FLOATS:
        message = f"an id is an integer or a string, not {field.dtype}"
        report.add("dtype", message, (*written.loc, "dtype"))
    if field.ucd and "{" not in field.ucd and not _UCD.fullmatch(field.ucd):
        message = f"'{field.ucd}' is no UCD: words of letters, digits, . and -, joined by ;"
        report.add("ucd", message, (*written.loc, "ucd"))
    if field.unit and field.dtype in ("string", "bool"):
        report.add("unit", f"a {field.dtype} has no unit", (*written.loc, "unit"), once=True)


def _check_words(written: Written, report: Report) -> None:
    """Check ``bits`` and ``codes``: names for the values of an integer."""
    for key in ("bits", "codes"):
        words: Mapping[str, str] = getattr(written.field, key)
        loc: Loc = (*written.loc, key)
        if words and written.field.dtype not in INTEGERS:
            message = f"{key} are for integers, not for {written.field.dtype}"
            report.add(key, message, loc, key=True)
            continue
        for word, name in words.items():
            _check_word(key, word, written.field.dtype, loc, report)
            if list(words.values()).index(name) != list(words).index(word):
                report.add(key, f"'{name}' is given twice", (*loc, word))


def _check_word(key: str, word: str, dtype: str, loc: Loc, report: Report) -> None:
    number = _integer(word)
    if number is None:
        report.add(key, f"'{word}' is not an integer", (*loc, word), key=True)
        return
    bits, _ = INTEGERS[dtype]
    if key == "bits" and not 0 <= number < bits:
        message = f"{dtype} has bits 0 to {bits - 1}, not {number}"
        report.add(key, message, (*loc, word), key=True)
    if key == "codes" and not fits(number, dtype):
        report.add(key, f"{number} does not fit {dtype}", (*loc, word), key=True)


def _integer(text: str) -> int | None:
    digits = text.removeprefix("-")
    # isdecimal alone takes the digits of every script
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= 20 else None


def fits(value: object, dtype: str) -> bool:
    """Whether a scalar of YAML is a value of a dtype."""
    if dtype == "string":
        return isinstance(value, str)
    if dtype == "bool":
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if dtype in _FLOATS:
        return True
    bits, signed = INTEGERS[dtype]
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else (0, 2**bits)
    return float(value).is_integer() and low <= value < high


def _check_values(written: Written, report: Report) -> None:
    for key in ("missing", "enum"):
        for number, value in enumerate(getattr(written.field, key)):
            if not fits(value, written.field.dtype):
                shown = f"'{value}'" if isinstance(value, str) else str(value).lower()
                message = f"{shown} is not a value of {written.field.dtype}"
                report.add(key, message, (*written.loc, key, number))


def _check_limits(written: Written, report: Report) -> None:
    field, loc = written.field, written.loc
    for key, limit in (("min", field.min), ("max", field.max)):
        if limit is not None and field.dtype in ("string", "bool"):
            report.add("limits", f"a {field.dtype} has no {key}", (*loc, key), key=True)
    if field.min is not None and field.max is not None and field.min > field.max:
        report.add("limits", f"min {field.min:g} is above max {field.max:g}", (*loc, "min"))


def check_unverified(
    names: tuple[str, ...],
    model: type,
    meaning: Mapping[str, str],
    loc: Loc,
    report: Report,
) -> None:
    """Check that ``unverified`` names keys of its own model, or of the meaning."""
    allowed = [key for key in key_names(model) if key != "unverified"] + list(meaning)
    for number, name in enumerate(names):
        if name not in allowed:
            help_text = did_you_mean(name, allowed)
            report.add(
                "unverified",
                f"'{name}' is not a key here",
                (*loc, "unverified", number),
                help=help_text,
            )
