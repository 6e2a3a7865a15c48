"""Drawn values: in their type, within their limits, and never a sentinel by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from astropile.errors import UsageError
from astropile.readers import Column
from astropile.registry import find_schema
from astropile.schema import Field, Leaf
from astropile.testing import Sky
from astropile.testing.cells import CellStore, NotInvertibleError
from astropile.testing.ids import unique_values
from astropile.testing.objects import draw_objects
from astropile.testing.quantities import Sample, draw_values
from astropile.testing.rows import explode

DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32",
          "float64"]  # fmt: skip
UNITS = ["", "mag", "mag(AB)", "nanomaggy", "1e-17 erg / (s cm2 Angstrom)", "deg", "km / s", "K",
         "mas / yr", "arcsec / pix", "dex(cm / s2)", "yr", "keV", "nJy-2"]  # fmt: skip


def leaf_of(**attributes: Any) -> Leaf:
    field = Field(description="A leaf.", **attributes)
    return Leaf("value", "value", "", "value", {}, field, (), "value")


def sample(n: int = 50, seed: int = 0) -> Sample:
    return Sample(draw_objects(n, Sky(), seed), np.arange(n), np.random.default_rng(seed), ("g",))


@example("int8", "", 0, 70, [0, 0, 0], 0)
@given(
    st.sampled_from(DTYPES),
    st.sampled_from(UNITS),
    st.none() | st.integers(-3, 60),
    st.none() | st.integers(70, 120),
    st.lists(st.integers(-5, 125), max_size=3),
    st.integers(0, 9),
)
def test_numbers_when_limited_then_within_and_no_sentinel(
    dtype: str, unit: str, low: int | None, high: int | None, missing: list[int], seed: int
) -> None:
    if dtype.startswith("u"):
        low, missing = (None if low is None else max(low, 0)), [max(m, 0) for m in missing]
    limits = {k: float(v) for k, v in (("min", low), ("max", high)) if v is not None}
    leaf = leaf_of(dtype=dtype, unit=unit, missing=tuple(missing), **limits)
    values = draw_values(leaf, sample(seed=seed))
    assert values.dtype == dtype
    assert values.shape == (50,)
    assert np.isfinite(values).all()
    assert low is None or (values >= low).all()
    assert high is None or (values <= high).all()
    assert not np.isin(values, np.array(missing, dtype=values.dtype)).any()


def test_choices_when_declared_then_nothing_else() -> None:
    for attributes, allowed in (
        ({"dtype": "string", "enum": ("N", "S", ""), "missing": ("",)}, {"N", "S"}),
        ({"dtype": "int16", "codes": {"1": "a", "7": "b"}}, {1, 7}),
        ({"dtype": "int32", "bits": {"0": "a", "4": "b"}}, {0, 1, 16}),
        ({"dtype": "bool", "true_means": "good"}, {True, False}),
    ):
        assert set(draw_values(leaf_of(**attributes), sample(400)).tolist()) == allowed


def test_polarity_when_flags_are_drawn_then_most_are_good() -> None:
    good = draw_values(leaf_of(dtype="bool", true_means="good"), sample(500))
    bad = draw_values(leaf_of(dtype="bool", true_means="bad"), sample(500))
    assert good.mean() > 0.9
    assert bad.mean() < 0.1


def test_meaning_when_known_then_plausible() -> None:
    leaves = find_schema("hsc").leaves_of(None)
    magnitude = draw_values(leaves["i_cmodel_mag"], sample(500))
    assert ((magnitude > 15) & (magnitude < 27)).all()
    error = draw_values(leaves["i_cmodel_magerr"], sample(500))
    assert ((error > 0) & (error < 1)).all()
    redshift = draw_values(find_schema("sdss").leaves_of(None)["Z"], sample(500))
    assert ((redshift > 0) & (redshift < 2.1)).all()
    time = {"time": {"zero": 2400000.5, "scale": "utc"}}
    field = Field.model_validate({"dtype": "float64", "description": "Time.", **time})
    days = draw_values(Leaf("t", "t", "", "t", {}, field, (), "time"), sample(500))
    assert ((days > 56000) & (days < 60000)).all()


@given(st.sampled_from(DTYPES[:8]), st.integers(1, 100), st.integers(0, 9))
def test_ids_when_drawn_then_all_differ(dtype: str, n: int, seed: int) -> None:
    field = leaf_of(dtype=dtype).field
    values = unique_values(field, n, np.random.default_rng(seed))
    assert values.dtype == dtype
    assert len(np.unique(values)) == n
    assert (values > 0).all()


def test_ids_when_the_type_is_too_narrow_then_refused() -> None:
    with pytest.raises(UsageError, match="300 objects, but ids from 1 to 127"):
        unique_values(Field(dtype="int8", description="Id."), 300, np.random.default_rng(0))


def test_objects_when_more_are_drawn_then_the_first_stay() -> None:
    few, many = draw_objects(5, Sky(), 3), draw_objects(50, Sky(), 3)
    np.testing.assert_array_equal(few.magnitude, many.magnitude[:5])
    np.testing.assert_array_equal(few.redshift, many.redshift[:5])


def test_parts_of_a_cell_when_all_are_set_then_one_array() -> None:
    store = CellStore(2)
    key = ("main", "flux")
    store.put((key, (2,)), Column(np.array([3.0, 4.0])))
    store.put((key, (0,)), Column(np.array([1.0, 2.0])))
    assert store.has((key, (0,)))
    assert not store.has((key, (1,)))
    found = store.column(key)
    assert found is not None
    assert found.data.tolist() == [[1, 0, 3], [2, 0, 4]]
    store.put((key, ((None, None), 1)), Column(np.zeros((2, 4))))
    with pytest.raises(NotInvertibleError, match="differ in their axes"):
        store.column(key)


def test_explode_when_lists_differ_in_length_then_refused() -> None:
    columns = {
        "id": Column(np.array([7, 8])),
        "t": Column(np.arange(3.0), offsets=np.array([0, 1, 3])),
    }
    long = explode(columns, ["id"])
    assert long["t"].data.tolist() == [0, 1, 2]
    assert long["id"].data.tolist() == [7, 8, 8]
    columns["f"] = Column(np.arange(3.0), offsets=np.array([0, 2, 3]))
    with pytest.raises(NotInvertibleError, match="f has another number"):
        explode(columns, ["id"])
