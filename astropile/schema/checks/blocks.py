"""Modalities: axes, roles, labels, wavelengths, photometry."""

from __future__ import annotations

from collections.abc import Iterator

from astropile.document import did_you_mean
from astropile.schema.checks.fields import check_unverified
from astropile.schema.checks.units import are_convertible, is_known_unit
from astropile.schema.leaves import ROLE_AXES, Block, Leaf
from astropile.schema.models import Modality
from astropile.schema.report import Loc, Report
from astropile.schema.survey_schema import SurveySchema

#: What fits the array types of Arrow and ``datasets``.
MAX_AXES = 5
#: AB magnitude of one unit, for units of flux density.
_AB_ZEROPOINTS = {
    "Jy": 8.9, "mJy": 16.4, "uJy": 23.9, "nJy": 31.4, "10 nJy": 28.9,
    "nanomaggy": 22.5, "maggy": 0.0,
}  # fmt: skip


def check_blocks(schema: SurveySchema, report: Report) -> None:
    """Check every modality."""
    for block in schema.blocks.values():
        loc: Loc = ("modalities", block.name)
        leaves = [schema.leaves[address] for address in block.leaves]
        _check_axes(block, schema, loc, report)
        for leaf in leaves:
            _check_leaf_axes(leaf, block, report)
        _check_roles(block, leaves, report)
        _check_labels(block, leaves, loc, report)
        _check_wavelength(block, leaves, loc, report)
        _check_sort(block, schema, loc, report)
        _check_bands(block, schema, loc, report)
        _check_photometry(block, leaves, loc, report)
        check_unverified(block.modality.unverified, Modality, {}, loc, report)


def _check_axes(block: Block, schema: SurveySchema, loc: Loc, report: Report) -> None:
    for name, axis in block.axes.items():
        place = (*loc, "axes", name)
        if axis.size is not None and axis.labels:
            report.add("axis", "an axis has a size or labels, not both", place, key=True)
        if axis.subset and not axis.labels:
            report.add("axis", "subset needs labels", place, key=True, help="add labels: [...]")
        for number, label in enumerate(axis.labels):
            if label in axis.labels[:number]:
                report.add("label", f"label '{label}' is given twice", (*place, "labels", number))
            elif name == "band" and label not in schema.bands:
                help_text = did_you_mean(label, schema.bands) or _listed(schema.bands)
                report.add(
                    "band", f"'{label}' is not a band", (*place, "labels", number), help=help_text
                )


def _listed(bands: tuple[str, ...]) -> str:
    return f"bands: {', '.join(bands)}" if bands else "the survey has no bands"


def _check_leaf_axes(leaf: Leaf, block: Block, report: Report) -> None:
    is_own = leaf.field.axes is not None
    loc = (*leaf.loc, "axes") if is_own else leaf.loc
    if len(leaf.axes) > MAX_AXES:
        message = f"{leaf.address} has {len(leaf.axes)} axes; at most {MAX_AXES} are possible"
        report.add("axes", message, loc, key=not is_own, once=True)
    if len(set(leaf.axes)) < len(leaf.axes):
        report.add("axes", f"{leaf.address} has an axis twice", loc, key=not is_own, once=True)
    ragged = [axis for axis in leaf.axes if block.is_ragged(axis)]
    if len(ragged) > 1:
        message = f"{leaf.address} has two axes whose lengths differ: {', '.join(ragged)}"
        help_text = "give one a size, or flatten them into one"
        report.add("axes", message, loc, key=not is_own, help=help_text, once=True)
    elif ragged and leaf.axes[0] != ragged[0]:
        message = (
            f"the axis '{ragged[0]}', whose length differs, must be the first of {leaf.address}"
        )
        report.add("axes", message, loc, key=not is_own, once=True)


def _check_roles(block: Block, leaves: list[Leaf], report: Report) -> None:
    known = ROLE_AXES[block.kind]
    first: dict[str, Leaf] = {}
    for leaf in leaves:
        if leaf.field.role and known and leaf.role not in known:
            message = f"'{leaf.role}' is not a role of kind {block.kind}"
            help_text = did_you_mean(leaf.role, known) or f"roles: {', '.join(known)}"
            report.add("role", message, (*leaf.loc, "role"), help=help_text, once=True)
        if leaf.role not in known and not leaf.field.role:
            continue
        other = first.setdefault(leaf.role, leaf)
        if other is not leaf:
            message = f"{other.address} and {leaf.address} both have the role {leaf.role}"
            place = (*leaf.loc, "role") if leaf.field.role else leaf.loc
            report.add("role", message, place, key=not leaf.field.role, once=True)
    mask = first.get("mask")
    if mask is not None and mask.field.true_means == "neither":
        message = "a mask must say whether true is good or bad"
        report.add("true_means", message, (*mask.loc, "true_means"), once=True)


def label_leaf(axis: str, leaves: list[Leaf]) -> Leaf | None:
    """Return the leaf that holds the labels of an axis: by role (band) or by name."""
    for leaf in leaves:
        if leaf.role == axis or leaf.name == axis:
            return leaf
    return None


def _check_labels(block: Block, leaves: list[Leaf], loc: Loc, report: Report) -> None:
    for name, axis in block.axes.items():
        if not axis.labels:
            continue
        leaf = label_leaf(name, leaves)
        if leaf is None:
            if axis.subset:
                help_text = f"add a field {name}: {{dtype: string, ...}}"
                message = (
                    f"which labels an object has is told by a field '{name}', which is missing"
                )
                report.add("label", message, (*loc, "axes", name), key=True, help=help_text)
            continue
        if leaf.field.dtype != "string":
            message = f"{leaf.address} holds labels, so its dtype is string"
            report.add("dtype", message, (*leaf.loc, "dtype"), once=True)
        if leaf.axes != (name,):
            message = f"{leaf.address} holds labels, so its axes are [{name}]"
            report.add("axes", message, leaf.loc, key=True, once=True)


def _check_wavelength(block: Block, leaves: list[Leaf], loc: Loc, report: Report) -> None:
    modality = block.modality
    has_wavelength = any(leaf.role == "lambda" for leaf in leaves)
    words = {"medium": "vacuum or air", "frame": "observed, heliocentric, barycentric or rest"}
    for key, choices in words.items():
        value = getattr(modality, key)
        if has_wavelength and value is None:
            message = f"a modality with wavelengths must say its {key}"
            report.add(key, message, loc, key=True, help=f"add {key}: {choices}")


def _check_sort(block: Block, schema: SurveySchema, loc: Loc, report: Report) -> None:
    ragged = [axis for axis in block.axes if block.is_ragged(axis)]
    for number, key in enumerate(block.modality.sort):
        place = (*loc, "sort", number)
        found = schema.addresses.get(f"{block.name}.{key}", ())
        if not found:
            fields = [schema.leaves[address].name for address in block.leaves]
            help_text = did_you_mean(key, fields) or f"fields: {', '.join(fields)}"
            report.add("sort", f"'{key}' is not a field of {block.name}", place, help=help_text)
        for leaf in (schema.leaves[address] for address in found):
            if len(leaf.axes) != 1 or leaf.axes[0] not in ragged:
                message = f"{leaf.address} has no single axis whose length differs by object"
                help_text = "elements are sorted along such an axis alone"
                report.add("sort", message, place, help=help_text, once=True)


def _check_bands(block: Block, schema: SurveySchema, loc: Loc, report: Report) -> None:
    modality = block.modality
    for number, band in enumerate(modality.bands):
        if band not in schema.bands:
            help_text = did_you_mean(band, schema.bands) or _listed(schema.bands)
            report.add("band", f"'{band}' is not a band", (*loc, "bands", number), help=help_text)
    has_axis = "band" in block.axes and block.axes["band"].labels
    if modality.bands and has_axis:
        report.add("band", "the bands are the labels of the axis band", (*loc, "bands"), key=True)
    labels = {*modality.bands, *(label for axis in block.axes.values() for label in axis.labels)}
    for label, scale in modality.pixel_scale.items():
        place = (*loc, "pixel_scale", label)
        if label != "all" and label not in labels:
            help_text = did_you_mean(label, labels) or "give a label of the block, or all"
            report.add("pixel_scale", f"'{label}' is not a label", place, key=True, help=help_text)
        if not scale > 0:
            report.add("pixel_scale", f"a pixel scale is above 0 arcsec, not {scale:g}", place)


def _check_photometry(block: Block, leaves: list[Leaf], loc: Loc, report: Report) -> None:
    photometry = block.modality.photometry
    if photometry is None:
        return
    place = (*loc, "photometry")
    if (photometry.zeropoint is None) != (not photometry.per):
        missing = "per" if photometry.zeropoint is not None else "zeropoint"
        message = f"a zero point is the magnitude of one unit: {missing} is missing"
        report.add("photometry", message, place, key=True)
        return
    if photometry.zeropoint is None or not is_known_unit(photometry.per, (*place, "per"), report):
        return
    expected = _AB_ZEROPOINTS.get(photometry.per)
    is_wrong = expected is not None and abs(expected - photometry.zeropoint) > 0.02
    if photometry.system == "AB" and is_wrong:
        message = f"one {photometry.per} is {expected} mag(AB), not {photometry.zeropoint:g}"
        report.add("photometry", message, (*place, "zeropoint"))
    for leaf in _fluxes(leaves):
        if leaf.field.unit and not are_convertible(leaf.field.unit, photometry.per):
            message = (
                f"{leaf.address} is in '{leaf.field.unit}', which cannot become '{photometry.per}'"
            )
            report.add("photometry", message, (*place, "per"), once=True)


def _fluxes(leaves: list[Leaf]) -> Iterator[Leaf]:
    return (leaf for leaf in leaves if leaf.role == "flux")
