"""Light curves as SNooPy reads them, one object a file; so CSP DR3 is published.

The first line is ``name redshift ra dec``, positions in degrees. A line ``filter X`` stands above
the observations in that filter, ``date magnitude error`` each; words behind X name the source of
the photometry and are left out, as are lines that begin with ``#``. Cells are ``name redshift ra
dec`` and the lists ``filter time mag err``, with an element for every observation. What the date
counts from is not in the file (CSP DR3: days since JD 2453000).

These files do not tell how many observations they have, so one that is cut between two lines
cannot be told from a whole one; one that is cut within a line is refused.

References
----------
.. [1] C. Burns et al. 2011, "The Carnegie Supernova Project: Light-curve Fitting with SNooPy",
   https://doi.org/10.1088/0004-6256/141/1/19; `import_lc` in https://github.com/obscode/snpy.
.. [2] K. Krisciunas et al. 2017, "The Carnegie Supernova Project. I. Third Photometry Data Release
   of Low-redshift Type Ia Supernovae", https://doi.org/10.3847/1538-3881/aa8df0.
"""

from __future__ import annotations

from typing import Final

from astropile.errors import CorruptFileError
from astropile.readers._one_object import OneObjectReader, Texts, bad_line, is_number

_HEADER: Final = ("name", "redshift", "ra", "dec")
_COLUMNS: Final = ("filter", "time", "mag", "err")
_ROW: Final = ("date", "magnitude", "error")


class SnoopyReader(OneObjectReader):
    r"""Reader of one SNooPy light curve.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from astropile.readers import ReadOptions
    >>> path = Path(tempfile.mkdtemp(), "SN2004ef_snpy.txt")
    >>> n_bytes = path.write_text(
    ...     "SN2004ef 0.0310 340.5418 19.9946\nfilter u\n 256.65 18.406 0.015\nfilter B\n"
    ...     " 256.66 17.332 0.010\n 257.65 17.178 0.009\n"
    ... )
    >>> with SnoopyReader(path, ReadOptions(rows="file")) as reader:
    ...     found = reader.read(["name", "filter", "mag"])
    >>> [column.data.tolist()[0] for column in found.values()]
    ['SN2004ef', ['u', 'B', 'B'], ['18.406', '17.332', '17.178']]
    """

    def _parse(self) -> Texts:
        header: list[str] | None = None
        rows: list[tuple[str, ...]] = []
        current = ""
        for number, text in self._lines():
            words = text.split()
            if header is None:
                if len(words) != len(_HEADER) or not all(map(is_number, words[1:])):
                    what = f"has {len(words)} words, expected {' '.join(_HEADER)}"
                    raise bad_line(number, text, what, "it is no light curve of SNooPy")
                header = words
            elif words[0] == "filter" and len(words) > 1:
                current = words[1]
            elif len(words) != len(_ROW) or not all(map(is_number, words)):
                what = f"has {len(words)} words, expected {' '.join(_ROW)}"
                raise bad_line(number, text, what, "the file is cut short or damaged")
            elif not current:
                raise bad_line(number, text, "stands before the first line 'filter'")
            else:
                rows.append((current, *words))
        if header is None:
            msg = "no line with name, redshift, ra and dec"
            raise CorruptFileError(msg)
        columns = zip(*rows, strict=True) if rows else [()] * len(_COLUMNS)
        lists = {name: list(column) for name, column in zip(_COLUMNS, columns, strict=True)}
        return {**dict(zip(_HEADER, header, strict=True)), **lists}
