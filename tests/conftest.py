"""What every test shares: real files, isolated caches, no network, profiles of hypothesis."""

from __future__ import annotations

import ipaddress
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
NOT_TESTED = "absent: NOT TESTED"
SECRETS_AND_SETTINGS = ("ASTROPILE_SCHEMAS", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "FORCE_COLOR")
NETWORK_EVENTS = frozenset(
    {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}
)

settings.register_profile(
    "default",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "ci", settings.get_profile("default"), derandomize=True, database=None, print_blob=True
)
settings.register_profile("long", settings.get_profile("default"), max_examples=5000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "default")
)


class NetworkUsedError(RuntimeError):
    """A test tried to leave the machine. Not an OSError, so that no retry swallows it."""


def is_loopback(host: object) -> bool:
    """Tell whether a host, as the socket module gets it, is this machine."""
    if host is None or host in ("", b"", "localhost", b"localhost"):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: sockets of every library pass here, whoever patched them."""
    if event not in NETWORK_EVENTS:
        return
    address = arguments[0 if event.startswith("socket.get") else 1]
    if isinstance(address, tuple):
        address = address[0]
    elif not event.startswith("socket.get"):
        return  # a path: a Unix socket, which stays on the machine
    if not is_loopback(address):
        message = f"a test reached for {address!r}: tests are offline"
        raise NetworkUsedError(message)


def pytest_configure(config: pytest.Config) -> None:
    """Move caches aside before any library reads their place, and shut the network."""
    cache = Path(tempfile.mkdtemp(prefix="astropile-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(cache, ignore_errors=True))
    os.environ.update(
        ASTROPILE_CACHE=str(cache / "astropile"),
        HF_HOME=str(cache / "huggingface"),
        HF_DATASETS_CACHE=str(cache / "huggingface" / "datasets"),
        HF_HUB_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        MPLBACKEND="agg",
        MPLCONFIGDIR=str(cache / "matplotlib"),
    )
    for name in SECRETS_AND_SETTINGS:
        os.environ.pop(name, None)
    sys.addaudithook(refuse_network)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud how much was not tested for want of real files."""
    reasons = Counter(
        reason.removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if NOT_TESTED in (reason := str(report.longrepr[2] if report.longrepr else ""))
    )
    if reasons:
        terminalreporter.section("real data", sep="=", yellow=True, bold=True)
        for reason, count in sorted(reasons.items()):
            terminalreporter.line(f"{count:4d} skipped: {reason}", yellow=True)
        total = sum(reasons.values())
        terminalreporter.line(f"{total} tests on real files were NOT run", yellow=True, bold=True)


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """Directory of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Return a function: name of a folder of real files -> its path; it skips if there is none."""
    root = Path(os.environ.get("ASTROPILE_SHARED_DATA") or ROOT.parent / "shared" / "data")

    def find(name: str) -> Path:
        folder = root / name
        if not folder.is_dir():
            pytest.skip(f"real data folder '{name}' {NOT_TESTED}")
        return folder

    return find


@pytest.fixture(autouse=True)
def isolated_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a cache of its own."""
    cache = tmp_path / "astropile-cache"
    monkeypatch.setenv("ASTROPILE_CACHE", str(cache))
    return cache
