"""A web server on this machine that serves a folder, with ranges and with faults on request."""

from __future__ import annotations

import html
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest


@dataclass
class Request:
    """A request as it came."""

    method: str
    path: str
    range: str


@dataclass
class WebServer:
    """A server of a folder; its fields may be changed at any time.

    Attributes
    ----------
    folder : Path
        What is served.
    url : str
        Its address.
    ranges : bool
        Whether ranges are served.
    listing : bool
        Whether folders are listed.
    heads : bool
        Whether sizes and ETags are told.
    breaks : dict of str to list of int
        Path -> after how many bytes the next transfers of it break off.
    statuses : dict of str to list of int
        Path -> statuses of the next answers instead of the file; the last one stays if negative.
    claims : dict of str to int
        Path -> size that is told instead of the true one.
    slow : dict of str to float
        Path -> seconds before every 50 kB of it.
    extra_links : list of str
        What listings name beside what is there.
    requests : list of Request
        All that came.
    sent : Counter
        Bytes of bodies by path.
    """

    folder: Path
    url: str = ""
    ranges: bool = True
    listing: bool = False
    heads: bool = True
    breaks: dict[str, list[int]] = field(default_factory=dict)
    statuses: dict[str, list[int]] = field(default_factory=dict)
    claims: dict[str, int] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    extra_links: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)

    def gets(self, path: str) -> list[Request]:
        """Return the requests for a file's bytes."""
        return [r for r in self.requests if r.method == "GET" and r.path == path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    web: WebServer

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, *, with_body: bool) -> None:
        web, path = self.web, unquote(urlsplit(self.path).path).lstrip("/")
        web.requests.append(Request(self.command, path, self.headers.get("Range", "")))
        wanted = web.statuses.get(path)
        if wanted:
            status = abs(wanted[0]) if wanted[0] < 0 else wanted.pop(0)
            if status != 200:
                self._send(status, b"no", {}, with_body)
                return
        target = web.folder / path
        if target.is_dir():
            self._page(target, with_body)
        elif target.is_file():
            self._file(target, path, with_body)
        else:
            self._send(404, b"none", {}, with_body)

    def _page(self, target: Path, with_body: bool) -> None:
        if not self.web.listing:
            self._send(403, b"no listing", {}, with_body)
            return
        names = [f"{p.name}/" if p.is_dir() else p.name for p in sorted(target.iterdir())]
        links = [quote(name) for name in names] + ["?C=N;O=D", "../", *self.web.extra_links]
        text = "".join(f'<a href="{html.escape(link)}">x</a>\n' for link in links)
        self._send(200, text.encode(), {"Content-Type": "text/html"}, with_body)

    def _file(self, target: Path, path: str, with_body: bool) -> None:
        data, web = target.read_bytes(), self.web
        etag = f'"{hash(data) & 0xFFFFFFFF:x}"'
        headers = {"ETag": etag, "Content-Type": "application/octet-stream"}
        if not web.heads:
            headers = {}
        status, begin, end = 200, 0, len(data)
        asked = self.headers.get("Range")
        if web.ranges:
            headers["Accept-Ranges"] = "bytes"
            if asked and self.headers.get("If-Range", etag) == etag:
                first, _, last = asked.removeprefix("bytes=").partition("-")
                begin, end = int(first), min(int(last) + 1 if last else end, end)
                if begin >= len(data):
                    self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"}, with_body)
                    return
                status = 206
                headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(data)}"
        body = data[begin:end]
        if not with_body:
            size = web.claims.get(path, len(body))
            self._send(status, body, headers, with_body, size=size if web.heads else None)
            return
        broken = web.breaks.get(path)
        cut = broken.pop(0) if broken else None
        self._send(status, body, headers, with_body, size=len(body), cut=cut, path=path)

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str],
        with_body: bool,
        *,
        size: int | None = -1,
        cut: int | None = None,
        path: str = "",
    ) -> None:
        self.send_response(status)
        if size is not None:
            self.send_header("Content-Length", str(len(body) if size < 0 else size))
        else:
            self.close_connection = True
            self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if not with_body:
            return
        part = body if cut is None else body[:cut]
        step = 50_000 if path in self.web.slow else max(1, len(part))
        try:
            for start in range(0, len(part), step):
                time.sleep(self.web.slow.get(path, 0.0))
                self.wfile.write(part[start : start + step])
                self.web.sent[path] += len(part[start : start + step])
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        if cut is not None:
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing: clients that go away are part of the tests."""


@pytest.fixture
def web_server(tmp_path: Path) -> Iterator[WebServer]:
    """Serve ``tmp_path / "served"`` on the loopback interface."""
    folder = tmp_path / "served"
    folder.mkdir()
    web = WebServer(folder)
    handler = type("Handler", (_Handler,), {"web": web})
    with _Server(("127.0.0.1", 0), handler) as server:
        web.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()
