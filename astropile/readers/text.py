"""Plain tables: words with blanks between them, or cells with a delimiter but without quotes.

As catalogues and light curves come with papers, often with ``#`` before lines that are no rows.
All cells are text until their use says number. Names of columns are given (``header``), or stand
in the first line that is no comment. Without a delimiter any run of blanks and tabs is one, so no
cell can be empty: a table that leaves cells blank has ragged lines, which are refused. With one,
blanks around cells are no part of them, and a cell of nothing else has no value.

Tables in columns of fixed width whose cells never touch or are empty, such as most of CDS [1]_,
are read so too.

References
----------
.. [1] F. Ochsenbein, "Standards for documentation of catalogues",
   https://vizier.cds.unistra.fr/doc/catstd.htx
"""

from __future__ import annotations

from astropile.readers._csv_stream import Dialect
from astropile.readers.csv import CsvReader, one_character

__all__ = ["TextReader"]


class TextReader(CsvReader):
    r"""Reader of one plain table.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from astropile.readers import ReadOptions
    >>> path = Path(tempfile.mkdtemp(), "targets.dat")
    >>> n_bytes = path.write_text("## made by hand\n  id    mag\n000006   1.5\n    17  -0.25\n")
    >>> with TextReader(path, ReadOptions(comment="#")) as reader:
    ...     {name: column.data.tolist() for name, column in reader.read(["id", "mag"]).items()}
    {'id': ['000006', '17'], 'mag': ['1.5', '-0.25']}
    """

    def _find_dialect(self) -> Dialect:
        delimiter = one_character(self._options.delimiter or " ")
        return Dialect(delimiter, self._options.comment, ("", *self._options.nulls), plain=True)
