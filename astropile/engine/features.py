"""What an Example looks like to Arrow and to ``datasets``, known before any file is opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from astropile.schema import ROLE_AXES, Block, Leaf, SurveySchema
from astropile.schema.facts import bands_of, filters_of, ucd_of

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Features


#: Which names the keys of Examples are.
Naming: TypeAlias = Literal["original", "canonical"]


def shape_of(leaf: Leaf, block: Block | None) -> tuple[int | None, ...]:
    """Return the length of each axis of a leaf; None where it differs by object."""
    if block is None:
        return ()
    return tuple(block.length(axis) for axis in leaf.axes)


def feature_of(dtype: str, shape: tuple[int | None, ...]) -> Any:
    """Return the ``datasets`` feature of a leaf.

    Parameters
    ----------
    dtype : str
        Type of the language.
    shape : tuple of int or None
        Lengths of the axes; only the first may be None.
    """
    import datasets

    if not shape:
        return datasets.Value(dtype)
    if len(shape) == 1 or dtype == "string":
        feature: Any = datasets.Value(dtype)
        for length in reversed(shape):
            feature = datasets.List(feature, length=-1 if length is None else length)
        return feature
    array = {2: datasets.Array2D, 3: datasets.Array3D, 4: datasets.Array4D, 5: datasets.Array5D}
    return array[len(shape)](shape=shape, dtype=dtype)


def key_of(leaf: Leaf, block: Block | None, naming: Naming) -> str:
    """Return the key of a leaf in an Example; fields that play a role keep their names."""
    if naming == "original" or not leaf.canonical:
        return leaf.name
    plays_role = block is not None and leaf.role in ROLE_AXES[block.kind]
    return leaf.name if plays_role else leaf.canonical


def nested_keys(
    addresses: tuple[str, ...],
    leaves: Mapping[str, Leaf],
    blocks: Mapping[str, Block],
    naming: Naming = "original",
) -> dict[str, str | dict[str, str]]:
    """Return the keys of an Example: key -> address, or block -> {field: address}."""
    keys: dict[str, str | dict[str, str]] = {}
    for address in addresses:
        leaf = leaves[address]
        key = key_of(leaf, blocks.get(leaf.block), naming)
        if leaf.block and not blocks[leaf.block].modality.flat:
            inner = keys.setdefault(leaf.block, {})
            if isinstance(inner, dict):
                inner[key] = address
        else:
            keys[key] = address
    return keys


def build_features(
    schema: SurveySchema,
    leaves: Mapping[str, Leaf],
    addresses: tuple[str, ...],
    naming: Naming = "original",
) -> Features:
    """Return the features of an Example with the given leaves, in order."""
    import datasets

    def feature(address: str) -> Any:
        leaf = leaves[address]
        block = schema.blocks.get(leaf.block)
        return feature_of(leaf.field.dtype, shape_of(leaf, block))

    keys = nested_keys(addresses, leaves, schema.blocks, naming)
    return datasets.Features(
        {
            key: feature(value)
            if isinstance(value, str)
            else {name: feature(address) for name, address in value.items()}
            for key, value in keys.items()
        }
    )


def leaf_metadata(leaf: Leaf, schema: SurveySchema) -> dict[str, str]:
    """Return the facts about a leaf that travel with the data."""
    filters = dict.fromkeys(f for band in bands_of(leaf, schema) for f in filters_of(band))
    found = {
        "unit": leaf.field.unit,
        "description": leaf.field.description,
        "canonical": leaf.canonical,
        "ucd": ucd_of(leaf, schema),
        "filter": " ".join(filters),
    }
    return {key: value for key, value in found.items() if value}


def arrow_schema(
    schema: SurveySchema,
    leaves: Mapping[str, Leaf],
    addresses: tuple[str, ...],
    naming: Naming = "original",
) -> pa.Schema:
    """Return the Arrow schema of Examples, with unit, UCD and meaning in the field metadata."""
    import pyarrow as pa

    plain = build_features(schema, leaves, addresses, naming).arrow_schema
    keys = nested_keys(addresses, leaves, schema.blocks, naming)

    def annotated(field: pa.Field, value: str | dict[str, str]) -> pa.Field:
        if isinstance(value, str):
            return field.with_metadata(leaf_metadata(leaves[value], schema))
        inner = [annotated(field.type.field(name), address) for name, address in value.items()]
        return pa.field(
            field.name, pa.struct(inner), metadata={"kind": schema.blocks[field.name].kind}
        )

    fields = [annotated(plain.field(key), value) for key, value in keys.items()]
    return pa.schema(fields, metadata=plain.metadata)
