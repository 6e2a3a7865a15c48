"""Operator Finish: unit factor, sentinels to null, cast: where values become leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from astropile.engine.functions.text import as_text
from astropile.engine.operand import Fault, Operand, numeric, rows_with
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import Leaf

Factor = float | Callable[[Array], Array] | None
_FALSE_TRUE = {"false": False, "true": True, "f": False, "t": True, "0": False, "1": True}


def finish(column: Column, leaf: Leaf, factor: Factor) -> Column:
    """Turn bound values into the leaf's type.

    Parameters
    ----------
    column : Column
        Aligned values.
    leaf : Leaf
        What they become.
    factor : float, callable or None
        Conversion to the leaf's unit.

    Raises
    ------
    Fault
        A value does not fit the type; names the value and the rows.
    """
    dtype = leaf.field.dtype
    if dtype == "string":
        return _without_text_sentinels(as_text(Operand(column)).column, leaf)
    if dtype == "bool":
        return _to_bool(column)
    column = numeric(Operand(column)).column
    if factor is not None:
        data = factor(column.data) if callable(factor) else column.data * factor
        column = replace(column, data=data)
    if leaf.field.missing:
        column = _without_sentinels(column, leaf.field.missing)
    target = np.dtype(dtype)
    column = _to_float(column, target) if target.kind == "f" else _to_int(column, target)
    if leaf.field.missing and target.kind != "f" and column.ndim == 0:
        column = _without_sentinels(column, leaf.field.missing)
    return column


def cast(column: Column, dtype: str, factor: Factor = None) -> Column:
    """Turn values into a type of the language.

    Parameters
    ----------
    column : Column
        Values as they were computed; text becomes numbers where these are asked for.
    dtype : str
        Type of a field.
    factor : float, callable or None
        Conversion of units.

    Raises
    ------
    Fault
        A value does not fit the type; names the value and the rows.
    """
    if dtype == "string":
        return as_text(Operand(column)).column
    if dtype == "bool":
        return _to_bool(column)
    column = numeric(Operand(column)).column
    if factor is not None:
        data = factor(column.data) if callable(factor) else column.data * factor
        column = replace(column, data=data)
    target = np.dtype(dtype)
    return _to_float(column, target) if target.kind == "f" else _to_int(column, target)


def _add_null(column: Column, null: Array) -> Column:
    if not null.any():
        return column
    return replace(column, null=null if column.null is None else column.null | null)


def _without_text_sentinels(column: Column, leaf: Leaf) -> Column:
    words = [str(word) for word in leaf.field.missing if isinstance(word, str)]
    if not words or column.ndim:
        return column
    return _add_null(column, np.isin(column.data, words))


def _without_sentinels(column: Column, sentinels: tuple[object, ...]) -> Column:
    """Null the sentinels of scalars; NaN those of float arrays; integer arrays keep them."""
    data = column.data
    numbers = np.array([s for s in sentinels if not isinstance(s, str)], dtype=np.float64)
    if data.dtype.kind == "f":
        # A sentinel such as -99.99 was rounded to the stored type when it was written.
        numbers = numbers.astype(data.dtype)
    hit = np.isin(data, numbers)
    if not hit.any():
        return column
    if column.ndim == 0:
        return _add_null(column, hit)
    if data.dtype.kind != "f":
        return column
    return replace(column, data=np.where(hit, np.nan, data).astype(data.dtype))


def _to_float(column: Column, target: np.dtype[np.generic]) -> Column:
    data = column.data
    if data.dtype != target:
        with np.errstate(over="ignore"):
            cast = data.astype(target)
        if data.dtype.kind == "f" and data.dtype.itemsize > target.itemsize:
            over = np.isinf(cast) & np.isfinite(data)
            if over.any():
                _refuse(column, over, f"does not fit {target}")
        data = cast
    if column.holes is not None:
        data = np.where(column.holes, np.nan, data).astype(target)
    column = replace(column, data=data, holes=None)
    if column.ndim == 0:
        return _add_null(column, np.isnan(data))
    return column


def _to_int(column: Column, target: np.dtype[np.generic]) -> Column:
    data = column.data
    if data.dtype == target:
        return column
    null = column.null
    unknown = np.zeros(data.shape, dtype=bool)
    if null is not None and column.ndim == 0:
        unknown = null
    if data.dtype.kind == "f":
        nan = np.isnan(data)
        if column.ndim == 0:
            unknown = unknown | nan
        elif nan.any():
            _refuse(column, nan, f"is no {target}; arrays of integers have no null")
        data = np.where(nan, 0, data)
        broken = ~unknown & (data != np.floor(data))
        if broken.any():
            _refuse(column, broken, f"is not whole, and the leaf is {target}")
    limits = np.iinfo(target)  # type: ignore[type-var]
    outside = ~unknown & ((data < limits.min) | (data > limits.max))
    if outside.any():
        _refuse(column, outside, f"does not fit {target}")
    cast = np.where(unknown, 0, data).astype(target)
    column = replace(column, data=cast)
    return _add_null(column, unknown) if column.ndim == 0 else column


def _to_bool(column: Column) -> Column:
    data = column.data
    if data.dtype.kind == "b":
        return column
    if data.dtype.kind == "U":
        words = np.strings.lower(np.strings.strip(data))
        keys = np.array(list(_FALSE_TRUE))
        bad = ~np.isin(words, [*_FALSE_TRUE, ""])
        if bad.any():
            _refuse(column, bad, "is neither true nor false")
        true = np.isin(words, [key for key in keys.tolist() if _FALSE_TRUE[key]])
        column = replace(column, data=true)
        return _add_null(column, words == "") if column.ndim == 0 else column
    nan = np.isnan(data) if data.dtype.kind == "f" else np.zeros(data.shape, dtype=bool)
    bad = ~nan & (data != 0) & (data != 1)
    if column.null is not None and column.ndim == 0:
        bad &= ~column.null
    if bad.any():
        _refuse(column, bad, "is neither 0 nor 1; say any_bit(...) or compare it")
    column = replace(column, data=data == 1)
    return _add_null(column, nan) if column.ndim == 0 else column


def _refuse(column: Column, bad: Array, why: str) -> None:
    value = column.data[bad].reshape(-1)[0]
    count = int(bad.sum())
    more = f" (and {count - 1} more)" if count > 1 else ""
    raise Fault(f"{value} {why}{more}", rows=rows_with(column, bad))
