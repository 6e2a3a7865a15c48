"""One survey, one Example: from the published files, from HDF5 and from HATS."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from astropy.io import fits

import astropile as ap
from astropile.registry import find_schema
from astropile.schema import Report, bind_source, combinations
from astropile.testing import simulate
from tests.schemas.raw.published import (
    write_apogee,
    write_galah,
    write_galex,
    write_lamost,
    write_twomass,
)

#: What a number stored as float32, or computed on the way, may differ by.
CLOSE = 3e-7


def copied(folder: str, names: dict[str, str]) -> Callable[..., None]:
    """Return a function that puts real files where the publisher has them."""

    def put(root: Path, shared_data: Callable[[str], Path]) -> None:
        for name, target in names.items():
            (root / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(shared_data(folder) / name, root / target)

    return put


def made(write: Callable[..., Any]) -> Callable[..., None]:
    """Return a function that writes made-up files in the published layout."""
    return lambda root, shared_data: write(root)


def join_gaia(root: Path, shared_data: Callable[[str], Path]) -> None:
    """Put the two real spectra beside two real sources that take their numbers."""
    copied("gaia_xp", {"XP_CONTINUOUS_RAW.fits": "xp_continuous/XP_CONTINUOUS_RAW.fits"})(
        root, shared_data
    )
    spectra = fits.getdata(root / "xp_continuous" / "XP_CONTINUOUS_RAW.fits", 1)
    with fits.open(shared_data("gaia") / "gdr3_sm.fits") as hdus:
        chosen = fits.BinTableHDU(hdus[1].data[hdus[1].data["has_xp_continuous"]][:2])
    chosen.data["source_id"] = spectra["source_id"]
    (root / "gaia_source").mkdir()
    chosen.writeto(root / "gaia_source" / "result.fits")


def plasticc_by_hand(root: Path, rows: dict[str, dict[str, Any]]) -> None:
    """Write HDF5 as the converter does, with all six bands."""
    longest = max(len(row["lightcurve.time"]) for row in rows.values())
    curves = np.zeros((len(rows), 6, 3, longest))
    for curve, row in zip(curves, rows.values(), strict=True):
        for band in range(6):
            own = np.flatnonzero(np.array(row["lightcurve.band"]) == "ugrizY"[band])
            for k, field in enumerate(("time", "flux", "flux_err")):
                curve[band, k, : len(own)] = np.array(row[f"lightcurve.{field}"])[own]
    codes = {name: int(k) for k, name in find_schema("plasticc").file.lookups["class"].items()}
    write_hdf5(
        root / "data" / "healpix=7" / "train_01.hdf5", lightcurve=curves,
        object_id=[int(object_id) for object_id in rows], redshift=[0.5] * len(rows),
        obj_type=[codes[row["obj_type"]] for row in rows.values()],
        **{name: [row[name] for row in rows.values()]
           for name in ("ra", "dec", "hostgal_specz", "hostgal_photoz")},
    )  # fmt: skip


def twomass_by_hand(root: Path, rows: dict[str, dict[str, Any]]) -> None:
    r"""Write HDF5 as the converter does: integers with nulls are floats, text has ``\N``."""
    columns: dict[str, Any] = {}
    for name in next(iter(rows.values())):
        values = [row[name] for row in rows.values()]
        text = any(isinstance(value, str) for value in values)
        nothing = b"\\N" if text else np.nan
        columns[name] = [nothing if v is None or v != v else v for v in values]
        columns[name] = np.array(columns[name], "S20") if text else columns[name]
    write_hdf5(root / "psc" / "healpix=7" / "001-of-001.hdf5", **columns)


def write_hdf5(path: Path, **columns: Any) -> None:
    """Write one file, a data set a keyword."""
    path.parent.mkdir(parents=True)
    with h5py.File(path, "w") as file:
        for name, values in columns.items():
            file[name] = values


TESS = "hlsp_tess-data-alerts_tess_phot_00025155310-s01_tess_v1_lc.fits"
PLASTICC = {
    "training_set_metadata.csv": "training_set_metadata.csv",
    "plasticc_lightcurves.csv.gz": "training_set.csv.gz",
}
DR10 = "dr10_v20_lrs_catalogue"
CASES = {
    "gaia, real sources": (
        "gaia", "gaia_dr3", "archive", copied("gaia", {"gdr3_sm.fits": "gaia_source.fits"}),
    ),
    "gaia, real spectra": ("gaia", "gaia_dr3", "archive_xp", join_gaia),
    "tess, real": ("tess", "spoc", "spoc_fits", copied("tess", {TESS: TESS})),
    "plasticc, real": ("plasticc", "train_only", "kaggle", copied("plasticc", PLASTICC)),
    "apogee": ("apogee", "apogee", "sas", made(write_apogee)),
    "galah": ("galah", "dr3", "fits", made(lambda r: write_galah(r, find_schema("galah")))),
    "galex": ("galex", "ais", "fits", made(lambda r: write_galex(r, find_schema("galex")))),
    "lamost": ("lamost", DR10, "fits", made(lambda r: write_lamost(r, find_schema("lamost")))),
    "twomass": ("twomass", "psc", "archive", made(lambda r: write_twomass(r, columns_of_psc()))),
}  # fmt: skip
#: Layouts that simulation cannot write around given values.
BY_HAND = {("plasticc", "mmu"): plasticc_by_hand, ("twomass", "mmu"): twomass_by_hand}


def columns_of_psc() -> list[str]:
    """Return the columns of the published files, which have no header."""
    return list(find_schema("twomass").file.sources["archive"].tables["main"].header)


def bound(survey: str, config: str, source: str) -> Any:
    """Return which leaves a source lacks, and which it stores with less precision."""
    schema = find_schema(survey)
    variables = {**next(iter(combinations(schema, config))), "split": "train"}
    return bind_source(schema, config, source, variables, Report(schema.document))


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """Return an Example with one entry a leaf."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found |= {f"{name}.{field}": inner for field, inner in value.items()}
        else:
            found[name] = value
    return found


def is_same(a: Any, b: Any, *, rtol: float) -> bool:
    """Compare two values of a leaf; NaN equals NaN and null."""
    a, b = (v.tolist() if isinstance(v, np.ndarray | np.generic) else v for v in (a, b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(is_same(x, y, rtol=rtol) for x, y in zip(a, b, strict=True))
    lost = [value is None or value != value for value in (a, b)]
    if any(lost):
        return all(lost)
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=rtol, abs_tol=1e-30)
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("case", CASES)
def test_example_when_in_hdf5_or_hats_then_the_same_as_published(
    case: str, shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    name, config, published, write = CASES[case]
    root = tmp_path / "published"
    root.mkdir()
    write(root, shared_data)
    survey = ap.load(name, data_dir=root, config=config, source=published)
    wanted = {row["object_id"]: flat(row) for row in survey}
    leaves = survey.schema.leaves_of(config)
    own = bound(name, config, published)
    assert wanted
    for source in [s for s in ("mmu", "hats") if s in survey.schema.sources(config)]:
        place = tmp_path / source
        if (name, source) in BY_HAND:
            BY_HAND[name, source](place, wanted)
        else:
            simulate(name, config, len(wanted), data_dir=place, source=source, like=survey)
        other = bound(name, config, source)
        again = ap.load(name, data_dir=place, config=config, source=source)
        found = {row["object_id"]: flat(row) for row in again}
        assert set(found) == set(wanted)
        compared = 0
        for address in set(leaves) - own.absent - other.absent:
            formula = leaves[address].derived
            if formula and address not in ("ra", "dec", "object_id"):
                continue
            stored = getattr(survey.schema.file.object, address, address)
            less = stored in other.lossy or leaves[address].field.dtype == "float32"
            rtol = CLOSE if less else 1e-12
            for object_id, row in wanted.items():
                a, b = row.get(address), found[object_id].get(address)
                assert is_same(a, b, rtol=rtol), (source, object_id, address)
                compared += a is not None
        assert compared > len(wanted)


def test_comparison_when_values_differ_then_it_is_told() -> None:
    assert is_same([1.0, None], [1.0, np.nan], rtol=0)
    assert not is_same([1.0, 2.0], [1.0], rtol=0)
    assert not is_same(1.0, 1.001, rtol=CLOSE)
    assert not is_same(1, True, rtol=0)
