"""Formulas over leaves, and the object's id: names, order, units, kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from astropile.document import did_you_mean
from astropile.expression import Expr, Name, names
from astropile.schema.checks.expressions import check_kind, check_lookups, makes_unit
from astropile.schema.checks.units import check_unit_of, is_plain_sum, unit_or_none
from astropile.schema.leaves import Leaf
from astropile.schema.models import Field
from astropile.schema.report import Report
from astropile.schema.survey_schema import OBJECT_LEAVES, SurveySchema, allows

if TYPE_CHECKING:
    from astropy.units import UnitBase


def check_formulas(schema: SurveySchema, report: Report) -> None:
    """Check every formula."""
    parsed: dict[str, Expr] = {}
    for address, leaf in schema.leaves.items():
        if not leaf.derived or (address in OBJECT_LEAVES and not leaf.field.formula):
            continue
        expr = report.parse(leaf.derived, (*leaf.loc, "formula"))
        if expr is not None:
            parsed[address] = expr
    sound = {a: e for a, e in parsed.items() if _check_names(schema, schema.leaves[a], e, report)}
    cyclic = _check_cycles(schema, parsed, report)
    for address, expr in sound.items():
        leaf = schema.leaves[address]
        loc = (*leaf.loc, "formula")
        check_kind(expr, leaf, leaf.derived, loc, report)
        if address not in cyclic:
            _check_unit(schema, leaf, expr, report)


def _check_names(schema: SurveySchema, leaf: Leaf, expr: Expr, report: Report) -> bool:
    """Check that names are leaves wherever the formula exists, and lookups exist."""
    loc = (*leaf.loc, "formula")
    is_sound = check_lookups(schema, expr, leaf.derived, loc, report)
    for name in names(expr):
        address = schema.leaf_of_name(name.text, leaf.block)
        part = report.part_of(loc, leaf.derived, name)
        if address not in schema.leaves:
            own = [schema.leaves[a].name for a in _block_leaves(schema, leaf)]
            help_text = did_you_mean(name.text, [*schema.leaves, *own])
            message = f"'{name.text}' is not a leaf"
            report.add("formula", message, loc, part=part, help=help_text)
            is_sound = False
            continue
        absent = [
            config
            for config in schema.file.configs
            if _exists(leaf, config) and not _exists(schema.leaves[address], config)
        ]
        if absent:
            message = f"'{name.text}' does not exist in config {', '.join(absent)}"
            help_text = "give the formula the same only:"
            report.add("formula", message, loc, part=part, help=help_text, once=True)
    return is_sound


def _block_leaves(schema: SurveySchema, leaf: Leaf) -> tuple[str, ...]:
    return schema.blocks[leaf.block].leaves if leaf.block else ()


def _exists(leaf: Leaf, config: str) -> bool:
    return all(allows(only, config) for only in leaf.only)


def _check_cycles(schema: SurveySchema, parsed: Mapping[str, Expr], report: Report) -> set[str]:
    """Report formulas that need themselves; return their addresses."""
    needs = {
        address: {schema.leaf_of_name(n.text, schema.leaves[address].block) for n in names(expr)}
        for address, expr in parsed.items()
    }
    left = dict(needs)
    while ready := [address for address, used in left.items() if not used & set(left)]:
        for address in ready:
            del left[address]
    for address in left:
        chain = _cycle(address, left)
        if chain:
            loc = (*schema.leaves[address].loc, "formula")
            message = f"the formula needs itself: {' -> '.join(chain)}"
            report.add("formula", message, loc, once=True)
    return set(left)


def _cycle(start: str, needs: Mapping[str, set[str]]) -> list[str]:
    """Return a way from a leaf back to itself, or nothing."""
    paths = [[start]]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        for address in sorted(needs.get(path[-1], ())):
            if address == start:
                return [*path, start]
            if address in needs and address not in seen:
                seen.add(address)
                paths.append([*path, address])
    return []


def _check_unit(schema: SurveySchema, leaf: Leaf, expr: Expr, report: Report) -> None:
    """Check that the units of a formula go together and become the leaf's."""
    used = [schema.leaves[schema.leaf_of_name(name.text, leaf.block)] for name in names(expr)]
    if not leaf.field.unit and not makes_unit(expr) and not any(u.field.unit for u in used):
        return

    def field_of(name: Name) -> Field:
        return schema.leaves[schema.leaf_of_name(name.text, leaf.block)].field

    def unit_of(name: Name) -> UnitBase | None:
        found = field_of(name)
        is_unknown = not found.unit and "unit" in found.unverified
        return None if is_unknown or found.dtype in ("string", "bool") else unit_or_none(found.unit)

    if is_plain_sum(expr, lambda name: field_of(name).unit, leaf.field.unit):
        return
    wanted = None if leaf.field.dtype in ("string", "bool") else leaf.field.unit
    check_unit_of(expr, unit_of, wanted, leaf.derived, (*leaf.loc, "formula"), leaf.address, report)
