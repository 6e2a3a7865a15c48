"""What was simulated: files on disk, and the truth that they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from astropile.engine.align import align, fill_axes, longest
from astropile.engine.evaluate import Evaluator
from astropile.engine.finish import finish
from astropile.engine.units import lower_units
from astropile.expression import Name, names, parse
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import Leaf, SurveySchema
from astropile.testing.programs import MockProgram
from astropile.vocabulary import conversion, parse_unit

__all__ = ["Mock", "Truth"]


class Truth(Mapping[str, Column]):
    """The drawn leaves by address, rows in the order in which Examples come.

    Scalars are kept; the arrays of a block are drawn again when one of them is asked for, so that
    the memory holds one block at a time. Formulas are computed from the drawn leaves.
    """

    def __init__(
        self, schema: SurveySchema, config: str, programs: tuple[MockProgram, ...]
    ) -> None:
        self._schema = schema
        self._leaves = schema.leaves_of(config)
        self._programs = programs
        stored = {b.leaf.address: b.leaf.block for p in programs for b in p.bindings.arrays}
        scalars = {a for p in programs for a in p.catalogue.truth}
        absent = programs[0].bindings.source.absent
        self._stored = stored
        self._scalars = {
            a: Column.concatenate([p.catalogue.truth[a] for p in programs]) for a in scalars
        }
        self._addresses = [a for a in self._leaves if a not in absent]
        self._block: tuple[str, dict[str, Column]] = ("", {})

    def __getitem__(self, address: str) -> Column:
        """Return a leaf."""
        if address in self._scalars:
            return self._scalars[address]
        if address in self._stored:
            return self._arrays(self._stored[address])[address]
        if address in self._addresses:
            return self._formula(self._leaves[address])
        raise KeyError(address)

    def __iter__(self) -> Iterator[str]:
        """Iterate over addresses in declared order."""
        return iter(self._addresses)

    def __len__(self) -> int:
        """Return the number of leaves."""
        return len(self._addresses)

    def _arrays(self, block: str) -> dict[str, Column]:
        if self._block[0] != block:
            parts = [
                chunk.truth(block)
                for program in self._programs
                for chunk in (program.chunk(k) for k in range(len(program.chunks)))
            ]
            joined = {a: Column.concatenate([part[a] for part in parts]) for a in parts[0]}
            self._block = (block, joined)
        return self._block[1]

    def _formula(self, leaf: Leaf) -> Column:
        """Compute a derived leaf from the leaves it names."""

        def address_of(name: Name) -> str:
            return self._schema.leaf_of_name(name.text, leaf.block)

        n = sum(len(program.objects) for program in self._programs)

        def lookup(name: Name) -> Column:
            address = address_of(name)
            if address in self._addresses:
                return self[address]
            return Column(np.full(n, np.nan), null=np.ones(n, dtype=bool))

        expr, factor = parse(leaf.derived), None
        if leaf.field.unit:
            expr, unit = lower_units(
                expr, lambda name: parse_unit(self._leaves[address_of(name)].field.unit)
            )
            factor = None if unit is None else conversion(unit, parse_unit(leaf.field.unit))
        block = self._schema.blocks.get(leaf.block)
        scope = Evaluator(lookup, n, self._schema.file.lookups)
        column = align(scope.evaluate(expr), leaf, block, n)
        if block is not None and leaf.axes and not column.ndim:
            # Leaves that the source lacks say no length: then any other of the block does.
            used = [address_of(name) for name in names(expr)]
            here = [a for a in block.leaves if self._stored.get(a) == block.name]
            own = {a: self[a] for a in [a for a in used if a in here] or here}
            column = fill_axes(column, leaf, block, longest(own, self._leaves, leaf.axes[0]))
        return finish(column, leaf, factor)


@dataclass(frozen=True)
class Mock:
    """Mock files of a survey.

    Attributes
    ----------
    data_dir : Path
        Folder that holds them, as ``data_dir`` of a survey.
    survey, config, source : str
        What was simulated.
    files : tuple of Path
        All files written, with the note that says what they are.
    leaves : mapping of str to Column
        The drawn truth by address, rows in the order of the Examples; computed when asked for.
    order : ndarray of int64, shape (n,)
        Which drawn object each row is: ``ra[order]`` are the rows' positions if
        ``Sky.at(ra, dec)`` was given.
    """

    data_dir: Path
    survey: str
    config: str
    source: str
    files: tuple[Path, ...]
    leaves: Mapping[str, Column] = field(repr=False)
    order: Array = field(repr=False)

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.order)
