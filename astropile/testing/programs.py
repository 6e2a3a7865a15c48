"""Objects of one split and combination of config variables: their files and the chunks drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np

from astropile.engine.plan import PATH
from astropile.expression import Literal
from astropile.readers.column import Array
from astropile.sky import healpix_index
from astropile.testing.bindings import Bindings
from astropile.testing.cells import CellStore
from astropile.testing.chunks import Chunk, draw_chunk
from astropile.testing.objects import Objects
from astropile.testing.paths import ORDER, fill_pattern, has_pixel, safe_names
from astropile.testing.scalars import Catalogue, draw_catalogue

__all__ = ["FileChunk", "MockProgram", "make_programs"]

#: Bytes of Examples that one file holds at most, and files of one object drawn together.
FILE_BYTES, OBJECTS_A_CHUNK = 2**27, 64
#: Files of a pattern with a star but without HEALPix pixel.
FILES = 2
RAGGED_LENGTH = 400


@dataclass(frozen=True, slots=True)
class FileChunk:
    """Rows that are drawn together.

    Attributes
    ----------
    start, stop : int
        Rows of the program.
    paths : tuple of str
        One path, or one an object where a file is one row.
    names : tuple of str
        Names of the objects' groups, where a group is one row.
    """

    start: int
    stop: int
    paths: tuple[str, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MockProgram:
    """Objects of one program in row order.

    Attributes
    ----------
    bindings : Bindings
    objects : Objects
    catalogue : Catalogue
        Scalars of the objects.
    chunks : tuple of FileChunk
    seed : int
    words : tuple of str
        What its generators depend on.
    """

    bindings: Bindings
    objects: Objects
    catalogue: Catalogue
    chunks: tuple[FileChunk, ...]
    seed: int
    words: tuple[str, ...]

    def chunk(self, number: int) -> Chunk:
        """Draw the arrays of a chunk; the same every time."""
        chunk = self.chunks[number]
        rows = np.arange(chunk.start, chunk.stop)
        store: CellStore = self.catalogue.store.take(rows)
        words = (*self.words, chunk.paths[0])
        last = number == len(self.chunks) - 1
        return draw_chunk(
            self.bindings, self.objects.take(rows), store, self.seed, words, last=last
        )


def make_programs(
    all_bindings: Sequence[Bindings], objects: Objects, seed: int
) -> tuple[MockProgram, ...]:
    """Share objects out among the programs of a source, and those of each among files.

    A pattern of files belongs to the first program that has it, unless its files hold several
    splits. Objects whose leaves are given belong to the program that says the same of them.
    """
    seen: set[str] = set()
    own = []
    for bindings in all_bindings:
        if bindings.source.split_by is not None or bindings.pattern not in seen:
            own.append(bindings)
        seen.add(bindings.pattern)
    programs = []
    shares = _shares(own, objects)
    for number, bindings in enumerate(own):
        mine = objects.take(np.flatnonzero(shares == number))
        if len(mine):
            words = (bindings.schema.id, bindings.source.name, bindings.pattern, bindings.split)
            programs.append(_program(bindings, mine, len(objects), seed, words))
    return tuple(programs)


def _shares(all_bindings: Sequence[Bindings], objects: Objects) -> Array:
    """Return the number of the program of each object: by turns among those that fit it."""
    n = len(objects)
    fits = np.ones((len(all_bindings), n), dtype=bool)
    for number, bindings in enumerate(all_bindings):
        for address, text in _said(bindings).items():
            if bindings.given is not None and bindings.given.has(address):
                fits[number] &= bindings.given.column(address, objects.number).data == text
    fits[:, ~fits.any(axis=0)] = True
    turn = np.arange(n) % fits.sum(axis=0)
    return np.asarray(np.argmax(fits & (np.cumsum(fits, axis=0) == turn + 1), axis=0))


def _said(bindings: Bindings) -> dict[str, str]:
    """Return the leaves that are one text for all objects of a program, such as their split."""
    source, found = bindings.source, {}
    for address, value in source.values.items():
        if isinstance(value.expr, Literal) and isinstance(value.expr.value, str):
            found[address] = value.expr.value
        elif source.split_by is not None and value.text == source.split_by.text:
            found[address] = bindings.split
    return found


def _program(
    bindings: Bindings, objects: Objects, total: int, seed: int, words: tuple[str, ...]
) -> MockProgram:
    catalogue = draw_catalogue(bindings, objects, total, seed, words)
    paths, file, names = _files(bindings, catalogue)
    # Rows come by path, bytewise, and groups of a file by their names.
    by_path = sorted(range(len(paths)), key=lambda k: paths[k].encode())
    rank = np.empty(len(paths), dtype=np.int64)
    rank[by_path] = np.arange(len(paths))
    inside = np.arange(len(file)) if names is None else _bytewise_rank(names)
    order = np.lexsort((inside, rank[file]))
    chunks = _chunks(bindings, paths, file[order], None if names is None else names[order])
    return MockProgram(
        bindings, objects.take(order), catalogue.take(order), tuple(chunks), seed, words
    )


def _bytewise_rank(names: Array) -> Array:
    return np.unique(np.strings.encode(names, "utf-8"), return_inverse=True)[1]


def _files(bindings: Bindings, catalogue: Catalogue) -> tuple[list[str], Array, Array | None]:
    """Return the paths of files, the number of each object's file, and names of groups."""
    rows = bindings.source.main.model.rows
    n = catalogue.store.n
    keys = [np.zeros(n, dtype=np.int64)]
    if has_pixel(bindings.pattern):
        ra, dec = catalogue.truth["ra"].data, catalogue.truth["dec"].data
        keys[0] = healpix_index(ra, dec, order=ORDER)
    captures: dict[str, tuple[list[str], Array]] = {}
    for (table, name), column in catalogue.store.columns().items():
        if table == PATH:
            known, code = np.unique(column.data.astype(np.str_), return_inverse=True)
            captures[name] = (safe_names(known), code)
            keys.append(code)
    names = None
    if rows in ("file", "group"):
        names = np.array(safe_names(catalogue.truth["object_id"].data))
    if rows == "file":
        file = np.arange(n)
        first, parts, counts = file, file, np.ones(n, dtype=np.int64)
    else:
        group = np.unique(np.stack(keys), axis=1, return_inverse=True)[1].reshape(-1)
        part, counts_of_group = _parts(bindings, group)
        code = group * (int(part.max(initial=0)) + 1) + part
        _, first, file = np.unique(code, return_index=True, return_inverse=True)
        parts, counts = part[first], counts_of_group[group[first]]
    paths = []
    for k, row in enumerate(first.tolist()):
        own = {name: texts[int(code[row])] for name, (texts, code) in captures.items()}
        label = f"{parts[k] + 1:03d}-of-{counts[k]:03d}"
        if rows == "file" and names is not None:
            label = str(names[row])
        pixel = int(keys[0][row]) if has_pixel(bindings.pattern) else None
        paths.append(fill_pattern(bindings.pattern, own, label, pixel))
    return paths, file, names if rows == "group" else None


def _parts(bindings: Bindings, group: Array) -> tuple[Array, Array]:
    """Return which of its group's files each object is in, and how many files each group has."""
    counts = np.bincount(group)
    rows = max(1, FILE_BYTES // _row_bytes(bindings))
    parts = -(-counts // rows)
    if not has_pixel(bindings.pattern):
        has_star = "*" in bindings.pattern.rpartition("/")[2]  # those of folders tell none apart
        parts = np.maximum(parts, FILES) if has_star else np.ones_like(parts)
    parts = np.minimum(parts, counts)
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rank * parts[group] // counts[group], parts


def _row_bytes(bindings: Bindings) -> int:
    """Return about how many bytes the arrays of one object take."""
    total = 64
    for binding in bindings.arrays:
        leaf = binding.leaf
        block = bindings.schema.blocks[leaf.block]
        lengths = [block.length(axis) or RAGGED_LENGTH for axis in leaf.axes]
        size = 16 if leaf.field.dtype == "string" else np.dtype(leaf.field.dtype).itemsize
        total += size * prod(lengths)
    return total


def _chunks(
    bindings: Bindings, paths: Sequence[str], file: Array, names: Array | None
) -> list[FileChunk]:
    """Return the rows that are drawn together: those of a file, or some files of one object."""
    n = len(file)
    if bindings.source.main.model.rows == "file":
        starts = range(0, n, OBJECTS_A_CHUNK)
        ends = [min(n, start + OBJECTS_A_CHUNK) for start in starts]
        return [
            FileChunk(a, b, tuple(paths[k] for k in file[a:b]))
            for a, b in zip(starts, ends, strict=True)
        ]
    edges = [0, *(np.flatnonzero(np.diff(file)) + 1).tolist(), n]
    return [
        FileChunk(a, b, (paths[file[a]],), () if names is None else tuple(names[a:b].tolist()))
        for a, b in pairwise(edges)
    ]
