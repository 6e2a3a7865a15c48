"""Named transforms as they are declared: what they take, give and can be set to.

A declaration is plain data, so that a survey is checked without the implementation, which may
need libraries that are not there. Those of the package stand in ``registry/transforms.yaml``.
Another package adds some with an entry point of the group ``astropile.transforms``: its value is
a mapping of the same form, name of the transform -> declaration.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic import Field as Key

from astropile.document import read_document
from astropile.errors import UsageError
from astropile.schema.models import DType, Items, Scalar, Text
from astropile.vocabulary import UnitTextError, data_path, parse_unit
from astropile.vocabulary.registry_file import validated

__all__ = [
    "GROUP",
    "TransformDeclaration",
    "TransformInput",
    "TransformOutput",
    "TransformParam",
    "load_transforms",
    "transform_names",
]

#: Entry point group of other packages.
GROUP = "astropile.transforms"
#: ``any`` takes values as they are stored.
InputType: TypeAlias = DType | Literal["any"]
_Name: TypeAlias = Annotated[str, Key(pattern=r"^[a-z][a-z0-9_]*$")]
_Address: TypeAlias = Annotated[str, Key(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]


class _Model(BaseModel):
    """Closed, frozen and strict."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TransformInput(_Model):
    """What a transform takes under one name: one array a row, or several."""

    dtype: InputType
    """Type that values are cast to before the call; ``any``: left as they are."""
    axes: Items[str] = ()
    """Named axes of one row; inputs that share a name share its length."""
    unit: str | None = None
    """Unit that values with a known unit are converted to; None: whatever they have."""
    many: bool = False
    """True: a list of arrays, such as the arms of a spectrograph."""
    optional: bool = False
    """True: may be left out."""
    description: Text
    """What it is."""


class TransformOutput(_Model):
    """What a transform gives under one name: a cell of the table."""

    dtype: InputType
    """Type of the values; ``any``: that of the input named by ``like``."""
    axes: Items[str] = ()
    """Named axes of one row."""
    unit: str | None = None
    """Unit of the values; None: that of the input named by ``like``, else unknown."""
    like: str = ""
    """Input whose unit, and type where it is ``any``, the output has."""
    needs: Items[str] | None = None
    """Optional inputs that it is made of; others are not read for it. None: all."""
    description: Text
    """What it is."""


class TransformParam(_Model):
    """A setting of a transform."""

    dtype: Literal["bool", "int64", "float64", "string"]
    """Type of the value; a whole number is a float64, too."""
    default: Scalar | None = None
    """Value where the survey gives none; None: the survey must give one."""
    min: float | None = None
    """Least value."""
    max: float | None = None
    """Greatest value."""
    enum: Items[str] = ()
    """All words of a text."""
    description: Text
    """What it does."""

    def fault(self, value: Scalar) -> str:
        """Return what is wrong with a value; empty if nothing."""
        kinds = {"bool": (bool,), "int64": (int,), "float64": (int, float), "string": (str,)}
        is_kind = isinstance(value, kinds[self.dtype])
        if not is_kind or (isinstance(value, bool) and self.dtype != "bool"):
            return f"expected {self.dtype}, got {value!r}"
        if isinstance(value, str) and self.enum and value not in self.enum:
            return f"expected {' or '.join(self.enum)}, got {value!r}"
        if isinstance(value, (str, bool)):
            return ""
        if self.min is not None and not value >= self.min:
            return f"expected at least {self.min:g}, got {value!r}"
        if self.max is not None and not value <= self.max:
            return f"expected at most {self.max:g}, got {value!r}"
        return ""


class TransformDeclaration(_Model):
    """A pure function of columns: the same arrays give the same arrays, row by row."""

    version: Annotated[str, Key(pattern=r"^\d+\.\d+\.\d+$")]
    """Changes with its numbers."""
    description: Text
    """What it does, in one sentence."""
    source: Items[str] = ()
    """Where the method is described: DOIs or pages."""
    function: Annotated[str, Key(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
    """``module:function``, imported when it runs."""
    inputs: Annotated[dict[_Name, TransformInput], Key(min_length=1)]
    """What it takes."""
    outputs: Annotated[dict[_Name, TransformOutput], Key(min_length=1)]
    """What it gives: the cells ``table.output``."""
    params: dict[_Name, TransformParam] = {}
    """Its settings."""
    refused: str = ""
    """Why it cannot run; empty if it can."""
    note: str = ""
    """Remark for people."""

    @model_validator(mode="after")
    def _holds_together(self) -> TransformDeclaration:
        for name, output in self.outputs.items():
            if output.like and output.like not in self.inputs:
                raise ValueError(f"output {name} is like {output.like}, which is no input")
            if output.dtype == "any" and not output.like:
                raise ValueError(f"output {name} needs a dtype, or like: and an input")
            wrong = [key for key in output.needs or () if key not in self.inputs]
            if wrong:
                raise ValueError(f"output {name} needs {wrong[0]}, which is no input")
        for name, param in self.params.items():
            if param.default is not None and (fault := param.fault(param.default)):
                raise ValueError(f"default of {name}: {fault}")
        return self

    def check_units(self) -> None:
        """Raise if a unit cannot be read; not done at load, since it needs astropy.

        Raises
        ------
        UnitTextError
            A unit is unknown.
        """
        units = [cell.unit for cell in self.inputs.values()]
        for unit in (*units, *(cell.unit for cell in self.outputs.values())):
            parse_unit(unit or "")

    def inputs_for(self, outputs: Collection[str], given: Collection[str]) -> tuple[str, ...]:
        """Return which of the inputs given are needed for some outputs, in declared order.

        Parameters
        ----------
        outputs : collection of str
            Outputs that are wanted.
        given : collection of str
            Inputs that a survey gives.

        Examples
        --------
        >>> coadd = load_transforms()["spectrum.coadd_arms"]
        >>> coadd.inputs_for({"flux"}, coadd.inputs)
        ('lambda', 'flux', 'ivar')
        """
        needs = [self.outputs[name].needs for name in outputs]
        optional = {key for keys in needs for key in keys or ()}
        return tuple(
            key
            for key, cell in self.inputs.items()
            if key in given and (not cell.optional or key in optional or None in needs)
        )

    def settings(self, given: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Return the values of all params: those given, else the defaults."""
        found: dict[str, Scalar] = {}
        for name, param in self.params.items():
            value = given.get(name, param.default)
            if value is None:
                continue
            found[name] = float(value) if param.dtype == "float64" else value
        return found


class _File(_Model):
    """``registry/transforms.yaml``."""

    transforms: dict[_Address, TransformDeclaration]


@cache
def load_transforms() -> Mapping[str, TransformDeclaration]:
    """Return every transform, of the package and of others, by name.

    Returns
    -------
    mapping of str to TransformDeclaration
        Those of the package first, in the order of the file. Another package cannot replace one.

    Raises
    ------
    UsageError
        What an entry point gives is no mapping of declarations.

    Examples
    --------
    >>> load_transforms()["spectrum.coadd_arms"].outputs["lambda"].unit
    'Angstrom'
    """
    added: dict[str, TransformDeclaration] = {}
    for point in entry_points(group=GROUP):
        where = f"entry point {point.name!r} of {GROUP} ({point.value})"
        loaded = point.load()
        if not isinstance(loaded, Mapping):
            msg = f"expected a mapping of names to declarations, got {type(loaded).__name__}"
            raise UsageError(msg, where=where, hint="mend the package that has it, or remove it")
        try:
            found = _File.model_validate({"transforms": dict(loaded)}).transforms
            for declaration in found.values():
                declaration.check_units()
        except (ValidationError, UnitTextError) as error:
            hint = "its form is that of registry/transforms.yaml"
            raise UsageError(str(error), where=where, hint=hint) from error
        added |= found
    return MappingProxyType({**added, **_shipped()})


@cache
def _shipped() -> Mapping[str, TransformDeclaration]:
    document = read_document(data_path("registry") / "transforms.yaml")
    return validated(document, _File).transforms


def transform_names() -> tuple[str, ...]:
    """Return the names of the transforms of the package, in the order of the registry."""
    return tuple(_shipped())
