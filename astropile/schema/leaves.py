"""Leaves: the values of an Example, with templates expanded and axes resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from astropile.expression import ExpressionError, fill
from astropile.schema.models import Axis, Field, Modality, SurveyFile
from astropile.vocabulary import load_vocabulary

if TYPE_CHECKING:
    from astropile.schema.report import Loc, Report

#: Roles that each kind knows, with their axes. A role outside this table is the field's own name.
ROLE_AXES: dict[str, dict[str, tuple[str, ...]]] = {
    "image": {
        **dict.fromkeys(("flux", "ivar", "mask"), ("band", "y", "x")),
        **dict.fromkeys(("psf_fwhm", "scale", "band"), ("band",)),
    },
    "spectrum": dict.fromkeys(
        ("flux", "ivar", "mask", "mask_bits", "lambda", "energy", "lsf_sigma", "flux_err"),
        ("pixel",),
    ),
    "lightcurve": dict.fromkeys(
        ("time", "band", "flux", "flux_err", "mag", "mag_err", "ivar", "mask"), ("epoch",)
    ),
    "cube": {
        **dict.fromkeys(("flux", "ivar", "mask"), ("spaxel", "pixel")),
        "lambda": ("pixel",),
    },
    "table": {},
    "group": {},
}
_TEXT_KEYS = ("description", "unit", "role", "formula", "ucd", "group", "note", "deprecated")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of an Example.

    Attributes
    ----------
    address : str
        ``z_spec`` or ``image.flux``: how sources, overrides and selections name it.
    name : str
        Key under which it is emitted, inside its block if it has one.
    block : str
        Modality it belongs to; empty for a scalar column.
    template : str
        Address as written, before templates were expanded.
    variables : mapping
        Template variables of this expansion.
    field : Field
        Its model, with templates filled.
    axes : tuple of str
        Named axes of one value.
    role : str
        Part it plays in its block.
    canonical : str
        Name generated from ``is``; empty if it has none.
    derived : str
        Expression over leaves, for formulas and the object's id and position; empty if stored.
    only : tuple of tuple of str
        Config patterns; it exists where every one of these lists allows it.
    loc : tuple
        Place in the document.
    """

    address: str
    name: str
    block: str
    template: str
    variables: Mapping[str, str]
    field: Field
    axes: tuple[str, ...]
    role: str
    canonical: str = ""
    derived: str = ""
    only: tuple[tuple[str, ...], ...] = ()
    loc: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A modality with its axes and the addresses of its leaves."""

    name: str
    modality: Modality
    leaves: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Kind of the modality."""
        return self.modality.kind

    @property
    def axes(self) -> Mapping[str, Axis]:
        """Named axes in storage order."""
        return self.modality.axes

    def is_ragged(self, axis: str) -> bool:
        """Whether the length of an axis differs by object."""
        found = self.modality.axes[axis]
        return found.subset if found.labels else found.size is None

    def length(self, axis: str) -> int | None:
        """Return the fixed length of an axis, or None if ragged."""
        found = self.modality.axes[axis]
        if self.is_ragged(axis):
            return None
        return found.size if found.size is not None else len(found.labels)


@dataclass(frozen=True, slots=True)
class Templates:
    """Fills the holes of one survey's templates."""

    bands: tuple[str, ...]
    lookups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def combinations(self, for_: Mapping[str, tuple[int | str, ...]]) -> Iterator[dict[str, str]]:
        """Yield every combination of template variables, last variable fastest."""
        lists = self.lists(for_)
        for values in product(*lists.values()):
            yield dict(zip(lists, values, strict=True))

    def lists(self, for_: Mapping[str, tuple[int | str, ...]]) -> dict[str, tuple[str, ...]]:
        """Return the values of every variable as text; ``*`` is all bands."""
        return {
            variable: self.bands if values == ("*",) else tuple(str(value) for value in values)
            for variable, values in for_.items()
        }

    def filler(
        self, values: Mapping[str, str], for_: Mapping[str, tuple[int | str, ...]]
    ) -> Callable[[str], str]:
        """Return a function that fills the holes of a text for one combination."""
        lists = self.lists(for_)
        return lambda text: fill(text, values, lookups=self.lookups, lists=lists)


def templates_of(file: SurveyFile) -> Templates:
    """Return the templates of a survey file."""
    lookups = {
        name: {key: str(value) for key, value in mapping.items()}
        for name, mapping in file.lookups.items()
    }
    return Templates(tuple(file.bands), lookups)


def expand_fields(
    fields: Mapping[str, Field],
    *,
    templates: Templates,
    block: str = "",
    loc: Loc,
    report: Report,
) -> Iterator[Leaf]:
    """Yield the leaves of a mapping of fields, templates expanded, axes not yet resolved."""
    prefix = f"{block}." if block else ""
    seen: dict[str, str] = {}
    for template, model in fields.items():
        place = (*loc, template)
        for variables in templates.combinations(model.for_):
            filler = _Filler(templates.filler(variables, model.for_), report)
            name = filler.name(template, place) if variables else template
            if name is None:
                continue
            if name in seen:
                report.add(
                    "template",
                    f"'{template}' and '{seen[name]}' both make '{name}'",
                    place,
                    key=True,
                )
                continue
            seen[name] = template
            filled = _fill_field(model, filler, place) if variables else model
            yield Leaf(
                address=f"{prefix}{name}",
                name=name,
                block=block,
                template=f"{prefix}{template}",
                variables=variables,
                field=filled,
                axes=(),
                role=filled.role or name,
                derived=filled.formula,
                only=(filled.only,) if filled.only else (),
                loc=place,
            )


@dataclass(frozen=True, slots=True)
class _Filler:
    """Fills texts for one combination; a hole that cannot be filled is reported and kept."""

    fill: Callable[[str], str]
    report: Report

    def __call__(self, text: str, loc: Loc) -> str:
        if "{" not in text:
            return text
        try:
            return self.fill(text)
        except ExpressionError as error:
            self.report.add_expression_error(error, text, loc, "template")
            return text

    def name(self, template: str, loc: Loc) -> str | None:
        """Fill a key; None if that cannot be done."""
        try:
            return self.fill(template)
        except ExpressionError as error:
            part = (error.start, error.end)
            self.report.add("template", error.message, loc, key=True, part=part, help=error.help)
            return None


def _fill_field(model: Field, filler: _Filler, loc: Loc) -> Field:
    update: dict[str, Any] = {
        key: filler(text, (*loc, key)) for key in _TEXT_KEYS if "{" in (text := getattr(model, key))
    }
    update["is_"] = {key: filler(text, (*loc, "is", key)) for key, text in model.is_.items()}
    update["aliases"] = tuple(
        filler(alias, (*loc, "aliases", number)) for number, alias in enumerate(model.aliases)
    )
    return model.model_copy(update=update)


def canonical_name(leaf: Leaf) -> str:
    """Return the name that a leaf's meaning gives it; empty without one, or if it is wrong."""
    meaning = leaf.field.is_
    vocabulary = load_vocabulary()
    bands = [meaning[key] for key in ("band", "minus_band") if key in meaning]
    if not meaning or vocabulary.check(meaning, bands=bands):
        return ""  # what is wrong with it is reported by the checks
    return vocabulary.canonical(meaning)


def resolve_axes(leaf: Leaf, modality: Modality, report: Report) -> tuple[str, ...]:
    """Return the axes of a block's leaf: its own, else those of its role, else the only one."""
    if leaf.field.axes is not None:
        for number, axis in enumerate(leaf.field.axes):
            if axis not in modality.axes:
                report.add(
                    "axis",
                    f"'{axis}' is not an axis of {leaf.block}; it has {', '.join(modality.axes)}",
                    (*leaf.loc, "axes", number),
                )
        return tuple(axis for axis in leaf.field.axes if axis in modality.axes)
    unusual = modality.kind == "image" and set(modality.axes) - {"band", "y", "x"}
    role_axes = None if unusual else ROLE_AXES[modality.kind].get(leaf.role)
    if role_axes is not None:
        return tuple(axis for axis in role_axes if axis in modality.axes)
    if len(modality.axes) <= 1:
        return tuple(modality.axes)
    report.add(
        "axes",
        f"{leaf.address} has no known role and {leaf.block} has several axes",
        leaf.loc,
        key=True,
        help=f"say axes: a list out of {', '.join(modality.axes)} ([] for one value an object)",
    )
    return ()
