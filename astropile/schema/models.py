"""The models of a survey file: one class an object of the language.

Every attribute docstring becomes the hover text of the JSON Schema, which reads them from this
file: Pydantic would do so at every import, in half of its time. What a key may hold is said here;
what two keys mean together is checked in :mod:`astropile.schema.checks`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Strict
from pydantic import Field as Key

T = TypeVar("T")
#: A YAML list; strict scalars inside, kept as a tuple so that models stay frozen.
Items: TypeAlias = Annotated[tuple[T, ...], Strict(strict=False)]
#: Two values, written as a YAML list.
Pair: TypeAlias = Annotated[tuple[T, T], Strict(strict=False)]
Scalar: TypeAlias = bool | int | float | str
#: Text that people need, so it may not be left empty.
Text: TypeAlias = Annotated[str, Key(min_length=1)]
Holes: TypeAlias = dict[str, Items[int | str]]
DType: TypeAlias = Literal[
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64", "string",
]  # fmt: skip
Identifier: TypeAlias = Annotated[str, Key(pattern=r"^[a-z][a-z0-9_]*$")]
Kind: TypeAlias = Literal["image", "spectrum", "lightcurve", "cube", "table", "group"]


class Model(BaseModel):
    """Closed, frozen and strict: an unknown key or another type is an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        defer_build=True,  # only the outermost model is ever validated
        populate_by_name=True,
        ser_json_inf_nan="strings",
    )


class License(Model):
    """Terms under which the data may be used."""

    name: Text
    """Name of the licence or policy."""
    url: str = ""
    """Where it is written."""


class About(Model):
    """Who made the survey, and how to credit it."""

    title: Text
    """Full name of the survey."""
    name: Annotated[str, Key(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """Short name, and the class in astropile.datasets."""
    description: Text
    """One or two sentences."""
    homepage: str = ""
    """Web page of the survey or its release."""
    facility: str = ""
    """Telescope or mission."""
    instrument: str = ""
    """Instrument or camera."""
    license: License
    """Terms of use."""
    acknowledgement: Text
    """Text to put into a paper."""
    cite: Annotated[Items[Text], Key(min_length=1)]
    """DOIs, arXiv ids or bibcodes."""
    simulated: bool = False
    """True if nothing here was observed."""
    unverified: Items[str] = ()
    """Keys of this block that were not checked against a source."""


class Band(Model):
    """What a band token means: a filter, a mix of filters, or one that depends on a column."""

    filters: Items[str] = ()
    """SVO filter ids; several mean a mix."""
    by: str = ""
    """Column that decides the filter of a row."""
    cases: dict[str, str] = {}
    """Value of that column -> SVO filter id."""
    system: Literal["AB", "Vega", "natural"] = "AB"
    """Magnitude system."""
    wavelength: Pair[float] | None = None
    """Range in nm, for a band without a registered filter."""
    note: str = ""
    """Remark for people."""
    unverified: Items[str] = ()
    """Keys of this band that were not checked against a source."""


class Time(Model):
    """What the number in a time field counts from."""

    zero: float
    """Julian date of the value 0: 2400000.5 is MJD."""
    scale: Literal["utc", "tai", "tt", "tdb", "unknown"]
    """Time scale."""
    place: Literal["observatory", "heliocentre", "barycentre", "unknown"] = "unknown"
    """Where the light was timed."""


class Field(Model):
    """One leaf: a scalar column, or a field of a modality."""

    dtype: DType
    """Type in the Example; casts are checked."""
    description: Text
    """What it is, in one sentence."""
    unit: str = ""
    """astropy unit, or nanomaggy, mag(AB), dex(...); a leading number is allowed."""
    is_: Annotated[dict[str, str], Key(alias="is")] = {}
    """Quantity and qualifiers of the vocabulary; makes the canonical name."""
    role: str = ""
    """Part it plays in its modality; default: its name."""
    axes: Items[str] | None = None
    """Named axes in storage order; default: from the role."""
    true_means: Literal["good", "bad", "neither"] | None = None
    """Polarity; required for every bool."""
    bits: dict[str, str] = {}
    """Names of the bits of an integer."""
    codes: dict[str, str] = {}
    """Names of the values of an integer category."""
    missing: Items[Scalar] = ()
    """Sentinels that never are data: null, or NaN in float arrays."""
    min: float | None = None
    """Least value expected; broken limits are reported, not nulled."""
    max: float | None = None
    """Greatest value expected."""
    enum: Items[Scalar] = ()
    """All values expected."""
    time: Time | None = None
    """Zero point and scale; required for times."""
    formula: str = ""
    """Expression over leaves: derived on read, not stored."""
    aliases: Items[str] = ()
    """Other names, such as the survey's own where it differs."""
    ucd: str = ""
    """UCD1+, where the vocabulary gives none."""
    group: str = ""
    """Heading in documentation."""
    note: str = ""
    """Remark for people."""
    deprecated: str = ""
    """Why not to use it any more."""
    for_: Annotated[Holes, Key(alias="for")] = {}
    """Template variables; "*" is every band."""
    only: Items[str] = ()
    """Configs (or prefix*) in which it exists."""
    unverified: Items[str] = ()
    """Keys of this field that were not checked against a source."""


class Axis(Model):
    """A named axis of a modality; without keys its length differs by object."""

    size: Annotated[int, Key(ge=1)] | None = None
    """Fixed length."""
    labels: Items[str] = ()
    """Fixed names of its places."""
    subset: bool = False
    """An object may lack labels; the axis is then ragged."""


class Photometry(Model):
    """What one unit of flux is."""

    system: Literal["AB", "Vega", "natural"]
    """Magnitude system."""
    zeropoint: float | None = None
    """Magnitude of one unit."""
    per: str = ""
    """The unit meant."""


class Modality(Model):
    """A nested block of leaves over named axes."""

    kind: Kind
    """What plots and exports take it for."""
    description: str = ""
    """What the block is."""
    axes: dict[str, Axis] = {}
    """Named axes, in storage order."""
    fields: dict[str, Field]
    """Leaves by name."""
    sort: Items[str] = ()
    """Order of the elements of one object along its ragged axis."""
    medium: Literal["vacuum", "air"] | None = None
    """Medium of wavelengths."""
    frame: Literal["observed", "heliocentric", "barycentric", "rest"] | None = None
    """Velocity frame of wavelengths."""
    photometry: Photometry | None = None
    """Magnitude system and zero point."""
    pixel_scale: dict[str, float] = {}
    """Nominal pixel scale by label (or `all`), arcsec."""
    bands: Items[str] = ()
    """Bands of a block without a band axis."""
    flat: bool = False
    """True: the fields are emitted at top level."""
    only: Items[str] = ()
    """Configs (or prefix*) in which it exists."""
    unverified: Items[str] = ()
    """Keys of this block that were not checked against a source."""


class Object(Model):
    """Identity and place of one object."""

    id: Text
    """Expression over columns; unique in a config."""
    ra: str
    """Column of right ascension (or longitude), float64 deg."""
    dec: str
    """Column of declination (or latitude), float64 deg."""
    frame: Literal["icrs", "fk5", "fk4", "galactic"] = "icrs"
    """Frame of these columns; emitted positions are ICRS."""
    epoch: float | str | None = None
    """Julian year of the positions, or a column of it."""


class Cutout(Model):
    """A window of every image HDU around a position."""

    ra: str
    """Right ascension, ICRS: an expression over the main row, deg where it has no unit."""
    dec: str
    """Declination, likewise."""
    size: Pair[int]
    """Rows and columns of pixels."""
    edge: Literal["drop", "fill"]
    """What to do at the border of the image."""


class Table(Model):
    """Rows of cells, from files, other tables, or a transform."""

    files: str = ""
    """Path pattern below the data directory."""
    format: str = ""
    """hdf5, fits, parquet, csv ..."""
    stack: Items[str] = ()
    """Tables to put below one another, by name of cell."""
    transform: str = ""
    """Registered pure function."""
    inputs: dict[str, Items[str]] = {}
    """Cells given to the transform."""
    params: dict[str, Scalar] = {}
    """Settings of the transform."""
    rows: Literal["axis", "file", "group", "cutout", "channel"] = "axis"
    """What a row of the file is."""
    hdu: str = ""
    """FITS: HDU whose rows are meant, name or number."""
    shared: Items[str] = ()
    """Cells without row axis that belong to every row."""
    ignore_case: bool = False
    """Names of cells may differ in case."""
    delimiter: str = ""
    """Text tables: separator."""
    comment: str = ""
    """Text tables: start of a comment."""
    header: Items[str] = ()
    """Text tables: names of the columns of a file without header."""
    nulls: Items[str] = ()
    """Text tables: words for no value."""
    where: str = ""
    """Predicate: only these rows."""
    sort: Items[str] = ()
    """Order of rows; -X descends."""
    unique: Items[str] = ()
    """Keep the first row of a key."""
    group: Items[str] = ()
    """One row a key; other cells become lists."""
    on: dict[str, str] = {}
    """Equality join: cell of this table -> expression over main."""
    row: str = ""
    """Row number (from 0) to take for a main row."""
    range: Pair[str | int] | None = None
    """First row and end of the rows to take as lists."""
    each: bool = False
    """A file for every main row."""
    unmatched: Literal["error", "drop", None] = "error"
    """What becomes of a main row without partner: error, drop, or null cells."""
    cutout: Cutout | None = None
    """Window for rows: cutout."""
    for_: Annotated[Holes, Key(alias="for")] = {}
    """Template variables."""
    note: str = ""
    """Remark for people."""


class Source(Model):
    """One container of the survey: tables, and which leaf takes which cells."""

    description: Text
    """What these files are."""
    tables: Annotated[dict[str, Table], Key(min_length=1)]
    """The first one is the main table: one row is one object."""
    values: dict[str, str] = {}
    """Leaf -> expression over cells; a leaf not listed takes the cell of its name."""
    names: str = ""
    """Cell of a block's leaf that is not listed, such as {block}_{field}."""
    keep: dict[str, str] = {}
    """block.axis -> predicate: elements that are data, not padding."""
    absent: Items[str] = ()
    """Leaves this source does not hold."""
    lossy: dict[str, DType] = {}
    """Leaf -> type it is stored with, where that is less precise."""
    split_by: str = ""
    """Expression giving the split of a row."""
    only: Items[str] = ()
    """Configs (or prefix*) that it serves."""
    mirrors: Items[str] = ()
    """Folders elsewhere that astropile.download tries in turn: https://, s3:// or hf://; {config}
    and {survey} are filled."""
    note: str = ""
    """Remark for people."""


class Override(Model):
    """Attributes of a leaf that differ in one config; each replaces the leaf's as a whole."""

    dtype: DType | None = None
    """Type in the Example."""
    description: str = ""
    """What it is, in one sentence."""
    unit: str = ""
    """Unit; see a field's."""
    is_: Annotated[dict[str, str], Key(alias="is")] = {}
    """Quantity and qualifiers."""
    missing: Items[Scalar] = ()
    """Sentinels that never are data."""
    min: float | None = None
    """Least value expected; null for none."""
    max: float | None = None
    """Greatest value expected; null for none."""
    time: Time | None = None
    """Zero point and scale."""


class Config(Model):
    """A subset of the survey with its own files."""

    description: Text
    """What the subset is."""
    release: str = ""
    """Data release."""
    aliases: Items[str] = ()
    """Other names."""
    splits: dict[str, str] = {}
    """Split -> text put in {split}; default: one split `train`."""
    default: bool = False
    """True for the config taken when none is named."""
    for_: Annotated[Holes, Key(alias="for")] = {}
    """Path variables; the files are read for every combination."""
    n_rows: Annotated[int, Key(ge=0)] | None = None
    """Number of objects, if known."""
    deprecated: str = ""
    """Why not to use it any more."""
    override: dict[str, Override] = {}
    """Leaf -> attributes that differ here: dtype unit description is missing min max time."""


class SurveyFile(Model):
    """A survey: what an Example means, and where its values come from."""

    language: Literal["1.0"]
    """Version of the language."""
    survey: Identifier
    """Id of the survey."""
    version: Annotated[str, Key(pattern=r"^\d+\.\d+\.\d+$")]
    """Version of this file: PATCH same data, MINOR leaves added, MAJOR changed."""
    aliases: Items[str] = ()
    """Other names of the survey."""
    include: dict[str, dict[str, str]] = {}
    """Shared fragment -> {hole: text}."""
    about: About
    """Credits."""
    bands: dict[str, Band] = {}
    """Band tokens and what they mean."""
    lookups: dict[str, dict[str, Scalar]] = {}
    """Named dictionaries."""
    defaults: dict[str, str] = {}
    """What a partial name means on request."""
    object: Object
    """Identity and place."""
    columns: dict[str, Field]
    """Scalar leaves."""
    modalities: dict[str, Modality] = {}
    """Nested leaves."""
    sources: Annotated[dict[str, Source], Key(min_length=1)]
    """Containers the survey comes in."""
    configs: Annotated[dict[str, Config], Key(min_length=1)]
    """Subsets."""
