"""From a YAML file to a :class:`SurveySchema`: read, check the shape, expand, check the meaning."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from astropile.document import Document, did_you_mean, parse_document, read_document
from astropile.expression import ExpressionError, names, parse
from astropile.schema.checked import is_checked
from astropile.schema.checks import check_schema, check_variables
from astropile.schema.include import with_fragments
from astropile.schema.leaves import (
    Block,
    Leaf,
    Templates,
    canonical_name,
    expand_fields,
    resolve_axes,
    templates_of,
)
from astropile.schema.models import Field, SurveyFile
from astropile.schema.report import Report
from astropile.schema.shape import validate_shape
from astropile.schema.survey_schema import OBJECT_LEAVES, SurveySchema


def read_schema(path: Path, *, trust_checked: bool = False) -> SurveySchema:
    """Read and check one survey file.

    Parameters
    ----------
    path : Path
        A YAML file in the survey language.
    trust_checked : bool
        Do not check a shipped file again that passed every check as it is.

    Returns
    -------
    SurveySchema
        Validated, with its templates expanded.

    Raises
    ------
    SchemaError
        With every problem of the file, each with its line and column.
    """
    try:
        stat = path.stat()
    except OSError:
        return compile_schema(read_document(path))  # which says why it cannot be read
    return _read_cached(path, stat.st_size, stat.st_mtime_ns, trust_checked)


@lru_cache(maxsize=256)
def _read_cached(path: Path, size: int, mtime_ns: int, trust_checked: bool) -> SurveySchema:  # noqa: FBT001
    document = read_document(path)
    return compile_schema(document, checked=trust_checked and is_checked(document))


def parse_schema(text: str, name: str = "<text>") -> SurveySchema:
    """Check a survey given as text; ``name`` stands in error messages."""
    return compile_schema(parse_document(text, name))


def compile_schema(document: Document, *, checked: bool = False) -> SurveySchema:
    """Check a document and expand it; see :func:`read_schema`.

    Parameters
    ----------
    document : Document
        A survey file.
    checked : bool
        Exactly this text passed the checks of names, units and expressions before.
    """
    report = Report(document)
    data = with_fragments(document, report)
    report.finish()
    file = validate_shape(document, data, SurveyFile, report)
    report.finish()
    check_variables(file, report)
    report.finish()
    schema = expand_schema(file, document, report)
    if not checked:
        check_schema(schema, report)
    report.finish()
    return schema


def expand_schema(file: SurveyFile, document: Document, report: Report) -> SurveySchema:
    """Expand the templates of a file whose shape is right."""
    templates = templates_of(file)
    columns = {
        leaf.address: replace(leaf, canonical=canonical_name(leaf))
        for leaf in expand_fields(
            file.columns, templates=templates, loc=("columns",), report=report
        )
    }
    leaves: dict[str, Leaf] = {}
    for leaf in _object_leaves(file, columns, report):
        leaves[leaf.address] = leaf
    referred = object_columns(file)
    for address, leaf in columns.items():
        if address not in leaves:
            # The object owns the canonical names; the columns it takes keep their own name only.
            leaves[address] = replace(leaf, canonical="") if address in referred else leaf
    blocks: dict[str, Block] = {}
    for name in file.modalities:
        block_leaves = _block_leaves(name, file, templates, report)
        blocks[name] = Block(name, file.modalities[name], tuple(block_leaves))
        leaves.update(block_leaves)
    return SurveySchema(file, document, templates, leaves, blocks)


def object_columns(file: SurveyFile) -> set[str]:
    """Return the names that the object block refers to."""
    found = {file.object.ra, file.object.dec}
    with suppress(ExpressionError):  # reported by the checks, with its place
        found |= {name.text for name in names(parse(file.object.id))}
    return found


def _block_leaves(
    name: str, file: SurveyFile, templates: Templates, report: Report
) -> dict[str, Leaf]:
    modality = file.modalities[name]
    loc = ("modalities", name, "fields")
    only = (modality.only,) if modality.only else ()
    return {
        leaf.address: replace(
            leaf,
            canonical=canonical_name(leaf),
            axes=resolve_axes(leaf, modality, report),
            only=(*leaf.only, *only),
        )
        for leaf in expand_fields(
            modality.fields, templates=templates, block=name, loc=loc, report=report
        )
    }


def _object_leaves(file: SurveyFile, columns: dict[str, Leaf], report: Report) -> list[Leaf]:
    """Make the three leaves every Example has; ids are text, positions ICRS degrees."""
    found = []
    expressions = {"object_id": file.object.id, "ra": file.object.ra, "dec": file.object.dec}
    for name in OBJECT_LEAVES:
        key = "id" if name == "object_id" else name
        text = expressions[name]
        column = columns.get(text)
        if name != "object_id" and column is None:
            help_text = did_you_mean(text, columns)
            report.add("object", f"'{text}' is not a column", ("object", key), help=help_text)
            continue
        is_own = text == name and column is not None
        if name in columns and not is_own:
            report.add(
                "reserved",
                f"a column named '{name}' must be the one that object.{key} names",
                ("columns", columns[name].template),
                key=True,
                help=f"say object: {{{key}: {name}}}, or give the column another name",
            )
        elif is_own and name != "object_id" and file.object.frame != "icrs":
            report.add(
                "reserved",
                f"'{name}' is emitted in ICRS, so a {file.object.frame} column needs another name",
                ("columns", columns[name].template),
                key=True,
            )
        found.append(_object_leaf(name, text, column, is_own=is_own))
    return found


def _object_leaf(name: str, text: str, column: Leaf | None, *, is_own: bool) -> Leaf:
    """Make a leaf of the object: a column itself, or a copy of one under the object's name."""
    model = column.field if column else Field(dtype="string", description="Object id.")
    loc = ("object", "id" if name == "object_id" else name)
    base = column or Leaf(name, name, "", name, {}, model, (), name, loc=loc)
    update: dict[str, object] = {"dtype": "string"} if name == "object_id" else {}
    if not is_own:
        update |= {"aliases": (), "formula": ""}  # these stay with the column itself
    return replace(
        base,
        address=name,
        name=name,
        template=base.template if is_own else name,
        field=model.model_copy(update=update),
        canonical=name,
        role=name,
        derived=base.derived if is_own else text,
        loc=base.loc if is_own else loc,
    )
