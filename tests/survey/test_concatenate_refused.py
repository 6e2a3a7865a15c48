"""What is not put into one column of several surveys, and what has to be allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import astropile as ap
from astropile.errors import (
    AmbiguousColumnError,
    ColumnError,
    LeafError,
    MixedColumnsError,
    UnknownColumnError,
)
from astropile.survey import cache_dir
from astropile.testing import simulate
from tests.survey.conftest import write_hdf5
from tests.survey.test_concatenate import column, numbers

# --- names --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "error", "text"),
    [
        (["redshift"], AmbiguousColumnError, "leaves out method"),
        (["mag_r"], AmbiguousColumnError, "mag_psf_r"),
        (["F_r"], AmbiguousColumnError, "a name of this survey alone.*\n.*'dune:F_r'"),
        (
            ["flux_kron_r"],
            UnknownColumnError,
            "'flux_kron_r' in any of dune, reef\n.*reef: did you",
        ),
        (["bog:F_r"], UnknownColumnError, "of none of the surveys dune, reef"),
        (["dune:F_x"], UnknownColumnError, "dune: no column 'F_x'"),
        (["spectrum.ivar"], UnknownColumnError, "no block of kind spectrum .* has 'ivar'"),
        (
            ["cube"],
            UnknownColumnError,
            "no column 'cube' in any .*\n.*dune: it has image, spectrum",
        ),
        ({"a": ["dune:spectrum", "reef:flux_r"]}, ColumnError, "a block of one survey"),
        ({"a": ["dune:spectrum", "reef:picture"]}, ColumnError, "no block of one kind"),
        ({"a": ["reef:matrix", "dune:spectrum"]}, ColumnError, "no block of one kind"),
    ],
)
def test_names_when_not_shared_then_refused(
    dune: ap.Survey, reef: ap.Survey, names: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        ap.concatenate_datasets([dune, reef], names)


def test_columns_when_a_survey_lacks_some_then_all_are_listed(
    dune: ap.Survey, reef: ap.Survey
) -> None:
    names = ["mag_psf_r", "redshift_spec", "dune:own", "redshift_phot", "image.ivar"]
    with pytest.raises(UnknownColumnError) as caught:
        ap.concatenate_datasets([dune, reef], names)
    assert str(caught.value).splitlines() == [
        "mag_psf_r, dune:own, image.ivar: not in reef (config all)",
        "redshift_phot: not in dune (config all)",
        "  = help: leave it out, or add missing='null' to have nulls there",
    ]


def test_columns_when_missing_is_null_then_null_there(dune: ap.Survey, reef: ap.Survey) -> None:
    names = ["mag_psf_r", "dune:own", "redshift_phot", "table"]
    both = ap.concatenate_datasets([dune, reef], names, missing="null")
    np.testing.assert_array_equal(numbers(both, "mag_psf_r")[:9], column(dune, "M_r"))
    assert np.isnan(numbers(both, "dune:own")[9:]).all()
    assert both.data.column("redshift_phot").null_count >= 9
    assert [row is None for row in both.data.column("table").to_pylist()] == [True] * 9 + [
        False
    ] * 12
    assert "mag_psf_r" not in ap.meaning(both)["reef"]["columns"]


def test_names_when_one_survey_says_something_else_by_them_then_it_lacks_them(
    mock: Any,
) -> None:
    gaia, allwise = (ap.load(name, data_dir=mock(name)) for name in ("gaia", "allwise"))
    assert "pmra" in allwise.columns  # an apparent motion, which is no pmra
    with pytest.raises(UnknownColumnError, match="pmra: not in allwise"):
        ap.concatenate_datasets([gaia, allwise], ["pmra"])
    with pytest.raises(AmbiguousColumnError, match="gaia has several blocks of kind group"):
        ap.concatenate_datasets([allwise, gaia], ["group"], missing="null")
    with pytest.raises(UnknownColumnError, match="'gaia:pmrx' in any of gaia_1, allwise, gaia_3"):
        ap.concatenate_datasets([gaia, allwise, gaia], ["gaia:pmrx"], missing="null")


# --- what is not mixed --------------------------------------------------------------------


def test_filters_when_letters_agree_and_filters_do_not_then_refused_or_allowed(
    dune: ap.Survey, reef: ap.Survey
) -> None:
    with pytest.raises(MixedColumnsError) as caught:
        ap.concatenate_datasets([dune, reef], ["flux_psf_g", "flux_psf_r"])
    message = str(caught.value)
    assert "flux_psf_g: [band] 'g' is not one filter: CTIO/DECam.g (482 nm; dune)" in message
    assert "flux_psf_r" not in message
    assert message.endswith("add allow=['band']")
    both = ap.concatenate_datasets([dune, reef], ["flux_psf_g"], allow=["band"])
    assert ap.meaning(both)["dune"]["mixed"][0].startswith("flux_psf_g: 'g' is not one filter")
    assert ap.meaning(both)["dune"]["columns"]["flux_psf_g"]["filter"] == "CTIO/DECam.g"


@pytest.mark.parametrize(
    ("names", "code", "text"),
    [
        ({"z": ["dune:z", "reef:z_cmb"]}, "attribute", "frame of redshift|method of redshift"),
        ({"m": ["dune:M_r", "reef:flux_r"]}, "measured", "quantity of m differs: mag (dune)"),
        ({"f": ["dune:F_g", "flux_psf_r"]}, "band", "bands of f differ: g (dune), r (reef)"),
    ],
)
def test_columns_when_they_mean_different_things_then_refused(
    dune: ap.Survey, reef: ap.Survey, names: Any, code: str, text: str
) -> None:
    with pytest.raises(MixedColumnsError) as caught:
        ap.concatenate_datasets([dune, reef], names)
    assert f"[{code}]" in str(caught.value)
    assert any(part in str(caught.value) for part in text.split("|"))
    allow = ["attribute", "measured", "band"]
    assert len(ap.concatenate_datasets([dune, reef], names, allow=allow)) == 21


@pytest.mark.parametrize(
    ("names", "units", "text"),
    [
        (["object_class"], {}, r"types do not go together: int16 \(dune\), string \(reef\)"),
        ({"a": ["dune:z_bad", "reef:visits"]}, {}, "bool .dune., int32 .reef."),
        ({"a": ["dune:F_r", "reef:redshift"]}, {}, "'' cannot become 'nanomaggy'"),
        (["flux_psf_r"], {"flux_psf_r": "km"}, "'nanomaggy' cannot become 'km'"),
        (["redshift_spec_flag"], {"redshift_spec_flag": "km"}, "values of type bool have no unit"),
        ({"a": ["dune:image.flux", "reef:picture.flux"]}, {}, "labels of its axes differ"),
        ({"a": ["dune:spectrum.lambda", "reef:matrix.cell"]}, {}, "arrays do not go together"),
    ],
)
def test_columns_when_nothing_holds_both_then_refused(
    dune: ap.Survey, reef: ap.Survey, names: Any, units: Any, text: str
) -> None:
    allow = ["attribute", "measured", "band", "system"]
    with pytest.raises(ColumnError, match=text):
        ap.concatenate_datasets([dune, reef], names, units=units, allow=allow)


def test_value_when_it_does_not_fit_then_error_names_the_column(
    dune_and_reef: None, tmp_path: Path
) -> None:
    simulate("reef", None, 3, data_dir=tmp_path, seed=1)
    reef = ap.load("reef", data_dir=tmp_path)
    (path, *_) = sorted(tmp_path.rglob("*.hdf5"))
    with h5py.File(path) as file:
        arrays = {name: np.asarray(file[name]) for name in file}
    arrays["flux_g"] = np.full_like(arrays["flux_g"], 3e38)
    path.unlink()
    write_hdf5(path, arrays)
    with pytest.raises(LeafError, match=r"flux_psf_g of reef \(flux_g\).*too great"):
        ap.concatenate_datasets([reef], ["flux_psf_g"], units={"flux_psf_g": "1e-3 nJy"})
    assert not list(cache_dir().glob("concatenations/.*"))
