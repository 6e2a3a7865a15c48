"""Operator Call: cells of a table made by a named transform."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from astropile.engine.call_inputs import (
    Given,
    check_axes,
    evaluated_input,
    rows_of_calls,
    spread_scalars,
)
from astropile.engine.evaluate import Evaluator
from astropile.engine.operand import (
    Fault,
    describe_shape,
)
from astropile.engine.tables import Frame, partner_cells
from astropile.engine.units import lower_units
from astropile.errors import AstropileError, UsageError
from astropile.expression import Expr, names
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import BoundSource, BoundTable
from astropile.schema.models import Scalar
from astropile.schema.transform_units import declaration_of, unit_of_cells, uses_transform
from astropile.schema.transforms import TransformDeclaration
from astropile.transforms import TransformFault, function_of
from astropile.vocabulary import conversion, parse_unit

#: Bytes of cells whose rows are given to a function at a time; casts make them more.
CALL_BYTES = 32 * 2**20
ScopeOf = Callable[[Frame], Evaluator]


@dataclass(frozen=True, slots=True)
class Call:
    """A transform and what it is given.

    Attributes
    ----------
    name : str
        Name of the transform.
    declaration : TransformDeclaration
        What it takes and gives.
    inputs : mapping of str to tuple of (Expr, Factor)
        Expressions over cells, units resolved, of the inputs that the outputs need.
    params : mapping of str to scalar
        All settings.
    outputs : tuple of str
        Outputs that are wanted.
    cells : frozenset of str
        Names in the inputs: cells of the main table, and of others with the table in front.
    """

    name: str
    declaration: TransformDeclaration
    inputs: Mapping[str, Given]
    params: Mapping[str, Scalar]
    outputs: tuple[str, ...]
    cells: frozenset[str]

    def expressions(self) -> Iterator[tuple[str, Expr]]:
        """Yield each expression that is given, with the name of its input."""
        yield from ((key, expr) for key, given in self.inputs.items() for expr, _ in given)


def needed_inputs(table: BoundTable, outputs: Collection[str]) -> list[Expr]:
    """Return the expressions that a transform is given for some of its outputs."""
    declaration = _declared(table)
    known = [name for name in outputs if name in declaration.outputs]
    keys = declaration.inputs_for(known, table.inputs)
    return [value.expr for key in keys for value in table.inputs[key]]


def compile_call(source: BoundSource, table: BoundTable, outputs: Sequence[str]) -> Call:
    """Compile the call of a transform.

    Parameters
    ----------
    source : BoundSource
        Has the tables that the inputs name.
    table : BoundTable
        The table of the transform.
    outputs : sequence of str
        Cells of it that are wanted.

    Raises
    ------
    UsageError
        The transform is unknown, cannot run, or lacks one of the outputs.
    """
    declaration = _declared(table)
    for output in outputs:
        if output not in declaration.outputs:
            msg = f"transform {table.model.transform} has no output '{output}'"
            hint = f"it gives {', '.join(declaration.outputs)}"
            raise UsageError(msg, where=f"table {table.name}", hint=hint)
    if declaration.refused:
        msg = f"transform {table.model.transform} cannot run: {declaration.refused}"
        hint = "leave out the leaves that are made of it, or choose another source"
        raise UsageError(msg, where=f"table {table.name}", hint=hint)
    unit_of = unit_of_cells(source)
    inputs: dict[str, Given] = {}
    for key in declaration.inputs_for(outputs, table.inputs):
        wanted = declaration.inputs[key].unit
        given = []
        for value in table.inputs[key]:
            is_known = uses_transform(value.expr, source)
            expr, unit = lower_units(value.expr, unit_of if is_known else None)
            factor = None
            if unit is not None and wanted is not None:
                factor = conversion(unit, parse_unit(wanted))
            given.append((expr, factor))
        inputs[key] = tuple(given)
    params = declaration.settings(table.model.params)
    cells = {n.text for given in inputs.values() for expr, _ in given for n in names(expr)}
    return Call(
        table.model.transform, declaration, inputs, params, tuple(outputs), frozenset(cells)
    )


def _declared(table: BoundTable) -> TransformDeclaration:
    declaration = declaration_of(table)
    if declaration is None:
        msg = f"'{table.model.transform}' is not a transform"
        hint = "see registry/transforms.yaml, or install the package that has it"
        raise UsageError(msg, where=f"table {table.name}", hint=hint)
    return declaration


def call_in_pieces(call: Call, frame: Frame, scope_of: ScopeOf) -> dict[str, Column]:
    """Call a transform for the rows of a frame, so many at a time as the memory may hold.

    Parameters
    ----------
    call : Call
        What to call.
    frame : Frame
        The cells of the rows.
    scope_of : callable
        Gives what evaluates expressions over the cells of a part of the frame.

    Raises
    ------
    Fault
        As `run_call`; its rows are those of the frame.
    """
    n = len(frame)
    used = frame.only([name for name in frame.columns if name in call.cells])
    step = max(1, CALL_BYTES // max(used.n_bytes // max(n, 1), 1))
    pieces = []
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        piece = used if step >= n else used.take(rows)
        try:
            pieces.append(run_call(call, scope_of(piece)))
        except Fault as fault:
            if fault.rows is not None and len(fault.rows) == len(piece):
                flags = np.zeros(n, dtype=bool)
                flags[rows] = fault.rows
                fault.rows = flags
            raise
    return {name: Column.concatenate([piece[name] for piece in pieces]) for name in call.outputs}


def run_call(call: Call, scope: Evaluator) -> dict[str, Column]:
    """Evaluate the inputs, call the function, and check what it gives.

    A row without one of its required inputs is not given to the function: its outputs are null.

    Parameters
    ----------
    call : Call
        What to call.
    scope : Evaluator
        Evaluates expressions over the cells of a batch.

    Returns
    -------
    dict of str to Column
        The outputs wanted, of as many rows as the batch.

    Raises
    ------
    Fault
        An input or an output is not as declared, or the function refuses its inputs.
    """
    declaration = call.declaration
    given = {key: evaluated_input(declaration, key, e, scope) for key, e in call.inputs.items()}
    spread_scalars(declaration, given)
    check_axes(declaration, given)
    found: list[tuple[Array, dict[str, Column]]] = []
    for rows, keys in rows_of_calls(declaration, given, scope.n):
        part = {key: [_taken(column, rows) for column in given[key]] for key in keys}
        found.append((rows, _called(call, part, rows, scope.n)))
    if not found:
        return {name: _nothing(call, name, given, scope.n) for name in call.outputs}
    rows = np.concatenate([rows for rows, _ in found])
    columns = {
        name: Column.concatenate([outputs[name] for _, outputs in found]) for name in call.outputs
    }
    place = np.full(scope.n, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    return partner_cells(Frame(columns, np.zeros_like(rows), rows), place)


def _called(call: Call, given: dict[str, list[Column]], rows: Array, n: int) -> dict[str, Column]:
    """Call the function with some rows; its faults are told of the rows of the batch."""
    function = function_of(call.name)
    for columns in given.values():
        columns[:] = [_read_only(column) for column in columns]
    try:
        with np.errstate(all="ignore"):
            found = function(given, call.params)
    except TransformFault as fault:
        raise Fault(fault.message, rows=_flags(fault.rows, rows, n), hint=fault.hint) from fault
    except (AstropileError, MemoryError):
        raise
    except Exception as error:
        message = f"the function failed: {type(error).__name__}: {error}"
        raise Fault(
            message, hint=f"{call.declaration.function} must raise TransformFault"
        ) from error
    extra = [name for name in found if name not in call.declaration.outputs]
    if extra:
        raise Fault(f"the function gave '{extra[0]}', which is not declared")
    return {name: _checked(call, name, found, given, len(rows)) for name in call.outputs}


def _taken(column: Column, rows: Array) -> Column:
    return column if len(rows) == len(column) else column.take(rows)


def _read_only(column: Column) -> Column:
    """Return a column whose data a function cannot change: cells belong to all who read them."""
    data = column.data.view()
    data.flags.writeable = False
    return replace(column, data=data, null=None)


def _flags(found: Array | None, rows: Array, n: int) -> Array | None:
    if found is None or len(found) != len(rows):
        return None
    flags = np.zeros(n, dtype=bool)
    flags[rows[found]] = True
    return flags


def _checked(
    call: Call,
    name: str,
    found: Mapping[str, Column],
    given: Mapping[str, list[Column]],
    n: int,
) -> Column:
    """Return an output that is as declared."""
    output = call.declaration.outputs[name]
    column = found.get(name)
    if column is None:
        raise Fault(f"the function gave no '{name}'")
    if len(column) != n:
        raise Fault(f"output {name}: expected {n} rows, as many as were given, got {len(column)}")
    wanted = _dtype(call, name, given)
    same = column.data.dtype.kind == "U" if wanted.kind == "U" else column.data.dtype == wanted
    if not same:
        raise Fault(f"output {name}: expected {wanted}, got {column.data.dtype}")
    if column.ndim != len(output.axes):
        shape = ", ".join(output.axes) or "no axes"
        raise Fault(f"output {name}: expected {shape}, got shape {describe_shape(column)}")
    return column


def _dtype(call: Call, name: str, given: Mapping[str, list[Column]]) -> np.dtype[np.generic]:
    output = call.declaration.outputs[name]
    if output.dtype != "any":
        return np.dtype("U" if output.dtype == "string" else output.dtype)
    columns = given.get(output.like)
    return columns[0].data.dtype if columns else np.dtype(np.float64)


def _nothing(call: Call, name: str, given: Mapping[str, list[Column]], n: int) -> Column:
    """Return null rows of the form of an output that was computed for no row."""
    dtype, rank = _dtype(call, name, given), len(call.declaration.outputs[name].axes)
    null = np.ones(n, dtype=bool)
    if not rank:
        return Column(np.zeros(n, dtype=dtype), null=null)
    empty = np.zeros(0, dtype=dtype)
    offsets = np.zeros(n + 1, dtype=np.int64)
    shapes = np.zeros((n, rank), dtype=np.int64) if rank > 1 else None
    return Column(empty, offsets=offsets, shapes=shapes, null=null)
