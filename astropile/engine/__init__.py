"""The engine: a schema compiled to a plan, and the operators that turn cells into Examples."""

from astropile.engine.features import (
    arrow_schema,
    build_features,
    feature_of,
    leaf_metadata,
    nested_keys,
    shape_of,
)
from astropile.engine.files import DataFile, data_root, find_files
from astropile.engine.forms import loosened
from astropile.engine.pack import pack_column, pack_table
from astropile.engine.plan import Plan, Program, compile_plan
from astropile.engine.rejects import AnyIds, Rejects
from astropile.engine.run import BATCH_BYTES, Batch, OnBadRow, Run
from astropile.engine.scan import RowIndex

__all__ = [
    "BATCH_BYTES",
    "AnyIds",
    "Batch",
    "DataFile",
    "OnBadRow",
    "Plan",
    "Program",
    "Rejects",
    "RowIndex",
    "Run",
    "arrow_schema",
    "build_features",
    "compile_plan",
    "data_root",
    "feature_of",
    "find_files",
    "leaf_metadata",
    "loosened",
    "nested_keys",
    "pack_column",
    "pack_table",
    "shape_of",
]
