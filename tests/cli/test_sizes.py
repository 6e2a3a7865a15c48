"""Sizes of memory on the command line."""

from __future__ import annotations

import pytest
import typer

from astropile.cli.sizes import read_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("64", 2**26), ("512MB", 512 * 10**6), ("512mib", 2**29), ("1.5 GiB", 3 * 2**29),
     ("2G", 2**31), ("1B", 1), ("3kB", 3000), ("1T", 2**40)],
)  # fmt: skip
def test_size_when_written_as_people_do_then_bytes(text: str, size: int) -> None:
    assert read_size(text, "--memory") == size


@pytest.mark.parametrize("text", ["", "much", "-1", "0", "1e9", "5 apples", "0.1B", "1 2", "nan"])
def test_size_when_it_is_none_then_refused_with_examples(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="512MB, 2GiB"):
        read_size(text, "--memory")


def test_size_when_not_given_then_none() -> None:
    assert read_size(None, "--memory") is None
