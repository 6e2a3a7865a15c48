"""Units of the cells that transforms make; no other cell has one until ``unit()`` gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from astropile.expression import Expr, ExpressionError, Name, infer_unit, names
from astropile.schema.bind import BoundSource, BoundTable
from astropile.schema.transforms import TransformDeclaration, load_transforms
from astropile.vocabulary import UnitTextError, parse_unit

if TYPE_CHECKING:
    from astropy.units import UnitBase

UnitOf = Callable[[Name], "UnitBase | None"]


def declaration_of(table: BoundTable | None) -> TransformDeclaration | None:
    """Return what the transform of a table is; None for other tables and unknown names."""
    if table is None or not table.model.transform:
        return None
    return load_transforms().get(table.model.transform)


def uses_transform(expr: Expr, source: BoundSource) -> bool:
    """Whether an expression names a cell that a transform makes."""
    tables = source.tables
    return any(
        len(name.parts) > 1 and declaration_of(tables.get(name.parts[0])) is not None
        for name in names(expr)
    )


def unit_of_cells(source: BoundSource) -> UnitOf:
    """Return a function: name of a cell -> its unit, or None where it has none.

    Parameters
    ----------
    source : BoundSource
        Tables and the inputs of its transforms.
    """

    def unit_of(name: Name) -> UnitBase | None:
        table = source.tables.get(name.parts[0]) if len(name.parts) > 1 else None
        declaration = declaration_of(table)
        if table is None or declaration is None:
            return None
        output = declaration.outputs.get(".".join(name.parts[1:]))
        if output is None:
            return None
        if output.unit is not None:
            return parse_unit(output.unit)
        given = table.inputs.get(output.like, ()) if output.like else ()
        if not given:
            return None
        try:
            found = infer_unit(given[0].expr, unit_of)
        except (ExpressionError, UnitTextError):
            return None  # reported where it stands
        declared = declaration.inputs[output.like].unit
        return found if found is None or declared is None else parse_unit(declared)

    return unit_of
