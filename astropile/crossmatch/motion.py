"""Positions of both sides at one time, where a match asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from astropile.crossmatch.sides import AnySide
from astropile.errors import MatchError, UsageError
from astropile.readers.column import Array
from astropile.sky import move_positions
from astropile.sky.positions import Floats

if TYPE_CHECKING:
    from astropile.crossmatch.pileside import MovedPlaces, StoredPlaces

__all__ = ["Motion", "Placed", "Places", "motion_of", "place", "target_epoch"]

_SIDES = ("left", "right")
#: Where a Julian year is plausible, as the schema language has it.
_FIRST, _LAST = 1800.0, 2200.0


@dataclass(frozen=True)
class Placed:
    """Where the objects of a side are matched.

    Attributes
    ----------
    ra_deg, dec_deg : ndarray of float64
        NaN where a row has no position.
    moved : int
        Rows that were brought to another time.
    """

    ra_deg: Floats
    dec_deg: Floats
    moved: int = 0

    def at(self, rows: Array) -> tuple[Floats, Floats]:
        """Return the positions of some rows."""
        return self.ra_deg[rows], self.dec_deg[rows]


Places: TypeAlias = "Placed | StoredPlaces | MovedPlaces"


def target_epoch(epoch: Any, sides: tuple[AnySide, AnySide]) -> float | None:
    """Return the Julian year at which positions are to be compared, None for as they are.

    Parameters
    ----------
    epoch : float, astropy Time, "left", "right" or None
        What was asked for.
    sides : tuple of side
        Both sides of the match.

    Raises
    ------
    UsageError
        It is no year, or that of a side which does not say one year for all its rows.
    """
    if epoch is None:
        return None
    if isinstance(epoch, str) and epoch in _SIDES:
        own = sides[_SIDES.index(epoch)]
        if not isinstance(own.epoch, float | int):
            what = f"epoch={epoch!r}: {own.label} declares no single epoch of its positions"
            raise UsageError(what, hint="give the Julian year itself, as epoch=2016.0")
        return float(own.epoch)
    year = getattr(epoch, "jyear", epoch)
    if isinstance(year, bool) or not isinstance(year, int | float | np.number):
        what = f"epoch={epoch!r} is no time; expected a Julian year, a Time, 'left' or 'right'"
        raise UsageError(what, hint="write epoch=2016.0")
    if not _FIRST <= year <= _LAST:
        what = f"epoch={year:g} is no Julian year between {_FIRST:g} and {_LAST:g}"
        raise UsageError(what, hint="write epoch=2016.0")
    return float(year)


@dataclass(frozen=True)
class Motion:
    """How the objects of a side move to another time.

    Attributes
    ----------
    year : float
        Julian year to which they are brought.
    epoch : float or str
        Julian year of their positions, or the column of it.
    columns : mapping of str to str
        Columns that are needed, and the unit of each.
    pmra, pmdec, parallax, radial_velocity : str or None
        Which of them is what; parallax and velocity only where both are known.
    """

    year: float
    epoch: float | str
    columns: Mapping[str, str]
    pmra: str
    pmdec: str
    parallax: str | None = None
    radial_velocity: str | None = None

    def moved(
        self, ra_deg: Floats, dec_deg: Floats, found: Mapping[str, Floats]
    ) -> tuple[Floats, Floats]:
        """Return where rows are in that year, from their positions and columns."""
        start = found[self.epoch] if isinstance(self.epoch, str) else float(self.epoch)
        has_depth = self.parallax is not None and self.radial_velocity is not None
        return move_positions(
            ra_deg,
            dec_deg,
            pmra_mas_yr=found[self.pmra],
            pmdec_mas_yr=found[self.pmdec],
            years=self.year - start,
            parallax_mas=found[str(self.parallax)] if has_depth else None,
            radial_velocity_km_s=found[str(self.radial_velocity)] if has_depth else None,
        )


def motion_of(side: AnySide, year: float) -> Motion | None:
    """Return how the objects of a side move to a year; None if it has no proper motions.

    Raises
    ------
    MatchError
        The side has proper motions, but does not say for which epoch its positions are.
    """
    pmra, pmdec = side.column_of("pmra"), side.column_of("pmdec")
    if pmra is None or pmdec is None:
        return None
    if side.epoch is None:
        what = f"{side.label} has proper motions, but declares no epoch of its positions"
        hint = "set object.epoch in the YAML, or use ap.sky_table(table, epoch=...)"
        raise MatchError(what, hint=hint)
    units = {pmra: "mas/yr", pmdec: "mas/yr"}
    parallax, velocity = side.column_of("parallax"), side.column_of("radial_velocity")
    if parallax is not None and velocity is not None:
        units |= {parallax: "mas", velocity: "km/s"}
    if isinstance(side.epoch, str):
        units[side.epoch] = "yr"
    return Motion(year, side.epoch, units, pmra, pmdec, parallax, velocity)


def place(side: AnySide, year: float | None) -> Places:
    """Return the positions of a side, brought to a year by its proper motions.

    A side without proper motions stays where it is, and so do rows in which motion or epoch is
    null. Parallax and radial velocity are used where both are known.

    Raises
    ------
    MatchError
        The side has proper motions, but does not say for which epoch its positions are.
    """
    from astropile.crossmatch.pileside import MovedPlaces, PileSide, StoredPlaces

    motion = None if year is None else motion_of(side, year)
    if isinstance(side, PileSide):
        return StoredPlaces(side) if motion is None else MovedPlaces(side, motion)
    ra, dec = side.position_deg
    if motion is None:
        return Placed(ra, dec)
    new_ra, new_dec = motion.moved(ra, dec, side.numbers(motion.columns))
    moved = int(((new_ra != ra) | (new_dec != dec))[np.isfinite(ra) & np.isfinite(dec)].sum())
    return Placed(new_ra, new_dec, moved)
