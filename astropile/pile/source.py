"""What a build needs of its input: rows twice, first positions, then Examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from astropile.readers.column import Array

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.engine import Rejects

__all__ = ["About", "Examples", "Positions", "RowSource"]


@dataclass(frozen=True, slots=True)
class Positions:
    """Rows of pass 1.

    Attributes
    ----------
    ids : ndarray of str or Array of strings
        Object ids.
    ra_deg, dec_deg : ndarray of float64
        ICRS degrees, NaN where there is none.
    file, row : ndarray of int64
        Where each row comes from.
    """

    ids: Any
    ra_deg: Array
    dec_deg: Array
    file: Array
    row: Array


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows of pass 2: a table in stored types, and where each row comes from."""

    table: pa.Table
    file: Array
    row: Array


@dataclass(frozen=True)
class About:
    """What a pile says of itself besides its rows.

    Attributes
    ----------
    name : str
        Name of the catalogue.
    title, homepage, license : str
        For people.
    survey, config, source : str
        What was read.
    schema_text : str
        The survey as YAML, without includes.
    schema_sha256 : str
        Digest of the schema.
    citation : str
        What to cite.
    request : dict
        Selection and options that the rows depend on.
    splits : tuple of str
        Splits of the rows; a column tells them apart where there are several.
    """

    name: str
    title: str
    homepage: str
    license: str
    survey: str
    config: str
    source: str
    schema_text: str
    schema_sha256: str
    citation: str
    request: dict[str, Any]
    splits: tuple[str, ...]


class RowSource(Protocol):
    """Input of a build."""

    @property
    def about(self) -> About:
        """What the pile will say of itself."""

    @property
    def schema(self) -> pa.Schema:
        """Schema of the tables: stored types, meaning in the field metadata."""

    def stamps(self) -> tuple[tuple[str, int, int], ...]:
        """Return path, size and time of change [ns] of every file that is read."""

    def positions(self) -> Iterator[Positions]:
        """Yield ids and positions in row order."""

    def examples(self) -> Iterator[Examples]:
        """Yield the same rows with all columns in the same order; some may be refused."""

    def sample(self, file: Array, row: Array) -> pa.Table:
        """Return a few rows, to learn how big they are."""

    @property
    def rejects(self) -> Rejects:
        """Rows refused by the last pass."""

    def file_name(self, number: int) -> str:
        """Return the name of a file for the list of rejects."""
