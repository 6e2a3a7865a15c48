"""Names that are emitted, and names that stand for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import combinations

from astropile.errors import Problem
from astropile.schema.leaves import Leaf
from astropile.schema.report import Loc, Report
from astropile.schema.survey_schema import OBJECT_LEAVES, SurveySchema

#: The order-29 HEALPix pixel that every pile has.
RESERVED = ("_healpix_29",)
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_MARKS = {
    ":": "it stands between a survey and a name",
    ".": "it stands between a block and its field",
    "@": "it stands before an attribute of a cell",
    "`": "it quotes names in expressions",
}


def check_names(schema: SurveySchema, report: Report) -> None:
    """Check all names of leaves and blocks."""
    _check_survey(schema, report)
    _check_spelling(schema, report)
    _check_emitted(schema, report)
    _check_canonical(schema, report)
    _check_aliases(schema, report)


def _check_survey(schema: SurveySchema, report: Report) -> None:
    """Check the other names of the survey itself; clashes among surveys are the registry's."""
    seen = {schema.file.survey.casefold()}
    for number, alias in enumerate(schema.file.aliases):
        loc = ("aliases", number)
        if not _ALIAS.fullmatch(alias):
            report.add("name", f"'{alias}' is not a name of letters, digits and _ . -", loc)
        elif alias.casefold() in seen:
            report.add("alias", f"'{alias}' is a name of this survey already", loc)
        seen.add(alias.casefold())


def _named(schema: SurveySchema) -> Iterator[tuple[str, Loc]]:
    """Yield the names that leaves and blocks have, with their places."""
    for leaf in schema.leaves.values():
        if leaf.loc[0] != "object":
            yield leaf.name, leaf.loc
    for name in schema.blocks:
        yield name, ("modalities", name)


def _check_spelling(schema: SurveySchema, report: Report) -> None:
    for name, loc in _named(schema):
        if name in RESERVED:
            report.add("reserved", f"'{name}' is a column of every pile", loc, key=True)
        if not name.strip() or name != name.strip():
            report.add("name", "a name is empty or has blanks around it", loc, key=True, once=True)
        for mark, reason in _MARKS.items():
            if mark in name:
                message = f"a name must not hold '{mark}': {reason}"
                report.add("reserved", message, loc, key=True, once=True)
    for leaf in schema.leaves.values():
        for number, alias in enumerate(leaf.field.aliases):
            if ":" in alias or not alias.strip():
                message = "an alias must not be empty or hold ':'"
                report.add("reserved", message, (*leaf.loc, "aliases", number), once=True)


def _check_emitted(schema: SurveySchema, report: Report) -> None:
    """Check that no two things have the same key in an Example."""
    owners: dict[str, str] = {}
    for address, leaf in schema.leaves.items():
        is_flat = leaf.block and schema.blocks[leaf.block].modality.flat
        if leaf.block and not is_flat:
            continue
        if leaf.name in owners:
            message = f"'{leaf.name}' is emitted by {owners[leaf.name]} and by {address}"
            report.add("name", message, leaf.loc, key=True, once=True)
        owners.setdefault(leaf.name, address)
    for name, block in schema.blocks.items():
        if not block.leaves:
            report.add("name", "a modality needs fields", ("modalities", name), key=True)
        if block.modality.flat or name not in owners:
            continue
        code = "reserved" if name in OBJECT_LEAVES else "name"
        message = f"'{name}' is emitted by {owners[name]} and by this modality"
        report.add(code, message, ("modalities", name), key=True)


def _check_canonical(schema: SurveySchema, report: Report) -> None:
    """Check that a canonical name means one leaf in every config."""
    for config in schema.file.configs:
        owners: dict[str, Leaf] = {}
        for leaf in schema.leaves_of(config).values():
            if not leaf.canonical:
                continue
            first = owners.setdefault(leaf.canonical, leaf)
            if first is not leaf:
                message = f"{leaf.address} and {first.address} are both called {leaf.canonical}"
                report.add(
                    "canonical",
                    message,
                    (*leaf.loc, "is"),
                    key=True,
                    help="add the qualifier in which they differ",
                    once=True,
                )


def _check_aliases(schema: SurveySchema, report: Report) -> None:
    """Check that every name that can be typed means one leaf."""
    originals = set(schema.leaves) | set(schema.blocks)
    originals |= {leaf.name for leaf in schema.leaves.values() if _is_flat(leaf, schema)}
    canonical: dict[str, Leaf] = {}
    for leaf in schema.leaves.values():
        if not leaf.canonical:
            continue
        canonical.setdefault(leaf.canonical, leaf)
        if leaf.canonical in originals and leaf.canonical not in _own_names(leaf, schema):
            message = f"its canonical name {leaf.canonical} is the name of another leaf"
            help_text = "an original name wins, so nobody could ask for this one"
            report.add("canonical", message, (*leaf.loc, "is"), key=True, help=help_text, once=True)
    aliases: dict[str, Leaf] = {}
    for leaf in schema.leaves.values():
        for number, alias in enumerate(leaf.field.aliases):
            full = alias if _is_top(leaf, schema) else f"{leaf.block}.{alias}"
            other = canonical.get(full) or aliases.get(full)
            taken = other.address if other is not None and other is not leaf else ""
            if full in originals and full not in _own_names(leaf, schema):
                taken = full
            if taken:
                message = f"the alias '{alias}' also means {taken}"
                report.add("alias", message, (*leaf.loc, "aliases", number), once=True)
            aliases.setdefault(full, leaf)


def _is_flat(leaf: Leaf, schema: SurveySchema) -> bool:
    return bool(leaf.block) and schema.blocks[leaf.block].modality.flat


def _is_top(leaf: Leaf, schema: SurveySchema) -> bool:
    return not leaf.block or schema.blocks[leaf.block].modality.flat


def _own_names(leaf: Leaf, schema: SurveySchema) -> tuple[str, ...]:
    """Return the names by which a leaf may be found; its block counts, too."""
    if _is_top(leaf, schema):
        return leaf.address, leaf.name
    return leaf.address, leaf.block


def case_lints(schema: SurveySchema) -> list[Problem]:
    """Return a problem for every two names of a group that differ in case alone."""
    report = Report(schema.document)
    groups: list[Iterable[Leaf]] = [[leaf for leaf in schema.leaves.values() if not leaf.block]]
    groups += [[schema.leaves[a] for a in block.leaves] for block in schema.blocks.values()]
    for group in groups:
        folded: dict[str, list[Leaf]] = {}
        for leaf in group:
            folded.setdefault(leaf.name.casefold(), []).append(leaf)
        for same in folded.values():
            for one, other in combinations(same, 2):
                if one.address in OBJECT_LEAVES and one.derived == other.name:
                    continue  # the survey's own spelling of what the object is made of
                message = f"'{other.name}' differs from '{one.name}' in case alone"
                report.add("case", message, other.loc, key=True, once=True)
    return report.problems
