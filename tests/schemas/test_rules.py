"""What every shipped survey obeys, beyond what the checks of a schema demand."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from astropile.schema import read_schema
from astropile.schema.checks import case_lints
from astropile.schema.models import Field, Modality, Source, SurveyFile
from astropile.vocabulary import load_filters

PATHS = sorted((Path(__file__).parents[2] / "schemas").glob("*.yaml"))
CITATION = re.compile(r"doi:10\.\d{4,}/\S+|arXiv:\d{4}\.\d{5}|\d{4}[A-Za-z&.]{5}[\w.]{9}[A-Z]")

every_survey = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def keys_of(model):
    return [field.alias or name for name, field in model.model_fields.items()]


def is_sorted(keys, order):
    return list(keys) == [key for key in order if key in keys]


@every_survey
def test_schema_when_read_then_sound_and_without_lint(path):
    assert read_schema(path).id == path.stem
    assert case_lints(read_schema(path)) == []


@every_survey
def test_file_when_opened_then_short_and_known_to_editors(path):
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    assert first == "# yaml-language-server: $schema=../registry/survey.schema.json"
    assert len(lines) < 320  # 298 columns, or five containers, need more than the usual 150
    assert max(map(len, lines)) <= 200


def test_files_when_counted_then_short_for_all_surveys_together():
    shared = (PATHS[0].parents[1] / "registry" / "shared").glob("*.yaml")
    lengths = [len(p.read_text(encoding="utf-8").splitlines()) for p in [*PATHS, *shared]]
    assert sum(lengths) <= 6000
    assert sorted(lengths)[len(lengths) // 2] <= 150


@every_survey
def test_keys_when_written_then_in_the_order_of_the_language(path):
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert is_sorted(data, keys_of(SurveyFile))
    blocks = data.get("modalities", {}).values()
    fields = [*data["columns"].values(), *(f for b in blocks for f in b["fields"].values())]
    assert all(is_sorted(field, keys_of(Field)) for field in fields)
    assert all(is_sorted(block, keys_of(Modality)) for block in blocks)
    assert all(is_sorted(source, keys_of(Source)) for source in data["sources"].values())


@every_survey
def test_leaves_when_described_then_in_whole_sentences(path):
    for leaf in read_schema(path).leaves.values():
        assert re.fullmatch(r"[A-Z\[].{8,}\.", leaf.field.description), leaf.address


@every_survey
def test_ids_places_and_times_when_declared_then_lose_nothing(path):
    schema = read_schema(path)
    for address, leaf in schema.leaves.items():
        if leaf.name in ("ra", "dec") or address in (schema.file.object.ra, schema.file.object.dec):
            assert (leaf.field.dtype, leaf.field.unit) == ("float64", "deg"), address
        if leaf.role == "time" or leaf.field.time is not None:
            assert leaf.field.dtype == "float64", address
    assert schema.leaves["object_id"].field.dtype == "string"


@every_survey
def test_flags_when_true_then_good_or_bad_is_said(path):
    leaves = read_schema(path).leaves
    bools = {address: leaf.field for address, leaf in leaves.items() if leaf.field.dtype == "bool"}
    assert {a for a, f in bools.items() if f.true_means not in ("good", "bad", "neither")} == set()
    for address, field in bools.items():
        if field.is_.get("stat") == "flag":
            assert field.true_means == "bad", address
        if leaves[address].role == "mask":
            assert field.true_means in ("good", "bad"), address


@every_survey
def test_bits_when_named_then_a_bool_tells_whether_any_is_set(path):
    schema = read_schema(path)
    for address, leaf in schema.leaves.items():
        if leaf.field.bits:
            name = f"{address}_bad"
            flag = schema.leaves[name].field
            # A source that holds no more than whether any is set gives the bool itself.
            sources = [s for s in schema.file.sources.values() if address not in s.absent]
            values = [s.values for s in sources]
            told = {f"any_bit({v.get(address, address)})": v.get(name) for v in values}
            if flag.formula:
                told = {f"any_bit({address})": flag.formula}
            assert flag.true_means == "bad", name
            assert {key for key, value in told.items() if key != value} == set(), name


@every_survey
def test_credits_when_given_then_complete(path):
    about = read_schema(path).file.about
    assert about.license.name
    assert len(about.acknowledgement) > 40
    assert all(CITATION.fullmatch(reference) for reference in about.cite), about.cite


@every_survey
def test_band_axis_when_declared_then_from_blue_to_red(path):
    schema, filters = read_schema(path), load_filters()
    for block in schema.blocks.values():
        if "band" not in block.axes:
            continue
        bands = [schema.file.bands[label] for label in block.axes["band"].labels]
        for one, other in pairwise(bands):
            blue, red = ([*band.filters, *band.cases.values()] for band in (one, other))
            pivots = [[filters[name].pivot_nm for name in names] for names in (blue, red)]
            assert max(pivots[0]) < min(pivots[1])


@every_survey
def test_names_when_canonical_then_told_apart(path):
    schema = read_schema(path)
    for config in schema.file.configs:
        names = [leaf.canonical for leaf in schema.leaves_of(config).values() if leaf.canonical]
        assert len(names) == len(set(names))


def test_class_names_and_aliases_when_compared_then_mean_one_survey_each():
    owners = {}
    for path in PATHS:
        file = read_schema(path).file
        for name in (file.survey, file.about.name, *file.aliases):
            assert owners.setdefault(name.casefold(), file.survey) == file.survey, name
    found = {read_schema(path).file.about.name for path in PATHS}
    assert {"HSC", "DECaLS", "SDSS", "DESI", "Gaia", "CfA", "CSP", "Tycho2", "Hipparcos"} <= found
