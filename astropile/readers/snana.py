"""Light curves as SNANA writes them in text, one object a file.

A header of lines ``KEY: value``, then ``VARLIST:`` (or ``VARNAMES:``) with the names of columns,
and a line ``OBS:`` with as many words for every observation, up to ``END:`` or
``END_PHOTOMETRY:``. What follows these, such as spectra, is not read. Cells are ``KEY``;
``KEY_ERR``, the word behind ``+-``; and lists ``OBS.COLUMN``. A value is its numbers without what
follows them (``36.04 deg``, ``0.02 MW E(B-V)``), or all words if the first is no number; text from
``#`` on is comment. A key that comes again replaces the earlier one, as SNANA does with the
overrides at the end of a header. ``NVAR`` is not believed: files of the Foundation survey say 7
above nine columns.

``sncosmo.read_snana_ascii`` (2.13) cannot be used: it turns the id ``000006`` into 6, takes the
first ``NVAR`` columns only, drops what stands behind ``+-``, and does not notice that a file is
cut short.

References
----------
.. [1] R. Kessler et al. 2009, "SNANA: A Public Software Package for Supernova Analysis",
   https://doi.org/10.1086/605984, and the SNANA manual, https://github.com/RickKessler/SNANA.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import ClassVar, Final

from astropile.errors import CorruptFileError
from astropile.readers._one_object import OneObjectReader, Texts, bad_line, is_number

_COLUMNS: Final = ("VARLIST:", "VARNAMES:")
_NO_LIGHT_CURVE: Final = "it is no light curve of SNANA: leave it out of the pattern of the table"


class SnanaReader(OneObjectReader):
    r"""Reader of one SNANA light curve in text.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from astropile.readers import ReadOptions
    >>> path = Path(tempfile.mkdtemp(), "PS1_PSc000006.txt")
    >>> n_bytes = path.write_text(
    ...     "SNID: 000006\nRA: 53.36645 deg\nREDSHIFT_HELIO: 0.2309 +- 0.001\nNOBS: 2\n"
    ...     "NVAR: 3\nVARLIST: MJD FLT FLUXCAL\nOBS: 55188.3 g 55.163\nOBS: 55191.3 g 104.9\nEND:\n"
    ... )
    >>> with SnanaReader(path, ReadOptions(rows="file")) as reader:
    ...     found = reader.read(["SNID", "RA", "REDSHIFT_HELIO_ERR", "OBS.MJD"])
    >>> [column.data.tolist()[0] for column in found.values()]
    ['000006', '53.36645', '0.001', ['55188.3', '55191.3']]
    """

    ends: ClassVar[tuple[str, ...]] = ("END:", "END_PHOTOMETRY:")

    def _parse(self) -> Texts:
        header: dict[str, str | None] = {}
        errors: dict[str, str | None] = {}
        names: list[str] | None = None
        rows: list[list[str]] = []
        is_ended = False
        for number, text in self._lines():
            key, *words = text.split()
            if key == "OBS:":
                rows.append(_observation(number, text, words, names))
            elif key in self.ends:
                is_ended = True
                break
            elif key in _COLUMNS:
                names = _names(number, text, words)
            elif key.endswith(":") and len(key) > 1:
                header[key[:-1]], error = _value(words)
                if error:
                    errors[f"{key[:-1]}_ERR"] = error
            else:
                raise bad_line(number, text, "is no 'KEY: value'", _NO_LIGHT_CURVE)
        if names is None:
            msg = "no line VARLIST: with the names of columns"
            raise CorruptFileError(msg, hint=f"the file is cut short, or {_NO_LIGHT_CURVE}")
        _check_count(header.get("NOBS"), len(rows), is_ended=is_ended)
        columns = zip(*rows, strict=True) if rows else [()] * len(names)
        lists = {f"OBS.{name}": list(c) for name, c in zip(names, columns, strict=True)}
        return {**errors, **header, **lists}


def _names(number: int, text: str, words: Sequence[str]) -> list[str]:
    """Return the names of the columns."""
    if not words or len(set(words)) < len(words):
        raise bad_line(number, text, "does not name columns, each once")
    return list(words)


def _observation(
    number: int, text: str, words: list[str], names: Sequence[str] | None
) -> list[str]:
    """Return the words of an observation, as many as there are columns."""
    if names is None:
        raise bad_line(number, text, "stands before VARLIST:, which names its columns")
    if len(words) != len(names):
        what = f"has {len(words)} words, expected {len(names)} ({', '.join(names)})"
        raise bad_line(number, text, what, "the file is cut short or damaged; fetch it again")
    return words


def _value(words: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the value of a key, and the number behind ``+-``."""
    error = None
    if "+-" in words:
        place = list(words).index("+-")
        error = next(iter(words[place + 1 :]), None)
        words = words[:place]
    numbers = list(takewhile(is_number, words))
    return " ".join(numbers or words) or None, error


def _check_count(declared: str | None, found: int, *, is_ended: bool) -> None:
    """Refuse a file that has not the observations that it declares."""
    hint = "the file is cut short; fetch it again"
    if declared is None:
        if not is_ended:
            msg = "neither NOBS: nor END: tells whether the light curve is whole"
            raise CorruptFileError(msg, hint=hint)
    elif not declared.isascii() or not declared.isdigit():
        msg = f"NOBS is {declared!r}, expected the number of observations"
        raise CorruptFileError(msg)
    elif int(declared) != found:
        msg = f"NOBS declares {declared} observations, the file has {found}"
        raise CorruptFileError(msg, hint=hint)
