"""Names: every way to a leaf, and what the refused ones say."""

from __future__ import annotations

from itertools import combinations, permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.errors import AmbiguousColumnError, ColumnError, UnknownColumnError, UsageError
from astropile.schema import OBJECT_LEAVES, NameResolver, SurveySchema, parse_schema
from astropile.vocabulary import load_vocabulary

ORCHARD = (Path(__file__).parent / "orchard.yaml").read_text(encoding="utf-8")
SCHEMA = parse_schema(ORCHARD, "orchard.yaml")
WIDE = NameResolver(SCHEMA, "wide")
NAMED = [leaf for leaf in WIDE.index.leaves.values() if leaf.canonical]


def message_of(name: str, resolver: NameResolver = WIDE, **options: object) -> str:
    """Return the message of the error that a name gives."""
    with pytest.raises(ColumnError) as caught:
        resolver.resolve(name, **options)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "address", "how"),
    [
        ("i_cmodel_mag", "i_cmodel_mag", "original"),
        ("image.flux", "image.flux", "original"),
        ("motion.plx", "motion.plx", "original"),
        ("plx", "motion.plx", "original"),  # a flat block emits it at top level
        ("mag_cmodel_i", "i_cmodel_mag", "canonical"),
        ("parallax", "motion.plx", "canonical"),
        ("cm_i", "i_cmodel_mag", "alias"),
        ("image.array", "image.flux", "alias"),
        ("mag_i_cmodel", "i_cmodel_mag", "reordered"),
        ("moment_y_xy_psf", "shape_y", "reordered"),
        ("orchard:mag_cmodel_i", "i_cmodel_mag", "canonical"),
        ("ORCHARDSURVEY:i_cmodel_mag", "i_cmodel_mag", "original"),
        ("Orchard_DR1:mag_i_cmodel", "i_cmodel_mag", "reordered"),
        ("ra", "ra", "original"),
        ("RAJ", "RAJ", "original"),
    ],
)
def test_resolve_when_a_name_is_whole_then_its_leaf(name: str, address: str, how: str) -> None:
    found = WIDE.resolve(name)
    assert (found.leaf.address, found.how) == (address, how)


@pytest.mark.parametrize("config", ["wide", "deep"])
def test_resolve_when_canonical_or_alias_then_always_its_leaf(config: str) -> None:
    resolver = NameResolver(SCHEMA, config)
    for address, leaf in resolver.index.leaves.items():
        assert resolver.resolve(address).leaf is leaf
        if leaf.canonical:
            assert resolver.resolve(leaf.canonical).leaf is leaf
            assert resolver.resolve(f"orchard:{leaf.canonical}", across=True).leaf is leaf


@given(data=st.data())
def test_resolve_when_qualifiers_are_shuffled_then_reordered(data: st.DataObject) -> None:
    """Colours are left out: the order of their bands is their meaning."""
    leaf = data.draw(
        st.sampled_from([leaf for leaf in NAMED if "minus_band" not in leaf.field.is_])
    )
    entry = load_vocabulary().quantities[leaf.field.is_.get("quantity", leaf.address)]
    words = [leaf.field.is_[key] for key in entry.in_name if key in leaf.field.is_]
    shuffled = data.draw(st.permutations(words))
    name = "_".join([leaf.canonical.removesuffix("_".join(["", *words])), *shuffled])
    found = WIDE.resolve(name)
    assert found.leaf is leaf
    assert found.how == ("reordered" if name != leaf.canonical else found.how)


def partial_names() -> list[str]:
    """Return every name made by leaving words out of a canonical one, in every order."""
    found = set()
    for leaf in NAMED:
        entry = load_vocabulary().quantities[leaf.field.is_.get("quantity", leaf.address)]
        present = [key for key in entry.in_name if key in leaf.field.is_]
        for size in range(len(present)):
            for kept in combinations(present, size):
                if set(entry.requires) <= set(kept):
                    continue
                for order in permutations(kept):
                    words = [leaf.field.is_[key] for key in order]
                    found.add("_".join([leaf.field.is_["quantity"], *words]))
    return sorted(found)


def test_resolve_when_a_required_word_is_missing_then_always_ambiguous() -> None:
    """Not even the only candidate is taken."""
    names = partial_names()
    assert len(names) > 50
    assert {"redshift", "extinction", "mag_kron", "moment"} <= set(names)
    for name in names:
        with pytest.raises(AmbiguousColumnError) as caught:
            WIDE.resolve(name)
        assert caught.value.candidates
        assert set(caught.value.candidates) <= {leaf.canonical for leaf in NAMED}


def test_resolve_when_partial_then_the_message_shows_candidates_and_the_way() -> None:
    assert message_of("mag_i") == "\n".join(
        [
            "orchard: 'mag_i' does not name one column: it leaves out estimator. Candidates:",
            "    mag_cmodel_i        stored as i_cmodel_mag",
            "    mag_kron_i          stored as i_kron",
            "    mag_cmodel_i_err    stored as i_cmodel_magerr",
            "    mag_cmodel_i_dered  = i_cmodel_mag - a_i",
            "  = help: write one of them in full, or take the default of orchard, mag_cmodel_i: "
            "resolve('mag_i', partial='default')",
        ]
    )


def test_resolve_when_many_candidates_then_the_error_holds_all() -> None:
    more = "  r: {filters: [Subaru/HSC.r]}\n  z: {filters: [Subaru/HSC.z]}\nlookups:"
    resolver = NameResolver(parse_schema(ORCHARD.replace("lookups:", more)))
    with pytest.raises(AmbiguousColumnError) as caught:
        resolver.resolve("mag")
    assert len(caught.value.candidates) == 17
    assert "    ... and 5 more\n" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("mag_i", "mag_cmodel_i"),
        ("mag_y_err", "mag_cmodel_y_err"),  # an error that was asked for
        ("mag_dered_g", "mag_cmodel_g_dered"),
        ("orchard:mag_i", "mag_cmodel_i"),
        ("flux_psf_g", "flux_psf_g_free"),  # a choice that the quantity leaves open
    ],
)
def test_resolve_when_default_is_asked_for_then_taken(name: str, canonical: str) -> None:
    found = WIDE.resolve(name, partial="default")
    assert (found.leaf.canonical, found.how) == (canonical, "default")
    with pytest.raises(AmbiguousColumnError):
        WIDE.resolve(name)


@pytest.mark.parametrize("name", ["redshift", "flux_g", "mag", "extinction", "flux_y"])
def test_resolve_when_defaults_do_not_say_then_ambiguous(name: str) -> None:
    """No default method; the default estimator has no flux; never an error or a depth."""
    message = message_of(name, partial="default")
    assert "Candidates:" in message
    assert "partial='default'" not in message


def test_resolve_when_only_a_modified_column_exists_then_not_taken() -> None:
    """A depth is no flux, however complete the name."""
    with pytest.raises(UnknownColumnError) as caught:
        WIDE.resolve("flux_psf_y", partial="default")
    assert "flux_psf_y_depth" in str(caught.value)


def test_resolve_when_measures_differ_then_the_choice_is_left_out() -> None:
    message = message_of("flux_psf_g")
    assert "leaves out measure" in message
    assert "flux_psf_g_free    stored as psfflux_g" in message
    assert "flux_psf_g_forced  stored as f_psfflux_g" in message


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("mag_auto_i", ["'auto' is not a value of estimator", "did you mean 'mag_kron_i'?",
                        "'auto' is called 'kron'", "estimator is one of cmodel, model, psf"]),
        ("magg_cmodel_i", ["no column 'magg_cmodel_i'", "did you mean 'mag_cmodel_i'"]),
        ("mag_cmodel_w", ["'w' is not a band of this survey", "bands: g, i, y", "'mag_cmodel_g'"]),
        ("teff", ["this survey has no teff", "it has object_id, ra, dec, mag"]),
        ("z_phot", ["no column 'z_phot'", "'redshift_spec'"]),
        ("rv", ["this survey has no radial_velocity"]),
        ("MAG_CMODEL_I", ["upper and lower case differ", "'mag_cmodel_i'"]),
        ("mag_I_cmodel", ["did you mean 'mag_cmodel_i'?"]),
        ("ebv_", ["'EBV'"]),
        ("i_kron_mag", ["did you mean 'mag_kron_i'?"]),
        ("mag_psf_y", ["did you mean 'mag_cmodel_y'?"]),
        ("mag_cmodel_error_i", ["'error' is called 'err'", "did you mean 'mag_cmodel_i_err'?"]),
        ("mag_cmodel_i_and_so_on", ["has words that quantity 'mag' has no use for"]),
        ("flux", ["Candidates:"]),
        ("array", ["did you mean 'image.flux'?"]),
        ("image", ["'image' is a block of 4 fields", "'image.flux'"]),
        ("stamps", ["config wide has no column 'stamps'; it is in deep", "config='deep'"]),
        ("depth_note", ["it is in deep"]),
        ("qqqq", ["columns.describe() lists all 34 columns of wide"]),
        ("", ["no column ''"]),
        ("sdss:mag_cmodel_i", ["is a column of 'sdss'; this is orchard", "orchard:mag_cmodel_i"]),
        ("a\x1b[31m", [r"no column 'a\x1b[31m'"]),
    ],
)  # fmt: skip
def test_resolve_when_refused_then_the_message_says_what_to_write(
    name: str, parts: list[str]
) -> None:
    message = message_of(name)
    for part in parts:
        assert part in message
    assert "  = help: " in message


def test_resolve_when_refused_by_default_too_then_unknown() -> None:
    with pytest.raises(UnknownColumnError):
        WIDE.resolve("mag_auto_i", partial="default")


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("i_cmodel_mag", ("mag_cmodel_i", "orchard:i_cmodel_mag")),
        ("cm_i", ("mag_cmodel_i", "orchard:cm_i")),
        ("mag_i_cmodel", ("mag_cmodel_i", "orchard:mag_i_cmodel")),
        ("plain", ("orchard:plain",)),
        ("image.flux", ("orchard:image.flux",)),
    ],
)
def test_resolve_across_surveys_when_not_canonical_then_says_what_to_write(
    name: str, candidates: tuple[str, ...]
) -> None:
    with pytest.raises(AmbiguousColumnError) as caught:
        WIDE.resolve(name, across=True)
    assert caught.value.candidates == candidates
    assert all(repr(candidate) in caught.value.hint for candidate in candidates)
    assert WIDE.resolve(candidates[-1], across=True).leaf is WIDE.resolve(name).leaf


@pytest.mark.parametrize("name", ["mag_i", "orchard:mag_i"])
def test_resolve_across_surveys_when_partial_then_defaults_are_off(name: str) -> None:
    message = message_of(name, across=True, partial="default")
    assert "leaves out estimator" in message
    assert "partial=" not in message


@given(names=st.lists(st.sampled_from([*WIDE.index.names, "image", "motion"])))
def test_select_when_any_names_then_declared_order_without_repeats(names: list[str]) -> None:
    found = WIDE.select(names)
    order = list(WIDE.index.leaves)
    assert list(found) == sorted(set(found), key=order.index)
    assert found[:3] == OBJECT_LEAVES
    for name in names:
        wanted = WIDE.index.blocks.get(name) or (WIDE.resolve(name).leaf.address,)
        assert set(wanted) <= set(found)


@pytest.mark.parametrize(
    ("names", "added"),
    [
        ([], []),
        (["plain", "mag_cmodel_i"], ["i_cmodel_mag", "plain"]),
        (["image.flux"], ["image.flux", "image.band"]),  # a label field comes with its block
        (["image.scale"], ["image.band", "image.scale"]),
        (["image.seed"], ["image.seed"]),  # no axis, no label
        (["image"], ["image.flux", "image.band", "image.scale", "image.seed"]),
        (["orchard:image", "Z"], ["Z", "image.flux", "image.band", "image.scale", "image.seed"]),
        (["motion"], ["motion.plx"]),
    ],
)
def test_select_when_blocks_or_columns_then_their_leaves(
    names: list[str], added: list[str]
) -> None:
    assert WIDE.select(names) == (*OBJECT_LEAVES, *added)


def test_select_when_options_are_given_then_used_for_each_name() -> None:
    assert WIDE.select(["mag_i"], partial="default")[3:] == ("i_cmodel_mag",)
    assert WIDE.select(["mag_cmodel_i", "orchard:image"], across=True)[3] == "i_cmodel_mag"
    with pytest.raises(AmbiguousColumnError, match="orchard:image"):
        WIDE.select(["image"], across=True)
    with pytest.raises(AmbiguousColumnError):
        WIDE.select(["mag_i"], partial="default", across=True)
    with pytest.raises(UnknownColumnError, match="it is in deep"):
        WIDE.select(["stamps"])
    assert NameResolver(SCHEMA, "deep").select(["stamps"])[3:] == ("stamps.width",)


@pytest.mark.parametrize("names", ["image", b"flux", [3], [None]])
def test_select_when_not_a_list_of_text_then_refused(names: object) -> None:
    with pytest.raises(ColumnError):
        WIDE.select(names)  # type: ignore[arg-type]


def test_resolve_when_partial_is_no_choice_then_refused() -> None:
    with pytest.raises(UsageError, match="'refuse', 'default'"):
        WIDE.resolve("mag_i", partial="yes")  # type: ignore[arg-type]


def test_resolve_when_bands_of_a_colour_change_places_then_another_colour() -> None:
    """The order of its bands is the meaning of a colour; of its other words it is not."""
    colour = "is: {quantity: color, estimator: kron, band: g, minus_band: i}"
    column = f"  g_i: {{dtype: float32, unit: mag, {colour}, description: Colour.}}\n  plain:"
    resolver = NameResolver(parse_schema(ORCHARD.replace("  plain:", column)))
    assert resolver.resolve("color_g_i_kron").leaf.address == "g_i"
    assert "did you mean 'color_kron_g_i'?" in message_of("color_i_kron_g", resolver)


def test_block_when_called_like_a_canonical_name_then_the_block_is_selected(
    schema: SurveySchema,
) -> None:
    """A block that has the name of one of its fields: look-up gives the field."""
    text = ORCHARD.replace(
        "  motion:\n    kind: group\n    flat: true", "  parallax:\n    kind: group"
    )
    text = text.replace("      plx: {", "      parallax: {").replace("role: plx, ", "")
    resolver = NameResolver(parse_schema(text))
    assert resolver.resolve("parallax").leaf.address == "parallax.parallax"
    assert resolver.select(["parallax"], across=True)[3:] == ("parallax.parallax",)
    assert NameResolver(schema).resolve("mag_cmodel_g").leaf.address == "g_mag"


@given(name=st.text(alphabet="mag_fluxcodeirby:.é\n", max_size=200))
def test_resolve_when_anything_is_typed_then_a_leaf_or_an_error_with_a_hint(name: str) -> None:
    error = None
    try:
        WIDE.resolve(name)
    except ColumnError as caught:
        error = caught
    assert error is None or error.hint
