"""Units: that they can be read, and that values can be converted into them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from astropile.expression import Binary, Expr, ExpressionError, Name, check_conversion, infer_unit
from astropile.schema.report import Loc, Report
from astropile.vocabulary import UnitTextError, convertible, parse_unit

if TYPE_CHECKING:
    from astropy.units import UnitBase

#: Units that surely can be read: most schemas are then checked without loading astropy.
PLAIN_UNITS = frozenset(
    (
        "", "deg", "arcsec", "arcmin", "mas", "rad", "pix", "arcsec / pix", "arcsec2", "pix2",
        "s", "d", "h", "yr", "mas / yr", "km / s", "Angstrom", "nm", "um", "m", "Hz", "K",
        "eV", "keV",
        "mag", "mag(AB)", "dex", "dex(cm/s2)", "dex(Msun)", "Msun", "pc", "kpc", "Mpc",
        "Jy", "mJy", "uJy", "nJy", "nanomaggy", "nanomaggy-2", "count", "count-2", "count / s",
        "electron", "electron / s", "DN", "adu", "10 nJy",
        "1e-17 erg / (s cm2 Angstrom)", "1e34 s2 cm4 Angstrom2 / erg2",
    )
)  # fmt: skip


@lru_cache(maxsize=2048)
def _parsed(text: str) -> UnitBase | UnitTextError:
    """Parse a unit once; what is wrong with it is a value, so that it is kept too."""
    try:
        return parse_unit(text)
    except UnitTextError as error:
        return error


def is_known_unit(text: str, loc: Loc, report: Report) -> bool:
    """Check that a unit can be read."""
    if text in PLAIN_UNITS:
        return True
    found = _parsed(text)
    if not isinstance(found, UnitTextError):
        return True
    report.add("unit", found.message, loc, help=found.help, once=True)
    return False


def unit_or_none(text: str) -> UnitBase | None:
    """Return a unit, or None if it cannot be read (which is reported where it stands)."""
    found = _parsed(text)
    return None if isinstance(found, UnitTextError) else found


def are_convertible(one: str, other: str) -> bool:
    """Whether values in one unit can be given in another; True if either cannot be read."""
    if one == other:
        return True
    first, second = unit_or_none(one), unit_or_none(other)
    return first is None or second is None or convertible(first, second)


#: Units of x + y or x - y that are right without any conversion: of x, y and the result.
_PLAIN_SUMS = frozenset((("mag(AB)", "mag", "mag(AB)"),))
_PLAIN_DIFFERENCES = _PLAIN_SUMS | {("mag(AB)", "mag(AB)", "mag")}


def is_plain_sum(expr: Expr, text_of: Callable[[Name], str], wanted: str) -> bool:
    """Whether a sum of two leaves is surely right, so that astropy need not be loaded for it.

    Sums of magnitudes, as in a correction for extinction, are the formula of most surveys.
    """
    match expr:
        case Binary(operator="+" | "-" as operator, left=Name() as left, right=Name() as right):
            units = (text_of(left), text_of(right), wanted)
            known = _PLAIN_SUMS if operator == "+" else _PLAIN_DIFFERENCES
            is_alike = len(set(units)) == 1 and "(" not in wanted and wanted in PLAIN_UNITS
            return units in known or is_alike
        case _:
            return False


def check_unit_of(
    expr: Expr,
    unit_of: Callable[[Name], UnitBase | None],
    wanted: str | None,
    text: str,
    loc: Loc,
    address: str,
    report: Report,
) -> None:
    """Check that the units in an expression go together, and become the wanted one."""
    try:
        found = infer_unit(expr, unit_of)
        unit = unit_or_none(wanted) if wanted is not None else None
        if unit is not None:
            check_conversion(expr, found, unit, wanted_text=wanted or "")
    except ExpressionError as error:
        message = f"{address}: {error.message}"
        named = ExpressionError(message, error.start, error.end, error.help)
        report.add_expression_error(named, text, loc, "unit")
