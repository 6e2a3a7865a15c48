"""Write registry/filters.yaml from the curves that speclite ships.

Run ``python benchmarks/make_filters.py`` after a change here or of speclite;
``python benchmarks/make_filters.py --check`` only tells whether the file is what it would write.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TARGET: Final = Path(__file__).resolve().parents[1] / "registry" / "filters.yaml"

HEADER: Final = """\
# Passbands, keyed by the ids of the SVO Filter Profile Service.
# Written by benchmarks/make_filters.py: change that, not this.
#
# pivot_nm     pivot wavelength of the photon response R: sqrt(int R l dl / int R / l dl)
# half_max_nm  first and last wavelength at half of the largest photon response
# curve        the curve both were computed from, shipped with speclite {version} (BSD-3-Clause,
#              https://github.com/desihub/speclite). SVO may keep another one under the same id:
#              these of DECam, BASS, MzLS, SDSS and LSST include an atmosphere. Those of Bessell
#              are responses per unit of energy and were divided by the wavelength.
# note         without a curve, where the pivot wavelength is from
# unverified   what was not checked against any source. A number that nobody could compute or
#              cite is null. All ids but these were seen in public code, none at SVO itself.
filters:
"""

# SVO id -> curve of speclite.
CURVES: Final = {
    **{f"Subaru/HSC.{band}": f"hsc2017-{band}" for band in "gr"},
    "Subaru/HSC.r2_filter": "hsc2017-r2",
    "Subaru/HSC.i": "hsc2017-i",
    "Subaru/HSC.i2_filter": "hsc2017-i2",
    "Subaru/HSC.z": "hsc2017-z",
    "Subaru/HSC.Y": "hsc2017-y",
    **{f"CTIO/DECam.{band}": f"decam2014-{band}" for band in "ugrizY"},
    **{f"BOK/BASS.{band}": f"BASS-{band}" for band in "gr"},
    "KPNO/MzLS.z": "MzLS-z",
    **{f"SLOAN/SDSS.{band}": f"sdss2010-{band}" for band in "ugriz"},
    "GAIA/GAIA3.G": "gaiadr3-G",
    "GAIA/GAIA3.Gbp": "gaiadr3-BP",
    "GAIA/GAIA3.Grp": "gaiadr3-RP",
    "GAIA/GAIA2.G": "gaiadr2-G",
    "GAIA/GAIA2.Gbp": "gaiadr2-BP",
    "GAIA/GAIA2.Grp": "gaiadr2-RP",
    **{f"2MASS/2MASS.{band}": f"twomass-{band}" for band in ("J", "H", "Ks")},
    **{f"WISE/WISE.{band}": f"wise2010-{band}" for band in ("W1", "W2", "W3", "W4")},
    **{f"LSST/LSST.{band}": f"lsst2023-{band}" for band in "ugrizy"},
    "Euclid/VIS.vis": "Euclid-VIS",
    **{f"Euclid/NISP.{band}": f"Euclid-{band}" for band in "YJH"},
    **{f"Generic/Bessell.{band}": f"bessell-{band}" for band in "UBVRI"},
    **{f"PAN-STARRS/PS1.{band}": f"panstarrs-{band}" for band in "grizyw"},
    **{f"CFHT/MegaCam.{band}": f"cfht_megacam-{band}" for band in "griz"},  # the first filters
    "GALEX/GALEX.FUV": "galex-fuv",
    "GALEX/GALEX.NUV": "galex-nuv",
}

# Tabulated as a response per unit of energy (Bessell & Murphy 2012, 2012PASP..124..140B, appendix).
PER_ENERGY: Final = "bessell-"

# SVO id -> note. No curve is at hand, so no number is given.
WITHOUT_CURVE: Final = {
    "TYCHO/TYCHO.B": "BT. Curve: Bessell & Murphy 2012, 2012PASP..124..140B, table 2.",
    "TYCHO/TYCHO.V": "VT. Curve: Bessell & Murphy 2012, 2012PASP..124..140B, table 2.",
    "Hipparcos/Hipparcos.Hp": "Curve: Bessell & Murphy 2012, 2012PASP..124..140B, table 2.",
    "GAIA/GAIA3.Grvs": "Passband of the radial-velocity spectrometer.",
    **{f"Palomar/ZTF.{band}": "Palomar 48-inch Schmidt telescope." for band in "gr"},
    **{
        f"Swift/UVOT.{band}": "Curve: Breeveld et al. 2011, 2011AIPC.1358..373B."
        for band in ("UVW2", "UVM2", "UVW1", "U", "B", "V")
    },
    **{f"LCO/CSP.{band}": "Swope telescope, CSP-I." for band in ("u", "g", "r", "i", "B")},
    "LCO/CSP.V": "Swope telescope, CSP-I; filter LC-9844.",
    "LCO/CSP.V0": "Swope telescope, CSP-I; filter LC-3014.",
    "LCO/CSP.V1": "Swope telescope, CSP-I; filter LC-3009.",
    "LCO/CSP.Y": "Swope telescope with RetroCam, CSP-I.",
    "LCO/CSP.Ydw": "2.5 m telescope with WIRC, CSP-I.",
    "LCO/CSP.J": "Swope telescope with RetroCam, CSP-I.",
    "LCO/CSP.Jrc2": "Swope telescope with RetroCam after the filter was changed, CSP-I.",
    "LCO/CSP.H": "Swope telescope with RetroCam, CSP-I.",
    "TESS/TESS.Red": "About 600 to 1000 nm.",
    "Kepler/Kepler.K": "About 420 to 900 nm.",
}


# SVO id -> pivot wavelength in nm and the publication that gives it. No curve is at hand.
NIRCAM: Final = "Pivot of the JWST User Documentation, page NIRCam Filters."
CITED: Final = {
    "JWST/NIRCam.F090W": (901.0, NIRCAM),
    "JWST/NIRCam.F115W": (1154.0, NIRCAM),
    "JWST/NIRCam.F150W": (1501.0, NIRCAM),
    "JWST/NIRCam.F200W": (1990.0, NIRCAM),
    "JWST/NIRCam.F277W": (2786.0, NIRCAM),
    "JWST/NIRCam.F356W": (3563.0, NIRCAM),
    "JWST/NIRCam.F444W": (4421.0, NIRCAM),
}


def pivot_nm(wavelength_nm: NDArray[np.float64], response: NDArray[np.float64]) -> float:
    """Return the pivot wavelength of a photon response.

    Parameters
    ----------
    wavelength_nm : ndarray of float64, shape (n,), unit nm
        Increasing.
    response : ndarray of float64, shape (n,)
        Photon response, in any scale.

    Returns
    -------
    float
        sqrt(int R l dl / int R / l dl), nm, by the trapezoidal rule on the samples of the curve
        (Koornneef et al. 1986, Highlights of Astronomy 7, 833).
    """
    above = np.trapezoid(response * wavelength_nm, wavelength_nm)
    below = np.trapezoid(response / wavelength_nm, wavelength_nm)
    return float(np.sqrt(above / below))


def half_max_nm(
    wavelength_nm: NDArray[np.float64], response: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the first and the last wavelength at half of the maximum.

    Parameters
    ----------
    wavelength_nm : ndarray of float64, shape (n,), unit nm
        Increasing.
    response : ndarray of float64, shape (n,)
        Response; the ends are below half of the maximum or count as the limits.

    Returns
    -------
    tuple of float
        Interpolated linearly between samples, nm.
    """
    half = response.max() / 2
    inside = np.flatnonzero(response >= half)
    first, last = int(inside[0]), int(inside[-1])
    low, high = wavelength_nm[first], wavelength_nm[last]
    if first > 0:
        pair = slice(first - 1, first + 1)
        low = np.interp(half, response[pair], wavelength_nm[pair])
    if last < len(response) - 1:
        pair = slice(last, last + 2)
        high = np.interp(half, response[pair][::-1], wavelength_nm[pair][::-1])
    return float(low), float(high)


def curve(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the wavelengths in nm and the photon response of a curve of speclite."""
    import speclite.filters

    loaded = speclite.filters.load_filter(name)
    wavelength_nm = np.asarray(loaded.wavelength, dtype=np.float64) / 10.0  # speclite: Angstrom
    response = np.asarray(loaded.response, dtype=np.float64)
    return wavelength_nm, response / wavelength_nm if name.startswith(PER_ENERGY) else response


def filters_text() -> str:
    """Return what registry/filters.yaml holds."""
    import speclite

    lines = [HEADER.format(version=speclite.__version__)]
    for svo_id, name in CURVES.items():
        wavelength_nm, response = curve(name)
        low, high = half_max_nm(wavelength_nm, response)
        lines.append(
            f"  {svo_id}: {{pivot_nm: {pivot_nm(wavelength_nm, response):.1f}, "
            f"half_max_nm: [{low:.1f}, {high:.1f}], curve: speclite/{name}}}\n"
        )
    for svo_id, (pivot, note) in CITED.items():
        lines.append(
            f"  {svo_id}: {{pivot_nm: {pivot:.1f}, half_max_nm: null, curve: null, "
            f'note: "{note}"}}\n'
        )
    for svo_id, note in WITHOUT_CURVE.items():
        unverified = "[id, pivot_nm, note]" if svo_id.startswith("LCO/") else "[pivot_nm]"
        lines.append(
            f"  {svo_id}: {{pivot_nm: null, half_max_nm: null, curve: null, "
            f'unverified: {unverified}, note: "{note}"}}\n'
        )
    return "".join(lines)


def main(arguments: list[str]) -> int:
    """Write the file, or compare it with ``--check``; return the exit code."""
    text = filters_text()
    if arguments == ["--check"]:
        return 0 if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
