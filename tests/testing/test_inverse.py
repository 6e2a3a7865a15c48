"""Every function that can be undone: cells that give the drawn leaves, and those that cannot."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from astropile.errors import UsageError
from astropile.testing import Mock, simulate
from tests.testing.conftest import null_of, round_trip, survey

#: Leaves that are computed on the way, in float32.
ROUNDING = 1e-5

SCALARS = {
    "name": ("{dtype: float32, description: A number., min: 1, max: 9}", "x"),
    "offset": ("{dtype: float64, description: A number.}", "a - 53000"),
    "turned": ("{dtype: float64, description: A number.}", "10 - b"),
    "scaled": ("{dtype: float32, description: A number.}", "3 * c / 2"),
    "inverse": ("{dtype: float64, description: A number., min: 1, max: 2}", "1 / d ** 2"),
    "exponent": ("{dtype: float64, description: A number., min: 1, max: 2}", "2 ** e"),
    "negative": ("{dtype: float32, description: A number.}", "-f"),
    "radians": ("{dtype: float64, unit: deg, description: An angle.}", "unit(g, 'rad')"),
    "logarithm": ("{dtype: float32, description: A number.}", "27.5 - 2.5 * log10(h)"),
    "root": ("{dtype: float64, description: A number., min: 0}", "sqrt(i)"),
    "hours": ("{dtype: float64, description: A number., min: 0, max: 1}", "exp(ln(j))"),
    "sine": ("{dtype: float64, description: A number., min: -1, max: 1}", "sin(k)"),
    "cosine": ("{dtype: float64, description: A number., min: -1, max: 1}", "cos(kk)"),
    "size": ("{dtype: float32, description: A number., min: 0}", "abs(l)"),
    "whole": ("{dtype: int32, description: A number.}", "floor(m)"),
    "nearest": ("{dtype: int32, description: A number.}", "round(mm) + 2"),
    "clipped": ("{dtype: float32, description: A number.}", "clip(n, 0.2, 0.7)"),
    "magnitude": ("{dtype: float64, unit: mag(AB), description: Light.}", "ab_mag(unit(o, 'Jy'))"),
    "density": ("{dtype: float64, unit: Jy, description: A flux.}", "ab_flux(oo)"),
    "vacuum": ("{dtype: float64, unit: nm, description: A line.}", "air_to_vacuum(unit(p, 'nm'))"),
    "air": ("{dtype: float64, unit: nm, description: A line.}", "vacuum_to_air(unit(pp, 'um'))"),
    "flux": ("{dtype: float32, unit: nanomaggy, description: A flux.}", "unit(qr, 'mag(AB)')"),
    "light": ("{dtype: float64, unit: mag(AB), description: Light.}", "unit(qs, 'nanomaggy')"),
    "flag": ("{dtype: bool, true_means: bad, description: A flag.}", "any_bit(q)"),
    "bit": ("{dtype: bool, true_means: good, description: A flag.}", "not any_bit(qq, 0, 3)"),
    "low": ("{dtype: bool, true_means: neither, description: A flag.}", "r <= 1e-6"),
    "mirror": ("{dtype: bool, true_means: neither, description: A flag.}", "5 < rr"),
    "word": ("{dtype: bool, true_means: neither, description: A flag.}", "rrr == 'yes'"),
    "either": ("{dtype: bool, true_means: bad, description: A flag.}", "any_bit(s) or name > 5"),
    "both": ("{dtype: bool, true_means: bad, description: A flag.}", "any_bit(t) and u"),
    "member": ("{dtype: bool, true_means: neither, description: A flag.}", "v in ['t', '1']"),
    "ordinal": ("{dtype: bool, true_means: neither, description: A flag.}", "vv in [3, 5]"),
    "known": ("{dtype: bool, true_means: neither, description: A flag.}", "is_finite(w)"),
    "unknown": ("{dtype: bool, true_means: neither, description: A flag.}", "not is_null(ww)"),
    "class": ("{dtype: string, description: A class.}", "lookup(y, kind)"),
    "depth": ("{dtype: float64, description: A depth.}", "lookup(yy, depth)"),
    "other": ("{dtype: string, description: A band.}", "lookup(yyy, token, 'none')"),
    "trimmed": ("{dtype: string, description: A text.}", "trim(z)"),
    "lower": ("{dtype: string, description: A text.}", "lower(aa)"),
    "upper": ("{dtype: string, description: A text.}", "upper(bb)"),
    "number": ("{dtype: int64, description: A number.}", "number(cc)"),
    "sixtieths": ("{dtype: float64, unit: deg, description: An angle.}", "sexagesimal(cd)"),
    "clock": (
        "{dtype: float64, unit: deg, description: An angle., min: 0, max: 360}",
        "unit(sexagesimal(ce), 'hourangle')",
    ),
    "digits": ("{dtype: string, description: A number as text.}", "text(dd)"),
    "prefix": ("{dtype: string, description: A name.}", "join('', 'SN', ee)"),
    "dashed": ("{dtype: string, description: A name.}", "join('-', ff, gg)"),
    "cut": ("{dtype: string, description: A text.}", "part(hh, 2, 7)"),
    "peeled": ("{dtype: string, description: A text.}", "part(hhh, 2, -1)"),
    "sentinel": ("{dtype: float32, description: A number.}", "null_if(ii, -99)"),
    "chosen": ("{dtype: float32, description: A number.}", "if(sentinel_cell == 0, jj, jjj)"),
    "cell": ("{dtype: float32, description: A number.}", "sentinel_cell"),
    "perhaps": ("{dtype: float32, description: A number.}", "optional(ll)"),
    "first": ("{dtype: float32, description: A number.}", "coalesce(nn, nnn)"),
    "filled": ("{dtype: float32, description: A number.}", "fill(uu, 0)"),
    "third": ("{dtype: float32, description: A number.}", "vector[2]"),
    "last": ("{dtype: float32, description: A number.}", "matrix[1, -1]"),
    "total": ("{dtype: float64, description: A number.}", "sum(xx)"),
    "middle": ("{dtype: float64, description: A number.}", "median(zz)"),
}  # fmt: skip


@pytest.mark.parametrize("name", SCALARS)
def test_scalar_when_expression_is_undone_then_truth_comes_back(name: str, tmp_path: Path) -> None:
    wanted = {"either": ["name", "either"], "chosen": ["cell", "chosen"]}.get(name, [name])
    columns = "".join(f"  {key}: {SCALARS[key][0]}\n" for key in wanted)
    values = "".join(f'      {key}: "{SCALARS[key][1]}"\n' for key in wanted)
    values = values.replace("name > 5", "x > 5")
    schema = survey(columns=columns, source=f"    values:\n{values}")
    _, found = round_trip(schema, tmp_path, rtol=ROUNDING)
    column = found[name]
    assert len(np.unique(column.data)) > 1
    if name == "sentinel":
        assert null_of(column).any()


BLOCK = """
  image:
    kind: image
    axes: {band: {labels: [g, r, z]}, y: {size: 3}, x: {size: 4}}
    photometry: {system: AB, zeropoint: 22.5, per: nanomaggy}
    fields:
      band: {dtype: string, description: Band.}
      flux: {dtype: float32, unit: nanomaggy, description: Flux.}
      mask: {dtype: bool, true_means: good, description: Good pixels.}
      scale: {dtype: float32, unit: arcsec / pix, description: Scale.}
"""
BLOCKS = {
    "plain": ("image_flux", "image_mask", "lookup(image_band, token)", "image_scale"),
    "layers": ("over(band, {band}_flux)", "not any_bit(bits)", "['g', 'r', 'z']", "0.262"),
    "order": ("axes(cube, 'y x band')", "axes(m, 'y x')", "trim(b)", "lookup(trim(b), depth)"),
    "turned": ("reverse(f)", "f > 0", "['g', 'r', 'z']", "over(band, {band}_scale)"),
    "padded": ("pad(f, 3, 4)", "is_finite(w)", "split(names, ' ')", "f[:, 0, 0]"),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_image_when_expressions_are_undone_then_truth_comes_back(name: str, tmp_path: Path) -> None:
    flux, mask, band, scale = BLOCKS[name]
    source = f"""
    values:
      image.flux: "{flux}"
      image.mask: "{mask}"
      image.band: "{band}"
      image.scale: "{scale}"
"""
    _, found = round_trip(survey(modalities=BLOCK, source=source), tmp_path, rtol=ROUNDING)
    assert found["image.flux"].data.shape == (30, 3, 3, 4)
    assert (found["image.band"].data == ["g", "r", "z"]).all()


TABLE = """
  table:
    kind: table
    axes: {item: {AXIS}, place: {size: 3}}
    sort: [rank]
    fields:
      rank: {dtype: int16, axes: [item], description: Rank.}
      grid: {dtype: float32, axes: [item, place], missing: [-1], description: Numbers.}
      twice: {dtype: float32, axes: [item, place], formula: 2 * grid, description: Numbers.}
      ends: {dtype: int8, axes: [place], description: Numbers.}
"""


@pytest.mark.parametrize(
    ("axis", "grid", "keep"),
    [("size: 4", "flat(cube, 0, 1)", ""), ("", "g", "any(grid != 9, 1)"), ("", "g", "rank > 0")],
)
def test_table_when_axes_are_joined_or_padded_then_truth_comes_back(
    axis: str, grid: str, keep: str, tmp_path: Path
) -> None:
    source = f"""
    values: {{table.rank: r, table.grid: "{grid}", table.ends: "e[0:3]"}}
"""
    source += f'    keep: {{table.item: "{keep}"}}\n' if keep else ""
    table = TABLE.replace("AXIS", axis).replace("    sort: [rank]\n" if axis else "\0", "")
    _, found = round_trip(survey(modalities=table, source=source), tmp_path)
    assert np.isnan(found["table.grid"].data).any() == ("grid" not in keep)
    assert (len(set(found["table.rank"].counts.tolist())) > 1) == (axis == "")


SPECTRUM = """
  spectrum:
    kind: spectrum
    axes: {pixel: {SIZE}}
    medium: air
    frame: observed
    fields:
      lambda: {dtype: float64, unit: Angstrom, description: Wavelength.}
      flux: {dtype: float32, unit: 1e-17 erg / (s cm2 Angstrom), description: Flux.}
      ivar: {dtype: float32, unit: 1e34 s2 cm4 Angstrom2 / erg2, description: Weight.}
"""
SPECTRA = {
    "keep": ("", "wave", "flux", "1 / unit(noise, 'erg / (s cm2 Angstrom)') ** 2", "lambda != -1"),
    "other cell": ("", "wave", "unit(f, 'erg / (s cm2 Angstrom)')", "ivar", "quality == 0"),
    "both": ("", "wave", "flux", "ivar", "lambda > 0 and is_finite(flux)"),
    "sized": ("size: 9", "numbers(w)", "concat(a, b)", "flat(ivar)", ""),
    "stated": ("", "wave", "flux", "ivar", "true"),
    "lists": ("", "wave", "flux[:]", "ivar", ""),
}


@pytest.mark.parametrize("name", SPECTRA)
def test_spectrum_when_padded_or_not_then_truth_comes_back(name: str, tmp_path: Path) -> None:
    size, wave, flux, ivar, keep = SPECTRA[name]
    source = f"""
    values:
      spectrum.lambda: "{wave}"
      spectrum.flux: "{flux}"
      spectrum.ivar: "{ivar}"
"""
    source += f'    keep: {{spectrum.pixel: "{keep}"}}\n' if keep else ""
    schema = survey(modalities=SPECTRUM.replace("SIZE", size), source=source)
    mock, found = round_trip(schema, tmp_path, rtol=ROUNDING)
    counts = found["spectrum.flux"].counts
    assert (len(set(counts.tolist())) > 1) == (name != "sized")
    if name in ("keep", "other cell", "both"):
        assert padded_places(mock) > 0


def padded_places(mock: Mock) -> int:
    """Count places in the files beyond the elements of the truth."""
    stored = 0
    for path in mock.files[:-1]:
        if path.suffix == ".hdf5":
            with h5py.File(path) as file:
                stored += file["wave"].size
    return stored - int(mock.leaves["spectrum.lambda"].counts.sum())


CURVE = """
  lightcurve:
    kind: lightcurve
    axes: {epoch: {}}
    sort: [band, time]
    fields:
      band: {dtype: string, description: Band.}
      time: {dtype: float64, unit: d, time: {zero: 2400000.5, scale: utc}, description: Time.}
      flux: {dtype: float32, description: Flux.}
"""
CURVES = {
    "file": ("repeat(bands, dim(t, 1))", "flat(t)", "flat(f)", "flux != 0", "rows: file"),
    "dictionary": ("repeat(lookup(b, token), dim(t, 1))", "flat(t)", "flat(f)", "time > 0", ""),
    "text": ("repeat(split(b, ','), dim(t, 1))", "flat(t) + 50000", "flat(f)", "flux != 0", ""),
    "constant": ("repeat(['r', 'g'], dim(c, 2))", "flat(c[:, 0, :])", "flat(c[:, 1, :])",
                 "time > 0", ""),
    "tiled": ("tile(bands, dim(t, 0))", "flat(t)", "flat(f)", "flux != 0", "rows: file"),
    "full": ("repeat(bands, dim(t, 1))", "flat(t)", "flat(f)", "", "rows: file"),
    "lists": ("lookup(b, token)", "t", "f", "", ""),
    "group": ("b", "t", "f", "band != ''", "rows: group"),
}  # fmt: skip


@pytest.mark.parametrize("name", CURVES)
def test_light_curve_when_stored_in_any_form_then_truth_comes_back(
    name: str, tmp_path: Path
) -> None:
    band, time, flux, keep, rows = CURVES[name]
    option = f", {rows}" if rows else ""
    source = f"""
    tables: {{main: {{files: "x/healpix=*/*.hdf5", format: hdf5{option}}}}}
    values:
      lightcurve.band: "{band}"
      lightcurve.time: "{time}"
      lightcurve.flux: "{flux}"
"""
    source += f'    keep: {{lightcurve.epoch: "{keep}"}}\n' if keep else ""
    _, found = round_trip(survey(modalities=CURVE, source=source), tmp_path, rtol=1e-7)
    counts = found["lightcurve.time"].counts
    assert len(set(counts.tolist())) > 1
    assert {"g", "r"} <= set(found["lightcurve.band"].data.tolist()) <= {"g", "r", "z"}


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("x // 100", "no inverse"),
        ("hypot(x, y)", r"hypot\(\) has no inverse"),
        ("row()", "row"),
        ("count(x)", "no inverse"),
        ("max(x, 0)", "along one axis"),
        ("part(x, -2, 5)", "from the end"),
    ],
)
def test_expression_when_it_cannot_be_undone_then_error_names_leaf(
    expression: str, reason: str, tmp_path: Path
) -> None:
    dtype = "string" if "part" in expression else "float64"
    columns = f"  odd: {{dtype: {dtype}, description: A leaf.}}\n"
    schema = survey(columns=columns, source=f'    values: {{odd: "{expression}"}}\n')
    with pytest.raises(UsageError, match=reason) as caught:
        simulate(schema, None, 5, data_dir=tmp_path)
    message = str(caught.value)
    assert "error[not_invertible]: odd: " in message
    assert expression in message
    assert "invented, config main, source files" in message


def test_table_when_it_needs_other_files_then_error_names_table(tmp_path: Path) -> None:
    source = """
    tables:
      main: {files: "a.fits", format: fits, hdu: "1"}
      spec: {each: true, files: "{object_id}.fits", format: fits, rows: file}
    values: {z: spec.PRIMARY@Z}
"""
    schema = survey(columns="  z: {dtype: float32, description: Redshift.}\n", source=source)
    with pytest.raises(UsageError, match=r"not_invertible\]: table spec: each"):
        simulate(schema, None, 5, data_dir=tmp_path)
