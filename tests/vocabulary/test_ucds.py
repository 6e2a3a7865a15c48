"""Derived UCDs are valid UCD1+."""

import pytest
from astropy.io.votable.ucd import check_ucd

from astropile.errors import UsageError
from astropile.vocabulary import load_filters, load_vocabulary
from astropile.vocabulary.ucds import SPECTRAL_WORDS, spectral_word

VOCABULARY = load_vocabulary()


def valid(ucd):
    return check_ucd(ucd, check_controlled_vocabulary=True, has_colon=False)


def every_meaning():
    """Each quantity with each word of each of its qualifiers."""
    for quantity, entry in VOCABULARY.quantities.items():
        base = {"quantity": quantity}
        yield base
        for key in entry.in_name:
            for word in VOCABULARY.qualifiers[key].values:
                yield base | {key: word}
        if "with" in entry.optional:
            yield base | {"with": "pmdec", "stat": "corr"}


@pytest.mark.parametrize("pivot_nm", [None, 150.0, 479.1, 890.3, 3368.2, 22194.4, 2e5])
def test_ucd_of_every_meaning_is_valid(pivot_nm):
    ucds = [
        VOCABULARY.ucd(meaning, pivot_nm=pivot_nm, minus_pivot_nm=621.4)
        for meaning in every_meaning()
    ]
    assert [ucd for ucd in ucds if not valid(ucd)] == []
    assert len(ucds) > 100


def test_check_ucd_refuses_words_that_do_not_exist():
    assert not valid("phot.mag;em.opt.g")


@pytest.mark.parametrize(
    ("meaning", "pivots", "ucd"),
    [
        ({"quantity": "mag"}, (768.9, None), "phot.mag;em.opt.I"),
        ({"quantity": "mag", "stat": "err"}, (479.1, None), "stat.error;phot.mag;em.opt.B"),
        ({"quantity": "mag", "estimator": "mean"}, (621.8, None), "phot.mag;em.opt.R;stat.mean"),
        ({"quantity": "mag", "correction": "dered"}, (None, None), "phot.mag.reddFree"),
        ({"quantity": "color"}, (437.1, 547.8), "phot.color;em.opt.B;em.opt.V"),
        ({"quantity": "flux", "stat": "ivar"}, (3368.2, None),
         "stat.weight;phot.flux.density;em.IR.3-4um"),
        ({"quantity": "redshift", "method": "spec"}, (None, None), "src.redshift"),
        ({"quantity": "redshift", "method": "phot"}, (None, None), "src.redshift.phot"),
        ({"quantity": "redshift", "stat": "flag"}, (None, None), "meta.code.qual;src.redshift"),
        ({"quantity": "teff", "stat": "lower"}, (None, None),
         "phys.temperature.effective;stat.min"),
        ({"quantity": "ra", "with": "dec", "stat": "corr"}, (None, None),
         "stat.correlation;pos.eq.ra;pos.eq.dec"),
        ({"quantity": "ebv"}, (479.1, None), "phot.color.excess"),
    ],
)  # fmt: skip
def test_ucd_of_known_meanings(meaning, pivots, ucd):
    assert VOCABULARY.ucd(meaning, pivot_nm=pivots[0], minus_pivot_nm=pivots[1]) == ucd


def test_ucd_when_quantity_is_unknown_then_usage_error():
    with pytest.raises(UsageError, match="'magg' is not a quantity"):
        VOCABULARY.ucd({"quantity": "magg"})


def test_spectral_word_of_every_filter_with_a_pivot_exists():
    pivots = [entry.pivot_nm for entry in load_filters().values() if entry.pivot_nm]
    assert all(spectral_word(pivot) for pivot in pivots)


def test_spectral_words_cover_their_ranges_without_gaps():
    starts = [start for start, _ in SPECTRAL_WORDS]
    assert starts == sorted(starts)
    for start, word in SPECTRAL_WORDS:
        assert spectral_word(start) == word
    assert spectral_word(9.99) == spectral_word(None) == ""
