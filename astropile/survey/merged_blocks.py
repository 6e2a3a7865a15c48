"""Blocks of several surveys that become one: which of their fields are alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from astropile.document import shown
from astropile.errors import AmbiguousColumnError, ColumnError
from astropile.schema import ROLE_AXES, Block, Leaf
from astropile.survey.merged import Merged, Part, label_leaves

__all__ = ["block_of", "common_fields", "merged_fields"]


def block_of(part: Part, kind: str) -> Block | None:
    """Return the block of a kind: the one of that name, else the only one.

    Raises
    ------
    AmbiguousColumnError
        There are several.
    """
    schema = part.request.schema
    blocks = [schema.blocks[name] for name in part.request.resolver.index.blocks]
    alike = [block for block in blocks if block.kind == kind]
    found = [block for block in alike if block.name == kind] or alike
    if not found or found[0].name == kind or len(alike) == 1:
        return found[0] if found else None
    candidates = [f"{part.label}:{block.name}" for block in alike]
    msg = f"{part.label} has several blocks of kind {kind}: {', '.join(b.name for b in alike)}"
    hint = f"write {{{kind!r}: [{candidates[0]!r}, ...]}} with a block of every survey"
    raise AmbiguousColumnError(msg, candidates=candidates, hint=hint)


def _field_keys(parts: Sequence[Part], blocks: Sequence[Block | None]) -> list[dict[str, Leaf]]:
    """Return the fields of each survey's block by what all surveys call them.

    That is the role, else the canonical name; the survey's own if there is only one survey.
    """
    pairs = list(zip(parts, blocks, strict=True))
    is_one = len({part.request.schema.id for part, block in pairs if block}) == 1

    def key_of(leaf: Leaf, block: Block) -> str:
        if is_one:
            return leaf.name
        is_label = leaf.name in block.axes and bool(block.axes[leaf.name].labels)
        return leaf.role if is_label or leaf.role in ROLE_AXES[block.kind] else leaf.canonical

    found = [
        {key_of(leaf, block): leaf for leaf in part.block_leaves(block)} if block else {}
        for part, block in pairs
    ]
    return [{key: leaf for key, leaf in fields.items() if key} for fields in found]


def common_fields(parts: Sequence[Part], key: str, blocks: Sequence[Block | None]) -> list[str]:
    """Return the fields that all blocks have, in the order of the first.

    Raises
    ------
    ColumnError
        There are none, or the blocks are of different kinds.
    """
    kinds = {f"{b.kind} ({p.label})": b.kind for p, b in zip(parts, blocks, strict=True) if b}
    if len(set(kinds.values())) > 1:
        msg = f"{shown(key)} is no block of one kind: {', '.join(kinds)}"
        raise ColumnError(msg, hint="put blocks of one kind under one key")
    keys = [
        fields
        for fields, block in zip(_field_keys(parts, blocks), blocks, strict=True)
        if block is not None
    ]
    common = [field for field in keys[0] if all(field in other for other in keys)]
    if not common:
        listed = "; ".join(", ".join(fields) or "none" for fields in keys)
        msg = f"the blocks of {shown(key)} have no field in common: {listed}"
        raise ColumnError(msg, hint="fields are alike by role or by canonical name")
    return common


def merged_fields(
    parts: Sequence[Part], key: str, blocks: Sequence[Block | None], chosen: Sequence[str]
) -> dict[str, Merged]:
    """Return fields of a block, with those that label their axes."""
    by_survey = _field_keys(parts, blocks)
    labels = [
        {
            label.address
            for field in chosen
            if field in fields
            for label in label_leaves(part, fields[field]).values()
            if label is not None
        }
        for part, fields in zip(parts, by_survey, strict=True)
    ]
    added = {
        field
        for fields, own in zip(by_survey, labels, strict=True)
        for field, leaf in fields.items()
        if leaf.address in own and field not in chosen
    }
    order = dict.fromkeys(chain.from_iterable(by_survey)) | dict.fromkeys(chosen)
    return {
        field: Merged(
            f"{key}.{field}", tuple(fields.get(field) for fields in by_survey), field in added
        )
        for field in order
        if field in added or field in chosen
    }
