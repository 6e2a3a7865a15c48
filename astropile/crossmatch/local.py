"""A question answered on this machine: in memory, or part by part where a side is a pile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from astropile.crossmatch.motion import Places
from astropile.crossmatch.outofcore import Budget, match_parts, search_parts
from astropile.crossmatch.pairstore import PAIR_BYTES
from astropile.crossmatch.pileside import MovedPlaces, PileSide
from astropile.crossmatch.question import Question
from astropile.crossmatch.rowvalues import RowValues
from astropile.crossmatch.sides import AnySide
from astropile.crossmatch.valuesearch import HeldRows, Mover, ValueSearch
from astropile.disk import size_text
from astropile.errors import MatchError
from astropile.sky import Pairs, build_index
from astropile.sky.radius import read_limit

__all__ = ["answer_here"]

# What motions and errors of a row of a part need more than its position, measured.
_VALUE_BYTES = 200

_Two = tuple[AnySide, AnySide]


def answer_here(
    sides: _Two,
    places: tuple[Places, Places],
    question: Question,
    budget: Budget,
    shift: Mover | None = None,
) -> Pairs:
    """Return the pairs of two sides.

    Parameters
    ----------
    sides : tuple of side
        Both sides.
    places : tuple of Placed, StoredPlaces or MovedPlaces
        Where their objects are compared.
    question : Question
        What is asked for.
    budget : Budget
        Memory for it.
    shift : Mover, optional
        Moves the right side, all of it, before the positions are compared.

    Raises
    ------
    MatchError, SourceError, OutputError
        As for `match_parts`; or a side in memory does not fit into a budget that was given.
    """
    held = sum(side.held_bytes for side in sides)
    if not any(isinstance(side, PileSide) for side in sides):
        budget.require(sum(map(len, sides)), held)
        left = build_index(*_compared(places[0], None), side=sides[0].label)
        right = build_index(*_compared(places[1], shift), side=sides[1].label)
        return question.answer(left, right)
    in_memory = [len(side) for side in sides if not isinstance(side, PileSide)]
    budget = budget.beside(held + sum(in_memory) * HeldRows.ROW_BYTES) if in_memory else budget
    rows: list[Any] = []
    movers: list[Mover | None] = []
    for number, (side, placed) in enumerate(zip(sides, places, strict=True)):
        more = None if number == 0 else shift
        if isinstance(side, PileSide):
            own = placed if isinstance(placed, MovedPlaces) else None
            rows.append(side.sky)
            movers.append(own if more is None else more if own is None else _Both(own, more))
        else:
            rows.append(HeldRows(*_compared(placed, more), side=side.label))
            movers.append(None)
    needs_values = question.n_sigma is not None or question.has_stored_values
    if not in_memory and movers == [None, None] and not needs_values:
        return match_parts(rows[0], rows[1], question, budget)
    return _by_values(rows, question, budget, (movers[0], movers[1]))


def _by_values(
    rows: list[Any],
    question: Question,
    budget: Budget,
    movers: tuple[Mover | None, Mover | None],
) -> Pairs:
    if not isinstance(question.radius, RowValues):
        read_limit(question.radius).require_rows(len(rows[0]))
    # What all rows are looked at for is found out now, not in several threads at once.
    _ = question.greatest_arcsec, [mover.greatest_arcsec for mover in movers if mover is not None]
    room = replace(budget, row_bytes=budget.row_bytes + _VALUE_BYTES)
    pairs = search_parts(ValueSearch(rows[0], rows[1], question, room, movers))
    is_in_order = not isinstance(rows[0], HeldRows)
    if is_in_order:
        return pairs
    needed = 3 * PAIR_BYTES * len(pairs)
    if budget.is_hard and needed > budget.memory_bytes:
        what = f"{len(pairs)} pairs take about {size_text(needed)} to be put in order"
        hint = "build the left side to a pile, whose rows are in the order of the sky"
        raise MatchError(what, hint=hint)
    # Parts come in the order of the sky, and the rows of a table are in any order.
    order = np.lexsort((pairs.right, pairs.separation_arcsec, pairs.left))
    return Pairs(pairs.left[order], pairs.right[order], pairs.separation_arcsec[order])


def _compared(placed: Places, shift: Mover | None) -> tuple[Any, Any]:
    """Return the positions of a side in memory, shifted or not."""
    if shift is None:
        return placed.ra_deg, placed.dec_deg
    rows = np.arange(len(placed.ra_deg))
    return shift.moved_at(rows, placed.ra_deg, placed.dec_deg)


class _Both:
    """One way after another."""

    def __init__(self, first: Mover, then: Mover) -> None:
        self._first, self._then = first, then
        self.greatest_arcsec = first.greatest_arcsec + then.greatest_arcsec

    def moved_at(self, rows: Any, ra_deg: Any, dec_deg: Any) -> tuple[Any, Any]:
        """Return where rows are in the end."""
        return self._then.moved_at(rows, *self._first.moved_at(rows, ra_deg, dec_deg))
