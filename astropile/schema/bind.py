"""Binds a source to the leaves: which expression over which cells gives which leaf.

The checks and the engine both use this; so what was checked is what runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from astropile.document import did_you_mean
from astropile.expression import Expr, ExpressionError, Name, expand_macros, fill
from astropile.schema.leaves import Leaf
from astropile.schema.models import Holes, Source, Table
from astropile.schema.report import Loc, Report
from astropile.schema.survey_schema import SurveySchema


@dataclass(frozen=True, slots=True)
class Value:
    """An expression with its place in the document."""

    text: str
    expr: Expr
    loc: Loc


@dataclass(frozen=True, slots=True)
class BoundTable:
    """A table with its templates filled and its expressions parsed."""

    name: str
    model: Table
    files: str
    loc: Loc
    where: Value | None = None
    on: Mapping[str, Value] = field(default_factory=dict)
    row: Value | None = None
    range: tuple[Value, Value] | None = None
    inputs: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def is_attached(self) -> bool:
        """Whether the table is joined to the main table."""
        model = self.model
        return bool(model.on or model.row or model.range or model.each)


@dataclass(frozen=True, slots=True)
class BoundSource:
    """One source of one config, for one combination of the config's variables.

    Attributes
    ----------
    tables : mapping of str to BoundTable
        The first one is the main table.
    values : mapping of str to Value
        Leaf address -> expression over cells, for every stored leaf that is not absent.
    keep : mapping of (block, axis) to Value
        Which elements are data.
    absent : frozenset of str
        Leaves that are null here.
    """

    name: str
    config: str
    variables: Mapping[str, str]
    tables: Mapping[str, BoundTable]
    values: Mapping[str, Value]
    keep: Mapping[tuple[str, str], Value]
    absent: frozenset[str]
    lossy: Mapping[str, str]
    split_by: Value | None = None

    @property
    def main(self) -> BoundTable:
        """The table whose rows are the objects."""
        return next(iter(self.tables.values()))


def combinations(schema: SurveySchema, config: str) -> Iterator[dict[str, str]]:
    """Yield the combinations of a config's variables, with ``config`` itself."""
    model = schema.file.configs[config]
    for variables in schema.templates.combinations(model.for_):
        yield {**variables, "config": config}


def bind_source(
    schema: SurveySchema, config: str, source: str, variables: Mapping[str, str], report: Report
) -> BoundSource:
    """Bind one source of a config for one combination of variables.

    Parameters
    ----------
    variables : mapping
        The config's variables, ``config``, and ``split`` where paths need it.
    report : Report
        Takes every problem found; what could not be bound is left out.
    """
    model = schema.file.sources[source]
    loc: Loc = ("sources", source)
    binder = _Binder(schema, model, loc, variables, report)
    leaves = schema.leaves_of(config)
    absent = binder.leaf_set(model.absent, leaves, (*loc, "absent"), blocks=True)
    lossy = {
        address: dtype
        for key, dtype in model.lossy.items()
        for address in binder.leaf_set((key,), leaves, (*loc, "lossy", key), key=True)
    }
    return BoundSource(
        name=source,
        config=config,
        variables=dict(variables),
        tables=dict(binder.tables()),
        values=binder.values(leaves, absent),
        keep=dict(binder.keeps()),
        absent=frozenset(absent),
        lossy=lossy,
        split_by=binder.value(model.split_by, (*loc, "split_by")),
    )


#: Text of a table that its template variables are filled into; expressions are filled when parsed.
_TABLE_TEXT = ("format", "transform", "hdu", "delimiter", "comment", "note")
_TABLE_TEXTS = ("stack", "shared", "header", "nulls", "sort", "unique", "group")


@dataclass(frozen=True, slots=True)
class _Binder:
    schema: SurveySchema
    model: Source
    loc: Loc
    variables: Mapping[str, str]
    report: Report

    def fill(
        self, text: str, loc: Loc, variables: Mapping[str, str], for_: Holes | None = None
    ) -> str:
        """Fill holes; what cannot be filled is reported and stays."""
        filled = self.filled(text, loc, variables, for_)
        return text if filled is None else filled

    def filled(
        self, text: str, loc: Loc, variables: Mapping[str, str], for_: Holes | None = None
    ) -> str | None:
        """Fill holes; None if one cannot be filled, which is reported."""
        if "{" not in text:
            return text
        templates = self.schema.templates
        lists = templates.lists(for_ or {})
        try:
            return fill(text, variables, lookups=templates.lookups, lists=lists)
        except ExpressionError as error:
            self.report.add_expression_error(error, text, loc, "hole")
            return None

    def fill_config(self, text: str, loc: Loc) -> str | None:
        """Fill the config's holes; None if one cannot be filled."""
        for_ = self.schema.file.configs[self.variables["config"]].for_
        return self.filled(text, loc, self.variables, for_)

    def value(
        self,
        text: str,
        loc: Loc,
        variables: Mapping[str, str] | None = None,
        for_: Holes | None = None,
        block: str = "",
    ) -> Value | None:
        """Fill, expand and parse one expression."""
        if not text:
            return None
        filled = self.fill_config(text, loc)
        if filled is not None and "(" in filled:
            lookups = self.schema.templates.lookups
            try:
                filled = expand_macros(filled, self.labels(block), lookups=lookups)
            except ExpressionError as error:
                self.report.add_expression_error(error, filled, loc)
                return None
        if filled is not None and variables:
            filled = self.filled(filled, loc, variables, for_)
        if filled is None:
            return None
        expr = self.report.parse(filled, loc)
        return None if expr is None else Value(filled, expr, loc)

    def labels(self, block: str) -> dict[str, tuple[str, ...]]:
        """Return the labels of a block's axes, and the bands, for the macro ``over``."""
        found = {"band": self.schema.bands}
        if block:
            axes = self.schema.blocks[block].axes
            found |= {name: axis.labels for name, axis in axes.items() if axis.labels}
        return found

    def tables(self) -> Iterator[tuple[str, BoundTable]]:
        """Yield the tables by name, templates expanded."""
        seen: dict[str, str] = {}
        for template, model in self.model.tables.items():
            loc: Loc = (*self.loc, "tables", template)
            for variables in self.schema.templates.combinations(model.for_):
                name = self.fill(template, loc, variables, model.for_)
                if name in seen:
                    message = f"'{template}' and '{seen[name]}' both make '{name}'"
                    self.report.add("template", message, loc, key=True, once=True)
                    continue
                seen[name] = template
                yield name, self.table(name, model, variables, loc)

    def table(self, name: str, model: Table, variables: Mapping[str, str], loc: Loc) -> BoundTable:
        """Bind one table."""
        for_ = model.for_
        bounds = None
        if model.range is not None:
            first, last = (
                self.value(str(end), (*loc, "range", number), variables, for_)
                for number, end in enumerate(model.range)
            )
            bounds = (first, last) if first and last else None
        joined = {
            cell: self.value(text, (*loc, "on", cell), variables, for_)
            for cell, text in model.on.items()
        }
        given = {
            name: tuple(
                value
                for number, text in enumerate(texts)
                if (value := self.value(text, (*loc, "inputs", name, number), variables, for_))
            )
            for name, texts in model.inputs.items()
        }
        files = self.fill_config(model.files, (*loc, "files")) or model.files
        return BoundTable(
            name=name,
            model=self.filled_table(model, variables, loc) if variables else model,
            files=self.fill(files, (*loc, "files"), variables, for_),
            loc=loc,
            where=self.value(model.where, (*loc, "where"), variables, for_),
            on={cell: value for cell, value in joined.items() if value is not None},
            row=self.value(model.row, (*loc, "row"), variables, for_),
            range=bounds,
            inputs=given,
        )

    def filled_table(self, model: Table, variables: Mapping[str, str], loc: Loc) -> Table:
        """Fill the variables of a template into the plain text of a table."""

        def filled(text: str, *where: str | int) -> str:
            return self.fill(text, (*loc, *where), variables, model.for_)

        update: dict[str, Any] = {key: filled(getattr(model, key), key) for key in _TABLE_TEXT}
        for key in _TABLE_TEXTS:
            texts: Sequence[str] = getattr(model, key)
            update[key] = tuple(filled(text, key, at) for at, text in enumerate(texts))
        update["params"] = {
            name: filled(value, "params", name) if isinstance(value, str) else value
            for name, value in model.params.items()
        }
        if model.cutout is not None:
            cells = {
                key: filled(getattr(model.cutout, key), "cutout", key) for key in ("ra", "dec")
            }
            update["cutout"] = model.cutout.model_copy(update=cells)
        return model.model_copy(update=update)

    def values(self, leaves: Mapping[str, Leaf], absent: set[str]) -> dict[str, Value]:
        """Bind every stored leaf: by its name, its template, or to the cell of its name."""
        for key in self.model.values:
            if key not in self.schema.addresses:
                self.report.add(
                    "value_key",
                    f"{'.'.join(map(str, self.loc))}.values: '{key}' is not a leaf",
                    (*self.loc, "values", key),
                    key=True,
                    help=did_you_mean(key, self.schema.addresses),
                )
        bound: dict[str, Value] = {}
        for address, leaf in leaves.items():
            if leaf.derived or address in absent:
                continue
            key = address if address in self.model.values else leaf.template
            loc: Loc = (*self.loc, "values", key)
            if key in self.model.values:
                text = self.model.values[key]
                value = self.value(text, loc, leaf.variables, leaf.field.for_, leaf.block)
                if value is not None:
                    bound[address] = value
            else:
                name = self.default_cell(leaf)
                bound[address] = Value(name.text, name, self.loc)
        return bound

    def default_cell(self, leaf: Leaf) -> Name:
        """Return the cell that an unlisted leaf takes."""
        if not leaf.block or self.schema.blocks[leaf.block].modality.flat:
            parts: tuple[str, ...] = (leaf.name,)
        elif self.model.names:
            variables = {"block": leaf.block, "field": leaf.name}
            pattern = self.fill(self.model.names, (*self.loc, "names"), variables)
            parts = tuple(pattern.split("."))
        else:
            parts = (leaf.block, leaf.name)
        return Name(parts, None, 0, 0)

    def keeps(self) -> Iterator[tuple[tuple[str, str], Value]]:
        """Yield the predicates of ``keep`` by block and axis."""
        for key, text in self.model.keep.items():
            loc: Loc = (*self.loc, "keep", key)
            block, _, axis = key.partition(".")
            if block not in self.schema.blocks or axis not in self.schema.blocks[block].axes:
                axes = [f"{b.name}.{a}" for b in self.schema.blocks.values() for a in b.axes]
                self.report.add(
                    "keep", f"'{key}' is not an axis of a block", loc, key=True,
                    help=did_you_mean(key, axes),
                )  # fmt: skip
                continue
            value = self.value(text, loc, block=block)
            if value is not None:
                yield (block, axis), value

    def leaf_set(
        self,
        keys: tuple[str, ...],
        leaves: Mapping[str, Leaf],
        loc: Loc,
        *,
        key: bool = False,
        blocks: bool = False,
    ) -> set[str]:
        """Return the addresses that a list of leaves, templates or blocks stands for."""
        found: set[str] = set()
        for number, name in enumerate(keys):
            matches = self.schema.addresses.get(name, ())
            if blocks and not matches and name in self.schema.blocks:
                found |= {address for address, leaf in leaves.items() if leaf.block == name}
                continue
            if not matches:
                place = loc if key else (*loc, number)
                self.report.add(
                    "leaf", f"'{name}' is not a leaf", place, key=key,
                    help=did_you_mean(name, self.schema.addresses),
                )  # fmt: skip
            found |= set(matches) & set(leaves)
        return found
