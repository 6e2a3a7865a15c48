"""One file by HTTP: a single request that goes on where an earlier one broke off."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import IO, Any

from astropile.errors import SourceError

__all__ = ["head", "stream"]

_PIECE = 2**20
# Seconds between looks at whether to stop, and for the last write to end.
_LOOK_S, _LAST_WRITE_S = 0.1, 5.0
# Answers of servers that know no HEAD.
_NO_HEAD = (405, 501)


def head(fs: Any, url: str) -> dict[str, Any]:
    """Return what a server says about a file: ``size``, ``ETag``, ``Last-Modified``.

    The file system's own call takes every fault for an absent file, a busy server too.
    """
    from fsspec.asyn import sync

    facts: dict[str, Any] = sync(fs.loop, _head, fs, url)
    return facts


async def _head(fs: Any, url: str) -> dict[str, Any]:
    session = await fs.set_session()
    headers = {"Accept-Encoding": "identity"}
    target = fs.encode_url(url)
    async with session.head(target, headers=headers, allow_redirects=True) as response:
        status, found = response.status, response.headers
        if status not in _NO_HEAD:
            fs._raise_not_found_for_status(response, url)
    if status in _NO_HEAD:
        async with session.get(target, headers=headers) as response:
            fs._raise_not_found_for_status(response, url)
            found = response.headers
    facts: dict[str, Any] = {"name": url, "type": "file"}
    if found.get("Content-Encoding", "identity") == "identity" and "Content-Length" in found:
        facts["size"] = int(found["Content-Length"])
    facts |= {name: found[name] for name in ("ETag", "Last-Modified") if name in found}
    return facts


def stream(
    fs: Any,
    url: str,
    out: IO[bytes],
    etag: str,
    advance: Callable[[int], None],
    stop: threading.Event,
) -> None:
    """Append what is missing of a file; start anew if the server has no ranges.

    Parameters
    ----------
    fs : HTTPFileSystem
        Of fsspec.
    url : str
        The file.
    out : file
        Open for reading and writing; its end is where to go on.
    etag : str
        What its ETag or date was when it was begun; if it has changed, all of it is sent.
    advance : callable
        Takes the number of bytes that have arrived; negative if they are thrown away.
    stop : Event
        Ends the transfer soon after it is set.
    """
    ended = threading.Event()

    async def run() -> None:
        try:
            await _stream(fs, url, out, etag, advance)
        finally:
            ended.set()

    transfer = asyncio.run_coroutine_threadsafe(run(), fs.loop)
    while not ended.wait(_LOOK_S):
        if stop.is_set():
            transfer.cancel()
            ended.wait(_LAST_WRITE_S)  # nothing is written to a file that is closed
            return
    transfer.result()


async def _stream(
    fs: Any, url: str, out: IO[bytes], etag: str, advance: Callable[[int], None]
) -> None:
    session = await fs.set_session()
    offset = out.seek(0, 2)
    # What is counted and hashed is the file, not what it is packed into on the way.
    headers = {"Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if etag and not etag.startswith("W/"):  # a date will do as well
            headers["If-Range"] = etag
    async with session.get(fs.encode_url(url), headers=headers) as response:
        if response.status == 416:  # nothing is left, or the file has shrunk: the size will tell
            return
        fs._raise_not_found_for_status(response, url)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            msg = "the server packs the file on the way, so it cannot be checked"
            raise SourceError(msg, where=url, hint="use another mirror")
        begins = response.headers.get("Content-Range", "")
        if response.status != 206 or not begins.startswith(f"bytes {offset}-"):
            if response.status == 206 and offset:
                msg = f"the server sent the part '{begins}', not from byte {offset}"
                raise SourceError(msg, where=url, hint="use another mirror")
            out.seek(0)
            out.truncate()
            advance(-offset)
        now = response.headers.get("ETag", etag)
        if response.status == 206 and etag.startswith("W/") and now != etag:
            msg = "the file changed on the mirror while it was fetched"
            raise SourceError(msg, where=url, hint="run the same download again")
        async for piece in response.content.iter_chunked(_PIECE):
            out.write(piece)
            advance(len(piece))
