"""Emitted names are those that code written for Multimodal Universe asks for; none is lost."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from astropile.registry import find_schema

FACTS = yaml.safe_load((Path(__file__).parent / "emitted_names.yaml").read_text(encoding="utf-8"))
SCHEMAS = sorted((Path(__file__).parents[2] / "schemas").glob("*.yaml"))
OBJECT = {"object_id", "ra", "dec"}
#: Surveys that Multimodal Universe does not have.
OWN = {
    *("hipparcos", "tycho2", "gaia_dr2", "gaia_xp_sampled", "urat1", "uzc", "openngc", "linear"),
    *("sdss_photo", "apokasc", "apogee_visits", "des_sn5yr", "jwst_spectra"),
}

every_survey = pytest.mark.parametrize("name", FACTS["names"])


def names_of(text):
    """Return the names in a text, braces expanded as a shell does."""
    found, rest = set(), text.split()
    while rest:
        word = rest.pop()
        if braces := re.search(r"\{([^{}]*)\}", word):
            start, end = braces.span()
            rest += [word[:start] + one + word[end:] for one in braces[1].split(",")]
        else:
            found.add(word)
    return found


def names_there(name, config):
    """Return the names that Multimodal Universe has in a config."""
    facts = FACTS["names"][name]
    only = [text for key, text in facts.get("only", {}).items() if fnmatch(config, key)]
    return names_of(" ".join([facts["every"], *only]))


def names_here(schema, config):
    flat = {name for name, block in schema.blocks.items() if block.modality.flat}
    leaves = schema.leaves_of(config).values()
    return {leaf.name if leaf.block in flat else leaf.address for leaf in leaves}


def names_beside(schema):
    """Return what is emitted here beside those names, for a reason."""
    flags = {f"{address}_bad" for address, leaf in schema.leaves.items() if leaf.field.bits}
    return OBJECT | flags | names_of(" ".join(FACTS["beside"].get(schema.id, {})))


@every_survey
def test_names_when_of_multimodal_universe_then_emitted_in_the_same_configs(name):
    schema = find_schema(name)
    for config in FACTS["names"][name]["configs"].split():
        there, here = names_there(name, config), names_here(schema, config)
        assert there - here == set(), config
        assert here - there <= names_beside(schema), config


@every_survey
def test_configs_when_listed_then_those_of_multimodal_universe(name):
    schema = find_schema(name)
    beside = set(FACTS["configs_beside"].get(schema.id, {}))
    assert set(schema.file.configs) == set(FACTS["names"][name]["configs"].split()) | beside


def test_surveys_when_listed_then_all_of_multimodal_universe_are_there():
    assert len(FACTS["names"]) == 31
    assert {find_schema(name).id for name in FACTS["names"]} | OWN == {p.stem for p in SCHEMAS}


def test_exceptions_when_listed_then_true_and_each_with_a_reason():
    for name, listed in FACTS["never_filled"].items():
        there = {n for c in FACTS["names"][name]["configs"].split() for n in names_there(name, c)}
        assert set(listed) <= there, name
    for name, listed in FACTS["beside"].items():
        assert names_of(" ".join(listed)) <= set(find_schema(name).leaves), name
    names = {n for s in FACTS["names"] for c in find_schema(s).file.configs
             for n in names_here(find_schema(s), c)}  # fmt: skip
    assert not names & set(FACTS["left_out"])
    groups = [*FACTS["never_filled"].values(), *FACTS["beside"].values()]
    groups += [FACTS["left_out"], *FACTS["configs_beside"].values()]
    reasons = [reason for group in groups for reason in group.values()]
    assert all(re.fullmatch(r"[A-Z].{8,}\.", reason) for reason in reasons)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_object_when_emitted_then_comes_first(path):
    assert list(find_schema(path.stem).leaves)[:3] == ["object_id", "ra", "dec"]


@pytest.mark.parametrize(
    ("name", "configs"),
    {
        "hsc": ["pdr3_dud_22.5"],
        "decals": ["stein_et_al", "stein_et_al_north"],
        "sdss": ["all", "sdss", "segue1", "segue2", "boss", "eboss"],
        "desi": ["dr1_main", "edr_sv3"],
        "gz10": ["gz10_rgb_images", "gz10"],
        "cfa": ["cfa3", "cfa4", "cfa_SECCSN", "cfa_snII", "cfa3_natural", "cfa4_natural"],
        "jwst": ["all", "primer-cosmos", "primer-uds", "ceers", "ngdeep", "gds", "gdn"],
    }.items(),
)
def test_configs_when_listed_then_the_default_comes_first(name, configs):
    schema = find_schema(name)
    assert list(schema.file.configs) == configs
    assert schema.config_name(None) == configs[0]


def test_default_when_multimodal_universe_names_one_then_the_same():
    assert find_schema("plasticc").config_name(None) == "train_only"
    assert find_schema("decals").config_name(None) == "stein_et_al"


def test_aliases_when_asked_then_lead_to_the_survey(survey):
    assert survey("decals").file.aliases == ("ssl_legacysurvey", "stein_et_al")
