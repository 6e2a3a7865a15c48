"""A schema, a config, a source and the leaves wanted, compiled once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from astropile.engine.blocks import BlockRecipe, label_field
from astropile.engine.call import Call as TransformCall
from astropile.engine.call import compile_call, needed_inputs
from astropile.engine.finish import Factor
from astropile.engine.units import lower_units
from astropile.errors import UsageError
from astropile.expression import FUNCTIONS, Call, Expr, Index, Name, holes, names, parse, walk
from astropile.schema import (
    OBJECT_LEAVES,
    BoundSource,
    BoundTable,
    Leaf,
    Report,
    SurveySchema,
    bind_source,
    combinations,
)
from astropile.schema.transform_units import unit_of_cells, uses_transform
from astropile.vocabulary import conversion, parse_unit

#: Groups of functions that see more than one element at a time.
_OF_SHAPE = ("arrays", "reductions")
#: Captures of a path, readable in expressions as ``path.name``.
PATH = "path"


@dataclass(frozen=True, slots=True)
class Formula:
    """A leaf computed from finished leaves."""

    leaf: Leaf
    expr: Expr
    factor: Factor


@dataclass(frozen=True, slots=True)
class Program:
    """One source bound for one combination of config variables and one split.

    Attributes
    ----------
    source : BoundSource
        Tables, values and predicates.
    split : str
        Split whose rows it gives.
    scalars : mapping of str to Expr
        Stored scalar leaves, units resolved.
    blocks : mapping of str to (recipe, expressions)
        Modalities to build.
    factors : mapping of str to Factor
        Unit conversions of the scalars.
    cells : mapping of str to tuple of str
        Table -> cells that are read.
    optional : frozenset of (table, cell)
        Cells that a file may lack.
    attached : frozenset of str
        Tables that are attached: those whose cells are read, and those that remove rows.
    images : mapping of str to tuple of str
        Table of windows -> every image of it that a value names: what lies inside of them must
        not depend on what is asked for.
    padded : frozenset of str
        Cells of the main table whose length says nothing, since padding is removed.
    calls : mapping of str to Call
        Table -> transform that makes its cells, for those of which a cell is wanted.
    """

    source: BoundSource
    split: str
    scalars: Mapping[str, Expr]
    blocks: Mapping[str, tuple[BlockRecipe, Mapping[str, Expr]]]
    factors: Mapping[str, Factor]
    where: Expr | None
    split_by: Expr | None
    cells: Mapping[str, tuple[str, ...]]
    optional: frozenset[tuple[str, str]]
    attached: frozenset[str]
    images: Mapping[str, tuple[str, ...]]
    padded: frozenset[str]
    calls: Mapping[str, TransformCall]

    @property
    def main(self) -> BoundTable:
        """The table whose rows are the objects."""
        return self.source.main

    @property
    def main_parts(self) -> tuple[BoundTable, ...]:
        """The tables of files that make the main table: itself, or those it stacks."""
        return parts_of(self.source, self.main)


@dataclass(frozen=True)
class Plan:
    """How to read the wanted leaves of one config from one source.

    Attributes
    ----------
    leaves : mapping of str to Leaf
        Everything that is computed, in declared order.
    wanted : tuple of str
        Addresses that are emitted, in declared order.
    programs : tuple of Program
        One for every split and combination of config variables, in row order.
    formulas : tuple of Formula
        Derived leaves in the order in which they can be computed.
    """

    schema: SurveySchema
    config: str
    source: str
    leaves: Mapping[str, Leaf]
    wanted: tuple[str, ...]
    programs: tuple[Program, ...]
    formulas: tuple[Formula, ...]
    absent: frozenset[str] = field(default_factory=frozenset)

    @property
    def transforms(self) -> list[tuple[str, str]]:
        """Names and versions of the transforms that are called: another version, other values."""
        calls = (call for program in self.programs for call in program.calls.values())
        return sorted({(call.name, call.declaration.version) for call in calls})


def compile_plan(
    schema: SurveySchema,
    *,
    config: str,
    source: str,
    splits: Iterable[str],
    wanted: Iterable[str],
) -> Plan:
    """Compile a plan.

    Parameters
    ----------
    schema : SurveySchema
        A checked survey.
    config, source : str
        Names that the survey has.
    splits : iterable of str
        Splits in the order of the rows.
    wanted : iterable of str
        Addresses of leaves; the object's three are always added.
    """
    available = schema.leaves_of(config)
    asked = {*OBJECT_LEAVES, *wanted}
    report = Report(schema.document)
    bound = [
        (split, bind_source(schema, config, source, {**variables, "split": text}, report))
        for split in splits
        for text in (schema.config(config).splits.get(split, split),)
        for variables in combinations(schema, config)
    ]
    report.finish()
    first = bound[0][1]
    needed = _closure(schema, available, first, asked)
    leaves = {address: leaf for address, leaf in available.items() if address in needed}
    return Plan(
        schema=schema,
        config=config,
        source=source,
        leaves=leaves,
        wanted=tuple(address for address in available if address in asked),
        programs=tuple(_compile_program(schema, leaves, item, split) for split, item in bound),
        formulas=_formulas(schema, leaves),
        absent=first.absent & set(leaves),
    )


def leaves_used(leaf: Leaf, schema: SurveySchema) -> set[str]:
    """Return the leaves that a derived leaf is computed from."""
    return {schema.leaf_of_name(name.text, leaf.block) for name in names(parse(leaf.derived))}


def _closure(
    schema: SurveySchema, leaves: Mapping[str, Leaf], source: BoundSource, asked: set[str]
) -> set[str]:
    """Add the leaves that the asked ones need: formulas, keep, sort, labels."""
    needed: set[str] = set()
    todo = [address for address in asked if address in leaves]
    while todo:
        address = todo.pop()
        if address in needed:
            continue
        needed.add(address)
        leaf = leaves[address]
        if leaf.derived:
            todo += leaves_used(leaf, schema)
        if not leaf.block:
            continue
        block = schema.blocks[leaf.block]
        fields = list(block.modality.sort)
        fields += [
            name.text
            for (owner, _), value in source.keep.items()
            if owner == leaf.block
            for name in names(value.expr)
        ]
        todo += [a for f in fields if (a := f"{leaf.block}.{f}") in leaves]
        labels = (label_field(block, leaves, axis) for axis, a in block.axes.items() if a.labels)
        todo += [label for label in labels if label is not None]
        # A scalar spread over a ragged axis needs a leaf that knows its length.
        if leaf.axes and block.is_ragged(leaf.axes[0]):
            todo += _length_givers(source, leaves, leaf)[:1]
    return needed


def _length_givers(source: BoundSource, leaves: Mapping[str, Leaf], leaf: Leaf) -> list[str]:
    """Return stored leaves of the same block and axis that are read from cells."""
    return [
        address
        for address, other in leaves.items()
        if other.block == leaf.block
        and other.axes[:1] == leaf.axes[:1]
        and address in source.values
        and names(source.values[address].expr)
    ]


def _formulas(schema: SurveySchema, leaves: Mapping[str, Leaf]) -> tuple[Formula, ...]:
    """Order derived leaves so that each comes after those it uses; checks refused cycles."""
    done = {address for address, leaf in leaves.items() if not leaf.derived}
    todo = {address: leaf for address, leaf in leaves.items() if leaf.derived}
    ordered = []
    while todo:
        ready = [address for address, leaf in todo.items() if leaves_used(leaf, schema) <= done]
        if not ready:
            what = f"formulas depend on one another: {', '.join(todo)}"
            raise UsageError(what, hint="write one of them without the others")
        for address in ready:
            leaf = todo.pop(address)
            ordered.append(_formula(leaf, parse(leaf.derived), schema, leaves))
        done.update(ready)
    return tuple(ordered)


def _formula(leaf: Leaf, expr: Expr, schema: SurveySchema, leaves: Mapping[str, Leaf]) -> Formula:
    if leaf.address in OBJECT_LEAVES or not leaf.field.unit:
        return Formula(leaf, expr, None)

    def unit_of(name: Name) -> Any:
        return parse_unit(leaves[schema.leaf_of_name(name.text, leaf.block)].field.unit)

    lowered, unit = lower_units(expr, unit_of)
    return Formula(leaf, lowered, _factor(unit, leaf))


def _factor(unit: Any, leaf: Leaf) -> Factor:
    return None if unit is None else conversion(unit, parse_unit(leaf.field.unit))


def _compile_program(
    schema: SurveySchema, leaves: Mapping[str, Leaf], source: BoundSource, split: str
) -> Program:
    scalars: dict[str, Expr] = {}
    factors: dict[str, Factor] = {}
    in_blocks: dict[str, dict[str, Expr]] = {}
    for address, leaf in leaves.items():
        if leaf.derived or address in source.absent:
            continue
        expr = source.values[address].expr
        unit_of = unit_of_cells(source) if uses_transform(expr, source) else None
        expr, unit = lower_units(expr, unit_of)
        factors[address] = _factor(unit, leaf)
        if leaf.block:
            in_blocks.setdefault(leaf.block, {})[address] = expr
        else:
            scalars[address] = expr
    blocks = {
        name: (_recipe(schema, name, leaves, source, factors, exprs.values()), exprs)
        for name, exprs in in_blocks.items()
    }
    where = source.main.where.expr if source.main.where else None
    split_by = source.split_by.expr if source.split_by else None
    exprs = [*scalars.values(), *(e for _, block in blocks.values() for e in block.values())]
    exprs += [expr for expr in (where, split_by) if expr is not None]
    uses = [use for expr in exprs for use in _uses(expr)]
    for recipe, _ in blocks.values():
        fields = {address.partition(".")[2] for address in recipe.leaves}
        keeps = [use for expr in recipe.keep.values() for use in _uses(expr)]
        uses += [(name, may_lack) for name, may_lack in keeps if name.text not in fields]
    found = _Uses(source, uses)
    return Program(
        source=source,
        split=split,
        scalars=scalars,
        blocks=blocks,
        factors=factors,
        where=where,
        split_by=split_by,
        cells=found.cells,
        optional=frozenset(found.optional),
        attached=frozenset(found.attached),
        images={t: _images(source, t) for t in found.attached if source.tables[t].model.cutout},
        padded=_padded([*scalars.values(), where, split_by, *found.given], blocks),
        calls={
            name: compile_call(source, source.tables[name], found.cells[name])
            for name in found.attached
            if source.tables[name].model.transform
        },
    )


def _padded(
    others: Iterable[Expr | None], blocks: Mapping[str, tuple[BlockRecipe, Mapping[str, Expr]]]
) -> frozenset[str]:
    """Return the cells whose length says nothing: what is padding is told element by element."""
    loose: set[str] = set()
    tied = {name.text for expr in others if expr is not None for name in names(expr)}
    for recipe, exprs in blocks.values():
        fields = {address.partition(".")[2] for address in recipe.leaves}
        for address, expr in exprs.items():
            is_kept = any(axis in recipe.keep for axis in recipe.leaves[address].axes[:1])
            (loose if is_kept else tied).update(name.text for name in names(expr))
        for expr in recipe.keep.values():
            loose.update(name.text for name in names(expr) if name.text not in fields)
        for expr in (*exprs.values(), *recipe.keep.values()):
            for node in walk(expr):
                if isinstance(node, Index) or (
                    isinstance(node, Call) and FUNCTIONS[node.function].group in _OF_SHAPE
                ):
                    tied.update(name.text for name in names(node))
    return frozenset(loose - tied)


def parts_of(source: BoundSource, table: BoundTable) -> tuple[BoundTable, ...]:
    """Return the tables of files that a table is made of, in order."""
    return tuple(source.tables[name] for name in table.model.stack) or (table,)


def drops_edges(source: BoundSource, name: str) -> bool:
    """Return whether a table refuses rows whose window reaches over the edge of an image."""
    cutout = source.tables[name].model.cutout
    return cutout is not None and cutout.edge == "drop"


def _images(source: BoundSource, table: str) -> tuple[str, ...]:
    """Return the cells of a table that any value names."""
    keys = (
        cell_of_name(name, source)
        for value in source.values.values()
        for name in names(value.expr)
        if name.parts[0] != PATH
    )
    return tuple(dict.fromkeys(cell for owner, cell in keys if owner == table))


def _recipe(
    schema: SurveySchema,
    name: str,
    leaves: Mapping[str, Leaf],
    source: BoundSource,
    factors: Mapping[str, Factor],
    exprs: Iterable[Expr],
) -> BlockRecipe:
    used = {cell_of_name(n, source)[0] for e in exprs for n in names(e) if n.parts[0] != PATH}
    located = (table for table in source.tables.values() if table.model.each)
    whole_files = any(
        part.model.rows in ("file", "group")
        for part in (
            *parts_of(source, source.main),
            *(table for table in located if table.name in used),
        )
    )
    # What a transform gives is no padding either.
    whole_files |= any(source.tables[table].model.transform for table in used)
    keep = {axis: value.expr for (block, axis), value in source.keep.items() if block == name}
    return BlockRecipe(
        block=schema.blocks[name],
        leaves={address: leaf for address, leaf in leaves.items() if leaf.block == name},
        keep=keep,
        factors=factors,
        whole_files=whole_files,
        bands=schema.bands,
    )


def _uses(expr: Expr) -> list[tuple[Name, bool]]:
    """Return the names in an expression, and whether a file may lack each."""
    tolerated = {
        id(inner)
        for node in walk(expr)
        if isinstance(node, Call) and node.function in ("optional", "coalesce", "is_null")
        for argument in node.arguments
        for inner in walk(argument)
    }
    return [(node, id(node) in tolerated) for node in walk(expr) if isinstance(node, Name)]


class _Uses:
    """The cells that are named, by table, those that files may lack, and the tables attached.

    An attached table whose cells nobody wants is not opened, unless it removes rows.
    """

    def __init__(self, source: BoundSource, uses: list[tuple[Name, bool]]) -> None:
        self._source = source
        self._wanted: dict[str, dict[str, None]] = {name: {} for name in source.tables}
        self._required: set[tuple[str, str]] = set()
        self.attached: set[str] = set()
        self.given: list[Expr] = []
        self._want(uses)
        # A table may use cells of those before it, so the last one comes first.
        for table in reversed([*source.tables.values()]):
            if table.is_attached:
                is_filter = table.model.unmatched == "drop" or drops_edges(source, table.name)
                if self._wanted[table.name] or is_filter:
                    self._attach(table)
            elif table.model.transform and self._wanted[table.name]:
                self._call(table)
        self._want_keys(source.main)
        self._want_parts(source.main)
        self.cells = {name: tuple(cells) for name, cells in self._wanted.items()}
        named = {(table, cell) for table, cells in self.cells.items() for cell in cells}
        self.optional = named - self._required

    def _want(self, found: list[tuple[Name, bool]], owner: str = "") -> None:
        for name, may_lack in found:
            if name.parts[0] == PATH and not owner:
                continue
            key = (owner, name.text) if owner else cell_of_name(name, self._source)
            self._wanted[key[0]][key[1]] = None
            if not may_lack:
                self._required.add(key)

    def _attach(self, table: BoundTable) -> None:
        self.attached.add(table.name)
        exprs = [value.expr for value in (*table.on.values(), table.row, *(table.range or ()))
                 if value is not None]  # fmt: skip
        if table.model.each:
            exprs += hole_expressions(table.files)
        if table.model.cutout is not None:
            exprs += [parse(table.model.cutout.ra), parse(table.model.cutout.dec)]
        self._want([use for expr in exprs for use in _uses(expr)])
        self._want_keys(table)
        if table.where:
            self._want(_uses(table.where.expr), table.name)
        self._want_parts(table)

    def _call(self, table: BoundTable) -> None:
        """Add what a transform needs for the outputs that are wanted."""
        self.attached.add(table.name)
        exprs = needed_inputs(table, self._wanted[table.name])
        self.given += exprs
        self._want([use for expr in exprs for use in _uses(expr)])

    def _want_keys(self, table: BoundTable) -> None:
        model = table.model
        for text in (*table.on, *model.sort, *model.unique, *model.group):
            cell = text.removeprefix("-")
            self._wanted[table.name][cell] = None
            self._required.add((table.name, cell))

    def _want_parts(self, table: BoundTable) -> None:
        """Add the cells of a stack to its parts, with those that the parts need themselves."""
        for part in parts_of(self._source, table):
            if part is not table:
                self._wanted[part.name] |= self._wanted[table.name]
                self._want_keys(part)
                if part.where and table is not self._source.main:
                    self._want(_uses(part.where.expr), part.name)


def hole_expressions(files: str) -> list[Expr]:
    """Return what fills the holes of a path, over the cells of the main row."""
    return [parse(hole.expression) for hole in holes(files)]


def cell_of_name(name: Name, source: BoundSource) -> tuple[str, str]:
    """Return the table and the cell that a name in a value means."""
    first = name.parts[0]
    if first in source.tables and len(name.parts) > 1 and first != source.main.name:
        return first, name.text[len(first) + 1 :]
    return source.main.name, name.text
