"""The page that says, for every partial name such as ``mag_i``, what it could mean and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from astropile.schema import NameResolver
from astropile.schema.facts import meaning_of
from astropile.schema.name_index import MODIFIERS
from astropile.site.facts import ColumnFacts, Site, SurveyFacts
from astropile.site.markup import anchor, badge, code, codes, link, page, prose, raw, table, text

__all__ = ["Partial", "ambiguous_page", "partial_names"]

_BANDS: Final = ("band", "minus_band")


@dataclass(frozen=True, slots=True)
class Partial:
    """A name that leaves out what its quantity requires.

    Attributes
    ----------
    name : str
        ``mag_i``.
    meaning : mapping of str to str
        What its words say.
    candidates : tuple of (SurveyFacts, ColumnFacts)
        The measurements that it could mean; their errors are left out.
    """

    name: str
    meaning: Mapping[str, str]
    candidates: tuple[tuple[SurveyFacts, ColumnFacts], ...]


def partial_names(site: Site) -> list[Partial]:
    """Return every partial name that more than one measurement of all surveys fits.

    Only the band is left in a name: who writes one word of the estimator writes it all.
    """
    quantities = site.vocabulary.quantities
    found: dict[str, tuple[dict[str, str], list[tuple[SurveyFacts, ColumnFacts]]]] = {}
    for survey, facts in site.columns():
        meaning = meaning_of(facts.leaf)
        if not facts.leaf.canonical or not meaning:
            continue
        entry = quantities[meaning["quantity"]]
        kept = {k: meaning[k] for k in ("quantity", *_BANDS) if k in meaning}
        is_short = any(key not in kept for key in entry.requires)
        if is_short and not any(key in meaning for key in ("stat", "with")):
            name = "_".join([kept["quantity"], *(kept[k] for k in entry.in_name if k in kept)])
            found.setdefault(name, (kept, []))[1].append((survey, facts))
    order = sorted(quantities, key=lambda name: "band" not in quantities[name].requires)
    partials = [Partial(name, kept, tuple(c)) for name, (kept, c) in found.items()]
    several = [p for p in partials if len({_identity(*c) for c in p.candidates}) > 1]
    return sorted(several, key=lambda p: (order.index(p.meaning["quantity"]), p.name.swapcase()))


def _identity(survey: SurveyFacts, facts: ColumnFacts) -> tuple[str, str]:
    return survey.id, facts.column.canonical


def ambiguous_page(site: Site) -> str:
    """Return the page as Markdown: a section for each partial name."""
    partials = partial_names(site)
    return page(
        "What could `mag_i` mean?",
        "A name that leaves out a qualifier is refused, never guessed: the same letters are other "
        "numbers in another survey, and a later release may add a second column that fits as well. "
        "`survey.columns.resolve(name)` raises `AmbiguousColumnError` with the candidates; "
        '`partial="default"` takes the one that the survey declares, within that survey alone. '
        "Here are the candidates of all surveys.\n",
        raw(f'<p class="ap-names">{" ".join(map(_jump, partials))}</p>'),
        *_sections(partials, site),
        keywords=[partial.name for partial in partials],
    )


def _jump(partial: Partial) -> str:
    return link(f"#{anchor(partial.name, 'name')}", code(partial.name))


def _sections(partials: list[Partial], site: Site) -> Iterator[str]:
    quantity = ""
    for partial in partials:
        if partial.meaning["quantity"] != quantity:
            quantity = partial.meaning["quantity"]
            entry = site.vocabulary.quantities[quantity]
            yield f"## `{quantity}`\n"
            lead = f"{prose(entry.definition)} It requires {codes(entry.requires)}."
            yield raw(f"<p>{lead} {link(f'quantities/{quantity}.html', 'More')}</p>")
        heading = f'<h3 id="{anchor(partial.name, "name")}">{code(partial.name)}</h3>'
        yield raw(f"{heading}\n{_candidates(partial, site)}{_own_names(partial, site)}")


def _candidates(partial: Partial, site: Site) -> str:
    rows = []
    by_survey: dict[str, list[ColumnFacts]] = {}
    for survey, facts in partial.candidates:
        by_survey.setdefault(survey.id, []).append(facts)
    for name, columns in by_survey.items():
        survey = site.by_id[name]
        default = _default(partial, survey)
        for facts in columns:
            column = facts.column
            mark = badge("its default") if column.address == default else ""
            rows.append(
                (
                    link(survey.page, text(survey.name)),
                    code(column.canonical) + f" {mark}",
                    link(facts.href, code(column.address)),
                    _said(facts, site),
                    codes(column.filters),
                )
            )
    header = ("Survey", "Canonical name", "Its name for it", "What makes it differ", "Filters")
    return table(header, rows)


def _said(facts: ColumnFacts, site: Site) -> str:
    """Return the sentences of the words that the partial name leaves out."""
    found = []
    for key, word in meaning_of(facts.leaf).items():
        qualifier = site.vocabulary.qualifiers.get(key)
        if qualifier is None or key in _BANDS:
            continue
        value = qualifier.value(word)
        sentence = f" {prose(value.description)}" if value else ""
        found.append(f"{text(key)} {code(word)}:{sentence}")
    return "<br>".join(found)


def _default(partial: Partial, survey: SurveyFacts) -> str:
    """Return the column a survey takes for a partial name on request; empty without a default."""
    defaults = survey.schema.file.defaults
    index = NameResolver(survey.schema).index
    entry = index.quantity(partial.meaning)
    full = dict(partial.meaning)
    full |= {k: defaults[k] for k in entry.requires if k in defaults and k not in MODIFIERS}
    leaf = index.of_meaning(full)
    return leaf.address if leaf else ""


def _own_names(partial: Partial, site: Site) -> str:
    """Return where the letters of a partial name are a survey's own name for one column."""
    own = [
        f"{text(survey.name)} ({link(facts.href, code(facts.column.canonical or 'its own'))})"
        for survey, facts in site.columns()
        if partial.name in (facts.column.address, *facts.column.aliases)
    ]
    if not own:
        return ""
    return f"<p>{code(partial.name)} is a name of its own, and accepted, in {', '.join(own)}.</p>"
