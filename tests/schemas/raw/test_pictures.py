"""Pictures as Galaxy10 gives them: one HDF5 file, damaged and altered in all ways it may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import astropile as ap
from astropile.errors import AstropileError, CorruptFileError

FILE = "Galaxy10_DECals.h5"


def write(root: Path, **columns: Any) -> dict[str, np.ndarray]:
    """Write four galaxies; what is given stands in for a column, None leaves it out."""
    rng = np.random.default_rng(10)
    found = {
        "images": rng.integers(0, 256, (4, 256, 256, 3)).astype("u1"),
        "ans": np.array([3, 0, 9, 6], "u1"),
        "ra": np.array([10.5, 359.875, 0.0, 200.25]),
        "dec": np.array([-5.25, 60.0, -89.5, 33.0]),
        "redshift": np.array([0.125, np.nan, 0.0625, 0.25]),
        "pxscale": np.full(4, 0.262),
        **columns,
    }
    with h5py.File(root / FILE, "w") as file:
        for name, values in found.items():
            if values is not None:
                file[name] = values
    return found


def test_galaxy10_when_read_by_rows_or_columns_then_as_in_the_file(tmp_path):
    real = write(tmp_path)
    survey = ap.load("gz10", data_dir=tmp_path, source="galaxy10")
    table = survey.catalog(columns=["gz10_label", "rgb_pixel_scale"])
    assert table["object_id"].tolist() == ["0", "1", "2", "3"]
    assert table["ra"].tolist() == real["ra"].tolist()
    assert table["gz10_label"].tolist() == real["ans"].tolist()
    one = survey.dataset()[2]
    np.testing.assert_array_equal(one["rgb_image"], real["images"][2])
    assert one["object_id"] == "2"
    assert [row["redshift"] for row in survey] == [0.125, None, 0.0625, 0.25]


@pytest.mark.parametrize("name", ["images", "ans", "pxscale", "ra"])
def test_galaxy10_when_a_column_is_missing_then_it_is_named(tmp_path, examples, name):
    write(tmp_path, **{name: None})
    with pytest.raises(AstropileError, match=name):
        examples("gz10", "galaxy10", config="gz10_rgb_images")
    if name in ("images", "pxscale"):
        assert len(examples("gz10", "galaxy10", config="gz10").rows) == 4


def test_galaxy10_when_pictures_have_another_size_then_error_with_both(tmp_path, examples):
    write(tmp_path, images=np.zeros((4, 69, 69, 3), "u1"))  # those of Galaxy10 SDSS
    with pytest.raises(AstropileError, match="rgb_image: axis y has 256 places, got 69"):
        examples("gz10", "galaxy10", config="gz10_rgb_images")


def test_galaxy10_when_columns_differ_in_length_then_error_with_both(tmp_path, examples):
    write(tmp_path, ans=np.array([1, 2, 3], "u1"))
    with pytest.raises(AstropileError, match=r"ans.*(3.*4|4.*3)"):
        examples("gz10", "galaxy10", config="gz10")


def test_galaxy10_when_a_class_is_no_whole_number_then_row_is_named(tmp_path, examples):
    write(tmp_path, ans=np.array([1, 2.5, 3, 4]))
    with pytest.raises(AstropileError, match=r"row 1: gz10_label.*2\.5"):
        examples("gz10", "galaxy10", config="gz10")


def test_galaxy10_when_a_place_is_out_of_range_then_refused(tmp_path, examples):
    write(tmp_path, dec=np.array([1, 91.0, 2, 3]))
    found = examples("gz10", "galaxy10", config="gz10")
    assert found.column("object_id") == ["0", "2", "3"]
    assert found.rejects.codes == ["position"]


def test_galaxy10_when_file_is_cut_short_then_it_is_named(tmp_path, examples):
    write(tmp_path)
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:200_000])
    with pytest.raises(CorruptFileError, match=FILE):
        examples("gz10", "galaxy10", config="gz10_rgb_images")
