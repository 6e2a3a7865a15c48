"""What ``astropile match`` can be given: surveys by name, piles and tables by path."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer

from astropile.errors import CorruptFileError, NoFilesError, UsageError

__all__ = ["chosen", "read_region", "read_side"]

_SHAPES = "cone(RA, DEC, ARCSEC), box(RA, RA, DEC, DEC) or polygon(RA, DEC, RA, DEC, RA, DEC...)"
_SHAPE = re.compile(r"\s*(cone|box|polygon)\s*\(([^()]*)\)\s*")

_ARROW, _ASTROPY = (".parquet", ".pq"), (".fits", ".fit", ".csv", ".ecsv", ".vot", ".xml")


def read_side(
    given: str, data: Path | None, config: str | None, source: str | None, *, side: str
) -> Any:
    """Return a survey, a pile or a table.

    Parameters
    ----------
    given : str
        Name of a survey, or path of a pile or of a table file.
    data, config, source : optional
        Of a survey only.
    side : {"left", "right"}
        For messages.

    Raises
    ------
    UsageError
        A path is that of no table.
    NoFilesError, CorruptFileError
        There is nothing at a path, or the table cannot be read.
    """
    path = Path(given).expanduser()
    is_url = "://" in given
    is_place = is_url or "/" in given or bool(path.suffix) or (data is None and path.exists())
    if not is_place:
        from astropile.survey import load

        if data is None:
            message = f"{given!r} is the name of a survey, or no path that is there"
            hint = f"give its files: --{side}-data DIR"
            raise typer.BadParameter(f"{message}; {hint}", param_hint=f"'--{side}-data'")
        return load(given, data_dir=data, config=config, source=source)
    for value, option in ((data, "data"), (config, "config"), (source, "source")):
        if value is not None:
            message = f"{given} is a path, which has no {option}"
            raise typer.BadParameter(message, param_hint=f"'--{side}-{option}'")
    if is_url or path.is_dir():
        from astropile.survey.opened import open_survey

        return open_survey(given if is_url else path)
    return _table(path)


def read_region(text: str, option: str) -> Any:
    """Return a region of the sky: a shape with its numbers, or the file of a map.

    Examples
    --------
    >>> read_region("cone(10, -5, 3.6e3)", "--region").key
    'cone(10.0, -5.0, 3600.0)'
    """
    from astropile.sky.regions import box, cone, moc, polygon

    found = _SHAPE.fullmatch(text)
    if found is None:
        if "(" in text and not Path(text).exists():
            message = f"{text!r} is no region; write {_SHAPES}, or the path of a MOC"
            raise typer.BadParameter(message, param_hint=f"'{option}'")
        return moc(text)
    try:
        numbers = [float(part) for part in found[2].split(",")]
    except ValueError as error:
        message = f"{text!r}: {error}"
        raise typer.BadParameter(message, param_hint=f"'{option}'") from error
    shape, n = found[1], len(numbers)
    if n != {"cone": 3, "box": 4}.get(shape, max(6, n + n % 2)):
        message = f"{text!r} has {n} numbers; write {_SHAPES}"
        raise typer.BadParameter(message, param_hint=f"'{option}'")
    if shape == "cone":
        return cone(numbers[0], numbers[1], radius_arcsec=numbers[2])
    if shape == "box":
        return box((numbers[0], numbers[1]), (numbers[2], numbers[3]))
    return polygon(numbers[0::2], numbers[1::2])


def chosen(given: Any, where: str | None, regions: list[Any]) -> Any:
    """Return a survey, pile or table with only the rows of a condition and of all regions."""
    for region in regions:
        given = given.filter(region=region)
    return given if where is None else given.filter(where)


def _table(path: Path) -> Any:
    """Return a file as a table whose name is that of the file."""
    from astropile.crossmatch import sky_table

    if not path.is_file():
        msg = "there is neither a pile nor a table"
        raise NoFilesError(msg, where=str(path), hint="give the folder of a pile, or a file")
    suffix = path.suffix.lower()
    if suffix not in (*_ARROW, *_ASTROPY):
        msg = f"a table cannot be read from a file {suffix or 'without an ending'}"
        hint = f"give one of {', '.join((*_ARROW, *_ASTROPY))}"
        raise UsageError(msg, where=str(path), hint=hint)
    try:
        if suffix in _ARROW:
            import pyarrow.parquet as pq

            table: Any = pq.read_table(path)
        else:
            from astropy.table import Table

            table = Table.read(path)
    except PermissionError:
        raise
    except Exception as error:  # whatever the reader of the format raises
        hint = "see whether the file is whole, and of the format that its name says"
        msg = f"the table cannot be read: {str(error).splitlines()[0] if str(error) else error!r}"
        raise CorruptFileError(msg, where=str(path), hint=hint) from error
    name = re.sub(r"[^a-z0-9_]+", "_", path.stem.lower()).strip("_") or "table"
    return sky_table(table, name=name)
