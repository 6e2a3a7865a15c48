"""The functions of the language: one table for the parser, the units, the engine and the docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

#: What stands at an argument: any expression, a cell, or a constant of some kind.
ArgumentKind: TypeAlias = Literal["any", "cell", "text", "lookup", "axis", "bit", "integer"]
#: How the unit of a call follows from its arguments; each is explained in the units module.
UnitRule: TypeAlias = Literal[
    "first", "common", "choice", "pad", "grid", "sqrt", "log", "angle",
    "none", "unknown", "tag", "ab_mag", "ab_flux", "wavelength",
]  # fmt: skip
#: Kind of the result; ``first``, ``common`` and ``choice`` take it from the arguments.
ResultRule: TypeAlias = Literal["bool", "number", "text", "unknown", "first", "common", "choice"]
Group: TypeAlias = Literal[
    "numbers", "choice and nulls", "bits", "text", "dictionary", "arrays", "reductions", "physics"
]


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes
    ----------
    name : str
        As written before the bracket.
    minimum : int
        Fewest arguments.
    maximum : int or None
        Most arguments; None for any number.
    signature : str
        How it is written, for messages and the docs.
    doc : str
        What it does, in one line.
    unit_rule : str
        How its unit follows from those of the arguments.
    result : str
        Kind of what it gives.
    arguments : tuple of str
        What must stand at each argument; the last entry counts for all that follow.
    group : str
        Where the docs list it.
    """

    name: str
    minimum: int
    maximum: int | None
    signature: str
    doc: str
    unit_rule: UnitRule
    result: ResultRule = "number"
    arguments: tuple[ArgumentKind, ...] = ("any",)
    group: Group = "numbers"

    def argument_kind(self, number: int) -> ArgumentKind:
        """Return what must stand at an argument, counted from 0."""
        return self.arguments[min(number, len(self.arguments) - 1)]


def _function(
    group: Group,
    signature: str,
    doc: str,
    unit_rule: UnitRule,
    result: ResultRule = "number",
    arguments: tuple[ArgumentKind, ...] = ("any",),
) -> Function:
    """Read name and number of arguments off the signature: ``clip(x, a, b)``, ``dim(x, k=0)``."""
    name, _, rest = signature.rstrip(")").partition("(")
    parts = [part.strip() for part in rest.split(",") if part.strip()]
    fixed = [part for part in parts if part != "..."]
    maximum = None if len(fixed) < len(parts) else len(fixed)
    minimum = sum("=" not in part for part in fixed)
    return Function(name, minimum, maximum, signature, doc, unit_rule, result, arguments, group)


_NUMBERS: Final = (
    _function("numbers", "abs(x)", "Absolute value.", "first"),
    _function("numbers", "sqrt(x)", "Square root; null below 0.", "sqrt"),
    _function("numbers", "exp(x)", "e to the power x.", "log"),
    _function("numbers", "ln(x)", "Natural logarithm; null at and below 0.", "log"),
    _function("numbers", "log10(x)", "Decimal logarithm; null at and below 0.", "log"),
    _function("numbers", "sin(x)", "Sine of an angle, radians if it has no unit.", "angle"),
    _function("numbers", "cos(x)", "Cosine of an angle, radians if it has no unit.", "angle"),
    _function("numbers", "hypot(x, y)", "Square root of x ** 2 + y ** 2.", "common"),
    _function("numbers", "floor(x)", "Largest whole number not above x.", "first"),
    _function("numbers", "round(x)", "Nearest whole number, of two the even one.", "first"),
    _function("numbers", "clip(x, a, b)", "x, but not below a and not above b.", "common"),
)
_CHOICE: Final = (
    _function(
        "choice and nulls",
        "if(c, a, b)",
        "a where c is true, b where it is false, null where it is null.",
        "choice",
        "choice",
    ),
    _function(
        "choice and nulls",
        "coalesce(a, b, ...)",
        "The first that is not null; cells that a file lacks are null.",
        "common",
        "common",
    ),
    _function(
        "choice and nulls",
        "optional(cell)",
        "The cell, or null in a file that lacks it.",
        "first",
        "first",
        ("cell",),
    ),
    _function(
        "choice and nulls",
        "null_if(x, v, ...)",
        "x, but null where it is one of the values that follow.",
        "common",
        "first",
    ),
    _function(
        "choice and nulls",
        "fill(x, v)",
        "x, but v where it is null, NaN or infinite.",
        "common",
        "first",
    ),
    _function("choice and nulls", "is_null(x)", "Whether x is null or NaN.", "none", "bool"),
    _function(
        "choice and nulls",
        "is_finite(x)",
        "Whether x is neither null nor NaN nor infinite.",
        "none",
        "bool",
    ),
)
_BITS: Final = (
    _function(
        "bits",
        "any_bit(x, bit=all, ...)",
        "Whether one of these bits of an integer is set, counted from 0; without bits, any.",
        "none",
        "bool",
        ("any", "bit"),
    ),
)
_TEXT: Final = (
    _function("text", "trim(x)", "Text without blanks at both ends.", "none", "text"),
    _function("text", "lower(x)", "Text in lower case.", "none", "text"),
    _function("text", "upper(x)", "Text in upper case.", "none", "text"),
    _function("text", "text(x)", "A number as text; integers in decimal.", "none", "text"),
    _function("text", "number(x)", "The number that a text holds.", "unknown"),
    _function("text", "numbers(x)", "The numbers of a text like '(1, 2)' as an array.", "unknown"),
    _function(
        "text",
        "sexagesimal(x)",
        "Number of a text like '-00:12:03.4' or '5h30m', in units of its first part.",
        "unknown",
    ),
    _function(
        "text",
        "join(sep, a, ...)",
        "Texts and numbers as one text with sep between them.",
        "none",
        "text",
        ("text", "any"),
    ),
    _function(
        "text",
        "split(x, sep)",
        "The parts of a text between separators, as an array.",
        "none",
        "text",
        ("any", "text"),
    ),
    _function(
        "text",
        "part(x, start, stop)",
        "Characters start to stop - 1 of a text, counted from 0; below 0 from the end.",
        "none",
        "text",
        ("any", "integer", "integer"),
    ),
    _function(
        "text",
        "replace(x, old, new)",
        "Text with new in place of old, wherever it stands.",
        "none",
        "text",
        ("any", "text", "text"),
    ),
)
_DICTIONARY: Final = (
    _function(
        "dictionary",
        "lookup(x, name, other=error)",
        "The value of key x in lookups.name; other where x is no key.",
        "unknown",
        "unknown",
        ("any", "lookup", "any"),
    ),
)
_ARRAYS: Final = (
    _function(
        "arrays",
        "dim(x, k)",
        "Length of axis k of a row; -1 is the last axis.",
        "none",
        arguments=("any", "axis"),
    ),
    _function(
        "arrays",
        "flat(x, i=all, j=all)",
        "All axes as one, or axes i to j as one; the last one runs fastest.",
        "first",
        "first",
        ("any", "axis", "axis"),
    ),
    _function(
        "arrays", "repeat(x, n)", "Every element n times in a row: a a b b.", "first", "first"
    ),
    _function("arrays", "tile(x, n)", "The whole array n times: a b a b.", "first", "first"),
    _function(
        "arrays", "concat(a, ...)", "Arrays one after the other, first axis.", "common", "common"
    ),
    _function(
        "arrays",
        "stack(a, ...)",
        "Values of one shape along a new first axis; null values are holes.",
        "common",
        "common",
    ),
    _function(
        "arrays", "index(x, k)", "Element k of the first axis, by row; from 0.", "first", "first"
    ),
    _function(
        "arrays",
        "grid(n, first, step, ref=1)",
        "Linear axis of n points, value first at pixel ref, counted from 1 as in FITS.",
        "grid",
    ),
    _function(
        "arrays",
        "pad(x, ny, nx, v=0)",
        "The last two axes made ny and nx long, with v around; the middle pixel stays it.",
        "pad",
        "first",
    ),
    _function("arrays", "reverse(x)", "The first axis backwards.", "first", "first"),
    _function("arrays", "row()", "Number of the row in its file, from 0.", "none"),
    _function(
        "arrays",
        "axes(x, 'y x view')",
        "Names the axes of x; they are put in the order of the leaf, the others repeat x.",
        "first",
        "first",
        ("any", "text"),
    ),
)
_REDUCTIONS: Final = (
    *(
        _function(
            "reductions",
            f"{name}(x, k=all)",
            f"{doc} along axis k of a row, or all of them; nulls do not count.",
            "first",
            arguments=("any", "axis"),
        )
        for name, doc in (
            ("sum", "Sum"),
            ("mean", "Mean"),
            ("median", "Median"),
            ("min", "Smallest"),
            ("max", "Largest"),
        )
    ),
    _function(
        "reductions",
        "any(x, k=all)",
        "Whether one element is true, along axis k of a row, or all of them.",
        "none",
        "bool",
        ("any", "axis"),
    ),
    _function(
        "reductions",
        "all(x, k=all)",
        "Whether every element is true, along axis k of a row, or all of them.",
        "none",
        "bool",
        ("any", "axis"),
    ),
    _function(
        "reductions",
        "count(x, k=all)",
        "Number of elements that are true (bool) or not null, along axis k of a row, or of all.",
        "none",
        arguments=("any", "axis"),
    ),
    _function(
        "reductions", "one(x)", "The value that all elements share, else error.", "first", "first"
    ),
)
_PHYSICS: Final = (
    _function(
        "physics",
        "unit(x, 'erg')",
        "Says the unit of a value that has none; the numbers stay.",
        "tag",
        arguments=("any", "text"),
    ),
    _function(
        "physics", "ab_mag(x)", "AB magnitude of a flux density a frequency; null <= 0.", "ab_mag"
    ),
    _function("physics", "ab_flux(x)", "Flux density in Jy of an AB magnitude.", "ab_flux"),
    _function(
        "physics", "air_to_vacuum(x)", "Vacuum wavelength of a wavelength in air.", "wavelength"
    ),
    _function(
        "physics", "vacuum_to_air(x)", "Wavelength in air of a vacuum wavelength.", "wavelength"
    ),
)

#: Every function by its name, in the order of the docs.
FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        function.name: function
        for group in (
            _NUMBERS, _CHOICE, _BITS, _TEXT, _DICTIONARY, _ARRAYS, _REDUCTIONS, _PHYSICS,
        )
        for function in group
    }
)  # fmt: skip

#: Names that are not functions, with what to write in their place.
INSTEAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "first": "x[0] takes the first element",
        "last": "x[-1] takes the last element",
        "log": "write ln(x) or log10(x)",
        "len": "write dim(x, 0) for the length of an axis, count(x) for what is not null",
        "isnull": "write is_null(x)",
        "isnan": "write is_null(x) or is_finite(x)",
        "concatenate": "write concat(a, b)",
        "where": "write if(c, a, b)",
        "cast": "the dtype of the leaf casts",
        "over": "a macro is written over(axis, expression), in values only",
        "chain": "a macro is written chain(v, [a, b], expression), in values only",
    }
)
