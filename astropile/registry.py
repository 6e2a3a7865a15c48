"""Finds surveys by name: shipped, named by ASTROPILE_SCHEMAS, by entry points, or registered.

Ids, aliases and class names are one name space without regard to case; two files that claim the
same name are refused, and both are named.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from astropile.disk import local_path
from astropile.document import did_you_mean, read_document
from astropile.errors import SurveyNotFoundError, UsageError
from astropile.schema import SurveySchema, read_schema
from astropile.vocabulary import data_path

__all__ = ["Head", "find_schema", "heads", "register", "schema_files"]

#: Environment variable with further folders or files, separated as in PATH.
SCHEMAS_VARIABLE = "ASTROPILE_SCHEMAS"
#: Entry points of this group name a package that holds survey files, or an attribute with a path.
ENTRY_POINT_GROUP = "astropile.schemas"
# register() is a call of the user about this process; nothing else writes here.
_registered: list[Path] = []


@dataclass(frozen=True, slots=True)
class Head:
    """The names a survey file claims, read without checking the rest of it."""

    survey: str
    name: str
    aliases: tuple[str, ...]
    path: Path

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the survey, in lower case, each once."""
        return tuple(dict.fromkeys(n.lower() for n in (self.survey, self.name, *self.aliases)))


def register(path: str | os.PathLike[str]) -> SurveySchema:
    """Make a survey file of your own known to this process.

    Parameters
    ----------
    path : path-like
        A YAML file in the survey language.

    Returns
    -------
    SurveySchema
        The checked survey.

    Raises
    ------
    SchemaError
        The file breaks the language; all problems are listed.
    UsageError
        One of its names is taken by another file.

    Examples
    --------
    >>> import astropile as ap
    >>> ap.register("no_such_file.yaml")
    Traceback (most recent call last):
    ...
    astropile.errors.UsageError: ...no_such_file.yaml: no such schema file
      = help: give the path of a YAML file
    """
    file = local_path(path).resolve()
    if not file.is_file():
        raise UsageError(
            "no such schema file", where=str(file), hint="give the path of a YAML file"
        )
    schema = read_schema(file)
    _index((*schema_files(), file))
    if file not in _registered:
        _registered.append(file)
    return schema


def schema_files() -> tuple[Path, ...]:
    """Return every survey file that is known, shipped ones first."""
    return (*_shipped(), *_added())


def _shipped() -> tuple[Path, ...]:
    return tuple(_files_in(data_path("schemas"), ""))


def _added() -> tuple[Path, ...]:
    """Return the files that users and other packages add, each once."""
    named = os.environ.get(SCHEMAS_VARIABLE, "").split(os.pathsep)
    places = [(Path(place).expanduser(), SCHEMAS_VARIABLE) for place in named if place]
    places += [
        (_place_of(point), f"the entry point '{point.name} = {point.value}'")
        for point in _entry_points(entry_points, tuple(sys.path))
    ]
    files = dict.fromkeys(file for place in places for file in _files_in(*place))
    found = dict.fromkeys((*files, *_registered))
    shipped = set(_shipped()) if found else set()
    return tuple(file for file in found if file not in shipped)


@lru_cache(maxsize=8)
def _entry_points(
    look_up: Callable[..., Iterable[EntryPoint]], path: tuple[str, ...]
) -> tuple[EntryPoint, ...]:
    """Return the entry points of packages on a path.

    Looking for them opens a file of every installed package, which takes longer than a load.
    """
    return tuple(look_up(group=ENTRY_POINT_GROUP))


def _place_of(point: EntryPoint) -> Path:
    """Return the folder or file that an entry point names."""
    try:
        found = point.load()
        packages = getattr(found, "__path__", None)
        return Path(next(iter(packages))) if packages else Path(os.fspath(found))
    except Exception as error:  # whatever the package of somebody else does when it is imported
        msg = f"the entry point '{point.name} = {point.value}' gives no folder of schemas: {error}"
        raise UsageError(
            msg,
            where=ENTRY_POINT_GROUP,
            hint="it must name a package that holds YAML files, or an attribute with a path",
        ) from error


def _files_in(place: Path, origin: str) -> Iterator[Path]:
    if place.is_file():
        yield place.resolve()
    elif place.is_dir():
        # To resolve every file of a folder would take most of the time that finding one takes.
        for file in sorted(place.resolve().glob("*.yaml")):
            yield file.resolve() if file.is_symlink() else file
    else:
        msg = "no such schema file or folder"
        raise UsageError(msg, where=str(place), hint=f"mend {origin}")


def heads() -> tuple[Head, ...]:
    """Return the names of every known survey, sorted by id."""
    found = {head.path: head for head in _index(schema_files()).values()}
    return tuple(sorted(found.values(), key=lambda head: head.survey))


def find_schema(name: str) -> SurveySchema:
    """Return the survey of a name: id, alias or class name, in any case.

    Raises
    ------
    SurveyNotFoundError
        No survey has the name; near names are suggested.
    SchemaError
        Its file breaks the language.
    UsageError
        Two files claim the same name.
    """
    given: object = name
    if not isinstance(given, str):
        msg = f"the name of a survey is a text, not {given!r} of type {type(given).__name__}"
        raise SurveyNotFoundError(msg, hint="astropile list shows all surveys")
    wanted = name.lower()
    shipped, added = _shipped(), _added()
    # A shipped file is named after its survey and has names of its own, so one file is enough.
    if not added:
        for file in shipped:
            if file.stem == wanted and _head(file).survey == wanted:
                return read_schema(file, trust_checked=True)
    index = _index((*shipped, *added))
    if wanted in index:
        return read_schema(index[wanted].path, trust_checked=True)
    msg = f"no survey {name!r}"
    near = did_you_mean(wanted, list(index))
    raise SurveyNotFoundError(msg, hint=near or "astropile list shows all surveys")


def _index(files: tuple[Path, ...]) -> dict[str, Head]:
    index: dict[str, Head] = {}
    for file in files:
        head = _head(file)
        for name in head.names:
            other = index.setdefault(name, head)
            if other.path != head.path:
                msg = f"the name '{name}' is claimed by {other.path} and by {head.path}"
                hint = "give one of the surveys another id, alias or about.name"
                raise UsageError(msg, hint=hint)
    return index


def _head(path: Path) -> Head:
    stat = path.stat()
    return _head_cached(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _head_cached(path: Path, size: int, mtime_ns: int) -> Head:
    data = read_document(path).data
    survey = str(data.get("survey", path.stem))
    about = data.get("about")
    name = str(about.get("name", survey)) if isinstance(about, dict) else survey
    aliases = data.get("aliases")
    listed = tuple(map(str, aliases)) if isinstance(aliases, list) else ()
    return Head(survey, name, listed, path)
