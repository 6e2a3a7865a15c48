"""Sizes of memory as people write them: 512MB, 2GiB."""

from __future__ import annotations

import re
from typing import Any

import typer

__all__ = ["SIZE", "read_size", "size_option"]

#: What stands for a size in the help.
SIZE = "SIZE"
_UNITS = {"": 2**20, "B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_UNITS |= {f"{unit}IB": size for unit, size in _UNITS.items() if unit not in ("", "B")}
_UNITS |= {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")


def read_size(text: str | None, option: str) -> int | None:
    """Return bytes; a number alone is MiB.

    Examples
    --------
    >>> [read_size(text, "--memory") for text in ("512MB", "2 GiB", "64", "1.5g")]
    [512000000, 2147483648, 67108864, 1610612736]
    """
    if text is None:
        return None
    found = _SIZE.fullmatch(text)
    unit = _UNITS.get(found[2].upper()) if found else None
    size = 0 if found is None or unit is None else round(float(found[1]) * unit)
    if size < 1:
        message = f"{text!r} is no size; write 512MB, 2GiB, or a number of MiB"
        raise typer.BadParameter(message, param_hint=f"'{option}'")
    return size


def size_option(name: str, text: str) -> Any:
    """Return an option that takes a size."""
    return typer.Option(name, metavar=SIZE, help=f"{text}; a number is MiB.", show_default=False)
