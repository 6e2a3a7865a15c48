"""Tests cannot leave the machine nor touch the user's caches."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest


def test_connect_when_address_is_elsewhere_then_refused() -> None:
    """192.0.2.0/24 exists for documentation alone (RFC 5737)."""
    with socket.socket() as client, pytest.raises(RuntimeError, match="tests are offline"):
        client.connect(("192.0.2.1", 443))


def test_look_up_when_name_is_elsewhere_then_refused() -> None:
    """Not even the name is asked for (RFC 2606 keeps .invalid free)."""
    with pytest.raises(RuntimeError, match="tests are offline"):
        socket.getaddrinfo("example.invalid", 80)


def test_connect_when_address_is_loopback_then_allowed() -> None:
    """Local servers of a test, such as a Dask scheduler, work."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()


def test_caches_when_a_test_runs_then_are_temporary(isolated_cache: Path) -> None:
    """Neither ours nor those of the hub client are the user's."""
    assert Path(os.environ["ASTROPILE_CACHE"]) == isolated_cache
    assert "astropile-tests-" in os.environ["HF_HOME"]
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_shared_data_when_folder_is_absent_then_skips_loudly(
    shared_data: Callable[[str], Path],
) -> None:
    """The reason names the folder, so that the summary can."""
    with pytest.raises(pytest.skip.Exception, match="'no_such_folder' absent: NOT TESTED"):
        shared_data("no_such_folder")
