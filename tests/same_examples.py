"""The same objects in several containers: their Examples are compared leaf by leaf."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

import astropile
from astropile.expression import names, parse
from astropile.schema import (
    OBJECT_LEAVES,
    BoundSource,
    Leaf,
    Report,
    SurveySchema,
    bind_source,
    combinations,
)
from astropile.survey import Survey
from astropile.testing import simulate

#: Of numbers that pass through float32 or a unit on the way.
ROUNDING = 1e-6
#: Of float64 numbers that only pass through a unit.
DOUBLE = 1e-12


def assert_same_in(survey: Survey, source: str, data_dir: Path) -> list[str]:
    """Write the Examples of a survey in the layout of another source, read them, and compare.

    Returns
    -------
    list of str
        The leaves that both sources hold.
    """
    schema, config = survey.schema, survey.config
    own = survey.request.chosen_source
    simulate(schema, config, len(survey), data_dir=data_dir, source=source, like=survey)
    columns = common_leaves(schema, config, (own, source))
    other = astropile.load(schema.id, data_dir=data_dir, config=config, source=source)
    one, two = (in_order(side, columns) for side in (survey, other))
    assert one.schema.names == two.schema.names
    assert len(one) == len(two) == len(survey) > 0
    ids = "object_id" in columns
    for key in one.schema.names if ids else one.schema.names[1:]:
        rtol = DOUBLE if is_double(survey, key, (own, source)) else ROUNDING
        assert_same(*(side[key].combine_chunks() for side in (one, two)), key, rtol)
    return columns


def is_double(survey: Survey, key: str, sources: tuple[str, str]) -> bool:
    """Return whether a top-level key holds float64 numbers in both sources."""
    leaf = survey.schema.leaves_of(survey.config).get(key)
    lossy = {a for name in sources for a in bound(survey.schema, survey.config, name).lossy}
    place = survey.schema.file.object
    of_place = {"ra": place.ra, "dec": place.dec}.get(key, key)
    return leaf is not None and not leaf.derived and not lossy & {key, of_place}


def bound(schema: SurveySchema, config: str, source: str) -> BoundSource:
    """Return a source bound for the first files of a config."""
    variables = next(iter(combinations(schema, config)))
    split = next(iter(schema.splits(config)))
    report = Report(schema.document)
    return bind_source(schema, config, source, {**variables, "split": split}, report)


def common_leaves(schema: SurveySchema, config: str, sources: tuple[str, str]) -> list[str]:
    """Return the leaves that both sources hold, and what follows from them."""
    leaves = schema.leaves_of(config)
    lost = {a for source in sources for a in bound(schema, config, source).absent}

    def known(leaf: Leaf) -> bool:
        if leaf.address in lost:
            return False
        used = [schema.leaf_of_name(n.text, leaf.block) for n in names(parse(leaf.derived or "0"))]
        return all(known(leaves[address]) for address in used if address != leaf.address)

    return [address for address, leaf in leaves.items() if known(leaf)]


def in_order(survey: Survey, columns: list[str]) -> pa.Table:
    """Return some leaves of all Examples, sorted by id, or by position if ids differ by source."""
    chosen = survey.select([address for address in columns if address not in OBJECT_LEAVES])
    table = pa.concat_tables(chosen.iter_tables())
    key = table["object_id"] if "object_id" in columns else table["ra"]
    return table.take(np.argsort(key.to_numpy(zero_copy_only=False), kind="stable"))


def assert_same(one: pa.Array, two: pa.Array, where: str, rtol: float = ROUNDING) -> None:
    """Compare two Arrow arrays: types, nulls, lengths of lists, values."""
    if isinstance(one, pa.ExtensionArray):
        one, two = one.storage, two.storage
    assert one.type == two.type, where
    np.testing.assert_array_equal(*(nulls(array) for array in (one, two)), err_msg=where)
    if pa.types.is_struct(one.type):
        fields = [field.name for field in one.type]
        for k, name in enumerate(fields):
            assert_same(one.flatten()[k], two.flatten()[k], f"{where}.{name}", rtol)
    elif pa.types.is_list(one.type) or pa.types.is_fixed_size_list(one.type):
        lengths = [array.value_lengths().to_pylist() for array in (one, two)]
        assert lengths[0] == lengths[1], where
        assert_same(one.flatten(), two.flatten(), where, rtol)
    else:
        values = [array.drop_null().to_numpy(zero_copy_only=False) for array in (one, two)]
        if values[0].dtype.kind == "f":
            np.testing.assert_allclose(*values, rtol=rtol, atol=0, err_msg=where)
        else:
            np.testing.assert_array_equal(*values, err_msg=where)


def nulls(array: pa.Array) -> np.ndarray:
    """Return which values are null."""
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False))
