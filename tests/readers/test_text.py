"""Bytes to text against Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.errors import CellError, UnsafeFileError
from astropile.readers import _text
from astropile.readers._text import decode_fixed, decode_list, decode_pieces

WORDS = st.lists(st.text("aZ0 -é€𝛼", max_size=6), min_size=1, max_size=8)


@given(words=WORDS, padding=st.text(" \0", max_size=3))
def test_decode_fixed_when_padded_then_only_the_end_is_lost(words: list[str], padding: str) -> None:
    """Blanks in front and inside are text."""
    raw = np.array([(word + padding).encode() for word in words])
    assert decode_fixed(raw, "x").tolist() == [word.rstrip(" ") for word in words]


@given(words=WORDS)
def test_decode_pieces_when_read_then_blanks_are_kept(words: list[str]) -> None:
    """A text of its own length has no padding."""
    data = "".join(words).encode()
    offsets = np.cumsum([0, *(len(word.encode()) for word in words)])
    assert decode_pieces(np.frombuffer(data, np.uint8), offsets, "x").tolist() == words
    assert decode_list(words, "x").tolist() == words


def test_decode_pieces_when_sliced_then_offsets_need_not_start_at_0() -> None:
    """Arrow hands out parts of its buffers."""
    data = np.frombuffer(b"abcdef", np.uint8)
    assert decode_pieces(data, np.array([1, 3, 3, 6]), "x").tolist() == ["bc", "", "def"]


def test_decode_when_nothing_then_empty_text() -> None:
    """No rows, and rows without characters."""
    assert decode_fixed(np.empty((0, 2), "S4"), "x").shape == (0, 2)
    assert decode_fixed(np.array([b"", b"  "]), "x").tolist() == ["", ""]
    assert decode_list([], "x").dtype.kind == "U"


def test_decode_fixed_when_an_array_a_row_then_shape_is_kept() -> None:
    """Bands of an image."""
    raw = np.array([[b"g ", b"r"], [b"i", "é".encode()]])
    assert decode_fixed(raw, "x").tolist() == [["g", "r"], ["i", "é"]]


def test_decode_fixed_when_not_utf8_then_error_names_cell_and_row() -> None:
    """Replacement characters would be another id."""
    raw = np.array([[b"a", b"b"], [b"c", b"\xe9\xff"]])
    with pytest.raises(CellError, match=r"name: .* in row 1 .*\\xe9\\xff"):
        decode_fixed(raw, "name")


def test_decode_when_one_text_is_huge_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """numpy gives every text the width of the longest."""
    monkeypatch.setattr(_text, "BUDGET_BYTES", 1000)
    with pytest.raises(UnsafeFileError, match="2 texts of up to 200 bytes"):
        decode_list(["a", "b" * 200], "x")
    with pytest.raises(UnsafeFileError, match="2 texts of up to 200 bytes"):
        decode_fixed(np.array([b"a", b"b" * 200]), "x")
