"""The per-band layout: one image a band with its seeing, scale and noise, and default photometry.

Which keys there are follows from the schema alone, so features are known without data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.engine.features import feature_of, nested_keys, shape_of
from astropile.engine.pack import all_null, pack_column
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import Block, Leaf, SurveySchema

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Features

#: Quantities that get a key a band, under this short name.
_BAND_QUANTITIES = ("mag", "flux", "size")
#: Keys without the survey's name, and the canonical names they come from.
_OBJECT_KEYS = {"extinction": "ebv", "z_spec": "redshift_spec"}


@dataclass(frozen=True, slots=True)
class Plane:
    """One band of an image block.

    Attributes
    ----------
    label : str
        Band.
    place : int
        Its place among the labels.
    parts : mapping of str to str
        Part of the struct -> address of the leaf it comes from; constants have none.
    constants : mapping of str to (str or float)
        Parts that are the same for every object.
    """

    label: str
    place: int
    parts: Mapping[str, str]
    constants: Mapping[str, str | float]


@dataclass(frozen=True)
class PerBand:
    """Keys of the per-band layout of one survey.

    Attributes
    ----------
    planes : mapping of str to Plane
        Key -> image plane.
    plain : mapping of str to (str or mapping)
        Key -> address, or block key -> {field: address}.
    """

    schema: SurveySchema
    leaves: Mapping[str, Leaf]
    block: Block | None
    planes: Mapping[str, Plane]
    plain: Mapping[str, str | dict[str, str]]

    @property
    def addresses(self) -> tuple[str, ...]:
        """Leaves that must be read."""
        found: dict[str, None] = {}
        for plane in self.planes.values():
            found.update(dict.fromkeys(plane.parts.values()))
        if self.planes and self.block:
            support = ("mask", "band") if self.block.is_ragged("band") else ("mask",)
            roles = _roles(self.block, self.leaves)
            found.update({roles[role]: None for role in support if role in roles})
        for value in self.plain.values():
            found.update(dict.fromkeys((value,) if isinstance(value, str) else value.values()))
        return tuple(found)

    def features(self) -> Features:
        """Return the features of an Example."""
        import datasets

        made: dict[str, Any] = {}
        for key, value in self.plain.items():
            made[key] = (
                self._feature(value)
                if isinstance(value, str)
                else {name: self._feature(address) for name, address in value.items()}
            )
            if key == f"{self.schema.id}_id":
                made.update({k: self._plane_feature(p) for k, p in self.planes.items()})
        return datasets.Features(made)

    def _feature(self, address: str) -> Any:
        leaf = self.leaves[address]
        return feature_of(leaf.field.dtype, shape_of(leaf, self.schema.blocks.get(leaf.block)))

    def _plane_feature(self, plane: Plane) -> dict[str, Any]:
        import datasets

        made: dict[str, Any] = {}
        for part in _PARTS:
            if part == "image":
                leaf = self.leaves[plane.parts["image"]]
                made[part] = feature_of(leaf.field.dtype, shape_of(leaf, self.block)[1:])
            elif part in plane.parts:
                made[part] = datasets.Value("float32")
            elif part in plane.constants:
                kind = "string" if isinstance(plane.constants[part], str) else "float32"
                made[part] = datasets.Value(kind)
        return made

    def pack(self, columns: Mapping[str, Column], n: int) -> pa.Table:
        """Return a table of Examples."""
        import pyarrow as pa

        schema = self.features().arrow_schema
        arrays = []
        for field in schema:
            if field.name in self.planes:
                arrays.append(self._pack_plane(self.planes[field.name], columns, field.type, n))
                continue
            value = self.plain[field.name]
            if isinstance(value, str):
                arrays.append(_pack(columns.get(value), field.type, n))
                continue
            inner = [field.type.field(name) for name in value]
            children = [
                _pack(columns.get(a), f.type, n) for a, f in zip(value.values(), inner, strict=True)
            ]
            block = pa.StructArray.from_arrays(children, fields=inner, mask=all_null(children))
            arrays.append(block)
        return pa.Table.from_arrays(arrays, schema=schema)

    def _pack_plane(
        self, plane: Plane, columns: Mapping[str, Column], wanted: pa.StructType, n: int
    ) -> pa.Array:
        import pyarrow as pa

        roles = _roles(self.block, self.leaves) if self.block else {}
        labels = columns.get(roles.get("band", ""))
        mask = columns.get(roles.get("mask", ""))
        children, fields, missing = [], [], None
        for number in range(wanted.num_fields):
            field = wanted.field(number)
            fields.append(field)
            if field.name in plane.constants:
                value = pa.scalar(plane.constants[field.name], field.type)
                children.append(pa.repeat(value, n))
                continue
            column = columns.get(plane.parts[field.name])
            if column is None:  # the source does not hold it
                children.append(_pack(None, field.type, n))
                missing = np.ones(n, dtype=bool) if field.name == "image" else missing
                continue
            if column.ndim:
                column = _plane_of(column, plane, labels)
            if field.name == "image":
                missing = column.null
            if field.name == "noise_std":
                flags = None if mask is None else _plane_of(mask, plane, labels)
                column = Column(self._noise(column.data, flags, roles), null=column.null)
            children.append(_pack(column, field.type, n))
        struct_mask = None if missing is None or not missing.any() else pa.array(missing)
        return pa.StructArray.from_arrays(children, fields=fields, mask=struct_mask)

    def _noise(self, ivar: Array, mask: Column | None, roles: Mapping[str, str]) -> Array:
        """Return 1 / sqrt(median inverse variance over the pixels that are good)."""
        good = ivar > 0
        means = self.leaves[roles["mask"]].field.true_means if mask is not None else "neither"
        if mask is not None and means != "neither":
            good[_known(mask)] &= (mask.data if means == "good" else ~mask.data)[_known(mask)]
        values = np.where(good, ivar, np.nan).reshape(len(ivar), -1)
        result = np.full(len(ivar), np.nan)
        known = good.reshape(len(ivar), -1).any(axis=1)
        result[known] = 1 / np.sqrt(np.nanmedian(values[known], axis=1))
        return result.astype(np.float32)


def _known(mask: Column) -> Array:
    return np.ones(len(mask), dtype=bool) if mask.null is None else ~mask.null


_PARTS = ("image", "seeing", "pixel_size", "noise_std", "filter", "units", "extinction")


def _pack(column: Column | None, wanted: pa.DataType, n: int) -> pa.Array:
    from astropile.engine.pack import pack_or_null

    if column is not None and column.ndim == 0 and column.data.dtype.kind == "f":
        column = Column(column.data.astype(wanted.to_pandas_dtype()), null=column.null)
        nan = np.isnan(column.data)
        if nan.any():
            null = nan if column.null is None else nan | column.null
            column = Column(column.data, null=null)
    return pack_column(column, wanted) if column is not None else pack_or_null(None, wanted, n)


def _plane_of(column: Column, plane: Plane, labels: Column | None) -> Column:
    """Return one band's plane of every row; null where a row lacks the band."""
    if column.offsets is None:
        return Column(column.data[:, plane.place], null=column.null)
    if labels is None or labels.offsets is None:
        msg = "a block whose bands differ by object needs its band field"
        raise ValueError(msg)
    hits = np.flatnonzero(labels.data == plane.label)
    rows = np.repeat(np.arange(len(labels)), labels.counts)[hits]
    data = np.zeros((len(column), *column.data.shape[1:]), dtype=column.data.dtype)
    data[rows] = column.data[hits]
    null = np.ones(len(column), dtype=bool)
    null[rows] = False
    return Column(data, null=null)


def _roles(block: Block, leaves: Mapping[str, Leaf]) -> dict[str, str]:
    return {leaves[a].role: a for a in block.leaves if a in leaves}


def per_band(schema: SurveySchema, leaves: Mapping[str, Leaf]) -> PerBand:
    """Work out the keys of the per-band layout.

    Parameters
    ----------
    schema : SurveySchema
        The survey.
    leaves : mapping of str to Leaf
        Leaves that may be used: those of the config, or a selection.
    """
    block = _image_block(schema, leaves)
    plain: dict[str, str | dict[str, str]] = {f"{schema.id}_id": "object_id"}
    planes = {}
    if block is not None:
        for place, label in enumerate(block.axes["band"].labels):
            plane = _plane(schema, block, leaves, label, place)
            planes[f"{schema.id}_image_{label}"] = plane
    by_canonical = {leaf.canonical: a for a, leaf in leaves.items() if leaf.canonical}
    for quantity in _BAND_QUANTITIES:
        for band in schema.bands:
            address = _default_of(schema, leaves, quantity, band)
            if address:
                plain[f"{schema.id}_{quantity}_{band}"] = address
    for key, canonical in _OBJECT_KEYS.items():
        if canonical in by_canonical:
            plain[key] = by_canonical[canonical]
    others = tuple(a for a, leaf in leaves.items() if leaf.block and leaf.block != _name(block))
    for key, value in nested_keys(others, leaves, schema.blocks).items():
        plain[f"{schema.id}_{key}"] = value
    return PerBand(schema, leaves, block, planes, plain)


def _name(block: Block | None) -> str:
    return block.name if block is not None else ""


def _image_block(schema: SurveySchema, leaves: Mapping[str, Leaf]) -> Block | None:
    for block in schema.blocks.values():
        if block.kind == "image" and "band" in block.axes and "flux" in _roles(block, leaves):
            return block
    return None


def _plane(
    schema: SurveySchema, block: Block, leaves: Mapping[str, Leaf], label: str, place: int
) -> Plane:
    roles = _roles(block, leaves)
    parts = {"image": roles["flux"]}
    constants: dict[str, str | float] = {"filter": label, "units": leaves[roles["flux"]].field.unit}
    for part, role in (("seeing", "psf_fwhm"), ("pixel_size", "scale"), ("noise_std", "ivar")):
        if role in roles:
            parts[part] = roles[role]
    nominal = block.modality.pixel_scale
    if "pixel_size" not in parts and (label in nominal or "all" in nominal):
        constants["pixel_size"] = nominal.get(label, nominal.get("all", 0.0))
    extinction = _default_of(schema, leaves, "extinction", label)
    if extinction:
        parts["extinction"] = extinction
    return Plane(label, place, parts, constants)


def _default_of(
    schema: SurveySchema, leaves: Mapping[str, Leaf], quantity: str, band: str
) -> str | None:
    """Return the leaf of a quantity in a band, with the estimator in the survey's defaults."""
    estimator = schema.file.defaults.get("estimator")
    for address, leaf in leaves.items():
        meaning = leaf.field.is_
        wanted = {"quantity": quantity, "band": band}
        # A quantity without estimators (extinction, size) has no default to ask for.
        if "estimator" in meaning and estimator is not None:
            wanted["estimator"] = estimator
        if meaning == wanted:
            return address
    return None
