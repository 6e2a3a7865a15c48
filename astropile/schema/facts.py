"""What follows from a leaf and its survey: meaning, bands, filters, UCD."""

from __future__ import annotations

from collections.abc import Mapping

from astropile.schema.leaves import Leaf
from astropile.schema.models import Band
from astropile.schema.survey_schema import OBJECT_LEAVES, SurveySchema
from astropile.vocabulary import load_filters, load_vocabulary

__all__ = ["band_tokens", "bands_of", "filters_of", "meaning_of", "ucd_of"]

#: Roles that measure light, so that the bands of a block without a band axis are theirs.
_LIGHT = frozenset({"flux", "flux_err", "ivar", "mag", "mag_err"})


def meaning_of(leaf: Leaf) -> Mapping[str, str]:
    """Return quantity and qualifiers of a leaf; id and position mean what they are called."""
    if not leaf.field.is_ and leaf.address in OBJECT_LEAVES:
        return {"quantity": leaf.address}
    return leaf.field.is_


def band_tokens(leaf: Leaf, schema: SurveySchema) -> tuple[str, ...]:
    """Return the tokens of the bands a leaf was measured in: by its meaning, axis, or block."""
    meaning = meaning_of(leaf)
    tokens = [meaning[key] for key in ("band", "minus_band") if key in meaning]
    if not tokens and leaf.block:
        modality = schema.blocks[leaf.block].modality
        if "band" in leaf.axes:
            tokens = list(modality.axes["band"].labels)
        elif leaf.role in _LIGHT:
            tokens = list(modality.bands)
    return tuple(token for token in tokens if token in schema.file.bands)


def bands_of(leaf: Leaf, schema: SurveySchema) -> tuple[Band, ...]:
    """Return the bands a leaf was measured in; see `band_tokens`."""
    return tuple(schema.file.bands[token] for token in band_tokens(leaf, schema))


def filters_of(band: Band) -> tuple[str, ...]:
    """Return the SVO ids of the filters of a band, whatever decides between them."""
    return band.filters or tuple(dict.fromkeys(band.cases.values()))


def ucd_of(leaf: Leaf, schema: SurveySchema) -> str:
    """Return the UCD1+ of a leaf: its own, else the one of its meaning and its filters.

    Parameters
    ----------
    leaf : Leaf
        A leaf of the survey.
    schema : SurveySchema
        The survey, whose filters say which part of the spectrum a band is.

    Returns
    -------
    str
        Words joined by semicolons; empty if nothing is known. The id and the position of the
        object are the main ones.
    """
    meaning, bands = meaning_of(leaf), schema.file.bands
    if leaf.field.ucd or not meaning:
        return leaf.field.ucd
    ucd = load_vocabulary().ucd(
        meaning,
        pivot_nm=_pivot_nm(bands.get(meaning.get("band", ""))),
        minus_pivot_nm=_pivot_nm(bands.get(meaning.get("minus_band", ""))),
    )
    return f"{ucd};meta.main" if leaf.address in OBJECT_LEAVES else ucd


def _pivot_nm(band: Band | None) -> float | None:
    """Return the mean pivot wavelength of a band's filters, else the middle of its range."""
    if band is None:
        return None
    registry = load_filters()
    pivots = [registry[name].pivot_nm for name in filters_of(band) if name in registry]
    known = [pivot for pivot in (*pivots, *(band.wavelength or ())) if pivot is not None]
    return sum(known) / len(known) if known else None
