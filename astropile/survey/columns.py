"""The columns of a survey: looked up by any name, described, listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from astropile.document import did_you_mean, shown
from astropile.errors import ColumnError, UsageError
from astropile.schema import OBJECT_LEAVES, Leaf, NameResolver, SurveySchema
from astropile.schema.facts import bands_of, filters_of, meaning_of, ucd_of
from astropile.schema.models import Scalar
from astropile.survey.show import TextTable

__all__ = ["Column", "Columns", "ColumnsTable"]

#: Keys of a band that say which filters it is.
_PASSBAND = frozenset({"filters", "by", "cases", "wavelength"})
_HEADER = ("name", "canonical", "unit", "dtype", "ucd", "nulls", "description")
#: What a narrow terminal does without, first to last, and the widths to try before.
_OPTIONAL = {"nulls": 8, "ucd": 30, "dtype": 16}


@dataclass(frozen=True, slots=True)
class Column:
    """What is known about one column.

    Attributes
    ----------
    name : str
        Original name; key in an Example, inside its block if it has one.
    address : str
        ``name`` or ``block.name``: how selections name it.
    canonical : str
        Name generated from its meaning; empty if it has none.
    unit : str
        Unit as text; empty if it has none.
    dtype : str
        Type of one value.
    axes : tuple of str
        Named axes of one object's value; none for a scalar.
    shape : tuple of int or None
        Lengths of the axes; None where it differs by object.
    ucd : str
        UCD1+ words; empty if unknown.
    nulls : str
        What becomes null (NaN in arrays).
    description : str
        What it is, in one sentence.
    quantity : str
        Quantity of the vocabulary; empty if it has none.
    filters : tuple of str
        SVO ids of the filters it was measured through.
    aliases : tuple of str
        Other names.
    formula : str
        Expression over other columns it is made with; empty if it is stored.
    unverified : tuple of str
        Facts that were not checked against a source.
    survey : str
        Id of its survey.
    group : str
        Its block, else its heading in documentation.
    deprecated : str
        Why not to use it any more; may be empty.
    """

    name: str
    address: str
    canonical: str
    unit: str
    dtype: str
    axes: tuple[str, ...]
    shape: tuple[int | None, ...]
    ucd: str
    nulls: str
    description: str
    quantity: str
    filters: tuple[str, ...]
    aliases: tuple[str, ...]
    formula: str
    unverified: tuple[str, ...]
    survey: str
    group: str
    deprecated: str

    @property
    def type(self) -> str:
        """Type and shape as text: ``float32[band=5, y=160, x=160]``, ``*`` where it differs."""
        return self.dtype + _shape_text(self.axes, self.shape)

    @property
    def remarks(self) -> str:
        """The description, and what a user must know beside it."""
        marks = [f"[deprecated: {self.deprecated}]"] if self.deprecated else []
        marks += [f"[unverified: {', '.join(self.unverified)}]"] if self.unverified else []
        return " ".join([self.description, *marks])


class ColumnsTable(TextTable):
    """Columns as a table: name, canonical, unit, dtype, ucd, nulls, description.

    Parameters
    ----------
    title : str
        What the columns are of.
    columns : sequence of Column
        The rows.
    headings : mapping of str to str
        Heading of each group; the groups are shown in this order.
    """

    def __init__(self, title: str, columns: Sequence[Column], headings: Mapping[str, str]) -> None:
        order = {group: place for place, group in enumerate(headings)}
        self.columns = tuple(sorted(columns, key=lambda column: order[column.group]))
        rows = [
            (c.address, c.canonical, c.unit, c.type, c.ucd, c.nulls, c.remarks)
            for c in self.columns
        ]
        named = [headings[column.group] for column in self.columns]
        super().__init__(title, _HEADER, rows, headings=named, optional=_OPTIONAL)


class Columns(Mapping[str, Column]):
    """The columns of one config, by any of their names.

    Iteration gives addresses in declared order; look-up takes every name that the survey accepts
    (see `NameResolver`), also as an attribute where it is an identifier.

    Parameters
    ----------
    schema : SurveySchema
        The checked survey.
    config : str or None
        Name of a config; None for the default.

    Examples
    --------
    >>> import astropile as ap
    >>> columns = ap.load("hsc").columns
    >>> columns["mag_cmodel_i"].name
    'i_cmodel_mag'
    >>> columns.mag_cmodel_i.unit
    'mag(AB)'
    >>> "mag_i" in columns
    False
    """

    def __init__(self, schema: SurveySchema, config: str | None = None) -> None:
        self._schema = schema
        self._resolver = NameResolver(schema, config)
        self._index = self._resolver.index

    @property
    def names(self) -> tuple[str, ...]:
        """Addresses of all columns in declared order."""
        return tuple(self._index.leaves)

    def resolve(self, name: str, *, partial: Literal["refuse", "default"] = "refuse") -> Column:
        """Return the column that a name means.

        Parameters
        ----------
        name : str
            Original name, canonical name in any order, or alias; ``survey:`` may stand before it.
        partial : {"refuse", "default"}
            Whether a name that leaves out a qualifier takes the survey's default for it.

        Raises
        ------
        AmbiguousColumnError
            The name leaves out a qualifier; the candidates are listed.
        UnknownColumnError
            No column has the name; near ones are suggested.

        Examples
        --------
        >>> import astropile as ap
        >>> ap.load("hsc").columns.resolve("mag_i", partial="default").canonical
        'mag_cmodel_i'
        """
        return self._columns[self._resolver.resolve(name, partial=partial).leaf.address]

    def describe(self, group: str | None = None, find: str | None = None) -> ColumnsTable:
        """Return a table of the columns.

        Parameters
        ----------
        group : str, optional
            Only the columns of this block or under this heading.
        find : str, optional
            Only the columns that have this text in a name, the unit, the UCD, a filter or the
            description, in any case.

        Raises
        ------
        UsageError
            There is no such group; all are listed.

        Examples
        --------
        >>> import astropile as ap
        >>> [row["name"] for row in ap.load("hsc").columns.describe(group="object")]
        ['object_id', 'ra', 'dec']
        """
        headings = {column.group: self._heading(column) for column in self.values()}
        if group is not None and group not in headings:
            message = f"no group {shown(group)} of columns; there are {', '.join(headings)}"
            raise UsageError(message, where=self._schema.id, hint=did_you_mean(group, headings))
        found = [
            column
            for column in self.values()
            if group in (None, column.group) and (find is None or _mentions(column, find))
        ]
        part = "" if len(found) == len(self) else f"{len(found)} of "
        place = f"{self._schema.title} ({self._schema.id}), config {self._index.config}"
        return ColumnsTable(f"{place}: {part}{len(self)} columns", found, headings)

    # --- a mapping, and attributes --------------------------------------------------------

    def __getitem__(self, name: str) -> Column:
        return self.resolve(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._index.leaves)

    def __len__(self) -> int:
        return len(self._index.leaves)

    def __contains__(self, name: object) -> bool:
        """Whether a name means one column."""
        return self.get(name) is not None

    def get(self, name: Any, default: Any = None, /) -> Any:
        """Return the column that a name means, or a default where it means none or several."""
        try:
            return self.resolve(name)
        except ColumnError:
            return default

    def __getattr__(self, name: str) -> Column:
        if name.startswith("_"):
            message = f"'Columns' object has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self)
        try:
            return self.resolve(name)
        except ColumnError as error:
            raise AttributeError(str(error), name=name, obj=self) from error

    def __dir__(self) -> list[str]:
        names = [name for name in self._index.names if name.isidentifier()]
        return sorted({*super().__dir__(), *names})

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._index.names)

    def __repr__(self) -> str:
        """Return one line: how many columns of what."""
        place = f"{self._schema.id}, config {self._index.config}"
        return f"<{len(self)} columns of {place}; describe() lists them>"

    def _repr_html_(self) -> str:
        return self.describe()._repr_html_()

    # --- facts ----------------------------------------------------------------------------

    @cached_property
    def _columns(self) -> dict[str, Column]:
        return {address: self._column(leaf) for address, leaf in self._index.leaves.items()}

    def _column(self, leaf: Leaf) -> Column:
        schema, field = self._schema, leaf.field
        block = schema.blocks.get(leaf.block)
        bands = bands_of(leaf, schema)
        own = "object" if leaf.address in OBJECT_LEAVES else field.group or "columns"
        unverified = (
            *field.unverified,
            *(block.modality.unverified if block else ()),
            *("filters" if fact in _PASSBAND else fact for b in bands for fact in b.unverified),
        )
        return Column(
            name=leaf.name,
            address=leaf.address,
            canonical=leaf.canonical,
            unit=field.unit,
            dtype=field.dtype,
            axes=leaf.axes,
            shape=tuple(block.length(axis) for axis in leaf.axes) if block else (),
            ucd=ucd_of(leaf, schema),
            nulls=self._nulls(leaf),
            description=field.description,
            quantity=meaning_of(leaf).get("quantity", ""),
            filters=tuple(dict.fromkeys(name for band in bands for name in filters_of(band))),
            aliases=field.aliases,
            formula=_formula(leaf, schema),
            unverified=tuple(dict.fromkeys(unverified)),
            survey=schema.id,
            group=leaf.block or own,
            deprecated=field.deprecated,
        )

    def _heading(self, column: Column) -> str:
        block = self._schema.blocks.get(column.group)
        if block is None or column.address not in self._index.blocks.get(block.name, ()):
            return column.group
        shape = _shape_text(tuple(block.axes), tuple(map(block.length, block.axes)))
        return f"{block.name}: {block.kind}{shape}"

    def _nulls(self, leaf: Leaf) -> str:
        """Return what becomes null: sentinels and NaN, and sources that lack the leaf."""
        field, is_float = leaf.field, leaf.field.dtype in ("float32", "float64")
        if leaf.address == OBJECT_LEAVES[0]:
            return "never"
        listed = [_plain(value) for value in field.missing]
        if leaf.axes and listed:
            # Integer arrays have no null, so their sentinels stay as they are.
            listed = [f"{', '.join(listed)} -> NaN" if is_float else f"{', '.join(listed)} kept"]
        elif is_float and not leaf.axes:
            listed.append("NaN")
        sources = self._schema.sources(self._index.config)
        absent = [
            name
            for name, source in sources.items()
            if leaf.address in source.absent or leaf.template in source.absent
        ]
        return ", ".join([*listed, *(f"all of source {name}" for name in absent)])


def _shape_text(axes: Sequence[str], shape: Sequence[int | None]) -> str:
    sizes = (f"{a}={'*' if n is None else n}" for a, n in zip(axes, shape, strict=True))
    return f"[{', '.join(sizes)}]" if axes else ""


def _mentions(column: Column, text: str) -> bool:
    texts = (
        column.address, column.canonical, *column.aliases, column.quantity, column.unit,
        column.ucd, *column.filters, column.description,
    )  # fmt: skip
    return any(text.casefold() in one.casefold() for one in texts)


def _plain(value: Scalar) -> str:
    if isinstance(value, str):
        return repr(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _formula(leaf: Leaf, schema: SurveySchema) -> str:
    """Return the expression a leaf is made with; a rotated position is no expression."""
    is_rotated = leaf.address in OBJECT_LEAVES[1:] and schema.file.object.frame != "icrs"
    return "" if is_rotated else leaf.derived
