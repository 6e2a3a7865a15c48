"""Tables made by transforms: what is given, what is called, and what comes of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import astropile as ap
from astropile.engine import call
from astropile.errors import CellError, UsageError
from astropile.readers import Column
from astropile.schema import transforms as declared
from astropile.transforms import TransformFault, function_of
from tests.engine.conftest import HEAD, TAIL, positions, read_all, run_of, survey

WriteHdf5 = Callable[..., Path]
AddTransform = Callable[..., None]


@pytest.fixture
def add_transform(monkeypatch: pytest.MonkeyPatch) -> Iterator[AddTransform]:
    """Return a function that adds a transform, as another package would."""
    known: dict[str, Any] = {}
    module = ModuleType("added_transforms")
    monkeypatch.setitem(sys.modules, "added_transforms", module)
    point = SimpleNamespace(name="added", value="added_transforms:ALL", load=lambda: known)
    monkeypatch.setattr(declared, "entry_points", lambda **_: [point])

    def add(name: str, function: Callable[..., Any], **declaration: Any) -> None:
        short = name.replace(".", "_")
        setattr(module, short, function)
        known[name] = {
            "version": "1.0.0",
            "description": "Made for a test.",
            "function": f"added_transforms:{short}",
            **declaration,
        }
        forget()

    def forget() -> None:
        declared.load_transforms.cache_clear()
        function_of.cache_clear()

    yield add
    monkeypatch.undo()
    forget()


def cell(dtype: str = "float64", *axes: str, **more: Any) -> dict[str, Any]:
    return {"dtype": dtype, "axes": list(axes), "description": "A cell.", **more}


COLUMN = "  double: {dtype: float64, description: Twice.}\n"


def table(made: str, values: str, keep: str = "") -> str:
    """Return a source of one HDF5 file and one transform."""
    text = "    tables:\n      main: {files: '*.hdf5', format: hdf5}\n"
    text += f"      made: {{transform: {made}}}\n    values: {{{values}}}\n"
    return text + (f"    keep: {{{keep}}}\n" if keep else "")


def twice(inputs: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Column]:
    (column,) = inputs["x"]
    if (column.data < 0).any():
        raise TransformFault("x is negative", rows=column.data < 0, hint="take its absolute value")
    return {"y": Column(column.data * params["factor"])}


TWICE = {
    "inputs": {"x": cell()},
    "outputs": {"y": cell()},
    "params": {"factor": {"dtype": "float64", "default": 2, "description": "Factor."}},
}


def test_call_when_a_leaf_wants_it_then_values_of_the_function(
    write_hdf5: WriteHdf5, add_transform: AddTransform
) -> None:
    """Params have their defaults; integers are cast to what is declared."""
    add_transform("test.twice", twice, **TWICE)
    root = write_hdf5({**positions(3), "x": np.array([1, 2, 3], dtype=np.int16)})
    schema = survey(columns=COLUMN, source=table("test.twice, inputs: {x: [x]}", "double: made.y"))
    assert read_all(schema, root).columns["double"].data.tolist() == [2.0, 4.0, 6.0]


def test_call_when_nobody_wants_its_outputs_then_not_run_and_inputs_not_read(
    write_hdf5: WriteHdf5, add_transform: AddTransform
) -> None:
    """The file does not even have the cell."""
    calls: list[int] = []
    add_transform("test.twice", lambda i, p: calls.append(1) or twice(i, p), **TWICE)
    root = write_hdf5(positions(3))
    schema = survey(columns=COLUMN, source=table("test.twice, inputs: {x: [x]}", "double: made.y"))
    (batch,) = run_of(schema, root, ["object_id"]).batches()
    assert len(batch) == 3
    assert not calls
    with pytest.raises(CellError, match="'x' is not in the file"):
        read_all(schema, root)


def test_call_when_units_are_known_then_converted_on_both_sides(
    write_hdf5: WriteHdf5, add_transform: AddTransform
) -> None:
    """The input comes in um, the transform takes and gives nm, the leaf is in Angstrom."""
    nm = cell(unit="nm")
    add_transform("test.twice", twice, **{**TWICE, "inputs": {"x": nm}, "outputs": {"y": nm}})
    root = write_hdf5({**positions(1), "x": np.array([0.5])})
    column = "  double: {dtype: float64, unit: Angstrom, description: Twice.}\n"
    made = "test.twice, inputs: {x: [\"unit(x, 'um')\"]}, params: {factor: 1}"
    schema = survey(columns=column, source=table(made, "double: made.y"))
    assert read_all(schema, root).columns["double"].data.tolist() == pytest.approx([5000.0])


@pytest.mark.parametrize("budget", [1, 10**9])
def test_call_when_rows_are_given_in_pieces_then_as_all_at_once(
    budget: int,
    write_hdf5: WriteHdf5,
    add_transform: AddTransform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call, "CALL_BYTES", budget)
    sizes: list[int] = []
    add_transform("test.twice", lambda i, p: sizes.append(len(i["x"][0])) or twice(i, p), **TWICE)
    root = write_hdf5({**positions(4), "x": np.arange(4.0)})
    schema = survey(columns=COLUMN, source=table("test.twice, inputs: {x: [x]}", "double: made.y"))
    assert read_all(schema, root).columns["double"].data.tolist() == [0.0, 2.0, 4.0, 6.0]
    assert sizes == ([1] * 4 if budget == 1 else [4])


@pytest.mark.parametrize("budget", [1, 10**9])
def test_call_when_the_function_refuses_rows_then_error_or_rejects(
    budget: int,
    write_hdf5: WriteHdf5,
    add_transform: AddTransform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error names transform, file and row; on request the row goes to the rejects."""
    monkeypatch.setattr(call, "CALL_BYTES", budget)
    add_transform("test.twice", twice, **TWICE)
    root = write_hdf5({**positions(4), "x": np.array([1.0, 2.0, -3.0, 4.0])})
    schema = survey(columns=COLUMN, source=table("test.twice, inputs: {x: [x]}", "double: made.y"))
    with pytest.raises(CellError, match=r"data\.hdf5, row 2: transform test\.twice") as caught:
        read_all(schema, root)
    assert "x is negative (table made, source files)" in caught.value.what
    assert caught.value.hint == "take its absolute value"
    run = run_of(schema, root, on_bad_row="reject")
    (batch,) = run.batches()
    assert batch.columns["double"].data.tolist() == [2.0, 4.0, 8.0]
    assert (run.rejects.rows, run.rejects.codes) == ([2], ["transform"])
    assert run.rejects.messages == ["test.twice: x is negative"]


def test_call_when_an_input_is_null_then_the_row_is_not_given_and_outputs_are_null(
    write_hdf5: WriteHdf5, add_transform: AddTransform
) -> None:
    """NaN of a scalar is null."""
    seen: list[Any] = []
    add_transform(
        "test.twice", lambda i, p: seen.append(i["x"][0].data.tolist()) or twice(i, p), **TWICE
    )
    root = write_hdf5({**positions(3), "x": np.array([1.0, np.nan, 3.0])})
    schema = survey(columns=COLUMN, source=table("test.twice, inputs: {x: [x]}", "double: made.y"))
    column = read_all(schema, root).columns["double"]
    assert seen == [[1.0, 3.0]]
    assert column.null is not None
    assert column.null.tolist() == [False, True, False]
    assert column.data[[0, 2]].tolist() == [2.0, 6.0]


def test_call_when_all_rows_are_null_then_nothing_is_called(
    write_hdf5: WriteHdf5, add_transform: AddTransform
) -> None:
    def refuse(inputs: Any, params: Any) -> Any:
        raise AssertionError

    add_transform("test.twice", refuse, **TWICE)
    root = write_hdf5({**positions(2), "x": np.array([np.nan, np.nan])})
    schema = survey(columns=COLUMN, source=table("test.twice, inputs: {x: [x]}", "double: made.y"))
    column = read_all(schema, root).columns["double"]
    assert column.null is not None
    assert column.null.all()


def test_call_when_an_optional_input_is_null_in_some_rows_then_they_are_called_without(
    write_hdf5: WriteHdf5, add_transform: AddTransform
) -> None:
    """What a row gives does not hang on the rows beside it."""

    def plus(inputs: Any, params: Any) -> dict[str, Column]:
        more = inputs["b"][0].data if "b" in inputs else 100.0
        return {"y": Column(inputs["x"][0].data + more)}

    inputs = {"x": cell(), "b": cell(optional=True)}
    add_transform("test.plus", plus, inputs=inputs, outputs={"y": cell()})
    root = write_hdf5({**positions(3), "x": np.ones(3), "b": np.array([1.0, np.nan, 3.0])})
    made = "test.plus, inputs: {x: [x], b: [b]}"
    schema = survey(columns=COLUMN, source=table(made, "double: made.y"))
    assert read_all(schema, root).columns["double"].data.tolist() == [2.0, 101.0, 4.0]


BAD: Mapping[str, tuple[Callable[[Column], dict[str, Any]], str]] = {
    "no output": (lambda x: {}, "gave no 'y'"),
    "more outputs": (lambda x: {"y": x, "z": x}, "gave 'z', which is not declared"),
    "other type": (
        lambda x: {"y": Column(x.data.astype(np.float32))},
        "output y: expected float64, got float32",
    ),
    "other rows": (lambda x: {"y": x.take(slice(1, None))}, "expected 2 rows, .* got 1"),
    "other axes": (lambda x: {"y": Column(x.data[:, None])}, "expected no axes"),
    "a bug": (lambda x: {"y": x.data.nothing}, "failed: AttributeError"),
    "changes its input": (lambda x: x.data.__setitem__(0, 1.0) or {"y": x}, "read-only"),
}


@pytest.mark.parametrize(("function", "words"), BAD.values(), ids=BAD)
def test_call_when_the_function_breaks_its_word_then_error_names_it(
    function: Callable[[Column], dict[str, Any]],
    words: str,
    write_hdf5: WriteHdf5,
    add_transform: AddTransform,
) -> None:
    add_transform("test.bad", lambda inputs, _: function(inputs["x"][0]),
                  inputs={"x": cell()}, outputs={"y": cell()})  # fmt: skip
    root = write_hdf5({**positions(2), "x": np.ones(2)})
    schema = survey(columns=COLUMN, source=table("test.bad, inputs: {x: [x]}", "double: made.y"))
    with pytest.raises(CellError, match=words) as caught:
        read_all(schema, root)
    assert "transform test.bad" in caught.value.what
    assert "data.hdf5" in caught.value.where


AXES: Mapping[str, tuple[dict[str, Any], str]] = {
    "other length": ({"b": np.ones((2, 4))}, "inputs b and a differ along pixel: 4 and 3"),
    "other rank": ({"b": np.ones((2, 3, 1))}, r"input b: expected pixel, got shape \(3, 1\)"),
    "text": ({"b": np.array([[b"x"] * 3] * 2)}, "input b: 'x' is not a number"),
}


@pytest.mark.parametrize(("cells", "words"), AXES.values(), ids=AXES)
def test_call_when_inputs_do_not_fit_then_error_names_them(
    cells: dict[str, Any], words: str, write_hdf5: WriteHdf5, add_transform: AddTransform
) -> None:
    inputs = {name: cell("float64", "pixel") for name in "ab"}
    add_transform("test.sum", lambda i, p: {}, inputs=inputs, outputs={"y": cell()})
    root = write_hdf5({**positions(2), "a": np.ones((2, 3)), **cells})
    made = "test.sum, inputs: {a: [a], b: [b]}"
    schema = survey(columns=COLUMN, source=table(made, "double: made.y"))
    with pytest.raises(CellError, match=words):
        read_all(schema, root)


def test_call_when_an_array_is_one_value_then_spread_as_any_leaf(
    write_hdf5: WriteHdf5, add_transform: AddTransform
) -> None:
    """A constant stands for an array of the same axes."""

    def add(inputs: Any, params: Any) -> dict[str, Column]:
        return {"y": Column((inputs["a"][0].data + inputs["b"][0].data).sum(axis=1))}

    inputs = {name: cell("float64", "pixel") for name in "ab"}
    add_transform("test.sum", add, inputs=inputs, outputs={"y": cell()})
    root = write_hdf5({**positions(2), "a": np.ones((2, 3))})
    made = "test.sum, inputs: {a: [a], b: ['2']}"
    schema = survey(columns=COLUMN, source=table(made, "double: made.y"))
    assert read_all(schema, root).columns["double"].data.tolist() == [9.0, 9.0]


def test_call_when_transform_is_refused_then_usage_error_before_reading(
    write_hdf5: WriteHdf5,
) -> None:
    """Only if its outputs are wanted."""
    root = write_hdf5({**positions(2), "t": np.ones((2, 12)), "z": np.ones(2)})
    made = "provabgs.properties, inputs: {theta: [t], redshift: [z]}"
    schema = survey(columns=COLUMN, source=table(made, "double: made.avg_sfr / made.avg_sfr"))
    with pytest.raises(UsageError, match=r"provabgs\.properties cannot run: it needs the basis"):
        read_all(schema, root)
    (batch,) = run_of(schema, root, ["ra"]).batches()
    assert len(batch) == 2


ARMS = """\
  spectrum:
    kind: spectrum
    medium: vacuum
    frame: observed
    axes: {pixel: {}}
    fields:
      lambda: {dtype: float64, unit: nm, description: Wavelength.}
      flux: {dtype: float32, description: Flux.}
      width: {dtype: float32, unit: pix, description: Width., axes: [pixel]}
"""
COADD = (
    "spectrum.coadd_arms, inputs: {lambda: [bw, rw], flux: [bf, rf], ivar: [bi, ri],"
    " resolution: [br, rr]}"
)
VALUES = "spectrum.lambda: made.lambda, spectrum.flux: made.flux, spectrum.width: made.sigma_pixel"


def test_call_when_outputs_need_no_optional_input_then_it_is_not_read(
    write_hdf5: WriteHdf5,
) -> None:
    """Resolution matrices are ten times the rest: they are read for the widths alone."""
    blue, red = np.arange(100.0, 104.0), np.arange(102.0, 107.0)
    cells = {
        **positions(2),
        "bw": np.tile(blue, (2, 1)),
        "rw": np.tile(red, (2, 1)),
        "bf": np.ones((2, 4), dtype=np.float32),
        "rf": np.full((2, 5), 4.0, dtype=np.float32),
        "bi": np.full((2, 4), 2.0),
        "ri": np.ones((2, 5)),
    }
    root = write_hdf5(cells)
    schema = survey(modalities=ARMS, source=table(COADD, VALUES))
    (batch,) = run_of(schema, root, ["spectrum.lambda", "spectrum.flux"]).batches()
    flux = batch.columns["spectrum.flux"]
    assert flux.data[:7].tolist() == [1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 4.0]
    assert batch.columns["spectrum.lambda"].data[:7].tolist() == pytest.approx(
        [10.0, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6]
    )
    with pytest.raises(CellError, match="'br' is not in the file"):
        read_all(schema, root)


def test_call_when_grids_differ_by_file_then_each_object_has_its_own(
    write_hdf5: WriteHdf5, tmp_path: Path
) -> None:
    """Files that are one row each are joined into one batch."""
    for number, last in enumerate((103.0, 105.0)):
        blue, red = np.arange(100.0, 102.0), np.arange(101.0, last)
        cells = {
            "object_id": np.int64(number),
            "ra": 1.0,
            "dec": 2.0,
            "bw": blue,
            "rw": red,
            "bf": np.ones(2),
            "rf": np.full(len(red), 3.0),
            "bi": np.ones(2),
            "ri": np.ones(len(red)),
        }
        write_hdf5(cells, f"{number}.hdf5")
    made = COADD.replace(", resolution: [br, rr]", "")
    source = table(made, VALUES.replace(", spectrum.width: made.sigma_pixel", ""))
    source = source.replace("format: hdf5}", "format: hdf5, rows: file}", 1)
    schema = survey(modalities=ARMS, source=source + "    absent: [spectrum.width]\n")
    (batch,) = run_of(schema, tmp_path).batches()
    flux = batch.columns["spectrum.flux"]
    assert flux.counts.tolist() == [3, 5]
    assert flux.data.tolist() == [1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 3.0, 3.0]


def test_call_when_cells_of_an_input_are_in_no_file_then_error_names_the_input(
    write_hdf5: WriteHdf5, add_transform: AddTransform
) -> None:
    """A typo inside optional() would pass silently otherwise."""
    add_transform("test.twice", twice, **TWICE)
    root = write_hdf5({**positions(2), "x": np.ones(2)})
    made = "test.twice, inputs: {x: [optional(xx)]}"
    schema = survey(columns=COLUMN, source=table(made, "double: made.y"))
    with pytest.raises(CellError, match=r"'xx' is in no file .*\(input x of table made\)"):
        read_all(schema, root)
    schema = survey(columns=COLUMN, source=table("test.twice, inputs: {x: [xx]}", "double: made.y"))
    with pytest.raises(CellError, match="input x of table made"):
        read_all(schema, root)


def test_call_when_axes_are_named_then_brought_into_the_declared_order(
    write_hdf5: WriteHdf5, add_transform: AddTransform
) -> None:
    """A matrix that is stored the other way round."""
    inputs = {"m": cell("float64", "row", "column")}
    outputs = {"y": cell("float64")}
    add_transform("test.first", lambda i, p: {"y": Column(i["m"][0].data[:, 0, 1])},
                  inputs=inputs, outputs=outputs)  # fmt: skip
    root = write_hdf5({**positions(1), "m": np.arange(6.0).reshape(1, 3, 2)})
    made = "test.first, inputs: {m: [\"axes(m, 'column row')\"]}"
    schema = survey(columns=COLUMN, source=table(made, "double: made.y"))
    assert read_all(schema, root).columns["double"].data.tolist() == [2.0]
    schema = survey(
        columns=COLUMN, source=table(made.replace("column row", "x y"), "double: made.y")
    )
    with pytest.raises(CellError, match=r"axes\(x, 'x y'\) are not row column"):
        read_all(schema, root)


FED = """\
    tables:
      main: {files: '*.hdf5', format: hdf5}
      more: {files: more.h5, format: hdf5, on: {id: object_id}, unmatched: null}
      lsf: {transform: spectrum.lsf_gaussian, inputs: {resolution: [more.m]}}
      joined:
        transform: spectrum.coadd_arms
        inputs: {lambda: [WAVE], flux: [lsf.sigma], ivar: [lsf.sigma]}
    values: {spectrum.width: lsf.sigma, spectrum.lambda: joined.lambda,
      spectrum.flux: "joined.flux / unit(1, 'pix')"}
"""


@pytest.mark.parametrize("budget", [1, 10**9])
def test_call_when_a_partner_is_missing_then_null_and_the_others_as_without_it(
    budget: int, write_hdf5: WriteHdf5, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table with unmatched: null gives the cells; one transform feeds another."""
    monkeypatch.setattr(call, "CALL_BYTES", budget)
    x = np.arange(-5.0, 6.0)[:, None]
    matrix = np.exp(-0.5 * (x / np.array([1.0, 1.5, 2.0])) ** 2)
    cells = {"id": np.array([100, 102]), "m": np.stack([matrix, matrix])}
    write_hdf5({**cells, "wave": np.tile([1.0, 2.0, 3.0], (2, 1))}, "more.h5")
    root = write_hdf5(positions(3))
    modalities = ARMS.replace("pixel: {}", "pixel: {size: 3}")
    with pytest.raises(ap.errors.SchemaError, match="'pix' cannot become 'Angstrom'"):
        survey(modalities=modalities, source=FED.replace("WAVE", "lsf.sigma"))
    source = FED.replace("WAVE", "\"unit(more.wave, 'nm')\"")
    schema = survey(modalities=modalities, source=source)
    batch = read_all(schema, root)
    width, flux = batch.columns["spectrum.width"], batch.columns["spectrum.flux"]
    for column in (width, flux):
        assert column.null is not None
        assert column.null.tolist() == [False, True, False]
        assert column.data[[0, 2]].ravel().tolist() == pytest.approx([1.0, 1.5, 2.0] * 2)
    assert batch.columns["spectrum.lambda"].data[0].tolist() == pytest.approx([1.0, 2.0, 3.0])


TINY = """\
import numpy as np
from astropile.readers import Column

DECLARATIONS = {
    "tiny.total": {
        "version": "0.1.0",
        "description": "Sum of the numbers of a row.",
        "function": "tiny_functions:total",
        "inputs": {"numbers": {"dtype": "float64", "axes": ["pixel"], "description": "Numbers."}},
        "outputs": {"total": {"dtype": "float64", "description": "Their sum."}},
    }
}
"""
FUNCTION = """\
import numpy as np
from astropile.readers import Column


def total(inputs, params):
    (column,) = inputs["numbers"]
    column = column.ragged()
    sums = np.concatenate(([0.0], np.cumsum(column.data)))
    return {"total": Column(sums[column.offsets[1:]] - sums[column.offsets[:-1]])}
"""


@pytest.fixture
def tiny_distribution(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Install a distribution with an entry point of the group: found as any other is."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "tiny_declared.py").write_text(TINY)
    (folder / "tiny_functions.py").write_text(FUNCTION)
    info = folder / "tiny-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(
        "[astropile.transforms]\ntiny = tiny_declared:DECLARATIONS\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    for cached in (declared.load_transforms, function_of):
        cached.cache_clear()
    yield folder
    monkeypatch.undo()
    for cached in (declared.load_transforms, function_of):
        cached.cache_clear()
    for name in ("tiny_declared", "tiny_functions"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("tiny_distribution")
def test_survey_when_another_package_has_its_transform_then_it_runs(
    write_hdf5: WriteHdf5, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The survey is checked before the function is imported, and read with it."""
    text = HEAD + "  total: {dtype: float64, description: Sum.}\n"
    text += "sources:\n  files:\n    description: Files of the test.\n"
    text += table("tiny.total, inputs: {numbers: [flux]}", "total: made.total") + TAIL
    (tmp_path / "invented.yaml").write_text(text)
    root = write_hdf5({**positions(2), "flux": np.array([[1.0, 2.0], [3.0, 4.0]])})
    monkeypatch.setattr("astropile.registry._registered", [])
    ap.register(tmp_path / "invented.yaml")
    loaded = ap.load("invented", data_dir=root)
    assert "tiny_functions" not in sys.modules
    assert [example["total"] for example in loaded] == [3.0, 7.0]
