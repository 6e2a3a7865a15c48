"""Checks a call against the table of functions."""

from __future__ import annotations

from collections.abc import Sequence

from astropile.expression.errors import ExpressionError
from astropile.expression.functions import FUNCTIONS, INSTEAD, ArgumentKind, Function
from astropile.expression.nodes import Call, Expr, Literal, Name

_MOST_AXES = 4
_MOST_BITS = 64
_WANTED: dict[ArgumentKind, str] = {
    "cell": "a cell",
    "text": "a constant text in quotes",
    "lookup": "the name of a lookup, without quotes",
    "axis": f"the number of an axis, {-_MOST_AXES} to {_MOST_AXES - 1}",
    "bit": f"the number of a bit, 0 to {_MOST_BITS - 1}",
    "integer": "a constant whole number",
}


def make_call(name: str, arguments: Sequence[Expr], start: int, end: int) -> Call:
    """Make a call whose function exists and whose arguments are what it takes.

    Parameters
    ----------
    name : str
        As written before the bracket, which stands at ``start``.
    arguments : sequence of Expr
        What stands in the brackets.
    start, end : int
        Range of the whole call.

    Raises
    ------
    ExpressionError
        Unknown function, wrong number of arguments, or another thing where a constant must be.
    """
    function = FUNCTIONS.get(name)
    if function is None:
        message = f"'{name}' is not a function"
        raise ExpressionError(message, start, start + len(name), _instead(name))
    count = len(arguments)
    most = count if function.maximum is None else function.maximum
    if not function.minimum <= count <= most or (name == "flat" and count == 2):
        message = f"{name} takes {_counts(function)}, not {count}: {function.signature}"
        raise ExpressionError(message, start, end)
    checked = (_argument(function, number, given) for number, given in enumerate(arguments))
    return Call(name, tuple(checked), start, end)


def _instead(name: str) -> str:
    from astropile.document import did_you_mean

    return INSTEAD.get(name.lower()) or did_you_mean(name, list(FUNCTIONS))


def _counts(function: Function) -> str:
    least, most = function.minimum, function.maximum
    if function.name == "flat":
        return "1 or 3 arguments"
    if most is None:
        return f"{least} or more arguments"
    if least == most:
        return f"{least} argument{'s' if least != 1 else ''}"
    return f"{least} {'or' if most == least + 1 else 'to'} {most} arguments"


def _argument(function: Function, number: int, given: Expr) -> Expr:
    """Return an argument; the name of a lookup becomes a literal."""
    kind = function.argument_kind(number)
    value = given.value if isinstance(given, Literal) else None
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    match kind, given:
        case "any", _:
            return given
        case "cell", Name():
            return given
        case "lookup", Name(parts=(name,), attribute=None):
            return Literal(name, given.start, given.end)
    if kind == "text" and isinstance(value, str):
        return given
    if isinstance(value, int) and is_integer and _allows(kind, value):
        return given
    message = f"argument {number + 1} of {function.name} must be {_WANTED[kind]}"
    raise ExpressionError(message, given.start, given.end, f"it is written {function.signature}")


def _allows(kind: ArgumentKind, value: int) -> bool:
    match kind:
        case "axis":
            return -_MOST_AXES <= value < _MOST_AXES
        case "bit":
            return 0 <= value < _MOST_BITS
        case _:
            return kind == "integer"
