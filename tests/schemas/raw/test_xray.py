"""X-ray spectra as the Chandra Source Catalog gives them: its table, and PHA, ARF and RMF files.

The spectrum of one source is real. The files of responses are made up: none of the real RMF is at
hand, so the energies of its channels are those of the ACIS standard, 14.6 eV each.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table

import astropile as ap
from astropile.errors import AstropileError, CorruptFileError
from tests.same_examples import assert_same_in

CHANNELS = 1024
EDGES = 0.0146 * np.arange(CHANNELS + 1)
REAL = "acisf01575_001N001_r0085"
MADE = "acisf00735_000N022_r0003"


def write_response(path: Path, n: int = CHANNELS, unit: str = "keV", factor: float = 1) -> None:
    """Write a response of the published form, of which only the energies of channels are read."""
    bounds = Table({"CHANNEL": np.arange(1, n + 1, dtype="i2")})
    bounds["E_MIN"] = np.float32(EDGES[:n] * factor)
    bounds["E_MAX"] = np.float32(EDGES[1 : n + 1] * factor)
    for name in ("E_MIN", "E_MAX"):
        bounds[name].unit = unit
    matrix = Table({"ENERG_LO": np.float32([0.3]), "ENERG_HI": np.float32([0.31])})
    hdus = [fits.PrimaryHDU(), fits.table_to_hdu(matrix), fits.table_to_hdu(bounds)]
    hdus[1].name, hdus[2].name = "MATRIX", "EBOUNDS"
    fits.HDUList(hdus).writeto(path, overwrite=True)


def write_spectrum(path: Path, counts: np.ndarray, background: np.ndarray) -> None:
    """Write counts of source and background, twice as long as the source was watched."""
    hdus: list[Any] = [fits.PrimaryHDU()]
    for version, values in enumerate((counts, background), 1):
        hdu = fits.table_to_hdu(Table({"CHANNEL": np.arange(1, 1025), "COUNTS": values}))
        hdu.name, hdu.ver = "SPECTRUM", version
        hdu.header.update({"EXPOSURE": 5000.0 * version, "BACKSCAL": 1e-6 * version**3})
        hdus.append(hdu)
    fits.HDUList(hdus).writeto(path)


def catalogue() -> Table:
    """Return an answer of TAP: two spectra, two rows that the cuts leave out, one without files."""
    n = 5
    table = Table({
        "name": ["2CXO J004231.2+411938", "2CXO J005950.1-721010", "2CXO A", "2CXO B", "2CXO C"],
        "ra": 10.6302534 + np.arange(n), "dec": 41.3274787 - np.arange(n),
        "obsid": np.array([1575, 735, 1575, 1575, 1575], "i4"),
        "obi": np.array([1, 0, 1, 1, 1], "i4"), "region_id": np.array([85, 3, 86, 87, 88], "i4"),
        "src_cnts_aper_b": [855.0, 60, 40, 70, 80], "flux_significance_b": [20.5, 5, 6, 7, 8],
        "theta": [2.5, 3, 4, 5, 6], "gti_mjd_obs": 52187.0 + np.arange(n),
        "flux_aper_b": 1e-13 * np.arange(1, 6), "hard_hs": [0.25] * n, "hard_ms": [-0.5] * n,
        "var_prob_b": [0.5, 0.75, 0, 0, 0],
    })  # fmt: skip
    table["flux_bb_aper_b"] = MaskedColumn(1.1e-13 * np.arange(1, 6), mask=[0, 0, 0, 1, 0])
    table["hard_hm"] = MaskedColumn([0.125] * n, mask=[0, 1, 0, 0, 0])
    table["var_index_b"] = MaskedColumn(np.array([6, 0, 0, 0, 0], "i2"), mask=[0, 1, 0, 0, 0])
    return table


@pytest.fixture
def csc(shared_data, tmp_path: Path) -> Path:
    """Write the catalogue, a package with a real spectrum and one that is made up."""
    root = tmp_path / "csc"
    for package in ("package.1", "package.2"):
        (root / package).mkdir(parents=True)
    for kind in ("pha3", "arf3"):
        shutil.copy(shared_data("chandra") / f"{REAL}_{kind}.fits.gz", root / "package.1")
    write_response(root / "package.1" / f"{REAL}_rmf3.fits")
    write_response(root / "package.2" / f"{MADE}_rmf3.fits")
    rng = np.random.default_rng(5)
    write_spectrum(
        root / "package.2" / f"{MADE}_pha3.fits", rng.poisson(0.1, 1024), rng.poisson(0.4, 1024)
    )
    catalogue().write(root / "csc21.vot", format="votable")
    return root


def grouped(path: Path) -> dict[str, np.ndarray]:
    """Group a spectrum channel by channel, as the documentation of Sherpa describes it."""
    with fits.open(path) as hdus:
        source, back = (hdu for hdu in hdus if hdu.name == "SPECTRUM")
        counts, behind = (hdu.data["COUNTS"].astype(float) for hdu in (source, back))
        seconds = source.header["EXPOSURE"]
        scale = source.header["BACKSCAL"] / back.header["BACKSCAL"]
        scale *= seconds / back.header["EXPOSURE"]
    edges = np.float32(EDGES).astype(float)
    found: list[tuple[float, ...]] = []
    total = total_behind = 0.0
    first = None
    inside = [k for k in range(CHANNELS) if edges[k] >= 0.5 and edges[k + 1] <= 8]
    for k in inside:
        first = k if first is None else first
        total, total_behind = total + counts[k], total_behind + behind[k]
        if total >= 5 or k == inside[-1]:
            low, high = edges[first], edges[k + 1]
            error = [1 + np.sqrt(c + 0.75) for c in (total, total_behind)]
            found.append((
                (low + high) / 2, low, high,
                (total - scale * total_behind) / seconds / (high - low),
                np.hypot(error[0], scale * error[1]) / seconds / (high - low),
            ))  # fmt: skip
            total, total_behind, first = 0.0, 0.0, None
    names = ("ene_center_bin", "ene_low_bin", "ene_high_bin", "flux", "flux_error")
    return dict(zip(names, np.array(found).T, strict=True))


def test_chandra_when_catalogue_and_packages_then_spectra_as_counted_one_by_one(csc, examples):
    found = examples("chandra", "csc", root=csc)
    assert found.column("object_id") == ["1575.1.85", "735.0.3"]
    assert found.column("name") == ["2CXO J004231.2+411938", "2CXO J005950.1-721010"]
    assert [found.column(k) for k in ("obsid", "obi", "region_id")] == [
        [1575, 735],
        [1, 0],
        [85, 3],
    ]
    assert found.column("ra") == [10.6302534, 11.6302534]
    assert found.column("flux_aper_b") == np.float32([1e-13, 2e-13]).tolist()
    assert (found.column("hard_hm"), found.column("var_index_b")) == ([0.125, None], [6, None])
    for row, path in zip(
        found.rows, (f"package.1/{REAL}_pha3.fits.gz", f"package.2/{MADE}_pha3.fits"), strict=True
    ):
        wanted = grouped(csc / path)
        assert len(wanted["flux"]) > 5
        for name, values in wanted.items():
            np.testing.assert_allclose(row["spectrum"][name], values, rtol=2e-6, err_msg=name)
    # All counts of the band are in the bins, 855 were counted in all channels.
    rate, low, high = (
        np.array(found.rows[0]["spectrum"][k]) for k in ("flux", "ene_low_bin", "ene_high_bin")
    )
    net = (rate * (high - low)).sum() * 37664.157219191
    assert 700 < net < 855


def test_chandra_when_files_are_missing_then_refused_and_cuts_are_not(csc, examples):
    found = examples("chandra", "csc", root=csc)
    assert found.rejects.codes == ["unmatched"]
    assert found.rejects.messages == ["no file **/acisf01575_001N???_r0088_pha3.fits* (table pha)"]
    (csc / "package.1" / f"{REAL}_rmf3.fits").unlink()
    found = examples("chandra", "csc", root=csc)
    assert found.column("object_id") == ["735.0.3"]
    assert sorted(message.split("_")[-1] for message in found.rejects.messages) == [
        "pha3.fits* (table pha)", "rmf3.fits* (table rmf)",
    ]  # fmt: skip


def test_chandra_when_exposures_were_interleaved_then_the_first_one_is_read(csc, examples):
    wanted = examples("chandra", "csc", root=csc).rows
    path = csc / "package.2" / f"{MADE}_pha3.fits"
    shutil.copy(path, path.with_name("acisf00735_000N022_e2_r0003_pha3.fits"))
    assert examples("chandra", "csc", root=csc).rows == wanted


def test_chandra_when_response_has_fewer_channels_then_error_with_both(csc, examples):
    write_response(csc / "package.2" / f"{MADE}_rmf3.fits", n=900)
    with pytest.raises(AstropileError, match=r"xray.grouped_spectrum.*(1024.*900|900.*1024)"):
        examples("chandra", "csc", root=csc)


def test_chandra_when_energies_are_in_another_unit_then_error_with_both(csc, examples):
    for package, name in (("package.1", REAL), ("package.2", MADE)):
        write_response(csc / package / f"{name}_rmf3.fits", unit="eV", factor=1000)
    with pytest.raises(AstropileError, match=r"E_M(IN|AX).*(eV.*keV|keV.*eV)"):
        examples("chandra", "csc", root=csc)


def test_chandra_when_spectrum_has_no_exposure_then_error_names_its_row(csc, examples):
    path = csc / "package.2" / f"{MADE}_pha3.fits"
    fits.setval(path, "EXPOSURE", value=0.0, extname="SPECTRUM", extver=1)
    with pytest.raises(AstropileError, match="exposure: expected more than 0 s") as found:
        examples("chandra", "csc", root=csc)
    assert "csc21.vot, row 1" in str(found.value)


def test_chandra_when_spectrum_is_cut_short_then_file_is_named_or_row_refused(csc, examples):
    path = csc / "package.1" / f"{REAL}_pha3.fits.gz"
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(CorruptFileError, match=REAL):
        examples("chandra", "csc", root=csc)
    survey = ap.load("chandra", data_dir=csc, source="csc", on_bad_row="reject")
    assert [row["object_id"] for row in survey] == ["735.0.3"]
    assert sorted(survey.rejects.codes) == ["file", "unmatched"]


@pytest.mark.parametrize("other", ["mmu", "hats"])
def test_chandra_when_in_the_archives_then_the_same_example(csc, tmp_path, other):
    table = catalogue()
    if other == "mmu":  # HDF5 has no null among whole numbers
        table["var_index_b"].mask = False
    table.write(csc / "csc21.vot", format="votable", overwrite=True)
    survey = ap.load("chandra", data_dir=csc, source="csc")
    leaves = assert_same_in(survey, other, tmp_path / other)
    assert {"object_id", "name", "hard_hm", "var_index_b", "spectrum.flux_error"} <= set(leaves)
