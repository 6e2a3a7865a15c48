"""The expression language: parser, functions, macros, holes, units and kinds."""

from astropile.expression.errors import ExpressionError
from astropile.expression.functions import FUNCTIONS, Function
from astropile.expression.holes import Hole, fill, holes
from astropile.expression.kinds import Kind, result_kind
from astropile.expression.limits import MAX_DEPTH, MAX_TEXT
from astropile.expression.macros import MACROS, expand_macros
from astropile.expression.nodes import (
    Binary,
    Call,
    Expr,
    Index,
    Literal,
    LiteralList,
    Name,
    Slice,
    Unary,
    children,
    names,
    walk,
)
from astropile.expression.parser import parse
from astropile.expression.units import check_conversion, infer_unit, operand_units

__all__ = [
    "FUNCTIONS",
    "MACROS",
    "MAX_DEPTH",
    "MAX_TEXT",
    "Binary",
    "Call",
    "Expr",
    "ExpressionError",
    "Function",
    "Hole",
    "Index",
    "Kind",
    "Literal",
    "LiteralList",
    "Name",
    "Slice",
    "Unary",
    "check_conversion",
    "children",
    "expand_macros",
    "fill",
    "holes",
    "infer_unit",
    "names",
    "operand_units",
    "parse",
    "result_kind",
    "walk",
]
