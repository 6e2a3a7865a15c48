"""The unit that a file claims for a cell, against the unit in which the YAML takes it.

A cell without ``unit()`` is taken to be in the unit of its leaf, or of the input of a transform.
Files are not believed, but a file that says something else is told: one of the two is wrong.
``unit(cell, '...')`` is the word of the author and settles it, whatever the file says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from astropile.engine.plan import PATH, Plan, Program, cell_of_name
from astropile.errors import LeafError
from astropile.expression import Call, Expr, Index, Name
from astropile.readers import Reader
from astropile.vocabulary import UnitTextError, conversion, parse_unit
from astropile.vocabulary.unit_words import unit_words
from astropile.vocabulary.units import physical_part

if TYPE_CHECKING:
    from astropy.units import UnitBase

#: Functions whose result has the unit of their first argument, or of all of them.
_OF_FIRST: Final = frozenset(
    {"optional", "flat", "axes", "reverse", "pad", "index", "null_if", "fill", "repeat", "tile"}
)
_OF_ALL: Final = frozenset({"coalesce", "concat", "stack"})
#: Some write "per pixel" or "electrons" into a unit, others do not; that is no contradiction.
_COUNTED: Final = ("pix", "vox", "ct", "ph", "electron", "adu", "DN", "bin", "beam", "chan")
_SAME: Final = 1e-6
_QUOTED: Final = re.compile(r"'(\w+)'")


@dataclass(frozen=True, slots=True)
class _Use:
    """What takes a cell to be in some unit."""

    where: str
    unit: str


@dataclass(slots=True)
class HeaderUnits:
    """Compares, once for every cell of a program, what the first file that is read claims.

    Attributes
    ----------
    plan : Plan
        The leaves and their units.
    """

    plan: Plan
    _done: dict[tuple[int, str], set[str]] = field(default_factory=dict)

    def check(
        self, reader: Reader, program: Program, table: str, cells: Sequence[str], *, where: str
    ) -> None:
        """Refuse a file whose claim contradicts the YAML.

        Parameters
        ----------
        reader : Reader
            An open file of the table.
        cells : sequence of str
            Cells of the table that the file has and that are read.
        where : str
            Path of the file, for the error.

        Raises
        ------
        LeafError
            Both units are known and differ in kind or in size.
        """
        # Keys are often read before the other cells of a file.
        done = self._done.setdefault((id(program), table), set())
        fresh = [cell for cell in cells if cell not in done]
        if not fresh:
            return
        done.update(fresh)
        infos = reader.cells()
        claims = {cell: infos[cell].unit for cell in fresh if infos[cell].unit}
        if not claims:
            return
        for (owner, cell), use in self._bare(program):
            if owner != table or cell not in claims:
                continue
            why = contradiction(claims[cell], use.unit)
            if why:
                raise self._error(program, table, cell, claims[cell], use, why, where)

    def _bare(self, program: Program) -> Iterator[tuple[tuple[str, str], _Use]]:
        """Yield cells that are taken to be in the unit of a leaf or an input, and which."""
        for address, leaf in self.plan.leaves.items():
            value = program.source.values.get(address)
            is_number = leaf.field.dtype not in ("string", "bool")
            if value is None or leaf.derived or not leaf.field.unit or not is_number:
                continue
            for name in _bare_names(value.expr):
                if name.parts[0] != PATH:
                    use = _Use(f"leaf {address}", leaf.field.unit)
                    yield cell_of_name(name, program.source), use
        for table, call in program.calls.items():
            for key in call.inputs:
                unit = call.declaration.inputs[key].unit
                exprs = program.source.tables[table].inputs[key] if unit else ()
                for name in (name for value in exprs for name in _bare_names(value.expr)):
                    if name.parts[0] != PATH:
                        use = _Use(f"input {key} of table {table}", unit or "")
                        yield cell_of_name(name, program.source), use

    def _error(
        self,
        program: Program,
        table: str,
        cell: str,
        claimed: str,
        use: _Use,
        why: str,
        where: str,
    ) -> LeafError:
        model = program.source.tables[table].model
        place = f"{where}, HDU {model.hdu}" if model.hdu else where
        own = "" if table == program.main.name else f"{table}."
        taken = use.unit
        return LeafError(
            f"'{cell}' is in '{claimed}' by the file, but '{taken}' by the YAML: {why} "
            f"(source {self.plan.source}, {use.where})",
            where=place,
            hint=f"write unit({own}{cell}, '{_plain(claimed)}') if the file is right, "
            f"unit({own}{cell}, '{taken}') if it is wrong",
        )


def contradiction(claimed: str, taken: str) -> str:
    """Return why two units cannot both be right; empty if they can.

    Parameters
    ----------
    claimed : str
        Unit in a file; one that cannot be parsed says nothing.
    taken : str
        Unit of a leaf.

    Examples
    --------
    >>> contradiction("rad", "deg")
    'one is 57.2958 of the other'
    >>> contradiction("nanomaggies", "nanomaggy"), contradiction("a. u.", "deg")
    ('', '')
    """
    try:
        file, leaf = parse_unit(_plain(claimed)), parse_unit(taken)
    except UnitTextError:
        return ""
    levels = _level(file), _level(leaf)
    if not levels[0]:
        file = _uncounted(file)
        if _says_nothing(file):
            return ""
    if any(levels):
        # Files leave out the zero point.
        return "" if levels[0] == levels[1] else "they are of different kinds"
    leaf = _uncounted(leaf)
    try:
        factor = conversion(file, leaf)
    except UnitTextError:
        return "they are of different kinds"
    if factor is None or callable(factor) or abs(factor - 1) < _SAME:
        return ""
    return f"one is {factor:.6g} of the other"


def _bare_names(expr: Expr) -> Iterator[Name]:
    """Yield the names whose unit is that of the whole expression, without ``unit()``."""
    match expr:
        case Name():
            yield expr
        case Index(item=item):
            yield from _bare_names(item)
        case Call(function=function, arguments=arguments) if function in _OF_FIRST:
            yield from _bare_names(arguments[0])
        case Call(function=function, arguments=arguments) if function in _OF_ALL:
            for argument in arguments:
                yield from _bare_names(argument)
        case _:
            return


def _plain(text: str) -> str:
    """Return a unit as files write it the way it is written here."""
    plain = _QUOTED.sub(r"\1", " ".join(text.split()))
    plain = unit_words().misspellings.get(plain.casefold(), plain)
    if plain.count("/") > 1 and not set("()") & set(plain):
        head, *below = (part.strip() for part in plain.split("/"))
        return f"{head} / ({' '.join(below)})"
    return plain


def _uncounted(unit: UnitBase) -> UnitBase:
    """Return a unit without what only says what is counted."""
    from astropy import units

    left = unit
    for name in _COUNTED:
        base = units.Unit(name)
        for part, power in zip(unit.bases, unit.powers, strict=True):
            if part == base:
                left = left / base**power
    return left


def _says_nothing(unit: UnitBase) -> bool:
    """Tell whether a unit is the plain 1 that files have for want of a unit."""
    return str(unit.physical_type) == "dimensionless" and abs(float(unit.to("")) - 1) < _SAME


def _level(unit: UnitBase) -> str:
    """Return the name of a logarithm (``mag`` of ``mag(AB)``); empty for other units."""
    name = str(unit).partition("(")[0]
    return name if physical_part(unit) is not unit or name in ("mag", "dex", "dB") else ""
