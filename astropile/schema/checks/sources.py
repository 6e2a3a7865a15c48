"""Sources: every value of every config and combination."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from astropile.document import did_you_mean
from astropile.expression import Call, Literal, Name, names, walk
from astropile.schema.bind import BoundSource, Value, bind_source, combinations
from astropile.schema.checks.cells import CellScope
from astropile.schema.checks.expressions import (
    check_kind,
    check_lookups,
    check_predicate,
    makes_unit,
)
from astropile.schema.checks.fields import INTEGERS
from astropile.schema.checks.paths import check_mirror
from astropile.schema.checks.tables import check_bound_tables, check_paths, check_written_tables
from astropile.schema.checks.templates import holes_in
from astropile.schema.checks.units import check_unit_of
from astropile.schema.leaves import Leaf
from astropile.schema.models import Source
from astropile.schema.report import Loc, Report
from astropile.schema.survey_schema import SurveySchema
from astropile.schema.transform_units import unit_of_cells, uses_transform

#: Combinations of a config's variables that are bound; those that fill the same texts count once.
MAX_COMBINATIONS = 64


def check_sources(schema: SurveySchema, report: Report) -> None:
    """Check every source, bound for every config that it serves."""
    for name, source in schema.file.sources.items():
        loc: Loc = ("sources", name)
        check_written_tables(source, loc, report)
        check_paths(schema, name, report)
        for number, url in enumerate(source.mirrors):
            check_mirror(url, (*loc, "mirrors", number), report)
        _check_names_pattern(source, loc, report)
        _check_leaf_lists(schema, source, loc, report)
        _check_splits(schema, name, report)
        checked = _Checked(schema, report)
        for config in schema.file.configs:
            if name in schema.sources(config):
                for variables in _variables(schema, config, source):
                    bound = bind_source(schema, config, name, variables, report)
                    checked.check(bound, [*variables])


def _variables(schema: SurveySchema, config: str, source: Source) -> Iterator[dict[str, str]]:
    """Yield variables with a split; combinations that no text of the source tells apart once."""
    splits = list(schema.file.configs[config].splits.items())
    texts = "\n".join(_texts(source))
    used = [name for name in ("config", *schema.file.configs[config].for_) if f"{{{name}" in texts]
    seen: set[tuple[str, ...]] = set()
    for variables in islice(combinations(schema, config), 4096):
        key = tuple(variables[name] for name in used)
        if key in seen or len(seen) >= MAX_COMBINATIONS:
            continue
        seen.add(key)
        if not splits:
            yield variables
        # Splits differ in one text of the paths; more than a few tell nothing new.
        for _, text in splits[:4]:
            yield {**variables, "split": text}


def _texts(source: Source) -> Iterator[str]:
    yield from source.values.values()
    yield from source.keep.values()
    yield source.split_by
    for table in source.tables.values():
        yield from (table.files, table.where, table.row, *table.on.values())
        yield from (str(end) for end in table.range or ())
        yield from (text for texts in table.inputs.values() for text in texts)


def _check_names_pattern(source: Source, loc: Loc, report: Report) -> None:
    if not source.names:
        return
    found = {hole.expression for hole in holes_in(source.names)}
    place = (*loc, "names")
    if "field" not in found:
        report.add("names", "the pattern needs {field}", place)
    for name in sorted(found - {"block", "field"}):
        report.add("names", f"nothing fills the hole {{{name}}}; it takes block and field", place)


def _check_leaf_lists(schema: SurveySchema, source: Source, loc: Loc, report: Report) -> None:
    """Check ``absent``, ``lossy`` and keys of ``values`` against what the leaves are."""
    valued = {a for key in source.values for a in schema.addresses.get(key, ())}
    taken = {schema.file.object.ra, schema.file.object.dec}
    for number, key in enumerate(source.absent):
        place = (*loc, "absent", number)
        for leaf in _leaves(schema, key):
            if leaf.address in source.values:
                message = f"{leaf.address} is absent, but values give it"
                report.add("absent", message, place, once=True)
            elif leaf.template in source.values and key == leaf.template:
                message = f"{key} is absent, but values give it"
                report.add("absent", message, place, once=True)
            if leaf.derived:
                message = f"{leaf.address} is computed from others; it is never absent"
                report.add("absent", message, place, once=True)
            elif leaf.address in taken:
                message = f"{leaf.address} cannot be absent: the object needs it"
                report.add("absent", message, place, once=True)
    for key in source.values:
        for leaf in _leaves(schema, key):
            if leaf.derived:
                message = f"{leaf.address} is computed from others; no source gives it"
                report.add("value_key", message, (*loc, "values", key), key=True, once=True)
    absent = {a for key in source.absent for a in schema.addresses.get(key, ())} - valued
    for key, dtype in source.lossy.items():
        for leaf in _leaves(schema, key):
            _check_lossy(leaf, dtype, (*loc, "lossy", key), absent, report)


def _leaves(schema: SurveySchema, key: str) -> Iterator[Leaf]:
    return (schema.leaves[address] for address in schema.addresses.get(key, ()))


def _check_lossy(leaf: Leaf, dtype: str, loc: Loc, absent: set[str], report: Report) -> None:
    if leaf.derived or leaf.address in absent:
        message = f"{leaf.address} is not stored in this source"
        report.add("lossy", message, loc, key=True, once=True)
    elif not _is_less_precise(dtype, leaf.field.dtype):
        message = (
            f"{dtype} is not less precise than {leaf.field.dtype}, the dtype of {leaf.address}"
        )
        report.add("lossy", message, loc, once=True)


def _is_less_precise(stored: str, dtype: str) -> bool:
    """Whether some value of a dtype changes when it is stored as another."""
    sizes = {"float32": 24, "float64": 53}
    if dtype in INTEGERS:
        bits, signed = INTEGERS[dtype]
        digits = bits - signed
        if stored in sizes:
            return sizes[stored] < digits
        return stored in INTEGERS and INTEGERS[stored][0] - INTEGERS[stored][1] < digits
    if dtype in sizes:
        return stored in INTEGERS or (stored in sizes and sizes[stored] < sizes[dtype])
    return False


def _check_splits(schema: SurveySchema, name: str, report: Report) -> None:
    """Check that a source tells the splits of its configs apart, in one way."""
    source = schema.file.sources[name]
    loc: Loc = ("sources", name)
    served = [c for c in schema.file.configs if name in schema.sources(c)]
    several = [c for c in served if len(schema.file.configs[c].splits) > 1]
    first = next(iter(source.tables))
    has_hole = any(hole.expression == "split" for hole in holes_in(source.tables[first].files))
    if several and not has_hole and not source.split_by:
        message = f"config {several[0]} has several splits, which this source does not tell apart"
        help_text = f"put {{split}} into the files of {first}, or add split_by: expression"
        report.add("split", message, loc, key=True, help=help_text)
    if source.split_by and has_hole:
        report.add("split", "{split} in the files and split_by exclude each other",
                   (*loc, "split_by"), key=True)  # fmt: skip
    if source.split_by and not several:
        report.add(
            "split", "split_by is for configs of several splits", (*loc, "split_by"), key=True
        )


@dataclass(slots=True)
class _Checked:
    """Checks bound sources; what differs in nothing is checked once."""

    schema: SurveySchema
    report: Report
    seen: set[tuple[object, ...]] = field(default_factory=set)

    def check(self, bound: BoundSource, variables: list[str]) -> None:
        """Check one bound source."""
        scope = CellScope(self.schema, bound)
        check_bound_tables(bound, scope, variables, self.report)
        leaves = self.schema.leaves_of(bound.config)
        for address, value in bound.values.items():
            if len(value.loc) > len(("sources", bound.name)):  # a cell of its own name has no text
                self._check_value(leaves[address], value, scope)
        for (block, axis), value in bound.keep.items():
            self._check_keep(block, axis, value, scope)
        if bound.split_by is not None:
            value = bound.split_by
            if self._is_new(value, "split_by"):
                scope.check(value.expr, value.text, value.loc, self.report)
                self._check_leftovers(value)

    def _is_new(self, value: Value, *about: object) -> bool:
        key = (value.loc, value.text, *about)
        is_new = key not in self.seen
        self.seen.add(key)
        return is_new

    def _check_value(self, leaf: Leaf, value: Value, scope: CellScope) -> None:
        report, expr, text, loc = self.report, value.expr, value.text, value.loc
        if not self._is_new(value, leaf.address, leaf.field.dtype, leaf.field.unit):
            return
        self._check_leftovers(value)
        scope.check(expr, text, loc, report)
        check_kind(expr, leaf, text, loc, report)
        self._check_axes(leaf, value)
        unit_of = unit_of_cells(scope.source)
        if makes_unit(expr) or uses_transform(expr, scope.source):
            is_plain = leaf.field.dtype in ("string", "bool")
            wanted = None if is_plain else leaf.field.unit
            check_unit_of(expr, unit_of, wanted, text, loc, leaf.address, report)

    def _check_axes(self, leaf: Leaf, value: Value) -> None:
        """Check the axes that ``axes(x, 'y x')`` names."""
        for node in walk(value.expr):
            if not isinstance(node, Call) or node.function != "axes":
                continue
            named = node.arguments[1]
            assert isinstance(named, Literal)  # noqa: S101 - the parser sees to it
            words = str(named.value).split()
            unknown = [word for word in words if word not in leaf.axes]
            part = self.report.part_of(value.loc, value.text, named)
            if unknown or len(set(words)) < len(words) or not words:
                has = f"it has {' '.join(leaf.axes)}" if leaf.axes else "it has none"
                word = unknown[0] if unknown else named.value
                message = f"'{word}' does not name axes of {leaf.address}; {has}"
                help_text = did_you_mean(str(word), leaf.axes)
                self.report.add("axes", message, value.loc, part=part, help=help_text, once=True)

    def _check_leftovers(self, value: Value) -> None:
        """Report holes in the texts of an expression; elsewhere the parser does."""
        for hole in holes_in(value.text):
            message = f"nothing fills the hole {value.text[hole.start : hole.end]}"
            is_written = self.report.is_written(value.loc, value.text)
            part = (hole.start, hole.end) if is_written else None
            self.report.add("hole", message, value.loc, part=part, once=True)

    def _check_keep(self, block: str, axis: str, value: Value, scope: CellScope) -> None:
        report, expr, text, loc = self.report, value.expr, value.text, value.loc
        if not self._is_new(value, scope.source.config):
            return
        check_predicate(expr, "keep", text, loc, report)
        check_lookups(self.schema, expr, text, loc, report)
        self._check_leftovers(value)
        if not self.schema.blocks[block].is_ragged(axis):
            message = f"{block}.{axis} has one length for all objects; nothing can be dropped"
            report.add("keep", message, loc, key=True)
        for name in names(expr):
            if not self._is_field(name, block):
                scope.check(name, text, loc, report)

    def _is_field(self, name: Name, block: str) -> bool:
        return f"{block}.{name.text}" in self.schema.leaves
