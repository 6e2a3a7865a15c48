"""Columns of several surveys side by side, and why their numbers may not be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from astropile.document import did_you_mean, shown
from astropile.errors import ColumnError, UnknownColumnError, UsageError
from astropile.registry import find_schema
from astropile.schema import Leaf, NameResolver, SurveySchema
from astropile.schema.facts import band_tokens, meaning_of
from astropile.schema.name_index import modifiers_of
from astropile.survey.across import Holding, by_configs, filter_ids, holdings, schemas_of
from astropile.survey.differences import Difference, Entry, differences
from astropile.survey.show import TextTable
from astropile.vocabulary import load_filters, load_vocabulary

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

__all__ = ["Comparison", "compare", "entry_of"]

HEADER: Final = (
    "survey", "configs", "column", "canonical", "unit", "bands", "filters", "pivot_nm", "system",
    "estimator", "attributes",
)  # fmt: skip
OPTIONAL: Final = {"configs": 16, "estimator": 8, "system": 6}


class Comparison(TextTable):
    """Columns side by side, and what to mind before their numbers meet.

    Parameters
    ----------
    names : sequence of str
        What was asked for.
    entries : sequence of Entry
        The columns, those of one name together.
    """

    def __init__(self, names: Sequence[str], entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        self.differences: tuple[Difference, ...] = tuple(differences(self.entries))
        rows = [_cells(entry) for entry in self.entries]
        is_grouped = 1 < len(names) < len(rows)
        headings = [entry.asked for entry in self.entries] if is_grouped else ()
        super().__init__(", ".join(names), HEADER, rows, headings=headings, optional=OPTIONAL)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What differs, as text."""
        return tuple(map(str, self.differences))

    def to_json(self) -> dict[str, Any]:
        """Return columns and warnings as plain data."""
        asked = [entry.asked for entry in self.entries]
        columns = [{"asked": a, **row} for a, row in zip(asked, self, strict=True)]
        return {"columns": columns, "warnings": [asdict(found) for found in self.differences]}

    def _plain(self) -> str:
        lines = [super()._plain(), *([""] if self.differences else []), *self.warnings]
        return "\n".join(lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table and the warnings."""
        from rich.text import Text

        yield from super().__rich_console__(console, options)
        for found in self.differences:
            yield Text.assemble(("\nwarning", "yellow"), f"[{found.code}]: {found.message}")

    def _repr_html_(self) -> str:
        import html

        listed = "".join(f"<li>{html.escape(text)}</li>" for text in self.warnings)
        return super()._repr_html_() + (f"<ul>{listed}</ul>" if listed else "")


def compare(*names: str, surveys: Sequence[str] | None = None) -> Comparison:
    """Show side by side the columns of several surveys that a name can mean.

    Parameters
    ----------
    *names : str
        Canonical names, whole (``mag_cmodel_i``) or in part (``mag_i``), names that surveys use
        themselves, or ``survey:name`` for the column of one survey.
    surveys : sequence of str, optional
        Only these surveys; default all.

    Returns
    -------
    Comparison
        A row a column: survey, configs, column, canonical, unit, bands, filters, pivot_nm,
        system, estimator, attributes. ``warnings`` says which of them cannot be compared as
        they are: bands of one token through different filters, magnitude systems, units that
        cannot be converted, attributes such as the frame of a redshift, ways of measuring.

    Raises
    ------
    UnknownColumnError
        No survey has a column that a name could mean.
    SurveyNotFoundError
        There is no such survey.

    Examples
    --------
    >>> import astropile as ap
    >>> found = ap.compare("flux_model_g", surveys=["decals", "desi"])
    >>> [(row["survey"], row["column"], row["unit"]) for row in found]
    [('decals', 'flux_g', 'nanomaggy'), ('desi', 'FLUX_G', 'nanomaggy')]
    >>> print(found.warnings[0])
    warning[band]: 'g' is not one filter: BOK/BASS.g (475.9 nm; decals, desi), ...
    """
    if not names:
        raise UsageError("no name to compare", hint="such as compare('mag_i')")
    if isinstance(surveys, str):
        raise UsageError(f"surveys is a list, not {surveys!r}", hint=f"write [{surveys!r}]")
    given: tuple[object, ...] = names
    for name in given:
        if not isinstance(name, str):
            msg = f"a column name is text, got {type(name).__name__} {name!r}"
            raise ColumnError(msg, hint="write compare('mag_i', 'mag_z')")
    is_open = surveys is not None or any(":" not in name for name in names)
    schemas = schemas_of(surveys) if is_open else []
    entries = [entry for name in dict.fromkeys(names) for entry in _entries(name, schemas)]
    return Comparison(tuple(dict.fromkeys(names)), entries)


def _entries(name: str, schemas: Sequence[SurveySchema]) -> Iterator[Entry]:
    """Yield the columns that a name can mean, each with the configs that have it."""
    prefix, colon, bare = name.partition(":")
    places = list(holdings([find_schema(prefix)] if colon else schemas))
    wanted = bare if colon else name
    found = [
        (place, entry_of(name, place.schema, leaf))
        for place in places
        for leaf in _leaves(place, wanted, is_one=bool(colon))
    ]
    if not found:
        if colon:  # its own error says which names come near
            NameResolver(places[0].schema).resolve(wanted)
        raise _unknown(name, places)
    for entry, configs in by_configs(found):
        yield entry.within(configs)


def _leaves(place: Holding, name: str, *, is_one: bool) -> list[Leaf]:
    """Return the leaves of a config that a name can mean: the one that has it, or all it fits.

    Over several surveys an original name may be another one's canonical name without a part of it;
    in a call for one survey, `is_one`, it is a name like any other.
    """
    index = place.index
    listed = index.find(name)
    if listed is not None and (is_one or listed[1] == "canonical"):
        return [listed[0]]
    found = [listed[0]] if listed else []
    meaning = index.read(name)
    if meaning is not None:
        whole = index.of_meaning(meaning)
        fitting = [whole] if whole else index.short_for(meaning)
        found += [leaf for leaf in fitting if _says_the_same(leaf, meaning)]
    return list({leaf.address: leaf for leaf in found}.values())


def _says_the_same(leaf: Leaf, meaning: Mapping[str, str]) -> bool:
    """Whether both are values, or both errors; a correction may be left out of a name."""
    mine, its = modifiers_of(meaning), modifiers_of(meaning_of(leaf))
    return all(its.get(key) == mine.get(key) for key in ("stat", "with"))


def entry_of(
    asked: str, schema: SurveySchema, leaf: Leaf, tokens: Sequence[str] | None = None
) -> Entry:
    """Return what matters of a leaf beside others.

    Parameters
    ----------
    asked : str
        Name it was found by.
    schema : SurveySchema
        Its survey.
    leaf : Leaf
        The leaf.
    tokens : sequence of str, optional
        Its bands; default those that its meaning, its axes or its block name.
    """
    tokens = band_tokens(leaf, schema) if tokens is None else tokens
    return Entry(
        asked=asked,
        survey=schema.id,
        column=leaf.address,
        canonical=leaf.canonical,
        unit=leaf.field.unit,
        bands=tuple((token, filter_ids(schema, [token])) for token in tokens),
        systems=_systems(leaf, schema, tokens),
        meaning=tuple(meaning_of(leaf).items()),
        attributes=tuple(_attributes(leaf, schema)),
    )


def _attributes(leaf: Leaf, schema: SurveySchema) -> Iterator[tuple[str, str]]:
    """Yield what no name tells: frames, the medium of wavelengths, what times count from."""
    meaning = meaning_of(leaf)
    known = load_vocabulary().quantities.get(meaning.get("quantity", ""))
    for key in known.attributes if known else ():
        yield key, meaning.get(key, "")
    block = schema.blocks.get(leaf.block)
    if block is not None and leaf.role == "lambda":
        yield "medium", block.modality.medium or ""
        yield "frame", block.modality.frame or ""
    photometry = block.modality.photometry if block else None
    if photometry is not None and photometry.zeropoint is not None and leaf.role == "flux":
        yield "zeropoint", f"{photometry.zeropoint:g} of a {photometry.per}"
    if leaf.field.time is not None:
        yield "zero", f"JD {leaf.field.time.zero:.10g}"
        yield "scale", leaf.field.time.scale
        yield "place", leaf.field.time.place


def _systems(leaf: Leaf, schema: SurveySchema, tokens: Sequence[str]) -> tuple[str, ...]:
    """Return the magnitude system of a leaf: its unit's, its block's, else that of its bands."""
    if not tokens:
        return ()
    if "mag(AB)" in leaf.field.unit:
        return ("AB",)
    block = schema.blocks.get(leaf.block)
    photometry = block.modality.photometry if block else None
    if photometry is not None:
        return (photometry.system,)
    return tuple(dict.fromkeys(schema.file.bands[token].system for token in tokens))


def _cells(entry: Entry) -> tuple[object, ...]:
    registry = load_filters()
    ids = tuple(dict.fromkeys(name for _, names in entry.bands for name in names))
    return (
        entry.survey,
        entry.configs,
        entry.column,
        entry.canonical,
        entry.unit,
        tuple(token for token, _ in entry.bands),
        ids,
        tuple(registry[name].pivot_nm if name in registry else None for name in ids),
        "/".join(entry.systems),
        entry.word("estimator"),
        ", ".join(f"{key} {word}" for key, word in entry.attributes if word),
    )


def _unknown(name: str, places: Sequence[Holding]) -> UnknownColumnError:
    """Return the error for a name that fits no column of any survey."""
    known = {canonical for place in places for canonical in place.index.canonical}
    bands = dict.fromkeys(token for place in places for token in place.schema.bands)
    faults = load_vocabulary().diagnose(name, bands=bands)
    hint = did_you_mean(name, known) or next((f.help for f in faults if f.help), "")
    message = f"no survey has a column that {shown(name)} could mean"
    return UnknownColumnError(message, hint=hint or "astropile find lists what there is")
