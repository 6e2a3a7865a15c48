"""Which surveys hold what: a question in the words of the vocabulary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from astropile.document import did_you_mean, shown
from astropile.errors import UsageError
from astropile.schema import ROLE_AXES, Block, Leaf, SurveySchema
from astropile.schema.facts import band_tokens, meaning_of
from astropile.survey.across import Holding, by_configs, filter_ids, holdings, schemas_of
from astropile.survey.show import TextTable
from astropile.survey.wavelengths import length_nm, sees
from astropile.vocabulary import convertible, load_vocabulary, parse_unit

if TYPE_CHECKING:
    from astropy.units import Quantity

__all__ = ["find"]

#: What a qualifier is asked for if it does not matter, and the number is not to be the value.
ANY: Final = "any"
HEADER: Final = (
    "survey", "configs", "column", "canonical", "unit", "modalities", "bands", "filters",
)  # fmt: skip
OPTIONAL: Final = {"modalities": 16, "bands": 8, "unit": 12}


class _Row(NamedTuple):
    """A row of the answer, without its configs."""

    survey: str
    column: str
    canonical: str
    unit: str
    modalities: tuple[str, ...]
    bands: tuple[str, ...]
    filters: tuple[str, ...]


def find(
    *,
    quantity: str | None = None,
    modality: str | None = None,
    band_near: str | float | Quantity | None = None,
    text: str | None = None,
    unit: str | None = None,
    **qualifiers: str,
) -> TextTable:
    """List the surveys that hold something: all conditions are met within one config.

    Parameters
    ----------
    quantity : str, optional
        Quantity of the vocabulary that a column is. Without ``stat`` the column is the value
        itself, not its error; ``stat="any"`` takes both.
    modality : str, optional
        Kind of a block (``image``, ``spectrum`` ...), or its name.
    band_near : str, float or astropy Quantity, optional
        A wavelength; a number is in nm. It is between the half maxima of a filter of the
        modality, and of the column if that is of a band; if neither is asked for, of any band.
    text : str, optional
        Text in a name, alias or description of a column, in any case.
    unit : str, optional
        Unit that the column can be converted to.
    **qualifiers : str
        Qualifiers of the vocabulary: ``method``, ``estimator``, ``band``, ``stat``, ``frame`` ...
        A word with a number may be given without it: ``estimator="aper"``.

    Returns
    -------
    TextTable
        A row a survey and column: survey, configs, column, canonical, unit, modalities, bands,
        filters. If nothing was asked about columns, a row a survey. Prints as a table, iterates
        as dicts, and converts ``to_pandas()`` and ``to_table()``.

    Raises
    ------
    UsageError
        A word is unknown; near ones are suggested.

    Examples
    --------
    >>> import astropile as ap
    >>> found = ap.find(quantity="redshift", method="spec", modality="image", band_near="620 nm")
    >>> [(row["column"], row["bands"]) for row in found if row["survey"] == "decals"]
    [('z_spec', ('r',))]
    """
    schemas = schemas_of()
    wanted = _Wanted(
        quantity=quantity or "",
        qualifiers=dict(qualifiers),
        modality=modality or "",
        text=(text or "").casefold(),
        unit=unit,
        near_nm=None if band_near is None else length_nm(band_near),
    )
    _check(wanted, schemas)
    rows = ((holding, row) for holding in holdings(schemas) for row in _rows(holding, wanted))
    found = [(row.survey, configs, *row[1:]) for row, configs in by_configs(rows)]
    surveys = len({row[0] for row in found})
    title = f"{wanted}: {surveys} survey{'' if surveys == 1 else 's'}"
    return TextTable(title, HEADER, found, optional=OPTIONAL)


@dataclass(frozen=True)
class _Wanted:
    """The conditions."""

    quantity: str
    qualifiers: Mapping[str, str]
    modality: str
    text: str
    unit: str | None
    near_nm: float | None
    _units: dict[str, bool] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the conditions as one line."""
        parts = {"quantity": self.quantity, **self.qualifiers, "modality": self.modality}
        parts |= {"text": self.text, "unit": self.unit or ""}
        parts["band_near"] = "" if self.near_nm is None else f"{self.near_nm:g} nm"
        return ", ".join(f"{key} {shown(word)}" for key, word in parts.items() if word) or "all"

    @property
    def is_about_columns(self) -> bool:
        """Whether anything is asked about a column."""
        return bool(self.quantity or self.qualifiers or self.text or self.unit is not None)

    @cached_property
    def meaning(self) -> Mapping[str, str]:
        """Qualifiers that a column must have."""
        return {key: word for key, word in self.qualifiers.items() if word != ANY}

    def takes(self, leaf: Leaf) -> bool:
        """Whether a leaf meets what is asked about columns, bands aside."""
        meaning = meaning_of(leaf)
        if self.quantity and meaning.get("quantity") != self.quantity:
            return False
        if self.quantity and "stat" not in self.qualifiers and "stat" in meaning:
            return False
        if not all(_is_word(meaning.get(key, ""), key, w) for key, w in self.meaning.items()):
            return False
        return self._mentions(leaf) and self._converts(leaf)

    def _mentions(self, leaf: Leaf) -> bool:
        model = leaf.field
        texts = (leaf.address, leaf.canonical, *model.aliases, model.description)
        return not self.text or any(self.text in one.casefold() for one in texts)

    def _converts(self, leaf: Leaf) -> bool:
        if self.unit is None:
            return True
        text = leaf.field.unit
        if text not in self._units:
            self._units[text] = convertible(text, self.unit)
        # Text, flags and numbers without a unit are of no unit, which is not dimensionless.
        return self._units[text] and leaf.field.dtype not in ("string", "bool")


def _is_word(found: str, key: str, wanted: str) -> bool:
    """Whether a qualifier has the word that is wanted, or is that word with a number."""
    stem = load_vocabulary().qualifiers[key].values.get(wanted)
    if stem is None or stem.parameter is None:
        return found == wanted
    return load_vocabulary().qualifiers[key].value(found) is stem


def _rows(holding: Holding, wanted: _Wanted) -> Iterator[_Row]:
    """Yield what a config holds of what is wanted; nothing unless it meets all conditions."""
    schema = holding.schema
    near = {
        token
        for token, band in schema.file.bands.items()
        if wanted.near_nm is None or sees(band, wanted.near_nm)
    }
    blocks = [block for block in holding.blocks if _is_kind(block, wanted.modality)]
    if wanted.modality and wanted.near_nm is not None:
        blocks = [block for block in blocks if near & set(holding.block_bands(block))]
    if wanted.modality and not blocks:
        return
    place = _bands_of_place(holding, blocks, wanted)
    if wanted.near_nm is not None and not near & set(place):
        return
    # Groups are headings of columns; they are modalities only to those who ask for them.
    names = tuple(b.name for b in blocks if wanted.modality or b.kind != "group")
    if not wanted.is_about_columns:
        tokens = tuple(token for token in place if token in near)
        yield _Row(schema.id, "", "", "", names, tokens, filter_ids(schema, tokens))
        return
    is_asked = wanted.modality or wanted.near_nm is not None
    for leaf in filter(wanted.takes, holding.leaves):
        own = band_tokens(leaf, schema)
        tokens = tuple(t for t in own or (place if is_asked else ()) if t in near)
        if tokens or not own:
            facts = (leaf.address, leaf.canonical, leaf.field.unit)
            yield _Row(schema.id, *facts, names, tokens, filter_ids(schema, tokens))


def _bands_of_place(holding: Holding, blocks: list[Block], wanted: _Wanted) -> tuple[str, ...]:
    """Return the bands of the modality that is asked for, else of all that the config holds."""
    if not wanted.modality:
        return holding.bands
    named = {token for block in blocks for token in holding.block_bands(block)}
    return tuple(token for token in holding.schema.bands if token in named)


def _is_kind(block: Block, modality: str) -> bool:
    return not modality or modality in (block.kind, block.name)


def _check(wanted: _Wanted, schemas: list[SurveySchema]) -> None:
    """Refuse words that nothing could ever have."""
    names = {name for schema in schemas for name in schema.blocks}
    if wanted.modality and wanted.modality not in {*ROLE_AXES, *names}:
        near = did_you_mean(wanted.modality, {*ROLE_AXES, *names})
        kinds = f"a kind ({', '.join(ROLE_AXES)}) or the name of a block"
        message = f"no survey has a modality {shown(wanted.modality)}"
        raise UsageError(message, hint=f"{near} {kinds}".strip())
    if wanted.unit is not None:
        parse_unit(wanted.unit)
    if wanted.quantity:
        _refuse({"quantity": wanted.quantity}, "quantity", ())
    bands = dict.fromkeys(token for schema in schemas for token in schema.bands)
    for key, word in wanted.qualifiers.items():
        _check_qualifier(key, word, wanted.quantity, tuple(bands))


def _check_qualifier(key: str, word: Any, quantity: str, bands: tuple[str, ...]) -> None:
    vocabulary = load_vocabulary()
    if key not in vocabulary.qualifiers:
        known = ["quantity", "modality", "band_near", "text", "unit", *vocabulary.qualifiers]
        hint = did_you_mean(key, known) or f"one of {', '.join(known)}"
        raise UsageError(f"nothing can be found by {shown(key)}", hint=hint)
    if not isinstance(word, str):
        what = f"{key} is a word of the vocabulary, not {type(word).__name__} {word!r}"
        raise UsageError(what, hint=f"write {key}='...' as a text")
    users = [
        name
        for name, entry in vocabulary.quantities.items()
        if key in (*entry.in_name, *entry.attributes)
    ]
    if quantity and quantity not in users:
        takes = vocabulary.quantities[quantity]
        listed = ", ".join((*takes.in_name, *takes.attributes)) or "no qualifiers"
        message = f"quantity {quantity!r} has no {key}, so no column could be found"
        raise UsageError(message, hint=f"it takes {listed}")
    qualifier = vocabulary.qualifiers[key]
    if word == ANY or word in qualifier.values:
        return
    if qualifier.source == "bands" and word not in bands:
        message = f"no survey has a band {shown(word)}"
        raise UsageError(message, hint=did_you_mean(word, bands) or f"bands: {', '.join(bands)}")
    if qualifier.source == "quantities":
        _refuse({"quantity": word}, "quantity", ())
    if qualifier.source == "values":
        _refuse({"quantity": quantity or users[0], key: word}, key, bands)


def _refuse(meaning: Mapping[str, str], key: str, bands: tuple[str, ...]) -> None:
    """Raise the fault that the vocabulary finds with one word of a meaning."""
    for fault in load_vocabulary().check(meaning, bands=bands):
        if fault.key == key and fault.code in ("quantity_unknown", "value_unknown", "value_form"):
            raise UsageError(fault.message, hint=fault.help)
