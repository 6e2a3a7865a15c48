"""From the text of an expression to its tree: a Pratt parser for section 6 of the language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar, cast

from astropile.expression.calls import make_call
from astropile.expression.constants import negative
from astropile.expression.errors import ExpressionError
from astropile.expression.lexer import Token, tokens
from astropile.expression.limits import MAX_DEPTH, check_depth, check_length, too_deep
from astropile.expression.nodes import Binary, Expr, Index, Literal, LiteralList, Name, Slice, Unary

T = TypeVar("T")
_NOT, _COMPARISON, _MINUS, _POWER, _INDEX = 30, 40, 70, 80, 90
_BINDING: Final = {
    "or": 10,
    "and": 20,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), _COMPARISON),
    **dict.fromkeys("+-", 50),
    **dict.fromkeys(("*", "/", "//", "%"), 60),
    "**": _POWER,
    "[": _INDEX,
}


def parse(text: str) -> Expr:
    """Parse one expression.

    Parameters
    ----------
    text : str
        At most 4096 characters, without macros and without holes.

    Returns
    -------
    Expr
        The tree, at most 64 levels deep. A minus before a number is part of the literal, and the
        name of a lookup is a literal, so that every name in the tree is a cell or a leaf.

    Raises
    ------
    ExpressionError
        With the range of the fault in ``text``.

    Examples
    --------
    >>> parse("a.b > -1")
    Binary(operator='>', left=Name(parts=('a', 'b'), attribute=None, start=0, end=3),
           right=Literal(value=-1, start=6, end=8), start=0, end=8)
    """
    return _parse(text)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Expr:
    check_length(text)
    parser = _Parser(text, tokens(text))
    if len(parser.tokens) == 1:
        message = "the expression is empty"
        raise ExpressionError(message, 0, len(text))
    expr = parser.expression(0)
    if parser.token.kind != "end":
        raise parser.unexpected(wanted="an operator")
    return check_depth(expr)


@dataclass(slots=True)
class _Parser:
    text: str
    tokens: list[Token]
    at: int = 0
    depth: int = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    @property
    def end(self) -> int:
        """Where the token just taken ends."""
        return self.tokens[self.at - 1].end

    def sees(self, *operators: str) -> bool:
        return self.token.kind == "op" and self.token.value in operators

    def accept(self, *operators: str) -> bool:
        """Go past one of these operators if it comes next."""
        found = self.sees(*operators)
        self.at += found
        return found

    def need(self, operator: str) -> None:
        if not self.accept(operator):
            raise self.unexpected(wanted=f"'{operator}'")

    def unexpected(self, *, wanted: str, help_text: str = "") -> ExpressionError:
        start, end = self.token.start, self.token.end
        place = f"before {self.text[start:end]}" if end > start else "at the end"
        return ExpressionError(f"{wanted} is missing {place}", start, end, help_text)

    def expression(self, minimum: int) -> Expr:
        """Parse what binds tighter than ``minimum``."""
        start = self.token.start
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_deep(start, self.token.end)
        left = self.prefix(minimum)
        compared = False
        while self.token.kind == "op":
            operator = str(self.token.value)
            power = _BINDING.get(operator, 0)
            if power <= minimum:
                break
            if power == _COMPARISON and compared:
                span, help_text = (self.token.start, self.token.end), "write a < b and b < c"
                message = "comparisons are not chained"
                raise ExpressionError(message, *span, help_text)
            compared = power == _COMPARISON
            self.at += 1
            left = self.index(left, start) if power == _INDEX else self.binary(left, start)
        self.depth -= 1
        return left

    def prefix(self, minimum: int) -> Expr:
        token = self.token
        start = token.start
        if token.kind == "constant":
            return self.literal()
        if isinstance(token.value, tuple):
            self.at += 1
            if self.accept("("):
                arguments = self.separated(")", lambda: self.expression(0))
                return make_call(self.text[start : token.end], arguments, start, self.end)
            return Name(*token.value, start, token.end)
        if self.accept("("):
            inner = self.expression(0)
            self.need(")")
            return inner
        if self.accept("["):
            items = self.separated("]", self.literal)
            if len({isinstance(item.value, str) for item in items if item.value is not None}) != 1:
                message = "a list holds constants, all texts or none"
                raise ExpressionError(message, start, self.end, "for example ['g', 'r']")
            return LiteralList(tuple(items), start, self.end)
        if self.accept("-"):
            return negative(self.expression(_MINUS), start, self.end)
        if minimum <= _NOT and self.accept("not"):
            return Unary("not", self.expression(_NOT), start, self.end)
        help_text = "put not ... in brackets" if self.sees("not") else ""
        raise self.unexpected(wanted="a value", help_text=help_text)

    def literal(self) -> Literal:
        """Parse a constant; in a list nothing else is allowed."""
        start, minus = self.token.start, self.accept("-")
        value = self.token.value
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if self.token.kind != "constant" or isinstance(value, tuple) or minus > is_number:
            raise self.unexpected(wanted="a number" if minus else "a constant")
        self.at += 1
        literal = Literal(value, start, self.end)
        return cast("Literal", negative(literal, start, self.end)) if minus else literal

    def separated(self, closing: str, item: Callable[[], T]) -> list[T]:
        """Parse items with commas between them, and what closes them."""
        found: list[T] = []
        while not self.accept(closing):
            if found and not self.accept(","):
                raise self.unexpected(wanted=f"'{closing}'")
            found.append(item())
        return found

    def binary(self, left: Expr, start: int) -> Binary:
        operator = self.text[self.tokens[self.at - 1].start : self.end]
        power = _BINDING[operator]
        right_start = self.token.start
        right = self.expression(_MINUS if power == _POWER else power)
        if operator == "in" and not isinstance(right, LiteralList):
            help_text = "for example: band in ['g', 'r']"
            message = "'in' takes a list"
            raise ExpressionError(message, right_start, self.end, help_text)
        return Binary(operator, left, right, start, self.end)

    def index(self, item: Expr, start: int) -> Index:
        indices = self.separated("]", self.one_index)
        if not indices:
            message = "an index is missing"
            raise ExpressionError(message, start, self.end, "for example x[0]")
        return Index(item, tuple(indices), start, self.end)

    def one_index(self) -> Expr | Slice:
        first = None if self.sees(":") else self.expression(0)
        if first is not None and not self.sees(":"):
            return first
        self.need(":")
        last = None if self.sees(",", "]") else self.expression(0)
        return Slice(first, last)
