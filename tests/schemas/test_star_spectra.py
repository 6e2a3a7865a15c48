"""Spectra of stars and galaxies as the converters of Multimodal Universe write them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

VIPERS_PIXELS = 557
VIPERS_CELLS = ("REDSHIFT", "REDFLAG", "EXPTIME", "NORM", "MAG")


def write_vipers(write_hdf5, area, number, spell=str):
    """Write two objects; the second one has no redshift."""
    noise = np.full((2, VIPERS_PIXELS), 2e-18, "f4")
    noise[:, 1] = -5e-19
    mask = np.zeros((2, VIPERS_PIXELS), "f4")
    mask[0, :3] = [2, -0.0, 3]
    wave = np.tile(np.linspace(5514.28, 9484.12, VIPERS_PIXELS, dtype="f4"), (2, 1))
    values = ([0.8462, 9.9999], [4.5, 0.0], [540.0, 540.0], [6.217, -99.0], [21.93, 22.4])
    write_hdf5(
        f"{area}/healpix=1184/001-of-001.h5",
        object_id=np.array([number, number + 1], "f8"),
        ra=[36.11, 36.2], dec=[-5.501, -5.6], healpix=[1184, 1184],
        spectrum_flux=np.full((2, VIPERS_PIXELS), 1.5e-18, "f4"),
        spectrum_noise=noise, spectrum_mask=mask, spectrum_wave=wave,
        **{spell(name): np.float64(x) for name, x in zip(VIPERS_CELLS, values, strict=True)},
    )  # fmt: skip


def test_vipers_when_noise_is_a_deviation_then_ivar_is_its_square(write_hdf5, read):
    write_vipers(write_hdf5, "vipers_w1", 116024139)
    write_vipers(write_hdf5, "vipers_w4", 401000001, str.lower)
    rows = read("vipers")
    assert [row["object_id"] for row in rows] == [
        "116024139",
        "116024140",
        "401000001",
        "401000002",
    ]
    first, second = rows[:2]
    assert np.allclose(first["spectrum"]["flux"], 0.15)
    assert np.allclose(first["spectrum"]["ivar"][::556], 25)  # 1 / 0.2 ** 2
    assert np.isclose(first["spectrum"]["ivar"][1], 400)
    assert first["spectrum"]["mask"][:4] == [2, 0, 3, 0]
    assert np.isclose(first["spectrum"]["lambda"][-1], 9484.12)
    assert [round(first[name], 4) for name in VIPERS_CELLS] == [0.8462, 4.5, 540, 6.217, 21.93]
    assert [second[name] for name in VIPERS_CELLS[:4]] == [None, 0, 540, None]
    assert (first["ra"], first["dec"]) == (36.11, -5.501)


@pytest.mark.parametrize(("config", "number"), [("vipers_w1", 1), ("vipers_w4", 4)])
def test_vipers_when_one_field_is_asked_for_then_only_that(config, number, write_hdf5, read):
    write_vipers(write_hdf5, "vipers_w1", 1)
    write_vipers(write_hdf5, "vipers_w4", 4)
    assert [row["object_id"] for row in read("vipers", config=config)] == [
        str(number),
        str(number + 1),
    ]


def test_vipers_when_hats_has_the_reciprocal_of_the_noise_then_ivar_is_right(tmp_path, read):
    noise = np.full((1, VIPERS_PIXELS), 2e-18)
    planes = {"flux": 0.15 + 0 * noise, "ivar": 1 / (noise * 1e34), "lambda": 5514 + 0 * noise}
    lists = {
        k: pa.array(list(np.float32(v))) for k, v in (planes | {"mask": 2 + 0 * noise}).items()
    }
    target = tmp_path / "vipers_w1/dataset/Norder=4/Dir=0/Npix=7.parquet"
    target.parent.mkdir(parents=True)
    cells = {name: pa.array(np.float32([0.5])) for name in VIPERS_CELLS}
    cells |= {"ra": [36.25], "dec": [-5.5], "object_id": ["116024139.0"], "_healpix_29": [7]}
    spectrum = pa.StructArray.from_arrays(list(lists.values()), list(lists))
    pq.write_table(pa.table({"spectrum": spectrum, **cells}), target)
    (row,) = read("vipers", "hats", config="vipers_w1")
    assert row["object_id"] == "116024139"
    assert np.allclose(row["spectrum"]["ivar"], 25, rtol=1e-5)
    assert row["spectrum"]["mask"][0] == 2


APOGEE_PIXELS = 7514


def test_apogee_when_errors_are_infinite_or_nan_then_ivar_is_0(survey, write_hdf5, read):
    planes = np.ones((2, APOGEE_PIXELS), ">f4")
    ivar = planes.copy()
    ivar[0, :2] = [np.inf, np.nan]
    write_hdf5(
        "apogee/healpix=12/001-of-001.hdf5",
        object_id=np.array([b"2M00000002+7417074", b"AP0042"], "S30"), restframe=[True, True],
        apogee_id=np.array([b"2M00000002+7417074", b"AP0042"], "S30"), healpix=[12, 12],
        ra=np.array([0.000103, 10.5], ">f8"), dec=np.array([74.285408, -72.25], ">f8"),
        teff=np.array([5000.5, np.nan], ">f4"), teff_err=np.array([50, np.nan], ">f4"),
        logg=np.array([2.5, -9999], ">f4"), logg_err=np.array([0.25, 0.5], ">f4"),
        m_h=np.array([-0.5, 0.25], ">f4"), m_h_err=np.array([0.125, 0.5], ">f4"),
        alpha_m=np.array([0.125, 0], ">f4"), alpha_m_err=np.array([0.25, 1], ">f4"),
        vhelio_avg=np.array([-42.5, 7], ">f4"), radial_velocity=np.array([-42.5, 7], ">f4"),
        spectrum_lambda=np.tile(np.linspace(15152, 16954, APOGEE_PIXELS, dtype="f4"), (2, 1)),
        spectrum_flux=planes * 3, spectrum_ivar=ivar, spectrum_lsf_sigma=planes * 0.25,
        spectrum_mask=np.arange(2 * APOGEE_PIXELS).reshape(2, -1) == 5,
        spectrum_pseudo_continuum_flux=planes * 0.5, spectrum_pseudo_continuum_ivar=ivar,
    )  # fmt: skip
    first, second = read("apogee")
    assert [first["object_id"], second["object_id"]] == ["2M00000002+7417074", "AP0042"]
    assert (first["ra"], first["dec"], second["dec"]) == (0.000103, 74.285408, -72.25)
    assert (first["teff"], second["teff"], first["logg"], second["logg"]) == (
        5000.5,
        None,
        2.5,
        None,
    )
    assert (first["m_h_err"], first["alpha_m"], first["radial_velocity"]) == (0.125, 0.125, -42.5)
    assert first["restframe"] is True
    for name in ("ivar", "pseudo_continuum_ivar"):
        assert first["spectrum"][name][:3] == [0, 0, 1]
        assert len(second["spectrum"][name]) == APOGEE_PIXELS
    assert (first["spectrum"]["flux"][7], first["spectrum"]["lsf_sigma"][7]) == (3, 0.25)
    assert first["spectrum"]["pseudo_continuum_flux"][9] == 0.5
    assert np.flatnonzero(first["spectrum"]["mask"]).tolist() == [5]
    assert not any(second["spectrum"]["mask"])
    assert survey("apogee").leaves["spectrum.mask"].field.true_means == "bad"


ELEMENTS = [
    *("Li", "C", "O", "Na", "Mg", "Al", "Si", "K", "Ca", "Sc", "Sc2", "Ti", "Ti2", "V", "Cr"),
    *("Cr2", "Mn", "Co", "Ni", "Cu", "Zn", "Rb", "Sr", "Y", "Zr", "Mo", "Ru", "Ba", "La", "Ce"),
    *("Nd", "Sm", "Eu"),
]  # fmt: skip
VALUES = ["rv", "log_lum", "m_act", "age", "distance", "radius", "teff", "logg", "fe_h", "vbroad"]
VALUES += ["alpha_fe"]


def padded(rows, value):
    """Stack rows of different lengths as the converter pads them."""
    length = max(len(row) for row in rows)
    return np.float32([[*row, *[value] * (length - len(row))] for row in rows])


def write_galah(write_hdf5):
    """Write two stars with arms of 2, 3, 2, 1 and of 1, 1, 1, 1 pixels."""
    arms = [(2, 3, 2, 1), (1, 1, 1, 1)]
    ends = np.cumsum(arms, axis=1)
    wave = [4713 + np.arange(sum(arm)) for arm in arms]
    flux = [100.0 + np.arange(sum(arm)) for arm in arms]
    ivar = [np.r_[np.inf, np.full(sum(arm) - 1, 0.25)] for arm in arms]
    norm = [np.arange(1.0, 7), np.arange(1.0, 5)]  # the first one is shorter than its flux
    cells = {name: np.float32([1.5, np.nan]) for name in VALUES}
    cells |= {f"e_{name}": np.float32([0.25, np.nan]) for name in VALUES}
    cells |= {f"{e}_fe": np.float32([0.125, np.nan]) for e in ELEMENTS}
    cells |= {f"e_{e}_fe": np.float32([0.0625, np.nan]) for e in ELEMENTS}
    cells |= {f"flag_{e}_fe": np.int32([0, 32]) for e in ELEMENTS}
    cells |= {f"snr_c{n}_iraf": np.float64([50, 60]) for n in (1, 2, 3, 4)}
    cells["flag_Li_fe"] = np.int32([1, 33])
    for name, k in zip("BGRI", range(4), strict=True):
        cells[f"spectrum_{name}_ind_start"] = ends[:, k] - np.array(arms)[:, k]
        cells[f"spectrum_{name}_ind_end"] = ends[:, k] - 1
    write_hdf5(
        "dr3/healpix=2000/001-of-002.hdf5",
        object_id=[131116000501004, 140207002801018], timestamp=np.float32([56612.5, 56695.25]),
        ra=[50.86795123, 51.0], dec=[-16.5, 17.25], healpix=[2000, 2000],
        vmic=np.float32([1, 2]), ebv=np.float32([0.125, 0.25]), flag_sp=np.int32([0, 2**7 + 1]),
        flag_fe_h=np.int32([0, 16]), spectrum_lambda=padded(wave, -1),
        spectrum_flux=padded(flux, 0), spectrum_ivar=padded(ivar, 0), spectrum_lsf=padded(flux, 0),
        spectrum_lsf_sigma=padded([[-1, *row[1:]] for row in flux], 0),
        spectrum_norm_lambda=padded([4713 + row for row in norm] + [wave[0]], -1)[:2],
        spectrum_norm_flux=padded([*norm, wave[0]], 0)[:2],
        spectrum_norm_ivar=padded([*norm, wave[0]], 0)[:2], **cells,
    )  # fmt: skip


def test_galah_when_padded_then_each_star_has_its_own_arms(write_hdf5, read):
    write_galah(write_hdf5)
    first, second = read("galah")
    assert [first["object_id"], second["object_id"]] == ["131116000501004", "140207002801018"]
    assert (first["ra"], first["timestamp"], second["timestamp"]) == (
        50.86795123,
        56612.5,
        56695.25,
    )
    spectrum, where = first["spectrum"], first["filter_indices"]
    green = slice(where["G_start"], where["G_end"] + 1)
    assert spectrum["lambda"][green] == [4715, 4716, 4717]
    assert spectrum["flux"][green] == spectrum["lsf"][green] == [102, 103, 104]
    assert where["I_end"] + 1 == len(spectrum["flux"]) == 8
    assert second["spectrum"]["lambda"] == [4713, 4714, 4715, 4716]
    assert second["filter_indices"] == {
        **{f"{a}_start": k for k, a in enumerate("BGRI")},
        **{f"{a}_end": k for k, a in enumerate("BGRI")},
    }
    assert spectrum["ivar"][:3] == [0, 0.25, 0.25]
    assert np.isnan(spectrum["lsf_sigma"][0])
    assert spectrum["norm_flux"] == spectrum["norm_ivar"] == [1, 2, 3, 4, 5, 6]
    assert second["spectrum"]["norm_lambda"] == [4714, 4715, 4716, 4717]


def test_galah_when_flagged_then_number_and_bool_and_missing_is_null(write_hdf5, read):
    write_galah(write_hdf5)
    first, second = read("galah")
    assert all(first[name] == 1.5 and second[name] is None for name in VALUES)
    assert all(first[f"e_{name}"] == 0.25 and second[f"e_{name}"] is None for name in VALUES)
    for element in ELEMENTS:
        assert (first[f"{element}_fe"], first[f"e_{element}_fe"]) == (0.125, 0.0625)
        assert second[f"{element}_fe"] is None
        assert first[f"flag_{element}_fe_bad"] is (element == "Li")
        assert second[f"flag_{element}_fe_bad"] is True
    assert (first["flag_Li_fe"], second["flag_Li_fe"], first["flag_sp_bad"]) == (1, 33, False)
    assert (second["flag_sp"], second["flag_sp_bad"], second["flag_fe_h_bad"]) == (129, True, True)
    assert first["flux_unit"] == "erg/cm^2/A/s"
    assert second["snr_c4_iraf"] == 60


def test_galah_when_abundances_then_names_tell_element_and_reference(survey):
    leaves = survey("galah").leaves
    assert leaves["fe_h"].canonical == "abundance_fe_overh_spec"
    assert leaves["e_Ti2_fe"].canonical == "abundance_ti2_overfe_spec_err"
    assert leaves["flag_Y_fe_bad"].canonical == "abundance_y_overfe_spec_flag"
    assert leaves["log_lum"].canonical == "star_luminosity_specphot"
