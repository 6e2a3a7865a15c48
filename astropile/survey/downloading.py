"""Bring the files of a survey here, from the mirrors that its YAML names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from astropile.disk import local_path
from astropile.errors import AstropileError, ConfigError, NoFilesError, UsageError
from astropile.registry import find_schema
from astropile.schema import OBJECT_LEAVES, SurveySchema
from astropile.schema.checks.paths import MIRROR_HOLES

if TYPE_CHECKING:
    from astropile.remote import Fetched, Listing, RemoteFolder, Waiting, Wanted

__all__ = ["Download", "download"]

_WILD = re.compile(r"[*?<{]")
_PIECE = re.compile(r"(\*|\?|<[a-z_][a-z0-9_]*>|\{[^{}]*\})")


@dataclass(frozen=True, slots=True, repr=False)
class Download:
    """Files of a survey on a mirror, and what became of them here.

    Attributes
    ----------
    survey, config, source : str
        What they are.
    mirror : str
        Where they come from.
    folder : Path
        The data directory: what to give as ``data_dir``.
    wanted : tuple of Wanted
        The files.
    fetched : tuple of Fetched
        What became of them; empty after a dry run.
    """

    survey: str
    config: str
    source: str
    mirror: str
    folder: Path
    wanted: tuple[Wanted, ...]
    fetched: tuple[Fetched, ...] = ()

    def __repr__(self) -> str:
        """Return one line; the files would fill the screen."""
        done = f"{len(self.fetched)} files" if self.fetched else f"plan of {len(self.wanted)} files"
        return f"<{done} of {self.survey} {self.config}, {self.bytes} bytes, from {self.mirror}>"

    @property
    def bytes(self) -> int:
        """Bytes of all files whose size is known."""
        if self.fetched:
            return sum(file.size for file in self.fetched)
        return sum(item.file.size or 0 for item in self.wanted)

    @property
    def unsized(self) -> int:
        """Files whose size the mirror does not say."""
        return sum(item.file.size is None for item in self.wanted)

    @property
    def checks(self) -> dict[str, int]:
        """How many files are checked by ``sha256``, by ``size`` only, or by ``nothing``."""
        found = {"sha256": 0, "size": 0, "nothing": 0}
        for item in self.wanted:
            sized = "size" if item.file.size is not None else "nothing"
            found["sha256" if item.file.sha256 else sized] += 1
        return found


@dataclass(frozen=True, slots=True)
class _Part:
    """A folder of a mirror, and the files of it that are wanted."""

    folder: RemoteFolder
    wanted: tuple[Wanted, ...]


def download(
    survey: str,
    out: str | PathLike[str],
    *,
    config: str | None = None,
    source: str | None = None,
    mirror: str | PathLike[str] | None = None,
    dry_run: bool = False,
    overwrite: bool = False,
    workers: int = 4,
    retries: int = 5,
    begin: Callable[[Download], Callable[[int], None]] | None = None,
) -> Download:
    """Bring the files of a survey here; an interrupted download goes on where it stopped.

    Parameters
    ----------
    survey : str
        Id, alias or class name.
    out : path-like
        Data directory; files are laid out in it as the survey expects them.
    config : str, optional
        Subset; default the one the survey declares.
    source : str, optional
        Container; default the first that has a mirror.
    mirror : str or path-like, optional
        URL of a folder, instead of those of the YAML: https, s3, hf, or a path.
    dry_run : bool
        Only list the files.
    overwrite : bool
        Replace files that are there and differ from the mirror's.
    workers : int
        Files at once.
    retries : int
        How often to try again without progress, after 1, 2, 4... seconds.
    begin : callable, optional
        Gets the plan before the first byte and returns what takes the numbers of bytes that
        arrive, for progress bars.

    Returns
    -------
    Download
        The files, their bytes, and how each was checked.

    Raises
    ------
    ConfigError
        The survey has no such config or source, or no mirror for it.
    NoFilesError, SourceError
        No mirror has the files, or none can be read.
    CorruptFileError
        A file is not what the mirror says.
    UnsafeFileError
        A mirror names files that would lead out of the folder.
    OutputError
        A file cannot be written, or another one is in its place.

    Examples
    --------
    >>> import astropile as ap
    >>> data = getfixture("demo_data")
    >>> plan = ap.download("tycho2", "tycho2-data", mirror=str(data), dry_run=True)
    >>> [item.path for item in plan.wanted]
    ['tycho2.parquet']
    """
    from astropile.remote import Waiting

    schema = find_schema(survey)
    name = schema.config_name(config)
    folder = local_path(out, "out")
    _require_choices(folder, workers, retries)
    given = None if mirror is None else fspath(mirror)
    plan, parts = _planned(schema, name, source, given, folder, Waiting(retries))
    if dry_run:
        return plan
    return _fetched(plan, parts, overwrite=overwrite, workers=workers, begin=begin)


def _require_choices(folder: Path, workers: int, retries: int) -> None:
    """Refuse what can never work before anything is asked for."""
    if folder.exists() and not folder.is_dir():
        hint = "name a folder, new or begun before"
        raise UsageError("the download folder is a file", where=str(folder), hint=hint)
    for option, value in (("workers", workers), ("retries", retries)):
        if type(value) is not int or value < (option == "workers"):
            msg = f"{option}={value!r} is no number of {option}"
            raise UsageError(msg, hint="leave it out for the default")


def _planned(
    schema: SurveySchema,
    config: str,
    source: str | None,
    mirror: str | None,
    folder: Path,
    waiting: Waiting,
) -> tuple[Download, list[_Part]]:
    """Return the files of the first mirror that has them."""
    chosen, mirrors = _mirrors(schema, config, source, mirror)
    faults = []
    for url in mirrors:
        try:
            parts = _parts(schema, config, chosen, url, waiting, is_given=mirror is not None)
        except (NoFilesError, ConfigError) as error:
            faults.append(error)
            continue
        wanted = tuple(item for part in parts for item in part.wanted)
        return Download(schema.id, config, chosen, url, folder, wanted), parts
    raise _no_mirror(schema, config, faults)


def _fetched(
    plan: Download,
    parts: list[_Part],
    *,
    overwrite: bool,
    workers: int,
    begin: Callable[[Download], Callable[[int], None]] | None,
) -> Download:
    from dataclasses import replace

    from astropile.remote import fetch

    advance = begin(plan) if begin is not None else lambda _: None
    plan.folder.mkdir(parents=True, exist_ok=True)
    fetched = [
        file
        for part in parts
        for file in fetch(
            part.folder,
            part.wanted,
            plan.folder,
            overwrite=overwrite,
            workers=workers,
            advance=advance,
        )
    ]
    return replace(plan, fetched=tuple(fetched))


def _mirrors(
    schema: SurveySchema, config: str, source: str | None, mirror: str | None
) -> tuple[str, tuple[str, ...]]:
    """Return the source to fetch and the mirrors to try, in order."""
    from astropile.document import did_you_mean

    known = list(schema.sources(config))
    if source is not None and source not in known:
        msg = f"no source '{source}' for config {config}; it has {', '.join(known)}"
        raise ConfigError(msg, where=schema.id, hint=did_you_mean(source, known))
    models = schema.file.sources
    candidates = [source] if source is not None else known
    if mirror is not None:
        with_one = [name for name in candidates if models[name].mirrors]
        return (with_one or candidates)[0], (mirror,)
    for name in candidates:
        if models[name].mirrors:
            return name, models[name].mirrors
    msg = f"the YAML names no mirror for config {config}, source {' or '.join(candidates)}"
    hint = f"give one with mirror=URL; see {schema.file.about.homepage or 'the survey'}"
    raise ConfigError(msg, where=schema.id, hint=hint)


def _no_mirror(
    schema: SurveySchema, config: str, faults: list[NoFilesError | ConfigError]
) -> AstropileError:
    if len(faults) == 1:
        return faults[0]
    told = "; ".join(f"{fault.where}: {fault.what}" for fault in faults)
    msg = f"no mirror has the files of config {config} ({told})"
    return NoFilesError(msg, where=schema.id, hint=faults[0].hint)


def _patterns(schema: SurveySchema, config: str, source: str) -> Iterator[tuple[str, bool]]:
    """Yield the patterns of all files that a source may read, and whether an object is a row."""
    from astropile.engine import compile_plan, loosened

    plan = compile_plan(
        schema,
        config=config,
        source=source,
        splits=schema.splits(config),
        wanted=OBJECT_LEAVES,
    )
    seen = set()
    for program in plan.programs:
        main = {part.name for part in program.main_parts}
        for table in program.source.tables.values():
            files = loosened(table.files) if table.model.each else table.files
            if files and files not in seen:
                seen.add(files)
                yield files, table.name in main


def _parts(
    schema: SurveySchema,
    config: str,
    source: str,
    mirror: str,
    waiting: Waiting,
    *,
    is_given: bool,
) -> list[_Part]:
    """Return the folders of a mirror that hold files of a config, with the files.

    A mirror may be laid out as the data directory, or be one of the folders that patterns begin
    with: the page of a HATS catalogue is such a folder.
    """
    from astropile.expression import fill
    from astropile.remote import open_folder

    url = fill(mirror, dict(zip(MIRROR_HOLES, (config, schema.id), strict=True)))
    root = open_folder(url, waiting=waiting)
    patterns = list(_patterns(schema, config, source))
    listed: dict[str, Listing | None] = {}
    found: dict[tuple[str, str], dict[str, Wanted]] = {}
    folders: dict[tuple[str, str], RemoteFolder] = {}
    has_rows = False
    for pattern, is_main in patterns:
        head = _head(pattern)
        for depth in range(len(head) + 1):
            above = "/".join(head[:depth])
            if depth and not (is_given or _is_for(schema, config, source, url, depth)):
                continue
            below, inside = root.below("/".join(head[depth:])), "/".join(head)
            wanted = _matching(below, inside, pattern, listed)
            if wanted:
                key = (below.root, above)
                folders[key] = below
                found.setdefault(key, {}).update({item.path: item for item in wanted})
                has_rows |= is_main
                break
    if not has_rows:
        tried = ", ".join(dict.fromkeys(pattern for pattern, is_main in patterns if is_main))
        msg = f"nothing on the mirror matches {tried} for certain"
        hint = "if the mirror is right, give it with mirror=URL; else look for another one"
        raise NoFilesError(msg, where=url, hint=hint)
    return [_Part(folders[key], tuple(items.values())) for key, items in found.items()]


def _head(pattern: str) -> list[str]:
    """Return the folders that a pattern begins with, down to the root of a HATS catalogue."""
    parts = pattern.split("/")[:-1]
    fixed = next((k for k, part in enumerate(parts) if _WILD.search(part)), len(parts))
    return parts[: parts.index("dataset") if "dataset" in parts[:fixed] else fixed]


def _matching(
    folder: RemoteFolder, inside: str, pattern: str, listed: dict[str, Listing | None]
) -> list[Wanted]:
    """Return the files of a folder that a pattern means, and what belongs to them."""
    from astropile.remote import HATS_FILES, Wanted, list_folder

    if folder.root not in listed:
        try:
            listed[folder.root] = list_folder(folder)
        except NoFilesError:
            listed[folder.root] = None
    listing = listed[folder.root]
    if listing is None:
        return []
    start = f"{listing.primary}/" if listing.primary and listing.kind == "hats" else ""
    inner = {
        file.path.removeprefix(start): file for file in listing.files if file.path.startswith(start)
    }
    expression = _expression(pattern)
    place = f"{inside}/" if inside else ""
    chosen = {path for path in inner if expression.fullmatch(place + path)}
    if listing.kind == "pile":
        chosen = set(inner)  # a pile is whole or it is none
    elif chosen and listing.kind == "hats":
        chosen |= set(HATS_FILES) & set(inner)
    # The manifest comes last: nothing is a pile without it.
    order = sorted(chosen, key=lambda path: (path == "manifest.json", path))
    return [Wanted(inner[path], place + path) for path in order]


def _expression(pattern: str) -> re.Pattern[str]:
    """Return a regular expression for relative paths; ``**`` is any number of folders."""
    pieces = []
    for part in pattern.split("/"):
        if part in ("", "."):
            continue
        if part == "**":
            pieces.append("(?:[^/]+/)*")
            continue
        texts = _PIECE.split(part)
        wild = {"*": "[^/]*", "?": "[^/]"}
        pieces.append(
            "".join(
                wild.get(t) or ("[^/]+" if _PIECE.fullmatch(t) else re.escape(t)) for t in texts
            )
            + "/"
        )
    return re.compile("".join(pieces).removesuffix("/"))


def _is_for(schema: SurveySchema, config: str, source: str, url: str, depth: int) -> bool:
    """Tell whether a mirror that begins inside the data directory is surely that of a config.

    It is if all configs have these folders in common, or if its name ends with theirs.
    """
    others = {
        tuple(_head(pattern)[:depth])
        for name in schema.file.configs
        if source in schema.sources(name)
        for pattern, is_main in _patterns(schema, name, source)
        if is_main
    }
    own = {tuple(_head(pattern)[:depth]) for pattern, _ in _patterns(schema, config, source)}
    if len(others) == 1:
        return True
    last = _plain(url.rstrip("/").rpartition("/")[2])
    return len(own) == 1 and f"_{last}".endswith(f"_{_plain('/'.join(next(iter(own))))}")


def _plain(text: str) -> str:
    return re.sub("[^a-z0-9]+", "_", text.lower())
