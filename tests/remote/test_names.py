"""Names from elsewhere stay below their folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.errors import UnsafeFileError
from astropile.remote import local_path
from astropile.remote.names import checked_name, decoded_name


@pytest.mark.parametrize(
    "name",
    [
        "", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/.", "C:/x", "a\\b", "a\0b",
        "a\nb", "x:stream", "a\x1b[2Jb", "a.", "b ", "nul", "dir/COM1.txt", "a" * 256, "a/" * 600,
        "a*b", "<capture>", 'q"',
    ],
)  # fmt: skip
def test_name_when_not_safe_then_refused(name: str) -> None:
    with pytest.raises(UnsafeFileError, match="the mirror names a file"):
        checked_name(name)


@pytest.mark.parametrize(
    "name", ["a", "healpix=1/x.hdf5", "d/Norder=0/Npix=4.parquet", "ünï/µ.fits", ".hidden", "a..b"]
)
def test_name_when_safe_then_kept(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["%2e%2e/x", "..%2fx", "a%2f..%2fb", "%2fetc", "a%00", "a%5cb"])
def test_name_when_encoded_then_it_is_no_way_out(name: str) -> None:
    with pytest.raises(UnsafeFileError):
        decoded_name(name)


@given(st.text(max_size=60))
def test_path_when_accepted_then_it_is_below_the_folder(name: str) -> None:
    """Whatever a mirror says."""
    folder = Path("/somewhere/data")
    try:
        found = local_path(folder, name)
    except UnsafeFileError:
        return
    assert found.is_relative_to(folder)
    assert found != folder
    assert ".." not in found.parts


def test_path_when_a_link_leads_out_then_refused(tmp_path: Path) -> None:
    """A link in the download folder is no way out either."""
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "file").symlink_to(tmp_path / "elsewhere" / "new")
    for name in ("link/x", "file"):
        with pytest.raises(UnsafeFileError, match="a link would lead"):
            local_path(folder, name)
    assert local_path(folder, "new/x") == folder / "new" / "x"
