"""Paths, sizes and faults of the disk."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

import astropile as ap
from astropile import disk
from astropile.errors import OutputError, SurveyNotFoundError, UsageError
from astropile.pile import clean_builds, verify_pile

NO_PATHS: list[Any] = [5, None, 3.5, b"bytes", [], {}, object()]


@pytest.mark.parametrize("given", NO_PATHS, ids=lambda given: type(given).__name__)
def test_path_when_of_another_type_then_usage_error(given: Any) -> None:
    calls = [ap.open, verify_pile, clean_builds, ap.register]
    if given is not None:
        calls.append(lambda path: ap.load("hipparcos", data_dir=path))
    for call in calls:
        with pytest.raises(UsageError, match="is no path, but of type") as caught:
            call(given)
        assert caught.value.hint


@pytest.mark.parametrize("given", ["a\0b", Path("a\0b")])
def test_path_when_it_has_a_nul_then_usage_error(given: Any) -> None:
    for call in (ap.open, verify_pile, ap.register, ap.moc):
        with pytest.raises(UsageError, match="NUL") as caught:
            call(given)
        assert "\0" not in str(caught.value)
    with pytest.raises(UsageError, match=r"data_dir=.*NUL"):
        ap.load("hipparcos", data_dir=given)


def test_path_when_of_an_unknown_user_then_usage_error() -> None:
    with pytest.raises(UsageError, match="no such user"):
        ap.open("~no_such_user_at_all/pile")


@pytest.mark.parametrize("name", [5, None, b"hsc", [], "a\0b"])
def test_name_when_none_of_a_survey_then_not_found(name: Any) -> None:
    with pytest.raises(SurveyNotFoundError) as caught:
        ap.load(name)
    assert "\0" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "Error writing bytes to file. Detail: [errno 28] ..."),
        OSError("786432 requested and 115696 written"),
        OSError(
            "Can't write data (file write failed: time = now\n, errno = 28, error message = ''"
        ),
    ],
)
def test_writing_when_a_disk_is_full_then_one_short_error(error: OSError, tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught, disk.writing(tmp_path / "x"):
        raise error
    assert caught.value.what == "cannot write: No space left on device"
    assert caught.value.where == str(tmp_path / "x")
    assert caught.value.exit_code == 4


def test_text_when_it_cannot_be_written_then_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        disk.write_text(tmp_path / "a.json", "{}")
    assert list(tmp_path.iterdir()) == []
