"""The table of differences from Multimodal Universe is sound and knows all quirks."""

import csv
import re
from pathlib import Path

import pytest
import yaml

from astropile.registry import find_schema

ROOT = Path(__file__).parents[2]
HEADER = ["survey", "field", "mmu", "astropile", "why"]
NAMES = yaml.safe_load((Path(__file__).parent / "emitted_names.yaml").read_text(encoding="utf-8"))
with (ROOT / "docs" / "differences.csv").open(newline="", encoding="utf-8") as opened:
    TABLE = list(csv.reader(opened))
ROWS = [dict(zip(HEADER, row, strict=True)) for row in TABLE[1:]]
KEYS = {(row["survey"], row["field"]) for row in ROWS}

SUPERNOVAE = ("des_y3_sne_ia", "foundation", "ps1_sne_ia", "snls", "swift_sne_ia", "yse")
#: What reading mends -> survey and fields, as far as the files of a survey have it.
QUIRKS = {
    "polarity of masks and flags": {
        **dict.fromkeys(("hsc", "jwst", "legacysurvey"), "image.mask"),
        **dict.fromkeys(("apogee", "desi", "sdss", "vipers"), "spectrum.mask"),
        "allwise": "{b}{a}", "galah": "flag_sp", "galex": "{band}_artifact",
        "manga": "spaxels.mask maps.mask", "tess": "lightcurve.quality",
    },
    "flags that keep their bits": {"desi": "ZWARN ZWARN_bad", "sdss": "ZWARNING ZWARNING_bad"},
    "bytes": {
        **dict.fromkeys(("apogee", "legacysurvey", "sages", "sdss"), "object_id"),
        "btsbot": "image.band", "lamost": "uid", "manga": "images.filter spaxels.{u}_units",
    },
    "times in 32 bits": {
        **dict.fromkeys((*SUPERNOVAE, "cfa", "csp", "kepler", "plasticc"), "lightcurve.time"),
        "tess": "lightcurve.time",
        "allwise": "{b}mjd{t}", "btsbot": "jd", "galah": "timestamp",
    },
    "positions in 32 bits": {
        **dict.fromkeys(("allwise", "csp", "desi_provabgs", "gaia", "galah", "kepler"), "ra"),
        "lamost": "ra", "tess": "RA",
    },
    "positions that are not emitted": dict.fromkeys(
        (*SUPERNOVAE, "apogee", "btsbot", "cfa", "chandra", "decals", "desi", "gz10", "hsc", "jwst",
         "legacysurvey", "manga", "plasticc", "sdss", "vipers"), "ra"
    ),
    "padding": {
        **dict.fromkeys((*SUPERNOVAE, "plasticc", "tess"), "lightcurve.flux"),
        **dict.fromkeys(("cfa", "csp"), "lightcurve.mag"),
        **dict.fromkeys(("galah", "sdss"), "spectrum.flux"),
        "kepler": "lightcurve.{f}_flux", "lamost": "spectrum.spectrum_flux",
        "legacysurvey": "catalog", "manga": "spaxels",
    },
    "names of bands that are no filters": {
        **dict.fromkeys(("decals", "hsc", "legacysurvey"), "image.band"),
        **dict.fromkeys(("cfa", "plasticc", "swift_sne_ia", "yse"), "lightcurve.band"),
        "lamost": "mag_ps_{b}", "twomass": "{b}_m",
    },
    "frames of redshifts": {
        **dict.fromkeys((*SUPERNOVAE, "csp", "gz10", "plasticc"), "redshift"),
        **dict.fromkeys(("desi", "sdss"), "Z"),
        "decals": "z_spec", "manga": "z", "vipers": "REDSHIFT",
    },
    "pixels of different size": {"jwst": "image.scale"},
    "sentinels": {
        **dict.fromkeys(SUPERNOVAE, "host_log_mass"),
        "apogee": "teff", "btsbot": "s{b}mag{n} seeratio", "cfa": "ra obj_type", "decals": "z_spec",
        "desi": "{flux}_{B}", "desi_provabgs": "MAG_W1", "galah": "spectrum.lsf_sigma",
        "galex": "{band}_mag e_bv prob", "hsc": "image.psf_fwhm", "jwst": "mag_auto",
        "kepler": "ra", "lamost": "z", "manga": "z", "plasticc": "hostgal_specz",
        "sages": "MAG_{band|upper}",
        "sdss": "VDISP Z_ERR", "twomass": "{f}", "vipers": "REDSHIFT NORM",
    },
    "ids that are not stable or not unique": {
        **dict.fromkeys(("decals", "jwst", "vipers"), "object_id"), "tess": "survey",
    },
    "wrong values": {
        "apogee": "spectrum.lsf_sigma", "csp": "lightcurve.time", "galah": "spectrum.lambda",
        "vipers": "spectrum.ivar REDFLAG",
    },
}  # fmt: skip


def test_table_when_read_then_has_its_header_and_no_empty_cell():
    assert TABLE[0] == HEADER
    assert all(cell.strip() == cell and cell for row in TABLE for cell in row)
    assert len(KEYS) == len(ROWS)


def test_surveys_when_listed_then_all_of_multimodal_universe_in_order():
    surveys = [row["survey"] for row in ROWS]
    assert surveys == sorted(surveys)
    assert set(surveys) == {find_schema(name).id for name in NAMES["names"]}


@pytest.mark.parametrize("name", dict.fromkeys(row["survey"] for row in ROWS))
def test_fields_when_named_then_leaves_blocks_configs_or_the_survey(name):
    schema = find_schema(name)
    known = {"survey", *schema.addresses, *schema.blocks, *schema.file.configs}
    for row in ROWS:
        if row["survey"] != name:
            continue
        assert row["field"] in known
        block = row["field"].rpartition(".")[0]
        for others in re.findall(r"the same for ([\w.{}, |]+)", row["mmu"]):
            for word in re.findall(r"[\w.{}|]*[_{.][\w.{}|]*", others):
                assert known & {word, f"{block}.{word}"}, (row["field"], word)


def test_texts_when_written_then_phrases_and_a_reason():
    for row in ROWS:
        assert re.fullmatch(r"[A-Z0-9\\-].*\.", row["why"]), row
        assert not row["mmu"].endswith("."), row
        assert not row["astropile"].endswith("."), row
        assert max(map(len, row.values())) < 160, row


@pytest.mark.parametrize("quirk", QUIRKS)
def test_quirks_when_found_in_files_then_told_by_field(quirk):
    told = {(s, f) for s, fields in QUIRKS[quirk].items() for f in fields.split()}
    assert told - KEYS == set()


def test_names_when_declared_in_vain_then_told():
    for name, listed in NAMES["never_filled"].items():
        told = " ".join(f"{r['field']} {r['mmu']}" for r in ROWS if r["survey"] == name)
        assert all(address in told for address in listed), name
