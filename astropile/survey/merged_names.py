"""Which leaf of each survey a name stands for, where several surveys become one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from astropile.document import did_you_mean, shown
from astropile.errors import AmbiguousColumnError, ColumnError, UnknownColumnError, UsageError
from astropile.schema import OBJECT_LEAVES, ROLE_AXES, Block, Leaf
from astropile.survey.merged import OWN_KEYS, Columns, Merged, Part
from astropile.survey.merged_blocks import block_of, common_fields, merged_fields

__all__ = ["Asked", "merge", "read_columns"]

#: What a caller writes: names, or a key of his own -> the names it has in surveys.
Asked: TypeAlias = "Sequence[str] | Mapping[str, Sequence[str]]"


def read_columns(columns: Asked) -> dict[str, tuple[str, ...]]:
    """Return what was asked for as key -> names.

    Raises
    ------
    UsageError, ColumnError
        It is neither a list of names nor a mapping, or a key cannot be one.
    """
    if isinstance(columns, str) or not isinstance(columns, Sequence | Mapping):
        msg = f"columns is a list of names, not {type(columns).__name__} {columns!r}"
        raise UsageError(msg, hint='such as columns=["redshift_spec"]')
    if not isinstance(columns, Mapping):
        names = [name for name in columns if name not in OBJECT_LEAVES]
        given: list[object] = [*names]
        for name in given:
            if not isinstance(name, str):
                msg = f"a column name is text, got {type(name).__name__} {name!r}"
                raise ColumnError(
                    msg, hint="a key of your own is given in a mapping: {'mag': ['mag_psf_g', ...]}"
                )
        return {name: (name,) for name in names}
    for key, listed in columns.items():
        if not str(key).isidentifier() or key in OWN_KEYS:
            msg = f"{key!r} cannot be the key of a column"
            raise UsageError(msg, hint=f"a word, and none of {', '.join(OWN_KEYS)}")
        if isinstance(listed, str) or not listed or {type(name) for name in listed} != {str}:
            msg = f"columns[{key!r}] is a list of names, not {listed!r}"
            raise UsageError(msg, hint=f'such as {{{key!r}: ["mag_psf_g", "mag_kron_g"]}}')
    return {key: tuple(listed) for key, listed in columns.items()}


def merge(parts: Sequence[Part], asked: Mapping[str, Sequence[str]]) -> Columns:
    """Find what every key is in every survey.

    Raises
    ------
    ColumnError
        A name is partial, is one that a survey uses itself, or is unknown to all surveys.
    """
    found: Columns = {}
    fields: dict[str, list[str]] = {}
    for key, names in asked.items():
        head, dot, field = key.partition(".")
        if dot and head in ROLE_AXES and names == (key,):
            fields.setdefault(head, []).append(field)
            found.setdefault(head, {})
            continue
        meant = _Search(parts, names).everywhere()
        blocks = [None if isinstance(one, Leaf) else one for one in meant]
        leaves = [one if isinstance(one, Leaf) else None for one in meant]
        if any(blocks) and any(leaves):
            msg = f"{shown(key)} is a block of one survey and a column of another"
            raise ColumnError(msg, hint="name columns, or name blocks")
        if any(leaves):
            found[key] = Merged(key, tuple(leaves))
        else:
            found[key] = merged_fields(parts, key, blocks, common_fields(parts, key, blocks))
    for head, listed in fields.items():
        blocks = [block_of(part, head) for part in parts]
        earlier = found[head]
        whole = earlier.items() if isinstance(earlier, dict) else ()
        chosen = [field for field, one in whole if not one.is_label]
        found[head] = merged_fields(parts, head, blocks, list(dict.fromkeys([*chosen, *listed])))
        _refuse_unknown(parts, head, found[head])
    return found


def _refuse_unknown(parts: Sequence[Part], head: str, fields: Merged | dict[str, Merged]) -> None:
    """Refuse fields that no block has."""
    named = fields if isinstance(fields, dict) else {}
    known = [field for field, one in named.items() if one.known]
    for field, one in named.items():
        if not one.known:
            msg = f"no block of kind {head} of {', '.join(p.label for p in parts)} has {field!r}"
            hint = did_you_mean(field, known) or "fields are named by their roles"
            raise UnknownColumnError(msg, hint=hint)


@dataclass(frozen=True)
class _Search:
    """Looks for the first of some names that each survey has."""

    parts: Sequence[Part]
    names: Sequence[str]

    def everywhere(self) -> list[Leaf | Block | None]:
        """Return what every survey has.

        Raises
        ------
        ColumnError
            One of the names means nothing anywhere.
        """
        found: list[Leaf | Block | None] = [None] * len(self.parts)
        for name in self.names:
            prefix, colon, _ = name.partition(":")
            if colon and not any(part.owns(prefix) for part in self.parts):
                labels = ", ".join(part.label for part in self.parts)
                msg = f"{shown(name)} is of none of the surveys {labels}"
                raise UnknownColumnError(msg, hint="add the survey, or leave the name out")
            faults: list[ColumnError] = []
            named = [self._in(part, name, faults) for part in self.parts]
            if not any(named):
                raise self._nowhere(name, faults)
            found = [known or new for known, new in zip(found, named, strict=True)]
        return found

    def _nowhere(self, name: str, faults: Sequence[ColumnError]) -> ColumnError:
        """Return the error for a name that means nothing in any survey."""
        refused = [fault for fault in faults if isinstance(fault, AmbiguousColumnError)]
        if refused or len(faults) == 1:
            return (refused or faults)[0]
        labels = [part.label for part in self.parts]
        hints = dict.fromkeys(f"{fault.where}: {fault.hint}" for fault in faults)
        msg = f"no column {shown(name)} in any of {', '.join(labels)}"
        return UnknownColumnError(msg, hint="; ".join(hints))

    def _in(self, part: Part, name: str, faults: list[ColumnError]) -> Leaf | Block | None:
        prefix, colon, bare = name.partition(":") if ":" in name else ("", "", name)
        try:
            return self._own(part, prefix, bare) if colon else _shared(part, name)
        except ColumnError as fault:
            if bare in ROLE_AXES and isinstance(fault, AmbiguousColumnError):
                raise  # it has several such blocks, and does not lack one
            faults.append(fault)
        return None

    def _own(self, part: Part, prefix: str, bare: str) -> Leaf | Block | None:
        """Return what a survey itself calls so; nothing if the name is one of another survey."""
        if not part.owns(prefix):
            return None
        if bare in part.request.resolver.index.blocks:
            return part.request.schema.blocks[bare]
        return part.request.resolver.resolve(bare).leaf


def _shared(part: Part, name: str) -> Leaf | Block | None:
    """Return what a name that all surveys share means in one: canonical, or a kind of block."""
    resolver = part.request.resolver
    address = resolver.index.canonical.get(name)
    if address is not None:
        return part.request.leaves[address]
    if name in ROLE_AXES:
        found = block_of(part, name)
        if found is None:
            msg = f"no block of kind {name} in config {part.request.config}"
            kinds = dict.fromkeys(b.kind for b in part.request.schema.blocks.values())
            hint = f"it has {', '.join(kinds) or 'no blocks'}"
            raise UnknownColumnError(msg, where=part.label, hint=hint)
        return found
    return resolver.resolve(name, across=True).leaf
