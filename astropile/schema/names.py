"""From a name that somebody typed to the leaf it means, or to an error that says what to type.

A column has its original name, a canonical name made from its meaning, and aliases. All of them are
accepted everywhere; a name that leaves out a qualifier is not, since a later release may add a
second column that it would fit just as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from astropile.document import shown
from astropile.errors import ColumnError, UnknownColumnError, UsageError
from astropile.schema.checks.blocks import label_leaf
from astropile.schema.leaves import Leaf
from astropile.schema.name_errors import ambiguous_error, only_here_error, unknown_error
from astropile.schema.name_index import MODIFIERS, NameIndex
from astropile.schema.survey_schema import OBJECT_LEAVES, SurveySchema

__all__ = ["NameResolver", "Resolution"]

Partial: TypeAlias = Literal["refuse", "default"]
How: TypeAlias = Literal["original", "canonical", "alias", "reordered", "default"]


@dataclass(frozen=True, slots=True)
class Resolution:
    """A leaf, and how its name was understood.

    Attributes
    ----------
    leaf : Leaf
        What the name means.
    how : {"original", "canonical", "alias", "reordered", "default"}
        Which of its names it was.
    """

    leaf: Leaf
    how: How


class NameResolver:
    """Finds the leaves of one config by any of their names.

    Parameters
    ----------
    schema : SurveySchema
        The checked survey.
    config : str or None
        Name or alias of a config; None for the default.

    Attributes
    ----------
    index : NameIndex
        The names there are.

    Raises
    ------
    ConfigError
        The survey has no such config.
    """

    def __init__(self, schema: SurveySchema, config: str | None = None) -> None:
        self.index = NameIndex(schema, config)
        self._survey = schema.id
        self._defaults = schema.file.defaults
        own = (schema.id, schema.file.about.name, *schema.file.aliases)
        self._prefixes = frozenset(name.casefold() for name in own)

    def resolve(
        self, name: str, *, partial: Partial = "refuse", across: bool = False
    ) -> Resolution:
        """Return the leaf that a name means.

        Parameters
        ----------
        name : str
            Original name (``column``, ``block.field``), canonical name, alias, or canonical name
            with its qualifiers in another order; ``survey:`` may stand before it.
        partial : {"refuse", "default"}
            Whether a name that leaves out a qualifier takes the survey's default for it.
        across : bool
            The name is used for several surveys: only canonical and ``survey:`` names then, and no
            defaults.

        Returns
        -------
        Resolution
            The leaf, and how it was found.

        Raises
        ------
        AmbiguousColumnError
            The name leaves out a qualifier, or belongs to this survey alone in a call over several
            surveys; ``candidates`` holds the names to write.
        UnknownColumnError
            Nothing has this name; near ones are suggested.

        Examples
        --------
        >>> from astropile.registry import find_schema
        >>> NameResolver(find_schema("hsc")).resolve("mag_i_cmodel").how
        'reordered'
        """
        _check_partial(partial)
        bare, is_qualified = self._without_survey(name)
        found = self._found(bare)
        if found is None:
            return self._partial(bare, partial, across=across)
        if across and not is_qualified and found.leaf.canonical != bare:
            raise only_here_error(self._survey, bare, found.leaf.canonical)
        return found

    def select(
        self, names: Iterable[str], *, partial: Partial = "refuse", across: bool = False
    ) -> tuple[str, ...]:
        """Return the addresses of a selection.

        Parameters
        ----------
        names : iterable of str
            Names as for :meth:`resolve`, and names of blocks, which stand for all their fields.
        partial, across
            As for :meth:`resolve`.

        Returns
        -------
        tuple of str
            In declared order, each once; id and position always come with them, and so do the
            labels of the axes of the fields selected.

        Raises
        ------
        ColumnError
            A name cannot be used; see :meth:`resolve`.

        Examples
        --------
        >>> from astropile.registry import find_schema
        >>> NameResolver(find_schema("hsc")).select(["image.flux"])
        ('object_id', 'ra', 'dec', 'image.band', 'image.flux')
        """
        _check_partial(partial)
        given: object = names
        if isinstance(given, str | bytes) or not isinstance(given, Iterable):
            message = f"a selection is a list of names, not {type(given).__name__} {given!r}"
            hint = "[] takes id and position" if given is None else f"write [{given!r}]"
            raise ColumnError(message, where=self._survey, hint=hint)
        chosen = set(OBJECT_LEAVES)
        for name in names:
            chosen.update(self._addresses(name, partial, across=across))
        chosen |= {label for address in chosen for label in self._labels(address)}
        return tuple(address for address in self.index.leaves if address in chosen)

    def _addresses(self, name: str, partial: Partial, *, across: bool) -> tuple[str, ...]:
        bare, is_qualified = self._without_survey(name)
        is_block = bare in self.index.blocks
        if is_block and (is_qualified or not across):
            return self.index.blocks[bare]
        if is_block and bare not in self.index.canonical:
            raise only_here_error(self._survey, bare, "")
        return (self.resolve(name, partial=partial, across=across).leaf.address,)

    def _labels(self, address: str) -> Iterator[str]:
        """Yield the fields that say which label each place of a leaf's axes has."""
        leaf = self.index.leaves[address]
        for axis in leaf.axes:
            if self.index.schema.blocks[leaf.block].axes[axis].labels:
                block = [self.index.leaves[other] for other in self.index.blocks[leaf.block]]
                label = label_leaf(axis, block)
                if label is not None:
                    yield label.address

    def _without_survey(self, name: str) -> tuple[str, bool]:
        """Take ``survey:`` off a name; it must be this survey."""
        given: object = name
        if not isinstance(given, str):
            message = f"a column name is text, got {type(given).__name__} {shown(str(given))}"
            hint = "columns.describe() lists all columns"
            raise ColumnError(message, where=self._survey, hint=hint)
        prefix, colon, bare = name.partition(":")
        if not colon:
            return name, False
        if prefix.casefold() not in self._prefixes:
            own = shown(f"{self._survey}:{bare}")
            message = f"{shown(name)} is a column of {shown(prefix)}; this is {self._survey}"
            hint = f"write {own} for the column of this survey"
            raise UnknownColumnError(message, where=self._survey, hint=hint)
        return bare, True

    def _found(self, name: str) -> Resolution | None:
        """Return the leaf of a complete name, its words in any order."""
        listed = self.index.find(name)
        if listed is not None:
            return Resolution(*listed)
        meaning = self.index.read(name)
        leaf = self.index.of_meaning(meaning) if meaning else None
        return None if leaf is None else Resolution(leaf, "reordered")

    def _partial(self, name: str, partial: Partial, *, across: bool) -> Resolution:
        meaning = self.index.read(name)
        candidates = self.index.short_for(meaning) if meaning else []
        if meaning is None or not candidates:
            raise unknown_error(self.index, name)
        default = None if across else self._default(meaning)
        if default is None or partial == "refuse":
            raise ambiguous_error(self.index, name, meaning, candidates, default)
        return Resolution(default, "default")

    def _default(self, meaning: Mapping[str, str]) -> Leaf | None:
        """Return the leaf that a partial meaning has with the defaults of the survey.

        Choices that a quantity leaves open (``measure``) are filled only if it does not exist
        without them; what would make another column of it (``stat``) never is.
        """
        entry = self.index.quantity(meaning)
        full = dict(meaning)
        for keys in (entry.requires, entry.optional):
            chosen = [key for key in keys if key in self._defaults and key not in MODIFIERS]
            full |= {key: self._defaults[key] for key in chosen if key not in full}
            leaf = self.index.of_meaning(full)
            if leaf is not None:
                return leaf
        return None


def _check_partial(partial: str) -> None:
    if partial not in ("refuse", "default"):
        message = f"partial={partial!r} is not one of 'refuse', 'default'"
        raise UsageError(message, hint="choose 'refuse' or 'default'")
