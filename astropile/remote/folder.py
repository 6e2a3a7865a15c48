"""A folder behind a URL: which file system reads it, and the little that is asked of it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from astropile.errors import (
    AstropileError,
    MirrorError,
    MissingExtraError,
    NoFilesError,
    SourceError,
    UsageError,
)

__all__ = ["RemoteFile", "RemoteFolder", "Waiting", "open_folder"]

Result = TypeVar("Result")

_HUB = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/(?P<repo>[^/]+/[^/]+)"
    r"(?:/(?:tree|resolve|blob)/(?P<revision>[^/]+)(?P<inside>/.*)?)?/?"
)
_EXTRAS = {"s3": 'pip install "astropile[s3]"', "hf": "pip install huggingface_hub"}
_SCHEMES = ("https", "http", "s3", "hf", "file", "memory")
_WEB = ("http", "https")
# What file systems call the thing that changes with the bytes of a file.
_VERSIONS = ("ETag", "blob_id", "Last-Modified", "mtime", "created")
# Seconds to make a connection, and without a byte.
_CONNECT, _SILENCE = 30.0, 60.0


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a mirror.

    Attributes
    ----------
    path : str
        Its path below the folder, safe to use here.
    address : str
        What the file system calls it.
    size : int or None
        Bytes, if the mirror says so.
    sha256 : str
        Digest, if the mirror says so.
    etag : str
        What changes when the file does, if the mirror says so.
    """

    path: str
    address: str
    size: int | None = None
    sha256: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How often to try again, and how long to wait before: twice as long each time.

    Attributes
    ----------
    retries : int
        Attempts after the first one.
    first_s : float
        Seconds before the first of them.
    longest_s : float
        Most seconds.
    """

    retries: int = 5
    first_s: float = 1.0
    longest_s: float = 60.0

    def seconds(self, attempt: int) -> float:
        """Return how long to wait before a further attempt; the first of them is number 1."""
        return min(self.first_s * 2.0 ** (attempt - 1), self.longest_s)


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    """A folder of a file system.

    Attributes
    ----------
    url : str
        As it was given, without secrets.
    fs : AbstractFileSystem
        Of fsspec.
    root : str
        What the file system calls the folder.
    """

    url: str
    fs: Any
    root: str
    waiting: Waiting = field(default_factory=Waiting)

    @property
    def is_web(self) -> bool:
        """Whether it is read by HTTP, which has no listing."""
        protocol = self.fs.protocol
        names = (protocol,) if isinstance(protocol, str) else protocol
        return not set(_WEB).isdisjoint(names)

    def address(self, path: str) -> str:
        """Return what the file system calls a file below the folder."""
        inside = quote(path, safe="/=@+~!$&'(),;") if self.is_web else path
        return f"{self.root}/{inside}" if inside else self.root

    def below(self, path: str) -> RemoteFolder:
        """Return a folder below this one."""
        if not path:
            return self
        return RemoteFolder(f"{self.url}/{path}", self.fs, self.address(path), self.waiting)

    def read(self, path: str, *, most_bytes: int) -> bytes | None:
        """Return a small file, None if it is not there.

        Raises
        ------
        SourceError
            It is bigger than such a file ever is, or cannot be read.
        """
        found = self.info(path)
        if found is None:
            return None
        if found.size is not None and found.size > most_bytes:
            msg = f"has {found.size} bytes, more than an index file ever has"
            raise SourceError(msg, where=f"{self.url}/{path}", hint="use another mirror")
        address = self.address(path)
        # Of an empty file no range can be asked for.
        limits = {} if found.size is not None else {"start": 0, "end": most_bytes}
        data = self.trying(partial(self.fs.cat_file, address, **limits), address)
        return bytes(data)

    def info(self, path: str) -> RemoteFile | None:
        """Return size and digests of a file, None if it is not there."""
        address = self.address(path)
        if self.is_web:
            from astropile.remote.web import head

            ask = partial(head, self.fs, address)
        else:
            ask = partial(self.fs.info, address)
        try:
            facts = self.trying(ask, address)
        except NoFilesError:
            return None
        return None if facts.get("type") == "directory" else file_of(path, facts)

    def trying(self, call: Callable[[], Result], what: str) -> Result:
        """Run a call of the file system, again if what went wrong may pass.

        Raises
        ------
        NoFilesError
            There is no such file.
        SourceError
            The mirror refuses, or does not answer.
        """
        for attempt in range(self.waiting.retries + 1):
            if attempt:
                time.sleep(self.waiting.seconds(attempt))
            try:
                return call()
            except AstropileError:
                raise
            except Exception as error:
                fault = told(error, what)
                if not may_pass(error) or attempt == self.waiting.retries:
                    raise fault from error
        raise AssertionError  # the loop returns or raises


def file_of(path: str, facts: dict[str, Any]) -> RemoteFile:
    """Return a file from what a file system says about it."""
    large = facts.get("lfs") or {}  # of the Hugging Face Hub
    digest = large.get("sha256", "") if isinstance(large, dict) else getattr(large, "sha256", "")
    size = facts.get("size")
    etag = next((str(facts[name]) for name in _VERSIONS if facts.get(name)), "")
    return RemoteFile(
        path, str(facts["name"]), None if size is None else int(size), digest or "", etag
    )


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that an error of any library carries."""
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status", None) or getattr(holder, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def may_pass(error: BaseException) -> bool:
    """Tell whether trying again makes sense."""
    status = status_of(error)
    if status is not None:
        return status in (408, 425, 429) or status >= 500
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | MemoryError):
        return False
    return isinstance(error, OSError | TimeoutError) or type(error).__module__.startswith("aiohttp")


def told(error: Exception, what: str) -> AstropileError:
    """Return an error of a file system as one of ours."""
    status = status_of(error)
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return NoFilesError("there is no such file", where=what, hint="check the mirror's address")
    if isinstance(error, PermissionError) or status in (401, 403):
        hint = "log in as the site tells you; tokens come from its own tools, never from here"
        return MirrorError("the mirror refuses access", where=what, hint=hint)
    text = f"HTTP status {status}" if status else f"{type(error).__name__} {error}".strip()
    msg = f"the mirror cannot be read ({text})"
    hint = "try again later: what has arrived is kept; or give another mirror"
    return MirrorError(msg, where=what, hint=hint)


def open_folder(url: str, *, waiting: Waiting | None = None) -> RemoteFolder:
    """Open a folder by its URL; nothing is read yet.

    Parameters
    ----------
    url : str
        ``https://``, ``s3://``, ``hf://`` (also the page of a data set of the Hugging Face Hub),
        or a path of this machine.
    waiting : Waiting, optional
        How to try again.

    Raises
    ------
    UsageError
        It is no URL of a folder.
    MissingExtraError
        What reads it is not installed.

    Examples
    --------
    >>> open_folder("memory://somewhere").root
    '/somewhere'
    """
    import fsspec

    address = _hub_address(url.strip()).rstrip("/")
    scheme = address.partition("://")[0] if "://" in address else "file"
    if scheme not in _SCHEMES or "::" in address:
        msg = f"'{url}' is no folder that can be read; expected one of {', '.join(_SCHEMES)}"
        raise UsageError(msg, hint="give the URL of a folder")
    if scheme in _WEB and (urlsplit(address).query or "@" in urlsplit(address).netloc):
        msg = "a mirror is the URL of a folder, without a question mark or a password"
        where = address.partition("?")[0].rpartition("@")[2]
        hint = "fsspec and the tools of the host know passwords; download from there first"
        raise UsageError(msg, where=where, hint=hint)
    try:
        fs, root = fsspec.url_to_fs(address, **_options(scheme))
    except ImportError as error:
        msg = f"{scheme}:// cannot be read: {error}"
        raise MissingExtraError(msg, hint=_EXTRAS.get(scheme, "")) from error
    return RemoteFolder(address, fs, root.rstrip("/"), waiting or Waiting())


def _hub_address(url: str) -> str:
    """Return the page of a data set of the Hugging Face Hub as a file system address."""
    page = _HUB.fullmatch(url)
    if page is None:
        return url
    revision = f"@{page['revision']}" if page["revision"] else ""
    return f"hf://datasets/{page['repo']}{revision}{page['inside'] or ''}"


def _options(scheme: str) -> dict[str, Any]:
    if scheme in _WEB:
        import aiohttp

        # A transfer may take hours; what must not take long is each step of it.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_SILENCE)
        return {"client_kwargs": {"timeout": timeout}, "use_listings_cache": False}
    # Mirrors of surveys are public.
    return {"anon": True} if scheme == "s3" else {}
