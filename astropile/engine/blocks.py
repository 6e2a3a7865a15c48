"""From bound values to the finished leaves of one modality: align, keep, finish, sort."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from astropile.engine.align import align, fill_axes, label_order, longest, reorder
from astropile.engine.evaluate import Evaluator
from astropile.engine.finish import Factor, finish
from astropile.engine.logic import true_rows
from astropile.engine.operand import AbsentCellError, Fault, Operand, constant, rows_with
from astropile.expression import Expr, Name
from astropile.readers import Column
from astropile.readers.column import Array, Rows, offsets_of
from astropile.schema import Block, Leaf

T = TypeVar("T")
#: Up to so many elements are sorted at once; of more each row by itself, which stays in the cache.
QUICK_ELEMENTS = 2**20
#: Rows times the values of all keys but the last, where these are counted.
MOST_PLACES = 2**32


class LeafFault(Exception):  # noqa: N818 - becomes a LeafError where the file is known
    """A fault with the leaf it belongs to."""

    def __init__(self, leaf: str, fault: Fault) -> None:
        super().__init__(fault.message)
        self.leaf = leaf
        self.fault = fault


@dataclass(frozen=True, slots=True)
class BlockRecipe:
    """What one source says of a block.

    Attributes
    ----------
    block : Block
        The modality.
    leaves : mapping of str to Leaf
        Leaves to build, in declared order.
    keep : mapping of str to Expr
        Axis -> predicate of the elements that are data.
    factors : mapping of str to Factor
        Unit conversion of each leaf.
    whole_files : bool
        A file is one row, so its arrays are as long as the object's data.
    bands : tuple of str
        Band tokens in declared order, for sorting.
    """

    block: Block
    leaves: Mapping[str, Leaf]
    keep: Mapping[str, Expr]
    factors: Mapping[str, Factor]
    whole_files: bool
    bands: tuple[str, ...]


def build_block(
    recipe: BlockRecipe, operands: Mapping[str, Operand], scope: Evaluator
) -> dict[str, Column]:
    """Return the finished columns of a block's stored leaves.

    Raises
    ------
    LeafFault
        A value cannot become its leaf.
    """
    columns = {
        address: _guard(address, align, operand, recipe.leaves[address], recipe.block, scope.n)
        for address, operand in operands.items()
    }
    for axis in recipe.block.axes:
        if recipe.block.is_ragged(axis):
            _make_ragged(columns, axis, recipe)
    for address, column in columns.items():
        leaf = recipe.leaves[address]
        guide = longest(columns, recipe.leaves, leaf.axes[0]) if leaf.axes else None
        columns[address] = _guard(address, fill_axes, column, leaf, recipe.block, guide)
    # Padding goes first: it has no labels, and a cell that keep names is in the file's order.
    for axis, predicate in recipe.keep.items():
        _keep(columns, axis, predicate, recipe, scope)
    for axis in recipe.block.axes:
        _order_labels(columns, axis, recipe)
    for address, column in columns.items():
        # One after the other in place, so that what a cast copies is given back at once.
        leaf, factor = recipe.leaves[address], recipe.factors.get(address)
        columns[address] = _guard(address, finish, column, leaf, factor)
    for address, column in columns.items():
        if recipe.leaves[address].role == "band" and recipe.bands:
            _guard(address, _require_tokens, column, recipe.bands)
    if recipe.block.modality.sort:
        _sort(columns, recipe)
    return columns


def _guard(address: str, step: Callable[..., T], *arguments: object) -> T:
    try:
        return step(*arguments)
    except Fault as fault:
        raise LeafFault(address, fault) from fault


def _along(
    columns: Mapping[str, Column], leaves: Mapping[str, Leaf], axis: str
) -> dict[str, Column]:
    """Return the columns whose first axis this is, and that have axes already."""
    return {a: c for a, c in columns.items() if leaves[a].axes[:1] == (axis,) and c.ndim}


def _make_ragged(columns: dict[str, Column], axis: str, recipe: BlockRecipe) -> None:
    found: dict[str, Column] = {}
    for address, column in _along(columns, recipe.leaves, axis).items():
        if column.offsets is None and not (recipe.whole_files or axis in recipe.keep):
            subset = recipe.block.axes[axis].subset
            if not subset:
                fault = Fault(
                    f"axis {axis} differs by object, but the file holds arrays of one length",
                    hint=f"say which elements are data: keep: {{{recipe.block.name}.{axis}: ...}}, "
                    'or "true" if nothing is padded',
                )
                raise LeafFault(address, fault)
        found[address] = column.ragged()
    if not found:
        return
    longest_rows = np.max([_known_counts(column) for column in found.values()], axis=0)
    guide: Column | None = None
    for address, column in found.items():
        ragged = _beside(column, longest_rows)
        if guide is not None and not np.array_equal(ragged.offsets, guide.offsets):  # type: ignore[arg-type]
            wrong = ragged.counts != guide.counts
            fault = Fault(
                f"{int(ragged.counts[wrong][0])} elements along {axis}, "
                f"other fields have {int(guide.counts[wrong][0])}",
                rows=wrong,
            )
            raise LeafFault(address, fault)
        guide = ragged
        columns[address] = ragged


def _known_counts(column: Column) -> Array:
    """Return how many elements each row has; what a null row holds means nothing."""
    return column.counts if column.null is None else np.where(column.null, 0, column.counts)


def _beside(column: Column, wanted: Array) -> Column:
    """Give rows that are null as many elements as other fields have there.

    They come from a table that has no row for the object, while another one has.
    """
    if column.null is None:
        return column
    is_other = column.null & (column.counts != wanted)
    if not is_other.any():
        return column
    counts = np.where(is_other, wanted, column.counts)
    kept, is_known = ~np.repeat(is_other, column.counts), ~np.repeat(is_other, counts)

    def spread(elements: Array) -> Array:
        grown = np.zeros((len(is_known), *elements.shape[1:]), dtype=elements.dtype)
        grown[is_known] = elements[kept]
        return grown

    holes = None if column.holes is None else spread(column.holes)
    return Column(spread(column.data), offsets_of(counts), None, column.null, holes)


def label_field(block: Block, leaves: Mapping[str, Leaf], axis: str) -> str | None:
    """Return the leaf that names the places of an axis."""
    for address in block.leaves:
        leaf = leaves.get(address)
        if leaf is not None and leaf.axes == (axis,) and axis in (leaf.role, leaf.name):
            return address
    return None


def _order_labels(columns: dict[str, Column], axis: str, recipe: BlockRecipe) -> None:
    declared = recipe.block.axes[axis]
    address = label_field(recipe.block, recipe.leaves, axis)
    if not declared.labels or address is None or address not in columns:
        return
    found = columns[address]
    if found.null is not None and found.offsets is None:
        # A row without values has no labels to check.
        filled = np.where(found.null[:, None], np.array(declared.labels), found.data)
        found = replace(found, data=filled)
    order = _guard(address, _label_order, declared.labels, found, declared.subset)
    if order is None:
        return
    for other, column in _along(columns, recipe.leaves, axis).items():
        columns[other] = reorder(column, order)


def _require_tokens(column: Column, bands: tuple[str, ...]) -> None:
    """Refuse a band that the survey does not declare: its filter would be unknown."""
    unknown = ~np.isin(column.data, [*bands, ""])
    if unknown.any():
        raise Fault(
            f"'{column.data[unknown][0]}' is not one of the bands {', '.join(bands)}",
            rows=rows_with(column, unknown),
            hint="a lookup in values turns the names in the files into band tokens",
        )


def _label_order(labels: tuple[str, ...], found: Column, subset: bool) -> Array | None:  # noqa: FBT001
    return label_order(labels, found, subset=subset)


def _keep(
    columns: dict[str, Column], axis: str, predicate: Expr, recipe: BlockRecipe, scope: Evaluator
) -> None:
    along = _along(columns, recipe.leaves, axis)
    if not along:
        return
    prefix = f"{recipe.block.name}."

    def lookup(name: Name) -> Column:
        own = columns.get(prefix + name.text)
        return scope.lookup(name) if own is None else own

    fields = Evaluator(lookup, scope.n, scope.lookups, scope.row_numbers)
    first = next(iter(along))
    try:
        operand = _guard(first, fields.evaluate, predicate)
    except AbsentCellError:
        operand = constant(None)  # there is no file of the table, so no element either
    mask = true_rows(operand)
    guide = along[first]
    if operand.constant:
        mask = np.broadcast_to(mask, (len(guide.data),))
    if guide.offsets is None or mask.shape != (len(guide.data),):
        mask = mask.reshape(-1) if guide.offsets is not None else mask
        if guide.offsets is None or len(mask) != len(guide.data):
            fault = Fault(f"keep of {prefix}{axis} must give one truth an element of the axis")
            raise LeafFault(first, fault)
    if mask.all():
        return
    kept = np.flatnonzero(mask)  # numbers gather faster than a mask, once for every field
    rows: Rows = kept
    if len(guide) == 1:
        # What is padded at the ends of one array is cut off without a copy of the rest.
        start, stop = (int(kept[0]), int(kept[-1]) + 1) if len(kept) else (0, 0)
        rows = slice(start, stop) if stop - start == len(kept) else kept
    offsets = np.searchsorted(kept, guide.offsets)
    for address in along:
        column = columns[address]
        holes = None if column.holes is None else column.holes[rows]
        columns[address] = Column(column.data[rows], offsets=offsets, null=column.null, holes=holes)


def _sort(columns: dict[str, Column], recipe: BlockRecipe) -> None:
    keys = [f"{recipe.block.name}.{field}" for field in recipe.block.modality.sort]
    leaf = recipe.leaves[keys[0]]
    axis = leaf.axes[0]
    if keys[0] not in columns or columns[keys[0]].offsets is None:
        return
    guide = columns[keys[0]]
    sortable = [_sortable(columns[key], recipe.leaves[key], recipe.bands) for key in keys]
    if _is_sorted(sortable, guide):
        return
    order = _order(sortable, guide)
    # By name: a dictionary of them would hold what was sorted until all are.
    for address in list(_along(columns, recipe.leaves, axis)):
        column = columns[address]
        holes = None if column.holes is None else column.holes[order]
        columns[address] = Column(column.data[order], column.offsets, None, column.null, holes)


def _is_sorted(keys: Sequence[Array], guide: Column) -> bool:
    """Return whether elements follow one another as they should: far cheaper than to sort them."""
    is_first = np.zeros(len(guide.data) + 1, dtype=bool)
    is_first[guide.offsets] = True
    done, equal = is_first[1:-1].copy(), ~is_first[1:-1]
    for key in keys:
        # Nothing is known of NaN, which is not below, above or equal to anything.
        done |= equal & (key[:-1] < key[1:])
        equal &= key[:-1] == key[1:]
    return bool((done | equal).all())


def _order(keys: Sequence[Array], guide: Column) -> Array:
    """Return the stable order of elements inside each row; the first key counts most."""
    quick = _quick_order(keys, guide)
    if quick is not None:
        return quick
    counts, total = guide.counts, len(guide.data)
    width = int(counts.max(initial=0))
    if len(guide) * width > 2 * total:
        rows = np.repeat(np.arange(len(guide)), counts)
        return np.lexsort((*reversed(keys), rows))
    # As a table with a line a row: many short sorts take a third of the time of a long one.
    is_there = np.arange(width) < counts[:, None]
    tables = [] if is_there.all() else [~is_there]
    for key in keys:
        table = np.zeros(is_there.shape, dtype=key.dtype)
        table[is_there] = key
        tables.append(table)
    order = np.lexsort(tuple(reversed(tables)), axis=-1)
    return np.asarray((order + guide.offsets[:-1, None])[is_there])  # type: ignore[index]


def _quick_order(keys: Sequence[Array], guide: Column) -> Array | None:
    """Return what `_order` does, by sorts that need not be stable, since no elements are equal.

    The last key of all elements is sorted at once, which NumPy does fastest if it may mix what is
    equal; then the elements are put into their places, 16 bits of these at a time, which it does
    by counting. None if elements are equal, or keys are no numbers.
    """
    *outer, last = keys
    kinds = [last.dtype.kind not in "iuf", *(key.dtype.kind not in "iu" for key in outer)]
    if not 0 < len(last) <= QUICK_ELEMENTS or any(kinds) or np.isnan(last).any():
        return None
    place = np.repeat(np.arange(len(guide)), guide.counts)
    n_places = len(guide)
    for key in outer:
        span = int(key.max()) - int(key.min()) + 1
        n_places *= span
        if n_places > MOST_PLACES:
            return None
        place = place * span + (key.astype(np.int64) - key.min().astype(np.int64))
    order = np.argsort(last)
    for shift in range(0, (n_places - 1).bit_length(), 16):
        digit = (place >> shift).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
    place, last = place[order], last[order]
    is_tied = (place[1:] == place[:-1]) & (last[1:] == last[:-1])
    return None if is_tied.any() else order


def _sortable(column: Column, leaf: Leaf, bands: tuple[str, ...]) -> Array:
    if leaf.role != "band" or not bands:
        return column.data
    rank = {band: number for number, band in enumerate(bands)}
    values, inverse = np.unique(column.data, return_inverse=True)
    ranks = np.array([rank.get(value, len(rank)) for value in values.tolist()])
    return np.asarray(ranks[inverse])
