"""The manifest of a pile: what there is, how big, and its sha256.

The manifest holds its own sha256, so that no bit of a pile is without a witness.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from astropile import disk
from astropile.errors import NoPileError, PileError
from astropile.pile.layout import MANIFEST, Pixel, building_folders
from astropile.remote import RemotePath

__all__ = ["FileRecord", "LeafRecord", "Manifest", "read_manifest", "write_manifest"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FileRecord(_Strict):
    """A file of a pile."""

    path: str
    bytes: int
    sha256: str

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        """Refuse paths that lead out of the pile: a manifest may come from anywhere."""
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\\" in path:
            msg = f"{path!r} leads out of the pile"
            raise ValueError(msg)
        return path


class LeafRecord(FileRecord):
    """A partition of a pile; rows are sorted by their order-29 pixel."""

    order: int
    pixel: int
    rows: int

    @property
    def area(self) -> Pixel:
        """The pixel that it covers."""
        return Pixel(self.order, self.pixel)


class Manifest(_Strict):
    """What a pile holds.

    Attributes
    ----------
    created : str
        Time of the newest input: the same input gives the same bytes.
    catalog : str
        Folder of the HATS catalogue below the pile; empty if it is the pile itself.
    schema_sha256 : str
        Digest of the survey's schema.
    rows : int
        Rows of all partitions.
    rejected : mapping of str to int
        Rows that are not in the pile, by reason.
    row_bytes : int
        Mean size of an Example in memory.
    partitions, margin : tuple of LeafRecord
        In storage order: by first pixel.
    files : tuple of FileRecord
        Everything else.
    """

    format: Literal[1] = 1
    name: str
    survey: str
    config: str
    source: str
    created: str
    catalog: str
    schema_sha256: str
    versions: dict[str, str]
    options: dict[str, Any]
    rows: int
    rejected: dict[str, int]
    row_bytes: int
    splits: tuple[str, ...]
    partitions: tuple[LeafRecord, ...]
    margin: tuple[LeafRecord, ...]
    files: tuple[FileRecord, ...]

    def records(self) -> tuple[FileRecord, ...]:
        """Return every file that the manifest knows."""
        return (*self.partitions, *self.margin, *self.files)


def manifest_text(manifest: Manifest) -> str:
    """Return the text of a manifest file, with its own sha256."""
    data = manifest.model_dump(mode="json")
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
    return json.dumps({**data, "sha256": digest}, sort_keys=True, indent=1) + "\n"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest: the last file of a build."""
    disk.write_text(folder / MANIFEST, manifest_text(manifest))


def read_manifest(path: Path | RemotePath) -> Manifest:
    """Read and check the manifest of a pile; no other file is opened.

    Parameters
    ----------
    path : Path or RemotePath
        Folder of the pile.

    Raises
    ------
    PileError
        There is no pile, its build was not finished, or the manifest is damaged.
    """
    file = path / MANIFEST
    try:
        text = file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise _no_pile(path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PileError(
            f"the manifest cannot be read: {error}", where=str(file), hint="build the pile again"
        ) from error
    try:
        data = json.loads(text)
        found = data.pop("sha256", "") if isinstance(data, dict) else ""
        if isinstance(data, dict) and data.get("format") not in (None, 1):
            raise PileError(
                f"the pile has format {data['format']}, this version reads format 1",
                where=str(path),
                hint="use a newer astropile",
            )
        manifest = Manifest.model_validate_json(json.dumps(data))
    except (json.JSONDecodeError, ValidationError, RecursionError) as error:
        raise _damaged(file, str(error).splitlines()[0]) from error
    if f'"sha256": "{found}"' not in text or manifest_text(manifest) != text:
        raise _damaged(file, "its sha256 does not agree")
    return manifest


def _damaged(file: Path | RemotePath, why: str) -> PileError:
    msg = f"the manifest was changed after the pile was built ({why})"
    hint = "run `astropile verify` on the pile; copy it anew or build it again"
    return PileError(msg, where=str(file), hint=hint)


def _no_pile(path: Path | RemotePath) -> PileError:
    if isinstance(path, Path) and not path.exists():
        left = building_folders(path)
        if left:
            msg = f"the build of this pile was not finished ({left[0].name} is there)"
            hint = f"run the same build again, it goes on; or `astropile clean {path}`"
            return PileError(msg, where=str(path), hint=hint)
        hint = "give the folder that Survey.build or `astropile build` made"
        return NoPileError("there is no pile", where=str(path), hint=hint)
    if (path / "hats.properties").exists() or (path / "collection.properties").exists():
        msg = "this is a HATS catalogue without a manifest, so not a pile of astropile"
        hint = "open it with lsdb, or load it with the YAML of its survey and data_dir="
        return PileError(msg, where=str(path), hint=hint)
    msg = f"this is no pile: it has no {MANIFEST}"
    return PileError(msg, where=str(path), hint="give the folder that Survey.build made")
