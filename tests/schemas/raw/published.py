"""Files in the layout that surveys publish, small and made up, where no real file is at hand."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import ascii, fits
from astropy.table import Table

APOGEE_PIXELS, APOGEE_EDGES = 8575, ((246, 3274), (3585, 6080), (6344, 8335))
GALAH_PIXELS = (5, 6, 4, 3)


def write_table(path: Path, **columns: Any) -> None:
    """Write a FITS table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Table(columns).write(path)


def write_images(path: Path, *images: Any, **cards: Any) -> None:
    """Write images, the first one into the primary HDU; None is an HDU without data."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = images
    hdus = [fits.PrimaryHDU(first), *(fits.ImageHDU(image) for image in rest)]
    for hdu in hdus:
        hdu.header.update(cards)
    fits.HDUList(hdus).writeto(path)


def write_ecsv(path: Path, table: Table) -> None:
    """Write an ECSV table under the name of CSV, as in the bulk download of Gaia."""
    table.write(path.with_suffix(""), format="ascii.ecsv", delimiter=",",
                fill_values=[(ascii.masked, "null")])  # fmt: skip
    with gzip.open(path, "wb") as file:
        file.write(path.with_suffix("").read_bytes())
    path.with_suffix("").unlink()


def write_apogee(root: Path) -> dict[str, np.ndarray]:
    """Write six rows of allStar and the spectra of three stars; return the apStar fluxes.

    One row is a repetition, one has a low ratio of signal to noise, one no file; the last star has
    no aspcapStar. The first star was visited three times, the second one once.
    """
    names = ["2M01A", "2M01A", "2M02B", "2M03C", "2M04D", "2M05E"]
    files = [f"apStar-dr17-{name}.fits" for name in names]
    files[4] = ""
    scale = np.arange(6, dtype="f4")
    reduced = "spectro/aspcap/dr17/synspec_rev1"
    write_table(
        root / reduced / "allStar-dr17-synspec_rev1.fits",
        FILE=np.array(files, "S64"), APOGEE_ID=np.array(names, "S18"),
        TELESCOPE=np.array(["apo25m", "lco25m", "lco25m", "apo25m", "apo1m", "apo25m"], "S8"),
        FIELD=np.array(["060+00", "x", "NGC188", "a", "b", "060+00"], "S16"),
        SNR=[99.5, 50, 31, 29, 80, 45], RA=10.5 + np.arange(6), DEC=-5.25 - np.arange(6),
        TEFF=4000 + scale, LOGG=np.array([2.5, 1, -9999, 2, 2, 3], "f4"), M_H=scale / 10,
        ALPHA_M=scale / 20, TEFF_ERR=1 + scale, LOGG_ERR=scale / 8, M_H_ERR=scale / 16,
        ALPHA_M_ERR=scale / 32, VHELIO_AVG=-10.5 + scale,
    )  # fmt: skip
    fluxes = {}
    for name, place, shape in (
        ("2M01A", "apo25m/060+00", (5, APOGEE_PIXELS)),
        ("2M02B", "lco25m/NGC188", (1, APOGEE_PIXELS)),
        ("2M05E", "apo25m/060+00", (3, APOGEE_PIXELS)),
    ):
        flux = np.arange(np.prod(shape), dtype="f4").reshape(shape) / 7
        error = np.full(shape, 0.5, "f4")
        error.flat[300] = np.inf
        mask = np.zeros(shape, "i2")
        mask.flat[247] = 4
        folder = root / "spectro/redux/dr17/stars" / place
        write_images(folder / f"apStar-dr17-{name}.fits", None, flux, error, mask)
        fluxes[name] = flux.reshape(-1, APOGEE_PIXELS)[0]
        if name != "2M05E":
            norm = (flux.reshape(-1, APOGEE_PIXELS)[0] / 1000, np.full(APOGEE_PIXELS, 0.25, "f4"))
            write_images(root / reduced / place / f"aspcapStar-dr17-{name}.fits", None, *norm)
    return fluxes


def cropped(values: np.ndarray) -> np.ndarray:
    """Return the pixels of the three detectors of APOGEE."""
    return np.concatenate([values[start:stop] for start, stop in APOGEE_EDGES])


def write_galah(root: Path, schema: Any) -> None:
    """Write three stars, the second one without an age and the third one without its red arm."""
    ids = np.array([131116000501004, 140207002801018, 150101001001001])
    rows = np.arange(3)
    columns: dict[str, Any] = {"sobject_id": ids}
    ages: dict[str, Any] = {"sobject_id": ids[::-2]}
    for number, leaf in enumerate(schema.leaves.values()):
        name = (leaf.field.aliases or (leaf.name,))[0]
        if leaf.block or leaf.derived or name in ("sobject_id", "UTMJD"):
            continue
        kind = leaf.field.dtype
        values = number + rows if kind.startswith("int") else np.array(number / 8 + rows, kind)
        if name.endswith("bstep"):
            ages[name] = values[::-2]
        else:
            columns[name] = values
    write_table(root / "GALAH_DR3_main_allstar_v2.fits", **columns)
    write_table(root / "GALAH_DR3_VAC_ages_v2.fits", **ages)
    for arm, pixels in enumerate(GALAH_PIXELS, 1):
        write_images(root / f"resolution_maps/ccd{arm}_piv.fits", np.full((7, pixels), float(arm)))
        for sobject_id in ids[: 2 if arm == 3 else 3]:
            flux = 100.0 * arm + np.arange(pixels)
            flux[1] = 0
            planes = (flux, np.full(pixels, 0.01), flux, flux, flux[:-1] / 100)
            cards = {"CRVAL1": 4700.0 * arm, "CDELT1": 0.5, "CRPIX1": 0 if arm < 4 else 3}
            path = root / "spectra" / f"{sobject_id}{arm}.fits"
            # The error of the normalised spectrum is read with it: both have one length here.
            planes = (flux, planes[1], flux, flux, flux / 100)
            write_images(path, *planes, UTMJD=56612.5 + arm, **cards)


def write_twomass(root: Path, names: list[str]) -> list[dict[str, str]]:
    r"""Write two sources as IRSA does: bars between 60 columns, ``\N`` for null."""
    rows = []
    for number in (0, 1):
        row = {name: str(k + number) for k, name in enumerate(names)}
        row |= {
            "ra": "267.220049",
            "decl": f"-20.35899{number}",
            "pts_key": str(1200000001 + number),
        }
        row |= {"hemis": "s", "date": "1998-05-18", "designation": "17485281-2021323", "a": "T"}
        row |= {
            "ph_qual": "AAU",
            "rd_flg": "226",
            "bl_flg": "110",
            "cc_flg": "0d0",
            "ndet": "060600",
        }
        row |= {"gal_contam": "0", "mp_flg": "0", "use_src": "1", "dist_edge_flg": "ne"}
        rows.append(row)
    rows[1] |= dict.fromkeys(("a", "dist_opt", "phi_opt", "ext_key", "k_msigcom", "j_cmsig"), r"\N")
    text = "".join("|".join(row[name] for name in names) + "\n" for row in rows)
    with gzip.open(root / "psc_aaa.gz", "wt") as file:
        file.write(text)
    return rows


def write_lamost(root: Path, schema: Any) -> np.ndarray:
    """Write two rows of the general catalogue of DR10 and their spectra; return the wavelengths."""
    columns: dict[str, Any] = {}
    for number, leaf in enumerate(schema.leaves_of("dr10_v20_lrs_catalogue").values()):
        if not leaf.block and leaf.name != "object_id":
            values = np.array([number % 90 + 1, number % 90 + 2])
            is_text = leaf.field.dtype == "string"
            columns[leaf.name] = values.astype("S12" if is_text else leaf.field.dtype)
    columns |= {"obsid": np.array([101001, 101002]), "lmjd": np.array([55859, 55859])}
    columns |= {"planid": np.array(["F5902", "F5902"], "S20"), "spid": [1, 1], "fiberid": [1, 2]}
    columns |= {"ra": [332.5, 333.5], "dec": [-2.0, -2.5], "z": np.array([0.25, -9999], "f4")}
    write_table(root / "dr10_v2.0_LRS_catalogue.fits", **columns)
    wave = np.linspace(3700, 9100, 3905, dtype="f4")
    for fibre in (1, 2):
        write_table(
            root / "spectra" / "55859" / f"spec-55859-F5902_sp01-00{fibre}.fits",
            FLUX=[wave / fibre], IVAR=[wave], WAVELENGTH=[wave], ANDMASK=[wave], ORMASK=[wave],
        )  # fmt: skip
    return wave


def write_galex(root: Path, schema: Any) -> dict[str, np.ndarray]:
    """Write a slice of GUVcat with names in capitals; nothing was measured of the second source."""
    columns = {}
    for number, leaf in enumerate(schema.leaves.values()):
        if not leaf.derived:
            kind = "S20" if leaf.field.dtype == "string" else leaf.field.dtype
            name = "OBJID" if leaf.name == "object_id" else leaf.name.upper()
            columns[name] = np.array([number % 80 + 1, -999]).astype(kind)
    columns |= {"OBJID": np.array([6380, 6381]), "RA": [30.25, 1.0], "DEC": [-5.5, 2.0]}
    write_table(root / "GUVCat_AIS_FOV055_glat85_00N__90_00N.fits", **columns)
    return columns
