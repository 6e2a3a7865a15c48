"""Objects of one split and combination of config variables: their files and the chunks drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

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
    splits.
    """
    seen: set[str] = set()
    own = []
    for bindings in all_bindings:
        if bindings.source.split_by is not None or bindings.pattern not in seen:
            own.append(bindings)
        seen.add(bindings.pattern)
    programs = []
    for number, bindings in enumerate(own):
        mine = objects.take(np.arange(number, len(objects), len(own)))
        if len(mine):
            words = (bindings.schema.id, bindings.source.name, bindings.pattern, bindings.split)
            programs.append(_program(bindings, mine, len(objects), seed, words))
    return tuple(programs)


def _program(
    bindings: Bindings, objects: Objects, total: int, seed: int, words: tuple[str, ...]
) -> MockProgram:
    catalogue = draw_catalogue(bindings, objects, total, seed, words)
    paths, names = _paths(bindings, catalogue)
    keys = [(path.encode(), name.encode()) for path, name in zip(paths, names, strict=True)]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    chunks = _chunks(bindings, [paths[k] for k in order], [names[k] for k in order])
    return MockProgram(
        bindings, objects.take(order), catalogue.take(order), tuple(chunks), seed, words
    )


def _paths(bindings: Bindings, catalogue: Catalogue) -> tuple[list[str], list[str]]:
    """Return the file of every object, and its name inside a file of groups."""
    model = bindings.source.main.model
    n = catalogue.store.n
    pixels = [None] * n
    if has_pixel(bindings.pattern):
        ra, dec = catalogue.truth["ra"].data, catalogue.truth["dec"].data
        pixels = healpix_index(ra, dec, order=ORDER).tolist()
    captures = {
        key[1]: safe_names_of(column.data)
        for key, column in catalogue.store.columns().items()
        if key[0] == "path"
    }
    per_row = [
        dict(zip(captures, texts, strict=True)) for texts in zip(*captures.values(), strict=True)
    ]
    per_row = per_row or [{}] * n
    names = [""] * n
    if model.rows in ("file", "group"):
        names = safe_names(catalogue.truth["object_id"].data)
    if model.rows == "file":
        labels = names
    else:
        groups = [(pixel, *row.values()) for pixel, row in zip(pixels, per_row, strict=True)]
        labels = _labels(bindings, groups)
    paths = [
        fill_pattern(bindings.pattern, row, label, pixel)
        for row, label, pixel in zip(per_row, labels, pixels, strict=True)
    ]
    return paths, names if model.rows == "group" else [""] * n


def safe_names_of(texts: Array) -> list[str]:
    """Return captures as they stand in paths; equal ones stay equal."""
    known, inverse = np.unique(texts.astype(np.str_), return_inverse=True)
    plain = safe_names(known)
    return [plain[k] for k in inverse]


def _labels(bindings: Bindings, groups: Sequence[tuple[object, ...]]) -> list[str]:
    """Return which part of its group's files each object is in, such as ``001-of-002``."""
    numbers: dict[tuple[object, ...], int] = {}
    group = np.array([numbers.setdefault(key, len(numbers)) for key in groups])
    counts = np.bincount(group)
    rows = max(1, FILE_BYTES // _row_bytes(bindings))
    parts = -(-counts // rows)
    if not has_pixel(bindings.pattern):
        parts = np.maximum(parts, FILES) if "*" in bindings.pattern else np.ones_like(parts)
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    part = rank * parts[group] // counts[group]
    return [
        f"{k + 1:03d}-of-{parts[g]:03d}" for k, g in zip(part.tolist(), group.tolist(), strict=True)
    ]


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


def _chunks(bindings: Bindings, paths: Sequence[str], names: Sequence[str]) -> list[FileChunk]:
    """Return the rows that are drawn together: those of a file, or some files of one object."""
    n = len(paths)
    if bindings.source.main.model.rows == "file":
        starts = range(0, n, OBJECTS_A_CHUNK)
        ends = [min(n, start + OBJECTS_A_CHUNK) for start in starts]
        return [FileChunk(a, b, tuple(paths[a:b])) for a, b in zip(starts, ends, strict=True)]
    edges = [k for k in range(n) if k == 0 or paths[k] != paths[k - 1]] + [n]
    return [
        FileChunk(a, b, (paths[a],), tuple(names[a:b]))
        for a, b in zip(edges[:-1], edges[1:], strict=True)
    ]
