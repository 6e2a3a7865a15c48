"""Light curves of SNooPy, written by hand in the layout of CSP DR3: no real file is at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astropile.errors import CorruptFileError
from astropile.readers import CellInfo, ReadOptions, open_reader

NewPath = Callable[[str], Path]
LIGHT_CURVE = """\
SN2004dt 0.019700 30.553208 -0.097639
filter u
 671.84  17.146   0.028
# not photometric
 673.82  16.999   0.021
filter Jrc2 CSP/RetroCam
 685.80  17.290   0.012
"""


@pytest.fixture
def light_curve(new_path: NewPath) -> Path:
    path = new_path("_snpy.txt")
    path.write_text(LIGHT_CURVE)
    return path


def test_read_when_written_as_snoopy_then_an_element_an_observation(
    light_curve: Path, load: Any
) -> None:
    found = load(light_curve, "snoopy", rows="file")
    assert {name: column.data.tolist()[0] for name, column in found.items()} == {
        "name": "SN2004dt", "redshift": "0.019700", "ra": "30.553208", "dec": "-0.097639",
        "filter": ["u", "u", "Jrc2"], "time": ["671.84", "673.82", "685.80"],
        "mag": ["17.146", "16.999", "17.290"], "err": ["0.028", "0.021", "0.012"],
    }  # fmt: skip
    with open_reader(light_curve, "snoopy", ReadOptions(rows="file")) as reader:
        assert reader.cells()["mag"] == CellInfo("text", (3,))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.019700 ", "", "line 1 has 3 words, expected name redshift ra dec"),
        ("0.019700", "unknown", "line 1 has 4 words"),
        ("  0.028", "", "line 3 has 2 words, expected date magnitude error"),
        ("0.028", "faint", "line 3 has 3 words"),
        ("filter u", "", "line 3 stands before the first line 'filter'"),
        ("0.012\n", "0.01", "ends in the middle of line 7"),
        (LIGHT_CURVE, "# nothing\n", "no line with name"),
    ],
)
def test_read_when_a_line_is_wrong_then_error_with_its_number(
    light_curve: Path, load: Any, old: str, new: str, message: str
) -> None:
    light_curve.write_text(LIGHT_CURVE.replace(old, new))
    with pytest.raises(CorruptFileError, match=rf"{light_curve.name}: {message}"):
        load(light_curve, "snoopy", rows="file")


def test_read_when_there_is_no_observation_then_empty(new_path: NewPath, load: Any) -> None:
    path = new_path(".txt")
    path.write_text("SN2004dt 0.0197 30.5 -0.1\n")
    assert load(path, "snoopy", rows="file")["mag"].data.shape == (1, 0)


def test_read_when_damaged_then_no_bare_exception(light_curve: Path, refused: Any) -> None:
    cut, changed = refused(light_curve, "snoopy", rows="file")
    # Not refused: between two lines, and within a comment.
    assert cut > len(LIGHT_CURVE) - LIGHT_CURVE.count("\n") - len("# not photometric") - 5
    assert changed > 10
