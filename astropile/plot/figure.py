"""Figures without global state: no window system, no pyplot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astropile.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width_inch: float, height_inch: float) -> Figure:
    """Return an empty figure.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            "pictures need matplotlib", hint="pip install 'astropile[plot]'"
        ) from error
    return Figure(figsize=(width_inch, height_inch), dpi=120, layout="constrained")
