"""The cells of a file, found by any of their addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from astropile.errors import CellError
from astropile.readers.protocol import CellInfo

Facts: TypeAlias = CellInfo | Callable[[], CellInfo]


class Cells(Mapping[str, CellInfo]):
    """A mapping of addresses to what a file says of its cells.

    Iteration gives each cell once, by its first address; look-up takes every address.

    Parameters
    ----------
    facts : mapping of str to CellInfo
        Cells by their first address; a function is called when its cell is first looked up.
    aliases : mapping of str to str
        Further addresses, and the first address of the same cell.
    ignore_case : bool
        Whether look-up takes addresses in any case. An exact one wins.
    refuse : callable, optional
        Called with an address that is no cell; raises if it must not be one.
    """

    def __init__(
        self,
        facts: Mapping[str, Facts],
        aliases: Mapping[str, str] | None = None,
        *,
        ignore_case: bool = False,
        refuse: Callable[[str], None] | None = None,
    ) -> None:
        self._facts = dict(facts)
        self._refuse = refuse
        self._addresses = {**(aliases or {}), **{name: name for name in facts}}
        self._folded: dict[str, set[str]] = {}
        if ignore_case:
            for name, first in self._addresses.items():
                self._folded.setdefault(name.casefold(), set()).add(first)

    def first_address(self, name: str) -> str | None:
        """Return the first address of a cell, or None if there is no such cell.

        Raises
        ------
        CellError
            Case is ignored and cells differ in nothing else.
        UnsafeFileError
            The cell reaches outside the file.
        """
        exact = self._addresses.get(name)
        if exact is not None:
            return exact
        if self._refuse is not None:
            self._refuse(name)
        found = sorted(self._folded.get(name.casefold(), ()))
        if len(found) > 1:
            msg = f"{name!r} could be {' or '.join(found)}, which differ only in case"
            raise CellError(
                msg,
                hint="write the exact name, without ignore_case",
            )
        return found[0] if found else None

    def __getitem__(self, name: str) -> CellInfo:
        """Return what the file says of a cell."""
        first = self.first_address(name)
        if first is None:
            raise KeyError(name)
        facts = self._facts[first]
        if not isinstance(facts, CellInfo):
            self._facts[first] = facts = facts()
        return facts

    def __contains__(self, name: object) -> bool:
        """Return whether there is such a cell."""
        return isinstance(name, str) and self.first_address(name) is not None

    def __iter__(self) -> Iterator[str]:
        """Return the first addresses in the order of the file."""
        return iter(self._facts)

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self._facts)
