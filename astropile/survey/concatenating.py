"""Rows of several surveys, one after the other, as one Dataset: one name, one unit, one type."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from astropile.document import did_you_mean
from astropile.errors import ColumnError, MixedColumnsError, UnknownColumnError, UsageError
from astropile.schema import OBJECT_LEAVES
from astropile.survey.cache import building, cache_dir, cache_key, open_arrow, write_tables
from astropile.survey.citation import citations
from astropile.survey.merged import OWN_KEYS, Columns, Merged, Part
from astropile.survey.merged_arrays import PartReader, narrowed
from astropile.survey.merged_names import Asked, merge, read_columns
from astropile.survey.mixing import ALLOWED, Target, mixtures, target_of
from astropile.survey.survey import Survey

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetInfo, Features

__all__ = ["concatenate_datasets"]

_OWN_TYPES = dict(zip(OWN_KEYS, ("string", "float64", "float64", "string", "int64"), strict=True))


def concatenate_datasets(
    surveys: Sequence[Survey],
    columns: Asked,
    *,
    units: Mapping[str, str] | None = None,
    missing: Literal["error", "null"] = "error",
    allow: Sequence[str] = (),
    labels: Sequence[str] | None = None,
    split: str | None = None,
) -> Dataset:
    """Put the rows of several surveys one after the other, with the same columns.

    Parameters
    ----------
    surveys : sequence of Survey
        With files, or piles; rows are in this order, those of each survey in its own.
    columns : sequence of str, or mapping of str to sequence of str
        Canonical names (``"redshift_spec"``), kinds of blocks (``"spectrum"``: the fields that all
        have), fields by their role (``"spectrum.flux"``), or ``"survey:name"`` for what one survey
        has. A mapping gives keys of your own to what surveys call differently:
        ``{"mag_i": ["hsc:i_cmodel_mag", "vipers:MAG"]}``.
    units : mapping of str to str, optional
        Column -> its unit in the result; default the unit of the first survey that has it.
    missing : {"error", "null"}
        What a column does that one of the surveys lacks.
    allow : sequence of str
        Differences that do not matter to you, by the codes of :func:`compare`: ``"band"``,
        ``"system"``, ``"attribute"``, ``"measured"``.
    labels : sequence of str, optional
        What the column ``survey`` says; default the ids, numbered where they are equal.
    split : str, optional
        One split, which every survey must have; default all rows.

    Returns
    -------
    datasets.Dataset
        ``object_id``, ``ra``, ``dec``, ``survey``, ``row`` (its number in its survey), then the
        columns, in NumPy format; memory-mapped from the cache. A column has the widest of the types
        of the surveys; an axis whose length differs is ragged. :func:`meaning` tells what each
        survey contributes.

    Raises
    ------
    UnknownColumnError
        A survey lacks a column.
    AmbiguousColumnError
        A name is partial, or one that a survey uses itself.
    MixedColumnsError
        Values differ in what no conversion mends, and that was not allowed.

    Examples
    --------
    >>> import astropile as ap
    >>> data = getfixture("demo_data")
    >>> stars = [ap.load(name, data_dir=data).head(3) for name in ("hipparcos", "tycho2")]
    >>> both = ap.concatenate_datasets(stars, columns=["pmra", "mag_compiled_V"], missing="null")
    >>> both["survey"][:].tolist()
    ['hipparcos', 'hipparcos', 'hipparcos', 'tycho2', 'tycho2', 'tycho2']
    >>> ap.meaning(both)["tycho2"]["columns"]["pmra"]["unit"]
    'mas / yr'
    """
    _check_options(surveys, missing, allow)
    requests = [survey.request for survey in surveys]
    names = _labels([request.schema.id for request in requests], labels)
    parts = [Part(label, request) for label, request in zip(names, requests, strict=True)]
    for part in parts:
        part.request.split_names(split)
    merged = merge(parts, read_columns(columns))
    if missing == "error":
        _refuse_missing(parts, merged)
    mixed = _refuse_mixtures(parts, merged, set(allow))
    targets = _targets(parts, merged, dict(units or {}))
    return _Concatenation(parts, merged, targets, mixed, split).dataset()


@dataclass(frozen=True)
class _Concatenation:
    """What was found to be one table."""

    parts: Sequence[Part]
    columns: Columns
    targets: Mapping[str, Target]
    mixed: Sequence[str]
    split: str | None

    def dataset(self) -> Dataset:
        """Return the rows from the cache, converting them first if need be."""
        key = self.key
        folder = cache_dir() / "concatenations" / key
        if not folder.is_dir():
            with building(folder) as aside:
                write_tables(self.tables(), self.features, aside / "data.arrow")
        return open_arrow(folder / "data.arrow", self.features, self.info(), key, self.split)

    @cached_property
    def readers(self) -> list[PartReader]:
        """What reads each survey."""
        merged = list(_each(self.columns))
        return [
            PartReader(part, n, narrowed(part, n, merged), self.columns, self.targets)
            for n, part in enumerate(self.parts)
        ]

    def tables(self) -> Iterator[pa.Table]:
        """Yield the rows, a batch of one survey at a time."""
        for reader in self.readers:
            yield from reader.tables(self.features.arrow_schema, self.split)

    @cached_property
    def features(self) -> Features:
        """Features of a row."""
        import datasets

        from astropile.engine import feature_of

        def feature(column: Merged) -> Any:
            target = self.targets[column.key]
            return feature_of(target.dtype, target.shape)

        own: dict[str, Any] = {key: datasets.Value(kind) for key, kind in _OWN_TYPES.items()}
        for key, column in self.columns.items():
            if isinstance(column, Merged):
                own[key] = feature(column)
            else:
                own[key] = {field: feature(one) for field, one in column.items()}
        return datasets.Features(own)

    @cached_property
    def key(self) -> str:
        """What tells the result from every other."""
        told: list[Any] = []
        for reader in self.readers:
            request = reader.request
            run = request.run(request.wanted, split=self.split)
            # What else is read decides which rows are refused, where such rows are.
            looked_at = reader.part.request.wanted if request.on_bad_row == "reject" else ()
            told.append([reader.part.label, cache_key(request, self.split, run), looked_at])
        for one in _each(self.columns):
            target = self.targets[one.key]
            addresses = [leaf and leaf.address for leaf in one.leaves]
            told.append([one.key, addresses, target.unit, target.dtype, target.shape])
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def info(self) -> DatasetInfo:
        """Return meaning, citations and licences."""
        import datasets

        schemas = {p.request.schema.id: p.request.schema for p in self.parts}.values()
        facts = {part.label: self._facts(n, part) for n, part in enumerate(self.parts)}
        return datasets.DatasetInfo(
            description=json.dumps({"astropile": facts}, sort_keys=True, ensure_ascii=False),
            citation=citations(schemas),
            license="; ".join(dict.fromkeys(s.file.about.license.name for s in schemas)),
            features=self.features,
        )

    def _facts(self, number: int, part: Part) -> dict[str, Any]:
        """Return what the columns are in one survey, and their units in the result."""
        from astropile.engine import leaf_metadata

        schema, leaves = part.request.schema, part.request.leaves
        told = {name: leaf_metadata(leaves[name], schema) for name in OBJECT_LEAVES}
        for one in _each(self.columns):
            leaf = one.leaves[number]
            if leaf is not None:
                facts = leaf_metadata(leaf, schema) | {"unit": self.targets[one.key].unit}
                facts |= {"column": leaf.address}
                told[one.key] = {name: word for name, word in facts.items() if word}
        found = {
            "survey": schema.id,
            "title": schema.title,
            "version": schema.file.version,
            "config": part.request.config,
            "columns": told,
        }
        return found | ({"mixed": list(self.mixed)} if self.mixed else {})


def _each(columns: Columns) -> Iterator[Merged]:
    for column in columns.values():
        if isinstance(column, Merged):
            yield column
        else:
            yield from column.values()


def _check_options(surveys: Any, missing: str, allow: Sequence[str]) -> None:
    is_list = isinstance(surveys, Sequence) and not isinstance(surveys, str)
    if not is_list or not surveys or not all(isinstance(one, Survey) for one in surveys):
        msg = f"surveys is a list of surveys, not {surveys!r}"
        hint = "make them with ap.load or ap.open; ap.build_table makes a pile of any table"
        raise UsageError(msg, hint=hint)
    if missing not in ("error", "null"):
        msg = f"missing={missing!r} is not one of 'error', 'null'"
        raise UsageError(msg, hint="missing='null' gives nulls where a survey lacks a column")
    if isinstance(allow, str):
        raise UsageError(f"allow is a list, not {allow!r}", hint=f"write [{allow!r}]")
    for code in allow:
        if code not in ALLOWED:
            msg = f"allow={code!r} is not one of {', '.join(ALLOWED)}"
            raise UsageError(msg, hint=did_you_mean(code, ALLOWED))


def _labels(ids: Sequence[str], labels: Sequence[str] | None) -> list[str]:
    """Return what surveys are called in the result."""
    if labels is None:
        shared = [name for name in ids if ids.count(name) > 1]
        return [f"{name}_{n + 1}" if name in shared else name for n, name in enumerate(ids)]
    given = [] if isinstance(labels, str) else list(labels)
    is_text = all(str(label) == label and label and ":" not in label for label in given)
    if not is_text or not len(given) == len(ids) == len(set(given)):
        msg = f"labels must be {len(ids)} different names, got {labels!r}"
        raise UsageError(msg, hint="names are text without ':'")
    return given


def _refuse_missing(parts: Sequence[Part], columns: Columns) -> None:
    lacking: dict[str, list[str]] = {}
    for one in _each(columns):
        pairs = zip(parts, one.leaves, strict=True)
        without = [f"{p.label} (config {p.request.config})" for p, leaf in pairs if leaf is None]
        if without and not one.is_label:
            lacking.setdefault(f"not in {', '.join(without)}", []).append(one.key)
    if lacking:
        hint = "leave it out, or add missing='null' to have nulls there"
        raise UnknownColumnError(_listing(lacking), hint=hint)


def _refuse_mixtures(parts: Sequence[Part], columns: Columns, allow: set[str]) -> list[str]:
    """Return the differences that are allowed; refuse if there is any other."""
    refused: dict[str, list[str]] = {}
    mixed: dict[str, list[str]] = {}
    codes = set()
    for one in _each(columns):
        for found in mixtures(parts, one):
            if found.code in allow:
                mixed.setdefault(found.message, []).append(one.key)
            else:
                refused.setdefault(f"[{found.code}] {found.message}", []).append(one.key)
                codes.add(found.code)
    if refused:
        hint = f"if it does not matter to you, add allow={sorted(codes)}"
        if "unit" in codes:
            hint = "leave out columns whose units cannot be converted; see ap.compare"
        raise MixedColumnsError(_listing(refused), hint=hint)
    return _listing(mixed).splitlines()


def _listing(found: Mapping[str, Sequence[str]]) -> str:
    return "\n".join(f"{', '.join(keys)}: {message}" for message, keys in found.items())


def _targets(parts: Sequence[Part], columns: Columns, units: dict[str, str]) -> dict[str, Target]:
    named = {one.key: one for one in _each(columns)}
    for name in units:
        if name not in named:
            hint = did_you_mean(name, named) or f"columns are {', '.join(named)}"
            raise ColumnError(f"units= names {name!r}, which is not among the columns", hint=hint)
    return {key: target_of(parts, one, units.get(key)) for key, one in named.items()}
