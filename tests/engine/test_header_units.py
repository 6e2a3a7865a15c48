"""What a file says of units, against the YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from astropile.engine import Run, compile_plan
from astropile.engine.header_units import contradiction
from astropile.errors import LeafError
from tests.engine.conftest import survey

COLUMNS = """
  flux: {dtype: float32, unit: Jy, description: Flux density.}
  mag: {dtype: float32, unit: mag(AB), description: Magnitude.}
  name: {dtype: string, description: Name.}
"""


@pytest.mark.parametrize(
    ("claimed", "taken", "why"),
    [
        ("nanomaggy", "deg", "different kinds"),
        ("mJy", "Jy", "0.001 of the other"),
        ("rad", "deg", "57.2958 of the other"),
        ("nm", "Angstrom", "10 of the other"),
        ("s", "d", "of the other"),
        ("mag", "deg", "different kinds"),
        ("Jy", "mag(AB)", "different kinds"),
        ("erg/s/cm2/Angstrom", "1e-17 erg / (s cm2 Angstrom)", "1e+17 of the other"),
        ("10**-17 erg/(s cm2 Angstrom)", "1e-17 erg / (s cm2 Angstrom)", ""),
        ("degrees", "deg", ""),
        ("degrees", "rad", "of the other"),
        ("'electron'.s**-1", "electron / s", ""),
        ("pixel", "arcsec", ""),
        ("arcsec", "arcsec / pix", ""),
        ("count / s", "electron / s", ""),
        ("arcmin", "arcsec / pix", "60 of the other"),
        ("mag", "mag(AB)", ""),
        ("mag(AB)", "mag", ""),
        ("dex", "dex(cm / s2)", ""),
        ("log(cm.s**-2)", "dex(cm / s2)", ""),
        ("km.s**-1", "km / s", ""),
        ("nmgy", "nanomaggy", ""),
        ("1", "deg", ""),
        ("A", "Angstrom", ""),
        ("BJD - 2457000, days", "d", ""),
        ("1e999 furlong", "d", ""),
        ("m" * 500, "d", ""),
        ("K**99999999", "K", ""),
    ],
)
def test_contradiction_when_units_meet_then_only_plain_ones(
    claimed: str, taken: str, why: str
) -> None:
    """What cannot be parsed says nothing; zero points and what is counted are left out by files."""
    found = contradiction(claimed, taken)
    assert why in found
    assert bool(found) == bool(why)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Return a function: units of the file and values of the YAML -> the leaves."""

    def read(
        units: dict[str, str],
        values: str = "",
        wanted: tuple[str, ...] = ("flux", "mag", "name"),
        tables: str = "{main: {files: '*.fits', format: fits, hdu: CAT}}",
    ) -> dict[str, Any]:
        columns = [
            fits.Column("object_id", "J", array=np.arange(3)),
            *(fits.Column(k, "D", unit=units.get(k), array=np.arange(3.0)) for k in ("ra", "dec")),
            *(fits.Column(k, "E", unit=units.get(k), array=np.ones(3)) for k in ("flux", "mag")),
            fits.Column("name", "4A", unit=units.get("name"), array=["a", "b", "c"]),
        ]
        for number in range(2):
            fits.BinTableHDU.from_columns(columns, name="CAT").writeto(
                tmp_path / f"{number}.fits", overwrite=True
            )
            # The second file is not looked at: what a survey says, it says in all of them.
            columns[3] = fits.Column("flux", "E", unit="deg", array=np.ones(3))
        source = f"    tables: {tables}\n"
        source += f"    values: {{{values}}}\n" if values else ""
        plan = compile_plan(
            survey(columns=COLUMNS, source=source),
            config="main",
            source="files",
            splits=["train"],
            wanted=wanted,
        )
        leaves: dict[str, Any] = {}
        for batch in Run(plan, tmp_path, on_bad_row="raise").batches():
            leaves = {key: column.data for key, column in batch.columns.items()}
        return leaves

    return read


def test_read_when_the_file_says_another_unit_then_error_with_both(run: Any) -> None:
    """File, HDU, column, both units, and what to write."""
    with pytest.raises(LeafError) as caught:
        run({"flux": "mJy"})
    text = str(caught.value)
    assert "0.fits, HDU CAT: 'flux' is in 'mJy' by the file, but 'Jy' by the YAML" in text
    assert "unit(flux, 'mJy') if the file is right, unit(flux, 'Jy') if it is wrong" in text
    assert "leaf flux" in text


@pytest.mark.parametrize("units", [{}, {"flux": "Jy", "ra": "deg", "mag": "mag", "name": "deg"}])
def test_read_when_the_file_agrees_or_is_silent_then_values(
    run: Any, units: dict[str, str]
) -> None:
    """Text has no unit, and units without zero point are no contradiction."""
    assert run(units)["flux"].tolist() == [1, 1, 1]


def test_read_when_the_author_gives_the_unit_then_that(run: Any) -> None:
    """The header right, the header wrong."""
    found = run({"flux": "mJy"}, values="flux: \"unit(flux, 'mJy')\"")
    np.testing.assert_allclose(found["flux"], 1e-3)
    found = run({"flux": "mJy"}, values="flux: \"unit(flux, 'Jy')\"")
    np.testing.assert_allclose(found["flux"], 1)


def test_read_when_a_leaf_is_not_wanted_then_not_looked_at(run: Any) -> None:
    """Nor where the cell is part of a computation, of which the unit is not known."""
    assert run({"flux": "deg"}, wanted=("mag",))["mag"].tolist() == [1, 1, 1]
    assert run({"flux": "mJy"}, values='flux: "flux * 1000"')["flux"].tolist() == [1000] * 3


@pytest.mark.parametrize(
    "value",
    ["optional(flux)", "null_if(flux, -9)", "coalesce(absent, flux)", "fill(flux, 0)"],
)
def test_read_when_the_cell_goes_through_functions_then_still_looked_at(
    run: Any, value: str
) -> None:
    """Those that keep the unit of what they are given."""
    with pytest.raises(LeafError, match="'flux' is in 'mJy' by the file"):
        run({"flux": "mJy"}, values=f'flux: "{value}"')


def test_read_when_a_joined_table_contradicts_then_error(run: Any, tmp_path: Path) -> None:
    """Also positions, and in tables beside the main one."""
    with pytest.raises(LeafError, match="'ra' is in 'rad' by the file, but 'deg' by the YAML"):
        run({"ra": "rad"})
    columns = [
        fits.Column("id", "J", array=np.arange(3)),
        fits.Column("f", "E", unit="W", array=np.ones(3)),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "more.fit")
    tables = "{main: {files: '*.fits', format: fits, hdu: CAT}, "
    tables += "more: {files: more.fit, format: fits, on: {id: object_id}}}"
    with pytest.raises(LeafError, match=r"more\.fit: 'f' is in 'W'.*kinds") as caught:
        run({"flux": "mJy"}, values="flux: more.f", tables=tables)
    assert "unit(more.f, 'W')" in str(caught.value)


def test_read_when_an_input_of_a_transform_contradicts_then_error(run: Any) -> None:
    """A cell that a function takes in a declared unit, unless the author gives another."""
    tables = "{main: {files: '*.fits', format: fits, hdu: CAT}, near: {transform: "
    tables += "catalog.neighbours, inputs: {ra: [RA], dec: [dec], near_ra: [stack(ra)], "
    tables += "near_dec: [stack(dec)]}, params: {ny: 9, nx: 9, pixel_scale: 0.1}}}"
    values = "flux: \"unit(count(near.x), 'Jy')\", ra: \"unit(ra, 'arcsec')\""
    with pytest.raises(LeafError, match="'ra' is in 'arcsec' by the file, but 'deg'") as caught:
        run({"ra": "arcsec"}, values=values, tables=tables.replace("RA", "ra"))
    assert "input ra of table near" in str(caught.value)
    settled = tables.replace("RA", "\"unit(ra, 'arcsec')\"").replace("stack(ra)", "stack(0)")
    assert run({"ra": "arcsec"}, values=values, tables=settled)["flux"].tolist() == [1, 0, 0]


def test_read_when_keys_are_read_first_then_other_cells_are_still_compared(run: Any) -> None:
    """As of a table with unique, whose keys are read before everything else."""
    tables = "{main: {files: '*.fits', format: fits, hdu: CAT, unique: [object_id]}}"
    assert run({}, tables=tables)["flux"].tolist() == [1, 1, 1]
    with pytest.raises(LeafError, match="'mJy' by the file, but 'Jy' by the YAML"):
        run({"flux": "mJy"}, tables=tables)
