"""Columns on their way into files that have no nulls."""

import numpy as np
import pytest

from astropile.readers import Column
from astropile.testing.cells import NotInvertibleError
from astropile.testing.rows import with_nan

NULL = np.array([False, True])


@pytest.mark.parametrize("kind", ["i2", "u8", "f4"])
def test_with_nan_when_numbers_are_null_then_nan_as_pandas_writes_them(kind):
    found = with_nan(Column(np.array([7, 0], kind), null=NULL))
    np.testing.assert_array_equal(found, [7, np.nan])
    assert found.dtype == ("f4" if kind == "f4" else "f8")
    unchanged = with_nan(Column(np.array([7, 0], kind), null=~NULL & NULL))
    assert unchanged.dtype == kind


@pytest.mark.parametrize("data", [[2**53, 0], [-(2**53), 0], ["a", ""], [True, False]])
def test_with_nan_when_a_value_would_change_then_refused(data):
    with pytest.raises(NotInvertibleError, match="a null has no form"):
        with_nan(Column(np.array(data), null=NULL))
