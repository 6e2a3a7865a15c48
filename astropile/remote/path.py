"""A file or folder elsewhere that behaves as the parts of a local path that reading uses.

Nothing is kept: every read is a request for the bytes wanted, and for no others.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from astropile.errors import CorruptFileError, NoFilesError, SourceError
from astropile.remote.folder import RemoteFolder, Waiting, open_folder

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["RemotePath", "is_url"]

#: A read is short: what fails for longer than this will not come back soon.
WAITING = Waiting(retries=3, first_s=0.5, longest_s=5.0)


def is_url(place: object) -> bool:
    """Return whether a place is a URL, not a path of this machine.

    Examples
    --------
    >>> is_url("https://example.org/pile"), is_url("piles/hsc")
    (True, False)
    """
    return isinstance(place, str) and "://" in place


@dataclass(frozen=True, slots=True)
class _Facts:
    """Stands for the result of ``os.stat``."""

    st_size: int
    st_mtime_ns: int


class RemotePath(os.PathLike[str]):
    """A file or folder behind a URL.

    Parameters
    ----------
    url : str
        Of the folder; ``https://``, ``s3://``, ``hf://``.
    inside : str
        Path below it.
    size, version : int, optional
        Of a file, where they are known: bytes, and a number that changes when the file does.

    Examples
    --------
    >>> str(RemotePath("https://example.org/pile") / "dataset" / "a.parquet")
    'https://example.org/pile/dataset/a.parquet'
    """

    def __init__(
        self, url: str, inside: str = "", *, size: int | None = None, version: int = 0
    ) -> None:
        self.url = url.rstrip("/")
        self.inside = inside
        self.size = size
        self.version = version
        self._folder: tuple[int, RemoteFolder] | None = None

    @property
    def folder(self) -> RemoteFolder:
        """The folder; opened anew in every process, since connections do not outlive a fork."""
        if self._folder is None or self._folder[0] != os.getpid():
            self._folder = (os.getpid(), open_folder(self.url, waiting=WAITING))
        return self._folder[1]

    def sized(self, inside: str, size: int, version: int) -> RemotePath:
        """Return a file below this folder of which size and version are known."""
        found = self / inside
        found.size, found.version = size, version
        return found

    def read_bytes(self) -> bytes:
        """Return the whole file.

        Raises
        ------
        NoFilesError
            There is no such file.
        SourceError
            The server refuses, or does not answer.
        """
        folder, address = self.folder, self.folder.address(self.inside)
        data = folder.trying(lambda: folder.fs.cat_file(address), str(self))
        return bytes(data)

    def read_range(self, start: int, stop: int) -> bytes:
        """Return some bytes of the file.

        Raises
        ------
        SourceError
            The server sends the whole file instead.
        CorruptFileError
            The file ends before.
        """
        folder, address = self.folder, self.folder.address(self.inside)
        data = bytes(
            folder.trying(lambda: folder.fs.cat_file(address, start=start, end=stop), str(self))
        )
        if len(data) > stop - start:
            msg = f"asked for {stop - start} bytes, the server sent {len(data)}: it ignores ranges"
            hint = "bring the whole pile here and open that, or use another server"
            raise SourceError(msg, where=str(self), hint=hint)
        if len(data) < stop - start:
            msg = f"the file ends at byte {start + len(data)}, expected {self.size}"
            hint = (
                "the pile was not copied whole, or is being replaced: try again, or tell its owner"
            )
            raise CorruptFileError(msg, where=str(self), hint=hint)
        return data

    def open(self) -> io.RawIOBase:
        """Return the file, opened for reading by ranges."""
        return _RangeFile(self)

    def exists(self) -> bool:
        """Return whether there is such a file; a folder is taken to be there."""
        return not self.inside or self.size is not None or self._info() is not None

    is_file = exists

    def _info(self) -> Any:
        try:
            return self.folder.info(self.inside)
        except NoFilesError:
            return None

    def stat(self) -> _Facts:
        """Return size and version of a file, asking the server only if they are not known.

        Raises
        ------
        NoFilesError
            There is no such file.
        """
        if self.size is None:
            found = self._info()
            if found is None or found.size is None:
                raise NoFilesError("there is no such file", where=str(self))
            self.size = int(found.size)
        return _Facts(self.size, self.version)

    @property
    def name(self) -> str:
        """The last part."""
        return str(self).rpartition("/")[2]

    def __truediv__(self, part: str) -> RemotePath:
        """Return a file or folder below."""
        return RemotePath(self.url, "/".join(filter(None, (self.inside, part.strip("/")))))

    def __fspath__(self) -> str:
        """Return the URL."""
        return str(self)

    def __str__(self) -> str:
        """Return the URL."""
        return f"{self.url}/{self.inside}" if self.inside else self.url

    def __repr__(self) -> str:
        """Return the URL, as what it is."""
        return f"RemotePath({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same place."""
        return isinstance(other, RemotePath) and str(self) == str(other)

    def __hash__(self) -> int:
        """Return a number that equal places share."""
        return hash(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return _copy, (self.url, self.inside, self.size, self.version)


def _copy(url: str, inside: str, size: int | None, version: int) -> RemotePath:
    return RemotePath(url, inside, size=size, version=version)


class _RangeFile(io.RawIOBase):
    """A file of known size: each read is one request for just these bytes."""

    def __init__(self, path: RemotePath) -> None:
        self._path = path
        self._size = path.stat().st_size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        is_all = size is None or size < 0
        stop = self._size if is_all else min(self._at + (size or 0), self._size)
        if stop <= self._at:
            return b""
        data = self._path.read_range(self._at, stop)
        self._at = stop
        return data

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)
