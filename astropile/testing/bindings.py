"""One source of a config, bound to the leaves: what the passes of the simulation share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from astropile.engine.blocks import label_field
from astropile.expression import names, parse
from astropile.schema import OBJECT_LEAVES, BoundSource, Leaf, Report, SurveySchema, bind_source
from astropile.schema import combinations as combinations_of
from astropile.schema.models import Source
from astropile.testing.cells import Key, slots
from astropile.testing.elements import grid_function
from astropile.testing.errors import not_invertible
from astropile.testing.finishing import Binding, bind_leaf
from astropile.testing.given import Given

__all__ = ["Bindings", "bind_programs", "one_way"]


@dataclass(frozen=True, slots=True)
class Bindings:
    """A source bound for one combination of config variables and one split.

    Attributes
    ----------
    schema : SurveySchema
    source : BoundSource
    split : str
        Split whose objects it holds.
    leaves : mapping of str to Leaf
        All leaves of the config.
    scalars : tuple of Binding
        Stored leaves without axes, in the order of solving.
    arrays : tuple of Binding
        Stored leaves with axes, in the order of solving.
    id_columns : frozenset of str
        Columns whose values must not repeat.
    steady : frozenset of str
        Leaves that never hold a sentinel: ids, positions, labels, keys of order and of padding.
    given : Given, optional
        Values that are taken instead of drawn.
    """

    schema: SurveySchema
    source: BoundSource
    split: str
    leaves: Mapping[str, Leaf]
    scalars: tuple[Binding, ...]
    arrays: tuple[Binding, ...]
    id_columns: frozenset[str]
    steady: frozenset[str]
    given: Given | None = None

    @property
    def pattern(self) -> str:
        """Pattern of the main files."""
        return self.source.main.files

    @property
    def stacks_rows(self) -> bool:
        """Whether a file holds rows as arrays with a leading axis, so that lengths must agree."""
        model = self.source.main.model
        return model.rows == "axis" and model.format in ("hdf5", "fits")

    def is_shared(self, key: Key) -> bool:
        """Whether a cell belongs to every row of a file."""
        table = self.source.tables.get(key[0])
        if table is None or table.model.rows != "axis":
            return False
        return key[1] in table.model.shared or "@" in key[1]

    def array_blocks(self) -> dict[str, list[Binding]]:
        """Return the stored leaves with axes by block."""
        found: dict[str, list[Binding]] = {}
        for binding in self.arrays:
            found.setdefault(binding.leaf.block, []).append(binding)
        return found

    def label_leaf(self, block: str, axis: str) -> str | None:
        """Return the stored leaf that names the elements of an axis."""
        own = {b.leaf.address: b for b in self.arrays if b.leaf.block == block}
        own = {a: b for a, b in own.items() if b.leaf.axes == (axis,)}
        declared = self.schema.blocks[block].axes[axis].labels
        if declared:
            stored = {address: binding.leaf for address, binding in own.items()}
            return label_field(self.schema.blocks[block], stored, axis)
        for address, binding in own.items():
            if grid_function(binding.expr) or binding.leaf.role == "band":
                return address
        return None


def bind_programs(
    schema: SurveySchema, config: str, source: str, given: Given | None = None
) -> list[Bindings]:
    """Bind a source for every split and combination of config variables, in row order.

    Raises
    ------
    UsageError
        The source needs an operator that cannot be undone.
    """
    report = Report(schema.document)
    found = []
    for split in schema.splits(config):
        text = schema.config(config).splits.get(split, split)
        for variables in combinations_of(schema, config):
            bound = bind_source(schema, config, source, {**variables, "split": text}, report)
            _require_tables(schema, bound)
            found.append(replace(_bind(schema, bound, split), given=given))
    report.finish()
    return found


def one_way(source: Source) -> dict[str, list[str]]:
    """Return what cannot be written, by table: its rows do not follow from the objects."""
    found: dict[str, list[str]] = {}
    for name, table in source.tables.items():
        keys = ("stack", "transform", "range", "cutout", "each")
        wanted = [key for key in keys if getattr(table, key)]
        wanted += [f"rows: {table.rows}"] if table.rows in ("cutout", "channel") else []
        wanted += ["sort with group"] if table.sort and table.group else []
        if wanted:
            found[name] = wanted
    return found


def _require_tables(schema: SurveySchema, source: BoundSource) -> None:
    """Refuse tables that cannot be written."""
    for table, wanted in one_way(schema.file.sources[source.name]).items():
        why = f"{', '.join(wanted)} cannot be undone"
        raise not_invertible(schema, source, f"table {table}", why)


def _bind(schema: SurveySchema, source: BoundSource, split: str) -> Bindings:
    leaves = schema.leaves_of(source.config)
    bindings = []
    for address, value in source.values.items():
        leaf = leaves[address]
        declared = leaf.field.dtype
        if address == OBJECT_LEAVES[0] and leaf.template in schema.file.columns:
            declared = schema.file.columns[leaf.template].dtype
        bindings.append(bind_leaf(leaf, value, source.lossy.get(address), declared))
    bindings.sort(key=lambda binding: binding.complexity)
    ids = _id_columns(leaves)
    return Bindings(
        schema=schema,
        source=source,
        split=split,
        leaves=leaves,
        scalars=tuple(b for b in bindings if not b.leaf.axes),
        arrays=tuple(b for b in bindings if b.leaf.axes),
        id_columns=frozenset(ids),
        steady=frozenset({*ids, *_steady(schema, source, leaves)}),
    )


def _id_columns(leaves: Mapping[str, Leaf]) -> set[str]:
    leaf = leaves[OBJECT_LEAVES[0]]
    used = {name.text for name in names(parse(leaf.derived))} if leaf.derived else {leaf.address}
    return used & set(leaves)


def _steady(schema: SurveySchema, source: BoundSource, leaves: Mapping[str, Leaf]) -> Iterator[str]:
    place = schema.file.object
    yield from (*OBJECT_LEAVES, place.ra, place.dec, str(place.epoch))
    for name, block in schema.blocks.items():
        yield from (f"{name}.{field}" for field in block.modality.sort)
        for axis in block.axes:
            own = {a: leaf for a, leaf in leaves.items() if leaf.block == name}
            label = label_field(block, own, axis)
            if label is not None:
                yield label
        yield from (a for a in block.leaves if a in leaves and leaves[a].role == "band")
    for (block_name, _), value in source.keep.items():
        yield from (f"{block_name}.{name.text}" for name in names(value.expr))
    where = source.main.where
    if where is not None:
        wanted = {key for key, _ in slots(where.expr, source)}
        for address, value in source.values.items():
            if {key for key, _ in slots(value.expr, source)} & wanted:
                yield address
