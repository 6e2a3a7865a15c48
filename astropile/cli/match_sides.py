"""What ``astropile match`` can be given: surveys by name, piles and tables by path."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer

from astropile.errors import UsageError

__all__ = ["read_side"]

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
        A path is neither a pile nor a table that can be read.
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


def _table(path: Path) -> Any:
    """Return a file as a table whose name is that of the file."""
    from astropile.crossmatch import sky_table

    if not path.is_file():
        msg = "there is neither a pile nor a table"
        raise UsageError(msg, where=str(path), hint="give the folder of a pile, or a file")
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
    except Exception as error:  # whatever the reader of the format raises
        msg = f"the table cannot be read: {str(error).splitlines()[0] if str(error) else error!r}"
        raise UsageError(msg, where=str(path), hint="see whether the file is whole") from error
    name = re.sub(r"[^a-z0-9_]+", "_", path.stem.lower()).strip("_") or "table"
    return sky_table(table, name=name)
