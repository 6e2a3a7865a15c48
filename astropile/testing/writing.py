"""Writes the cells of a table in the format of its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from astropile.readers import Column
from astropile.schema.models import Table
from astropile.testing.cells import NotInvertibleError

__all__ = ["write_table"]


def write_table(
    paths: Sequence[Path],
    model: Table,
    columns: Mapping[str, Column],
    *,
    names: Sequence[str] = (),
    shared: Sequence[str] = (),
) -> None:
    """Write one file, or one an object.

    Parameters
    ----------
    paths : sequence of Path
        One path, or one a row with ``rows: file``.
    model : Table
        Format and options.
    columns : mapping of str to Column
        Cells.
    names : sequence of str
        Names of the groups with ``rows: group``.
    shared : sequence of str
        Cells that belong to every row of the file.

    Raises
    ------
    NotInvertibleError
        The format cannot hold a cell, or is only read.
    """
    # The libraries are imported for the format that is written.
    if model.format == "hdf5":
        from astropile.testing import write_hdf5

        if model.rows == "file":
            for row, path in enumerate(paths):
                write_hdf5.write_object(path, columns, row)
        elif model.rows == "group":
            write_hdf5.write_groups(paths[0], columns, names)
        else:
            write_hdf5.write_rows(paths[0], columns, shared)
    elif model.format == "fits":
        from astropile.testing import write_fits

        if model.rows == "file":
            for row, path in enumerate(paths):
                write_fits.write_fits_object(path, columns, row, model.hdu)
        else:
            is_shared = dict.fromkeys(shared, True)
            write_fits.write_fits_rows(paths[0], columns, model.hdu, is_shared)
    elif model.format in ("snana", "snoopy") and model.rows == "file":
        from astropile.testing import write_text

        write = write_text.write_snana if model.format == "snana" else write_text.write_snoopy
        for row, path in enumerate(paths):
            write(path, columns, row)
    elif model.format in ("parquet", "csv", "ecsv") and model.rows == "axis":
        from astropile.testing import write_tables

        if model.format == "parquet":
            write_tables.write_parquet(paths[0], columns)
        elif model.format == "csv":
            write_tables.write_csv(paths[0], columns, model)
        else:
            write_tables.write_ecsv(paths[0], columns)
    else:
        msg = f"files of format {model.format} with rows: {model.rows} are only read"
        raise NotInvertibleError(msg)
