"""Positions of both sides at one time, where a match asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from astropile.crossmatch.sides import AnySide
from astropile.errors import MatchError, UsageError
from astropile.readers.column import Array
from astropile.sky import move_positions
from astropile.sky.positions import Floats

if TYPE_CHECKING:
    from astropile.crossmatch.pileside import StoredPlaces

__all__ = ["Placed", "Places", "place", "target_epoch"]

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


Places: TypeAlias = "Placed | StoredPlaces"


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


def place(side: AnySide, year: float | None) -> Places:
    """Return the positions of a side, brought to a year by its proper motions.

    A side without proper motions stays where it is, and so do rows in which motion or epoch is
    null. Parallax and radial velocity are used where both are known.

    Raises
    ------
    MatchError
        The side has proper motions, but does not say for which epoch its positions are.
    """
    from astropile.crossmatch.pileside import PileSide, StoredPlaces

    if year is None and isinstance(side, PileSide):
        return StoredPlaces(side)
    ra, dec = side.position_deg
    motion = {name: side.column_of(name) for name in ("pmra", "pmdec")}
    if year is None or None in motion.values():
        return Placed(ra, dec)
    if side.epoch is None:
        what = f"{side.label} has proper motions, but declares no epoch of its positions"
        hint = "set object.epoch in the YAML, or use ap.sky_table(table, epoch=...)"
        raise MatchError(what, hint=hint)
    units = {motion["pmra"]: "mas/yr", motion["pmdec"]: "mas/yr"}
    more = {"parallax": "mas", "radial_velocity": "km/s"}
    depth = {name: side.column_of(name) for name in more}
    has_depth = None not in depth.values()
    if has_depth:
        units |= {depth[name]: unit for name, unit in more.items()}
    if isinstance(side.epoch, str):
        units[side.epoch] = "yr"
    found = side.numbers({name: unit for name, unit in units.items() if name is not None})
    from_year = found[side.epoch] if isinstance(side.epoch, str) else float(side.epoch)
    new_ra, new_dec = move_positions(
        ra,
        dec,
        pmra_mas_yr=found[str(motion["pmra"])],
        pmdec_mas_yr=found[str(motion["pmdec"])],
        years=year - from_year,
        parallax_mas=found[str(depth["parallax"])] if has_depth else None,
        radial_velocity_km_s=found[str(depth["radial_velocity"])] if has_depth else None,
    )
    moved = int(((new_ra != ra) | (new_dec != dec))[np.isfinite(ra) & np.isfinite(dec)].sum())
    return Placed(new_ra, new_dec, moved)
