"""The catalogue pass: values of all leaves without axes, and the cells that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from astropile.engine.align import align
from astropile.engine.evaluate import Evaluator
from astropile.engine.finish import finish
from astropile.engine.logic import true_rows
from astropile.engine.operand import Fault, rows_of
from astropile.engine.plan import PATH
from astropile.expression import Call, Name, names, parse, walk
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import OBJECT_LEAVES, BoundTable, Field, Leaf, Value
from astropile.testing.bindings import Bindings
from astropile.testing.cells import CellStore, NotInvertibleError, key_of, slots
from astropile.testing.errors import not_invertible
from astropile.testing.finishing import (
    Binding,
    choose_sentinels,
    finish_truth,
    with_sentinels,
)
from astropile.testing.ids import unique_values
from astropile.testing.inverter import Inverter
from astropile.testing.objects import Objects, generator
from astropile.testing.predicates import limits_of, solve_predicate
from astropile.testing.quantities import Sample, draw_values
from astropile.testing.targets import Target

__all__ = ["Catalogue", "draw_catalogue"]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Scalars of some objects.

    Attributes
    ----------
    store : CellStore
        Their cells.
    truth : mapping of str to Column
        Stored leaves without axes, and the object's three.
    """

    store: CellStore
    truth: Mapping[str, Column]

    def take(self, rows: Array) -> Catalogue:
        """Return some of the objects."""
        truth = {address: column.take(rows) for address, column in self.truth.items()}
        return Catalogue(self.store.take(rows), truth)


def draw_catalogue(
    bindings: Bindings, objects: Objects, total: int, seed: int, words: tuple[str, ...]
) -> Catalogue:
    """Draw the scalars of objects and find their cells.

    Parameters
    ----------
    bindings : Bindings
        How every leaf is stored.
    objects : Objects
        The objects to draw.
    total : int
        Objects of all programs: ids differ among all of them.
    seed : int
        Seed of the mock survey.
    words : tuple of str
        What the generators depend on beside the seed and the leaf.

    Raises
    ------
    UsageError
        A leaf, or a key of a table, cannot be undone.
    """
    return _Drawer(bindings, objects, total, seed, words).draw()


@dataclass(slots=True)
class _Drawer:
    bindings: Bindings
    objects: Objects
    total: int
    seed: int
    words: tuple[str, ...]

    def rng(self, *words: str) -> np.random.Generator:
        return generator(self.seed, *self.words, *words)

    def draw(self) -> Catalogue:
        source, n = self.bindings.source, len(self.objects)
        lookups = self.bindings.schema.file.lookups
        inverter = Inverter(source, lookups, CellStore(n), self.rng())
        attained: dict[str, Column] = {}
        derived: list[Binding] = []
        limits = self._where_limits()
        self._split(inverter)  # first, since a leaf may have the same cell
        for binding in self.bindings.scalars:
            if not inverter.is_open(binding.expr):
                derived.append(binding)
                continue
            address = binding.leaf.address
            inverter.rng = self.rng(address, "cells")
            target = Target(
                binding.leaf, binding.stored, nullable=address not in self.bindings.steady
            )
            given = self.bindings.given
            if given is not None and given.has(address):
                wanted = given.scalar(binding, self.objects.number)
            else:
                wanted = Column(self._values(binding, limits))
            attained[address] = self._guarded(binding, inverter, wanted, target)
        truth = {
            b.leaf.address: finish_truth(b, attained[b.leaf.address])
            for b in self.bindings.scalars
            if b.leaf.address in attained
        }
        for binding in derived:
            truth[binding.leaf.address] = self._derived(binding, inverter)
        self._where(inverter)
        self._join_keys(inverter)
        self._object(truth)
        return Catalogue(inverter.store, truth)

    def _guarded(
        self, binding: Binding, inverter: Inverter, wanted: Column, target: Target
    ) -> Column:
        try:
            return inverter.solve(binding.expr, wanted, target)
        except NotInvertibleError as error:
            raise self._error(f"{binding.leaf.address}: {binding.text}", error) from error

    def _error(self, what: str, error: Exception | str) -> Exception:
        return not_invertible(self.bindings.schema, self.bindings.source, what, str(error))

    # -- values

    def _values(self, binding: Binding, limits: Mapping[str, Field]) -> Array:
        """Return bound values of a leaf."""
        leaf = binding.leaf
        address = leaf.address
        rng = self.rng(address)
        if address in limits:
            leaf = replace(leaf, field=limits[address])
        values = self._position(address)
        if values is None and address in self.bindings.id_columns:
            values = self._id_part(leaf, binding)
        if values is None:
            sample = Sample(self.objects, np.arange(len(self.objects)), rng, self._bands)
            values = draw_values(leaf, sample)
        values = np.asarray(binding.bound(values))
        if self._is_shared(binding):
            return np.asarray(np.broadcast_to(values[:1], values.shape)) if len(values) else values
        if address in self.bindings.steady:
            return values
        return with_sentinels(values, choose_sentinels(binding, values, rng))

    @property
    def _bands(self) -> tuple[str, ...]:
        return self.bindings.schema.bands

    def _is_shared(self, binding: Binding) -> bool:
        return any(
            self.bindings.is_shared(key) for key, _ in slots(binding.expr, self.bindings.source)
        )

    def _id_part(self, leaf: Leaf, binding: Binding) -> Array | None:
        """Return values that differ among all objects; None if there is a fixed choice of them."""
        if leaf.field.enum or leaf.field.codes or leaf.field.dtype == "bool":
            return None
        keys = {key for key, _ in slots(binding.expr, self.bindings.source)}
        shares_files = self.bindings.source.main.model.rows != "file"
        if shares_files and len(self.bindings.id_columns) > 1 and any(k[0] == PATH for k in keys):
            return None  # the folder is a part of the id that many objects share
        field = leaf.field.model_copy(update={"dtype": binding.stored})
        rng = generator(self.seed, "id", leaf.address)
        return np.asarray(unique_values(field, self.total, rng)[self.objects.number])

    def _position(self, address: str) -> Array | None:
        """Return the object's position in the frame of the survey's columns, if it is one."""
        place = self.bindings.schema.file.object
        if address not in (place.ra, place.dec):
            return None
        lon, lat = self.objects.ra_deg, self.objects.dec_deg
        if place.frame != "icrs":
            import astropy.units as u
            from astropy.coordinates import SkyCoord

            sky = SkyCoord(lon * u.deg, lat * u.deg).transform_to(place.frame)
            lon, lat = sky.spherical.lon.deg, sky.spherical.lat.deg
        return np.asarray(lon if address == place.ra else lat)

    def _derived(self, binding: Binding, inverter: Inverter) -> Column:
        """Return a leaf all of whose cells belong to other leaves, or that has none."""
        try:
            operand = inverter.evaluate(binding.expr)
            column = align(operand, binding.leaf, None, len(self.objects))
            return finish(column, binding.leaf, binding.to_leaf)
        except (NotInvertibleError, Fault) as error:
            raise self._error(f"{binding.leaf.address}: {binding.text}", error) from error

    def _object(self, truth: dict[str, Column]) -> None:
        """Add id and position as every Example has them."""
        leaves, n = self.bindings.leaves, len(self.objects)
        place = self.bindings.schema.file.object
        for address in OBJECT_LEAVES[1:]:
            if leaves[address].derived:
                truth[address] = truth[leaves[address].derived]
        if place.frame != "icrs":
            truth["ra"], truth["dec"] = Column(self.objects.ra_deg), Column(self.objects.dec_deg)
        truth["ra"] = replace(truth["ra"], data=np.mod(truth["ra"].data, 360.0))
        if OBJECT_LEAVES[0] not in truth:
            leaf = leaves[OBJECT_LEAVES[0]]

            def lookup(name: Name) -> Column:
                return truth.get(name.text) or _nothing(leaves[name.text], n)

            scope = Evaluator(lookup, n, self.bindings.schema.file.lookups)
            column = align(scope.evaluate(parse(leaf.derived)), leaf, None, n)
            truth[OBJECT_LEAVES[0]] = finish(column, leaf, None)

    # -- keys of tables

    def _where_limits(self) -> dict[str, Field]:
        """Return the fields of leaves whose cells ``where`` compares, with its limits put in."""
        where = self.bindings.source.main.where
        if where is None:
            return {}
        found = {}
        for name, comparisons in limits_of(where.expr).items():
            for binding in self.bindings.scalars:
                cells = [node.text for node in names(binding.expr)]
                if cells == [name] and binding.is_plain:
                    field = _limited(binding.leaf.field, comparisons)
                    found[binding.leaf.address] = field
        return found

    def _where(self, inverter: Inverter) -> None:
        """Set the cells that only ``where`` uses, and make sure that every row passes."""
        where = self.bindings.source.main.where
        if where is None:
            return
        what = f"{self.bindings.source.main.name}.where: {where.text}"
        solution = solve_predicate(where.expr, truth=True)
        n = len(self.objects)
        for name in names(where.expr):
            slot = (key_of(name, self.bindings.source), ())
            if inverter.store.has(slot) or name.text in _tolerated(where):
                continue
            if solution is None or name.text not in solution:
                raise self._error(what, f"no value of {name.text} makes it true")
            inverter.store.put(slot, Column(np.full(n, solution[name.text])))
        try:
            passing = true_rows(inverter.evaluate(where.expr))
        except (NotInvertibleError, Fault) as error:
            raise self._error(what, error) from error
        if not np.broadcast_to(passing, (n,)).all():
            raise self._error(what, "values drawn for the leaves do not all pass")

    def _split(self, inverter: Inverter) -> None:
        """Make the expression of the split give the split."""
        value = self.bindings.source.split_by
        if value is None:
            return
        n = len(self.objects)
        wanted = np.full(n, self.bindings.split)
        leaf = self.bindings.leaves[OBJECT_LEAVES[0]]
        try:
            got = inverter.solve(value.expr, Column(wanted), Target(leaf, "string")).data
        except NotInvertibleError as error:
            raise self._error(f"split_by: {value.text}", error) from error
        if not (got.astype(np.str_) == wanted).all():
            raise self._error(f"split_by: {value.text}", f"it cannot give '{self.bindings.split}'")

    def _join_keys(self, inverter: Inverter) -> None:
        """Give the rows of attached tables the keys by which main rows find them."""
        for table in self.bindings.source.tables.values():
            for cell, value in table.on.items():
                try:
                    key = rows_of(inverter.evaluate(value.expr), len(self.objects))
                except NotInvertibleError as error:
                    what = f"table {table.name}, on {cell}: {value.text}"
                    raise self._error(what, error) from error
                inverter.store.put(((table.name, cell), ()), key)
            if table.row is not None and not _is_row_number(table):
                what = f"table {table.name}, row: {table.row.text}"
                raise self._error(what, "only row() can be undone")


def _nothing(leaf: Leaf, n: int) -> Column:
    """Return the column of a leaf that a source does not hold."""
    dtype = "U1" if leaf.field.dtype == "string" else leaf.field.dtype
    return Column(np.zeros(n, dtype=dtype), null=np.ones(n, dtype=bool))


def _tolerated(where: Value) -> set[str]:
    """Return names in ``where`` that a file may lack."""
    return {
        inner.text
        for node in walk(where.expr)
        if isinstance(node, Call) and node.function in ("optional", "coalesce")
        for inner in walk(node)
        if isinstance(inner, Name)
    }


def _is_row_number(table: BoundTable) -> bool:
    return table.row is not None and table.row.text.replace(" ", "") == "row()"


def _limited(field: Field, comparisons: list[tuple[str, bool | int | float | str]]) -> Field:
    """Return a field with limits that make comparisons true."""
    low, high = field.min, field.max
    step = 1e-3 if field.dtype.startswith("float") else 1.0
    update: dict[str, object] = {}
    for operator, value in comparisons:
        if operator == "==":
            update["enum"] = (value,)
        elif isinstance(value, (str, bool)):
            continue
        elif operator in (">", ">="):
            bound = value + step * (operator == ">")
            low = bound if low is None else max(low, bound)
        elif operator in ("<", "<="):
            bound = value - step * (operator == "<")
            high = bound if high is None else min(high, bound)
        elif operator == "!=":
            update["missing"] = (*field.missing, value)
    return field.model_copy(update={**update, "min": low, "max": high})
