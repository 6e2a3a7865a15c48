"""How long and how deep an expression may be, so that no text exhausts the stack or the memory."""

from __future__ import annotations

from typing import Final

from astropile.expression.errors import ExpressionError
from astropile.expression.nodes import Expr, children

MAX_TEXT: Final = 4096
MAX_DEPTH: Final = 64
_HELP: Final = "use in [...], a lookup, or several leaves"


def check_length(text: str) -> None:
    """Refuse a text that is too long."""
    if len(text) > MAX_TEXT:
        message = f"an expression has at most {MAX_TEXT} characters, not {len(text)}"
        raise ExpressionError(message, MAX_TEXT, len(text), _HELP)


def check_depth(expr: Expr) -> Expr:
    """Return a tree that recursive code can walk; a long sum is deep, too."""
    level = [expr]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in children(node)]
        if not level:
            return expr
    raise too_deep(level[0].start, level[0].end)


def too_deep(start: int, end: int) -> ExpressionError:
    """Return the error of a tree with too many levels."""
    message = f"the expression has more than {MAX_DEPTH} levels"
    return ExpressionError(message, start, end, _HELP)
