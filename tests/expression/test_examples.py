"""Expressions as surveys write them."""

from __future__ import annotations

import pytest

from astropile.expression import expand_macros, fill, holes, parse

PLAIN = """
true
1.01
'SN Ia'
path.mosaic
PRIMARY@KEPLERID
hdu1@REDSHIFT
plate.hdu0
spec.COADD.and_mask
rmf.EBOUNDS.E_MIN
pha.SPECTRUM@EXPOSURE
['f090w', 'f115w', 'f150w', 'f200w', 'f277w', 'f356w', 'f444w']
['science', 'reference', 'difference']
row()
number(object_id)
optional(PHOTSYS)
flat(spec.hdu1.FLUX)
trim(SPECOBJID)
one(PRIMARY@RA_OBJ)
join('-', region, inds)
join(' ', name, obsid, obi)
join('', 'SN', trim(SNID))
coalesce(DEC, DECL)
coalesce(REDSHIFT_FINAL, REDSHIFT_CMB, REDSHIFT_HELIO)
coalesce(trim(SPECOBJID), join('-', PLATE, MJD, FIBERID))
lookup(image_band, token)
lookup(image.band, token)
lookup(coalesce(true_target, target), class)
lookup(obs.BAND, lowz, '')
FIBERID - 1
PTROBS_MIN - 1
flat(time) + 53000
time != 0
time != -99
lambda != -1
norm_lambda != -1
is_finite(time)
is_finite(time) and is_finite(pdcsap_flux) and is_finite(sap_flux)
band != '' and is_finite(mag)
any(mask != 1024, 1)
TYPE != 0
isdiffpos in ['t', '1', 'True']
if(ra < 0, null, dec)
if(LIGHTCURVE.SAP_QUALITY == 0, LIGHTCURVE.TIME, null)
any_bit(ZWARN)
any_bit(redrock.ZWARN)
any_bit(flat(spec.hdu1.ANDMASK))
any_bit(arms.mask) or arms.ivar <= 1e-6
any_bit(spec.COADD.and_mask) or spec.COADD.ivar <= 1e-6
repeat(split(bands, ','), dim(time, 1))
repeat(['u', 'g', 'r', 'i', 'z', 'Y'], dim(lightcurve, 2))
flat(lightcurve[:, 0, :])
spaxels.lambda[0]
axes(image_triplet, 'y x view')
axes(image_mask, 'y x')
27.5 - 2.5 * log10(obs.FLUXCAL)
1.085736 * obs.FLUXCALERR / obs.FLUXCAL
10 ** spec.COADD.loglam
10 ** grid(dim(plate.hdu0, -1), plate.hdu0@COEFF0, plate.hdu0@COEFF1)
concat(star.hdu1[0, 246:3274], star.hdu1[0, 3585:6080], star.hdu1[0, 6344:8335])
fill(1 / concat(star.hdu2[0, 246:3274], star.hdu2[0, 3585:6080]) ** 2, 0)
concat((10 ** grid(8575, 4.179, 6e-6))[246:3274], (10 ** grid(8575, 4.179, 6e-6))[3585:6080])
concat(numbers(xp.bp_coefficients), numbers(xp.rp_coefficients))
unit(hdu1.FLUXES, 'erg / (s cm2 Angstrom)')
1 / unit(spectrum_noise, 'erg / (s cm2 Angstrom)') ** 2
trim(TELESCOPE) in ['apo25m', 'lco25m'] and SNR > 30 and trim(FILE) != ''
trim(OBJTYPE) == 'TGT' and COADD_FIBERSTATUS == 0
trim(SUBSURVEY) == 'CFA3K' or trim(SUBSURVEY) == 'CFA3S'
trim(match_type) == 'u' and src_cnts_aper_b > 40 and theta < 10 and not is_null(flux_bb_aper_b)
isprimary and i_cmodel_mag < 22.5 and g_inputcount_value >= 3 and r_inputcount_value >= 3
MAG_U > -999 and MAG_V > -999 and FLAG_U == 0 and FLAG_V == 0
""".strip().splitlines()


@pytest.mark.parametrize("text", PLAIN)
def test_parse_when_a_survey_wrote_it_then_a_tree_of_the_whole_text(text: str) -> None:
    expr = parse(text)
    assert (expr.start, expr.end) == (0, len(text))


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        (
            "over(band, fill(1 / calexp_{band}.hdu3, 0))",
            "stack(fill(1 / calexp_g.hdu3, 0), fill(1 / calexp_r.hdu3, 0))",
        ),
        (
            "over(band, not any_bit(calexp_{band}.hdu2, 0, 1, 8))",
            "stack(not any_bit(calexp_g.hdu2, 0, 1, 8), not any_bit(calexp_r.hdu2, 0, 1, 8))",
        ),
        (
            "over(band, 2.355 * ({band}_11 * {band}_22 - {band}_12 ** 2) ** 0.25)",
            "stack(2.355 * (g_11 * g_22 - g_12 ** 2) ** 0.25,"
            " 2.355 * (r_11 * r_22 - r_12 ** 2) ** 0.25)",
        ),
        (
            "over(band, lookup('{band}', psf_fwhm))",
            "stack(lookup('g', psf_fwhm), lookup('r', psf_fwhm))",
        ),
        (
            "over(band, 3600 * hypot(sci_{band}.hdu0@CD1_1, sci_{band}.hdu0@CD1_2))",
            "stack(3600 * hypot(sci_g.hdu0@CD1_1, sci_g.hdu0@CD1_2),"
            " 3600 * hypot(sci_r.hdu0@CD1_1, sci_r.hdu0@CD1_2))",
        ),
        (
            "chain(c, [1, 2], 1 / (ccd{c}.hdu0 * ccd{c}.hdu1) ** 2)",
            "concat(1 / (ccd1.hdu0 * ccd1.hdu1) ** 2, 1 / (ccd2.hdu0 * ccd2.hdu1) ** 2)",
        ),
        (
            "chain(c, [1], grid(dim(ccd{c}.hdu4, -1), ccd{c}.hdu4@CRVAL1, ccd{c}.hdu4@CDELT1))",
            "concat(grid(dim(ccd1.hdu4, -1), ccd1.hdu4@CRVAL1, ccd1.hdu4@CDELT1))",
        ),
    ],
)
def test_expand_macros_when_a_survey_wrote_it_then_its_expansion_parses(
    text: str, expanded: str
) -> None:
    assert expand_macros(text, {"band": ["g", "r"]}) == expanded
    assert parse(expanded).end == len(expanded)


@pytest.mark.parametrize(
    ("text", "values", "filled"),
    [
        ("{kind}_IVAR[{B|index}]", {"kind": "FIBER", "B": "i"}, "FIBER_IVAR[2]"),
        ("{band}_cmodel_mag - a_{band}", {"band": "g"}, "g_cmodel_mag - a_g"),
        ("spectrum_{a}_ind_{s}", {"a": "B", "s": "start"}, "spectrum_B_ind_start"),
        ("trim(SURVEY) == '{program}'", {"program": "boss"}, "trim(SURVEY) == 'boss'"),
    ],
)
def test_fill_when_a_survey_wrote_it_then_the_filled_text_parses(
    text: str, values: dict[str, str], filled: str
) -> None:
    assert fill(text, values, lists={"B": ["u", "g", "i"]}) == filled
    assert parse(filled).end == len(filled)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("{trim(TELESCOPE)}/{trim(FIELD)}/{trim(FILE)}", 3),
        ("{obsid:05d}/acisf{obsid:05d}_{obi:03d}N*_r{region_id:04d}_pha3.fits*", 4),
        ("{trim(RUN2D)}/{PLATE:04d}/spPlate-{PLATE:04d}-{MJD}.fits", 4),
        ("{tract}/{patch // 100},{patch % 10}/calexp-HSC-{band|upper}-{tract}.fits", 5),
        ("{path.dir}/{path.stem}_PHOT.FITS.gz", 2),
        ("**/{obsid}.fits*", 1),
        ("<mosaic>/healpix=*/*.hdf5", 0),
    ],
)
def test_holes_when_a_survey_wrote_the_path_then_every_expression_parses(
    path: str, expected: int
) -> None:
    found = holes(path)
    assert len(found) == expected
    for hole in found:
        assert path[hole.expression_start :].startswith(hole.expression)
        assert parse(hole.expression).end == len(hole.expression)
