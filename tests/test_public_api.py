"""The names of the package, and the classes that the registry makes."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

import astropile as ap
import astropile.datasets
from astropile.errors import AstropileError, ConfigError, UsageError


@pytest.mark.parametrize("name", ap.__all__)
def test_name_when_public_then_there(name: str) -> None:
    assert getattr(ap, name) is not None
    assert name in dir(ap)


def test_name_when_unknown_then_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = ap.lod


def test_version_when_read_then_is_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.?(dev|rc|a|b)\d+)?", ap.__version__)


def test_errors_when_reached_from_the_package_then_the_tree() -> None:
    assert ap.errors.AstropileError is AstropileError
    assert issubclass(ConfigError, UsageError)


def test_datasets_when_class_is_named_then_made_once() -> None:
    from astropile.datasets import HSC, DECaLS

    assert HSC is astropile.datasets.HSC
    assert (HSC.__name__, HSC.__module__) == ("HSC", "astropile.datasets")
    assert issubclass(DECaLS, ap.Survey)
    assert "data_dir" in (HSC.__doc__ or "")


def test_datasets_when_survey_is_made_by_class_then_as_loaded() -> None:
    from astropile.datasets import HSC

    made = HSC(config_name="pdr3_dud_22.5", columns=["mag_cmodel_i"])
    loaded = ap.load("hsc", config="pdr3_dud_22.5", columns=["mag_cmodel_i"])
    assert isinstance(made, HSC)
    assert made.features == loaded.features
    assert repr(made) == repr(loaded)
    assert isinstance(pickle.loads(pickle.dumps(made)), HSC)


def test_datasets_when_config_is_unknown_then_error_lists_them() -> None:
    with pytest.raises(ConfigError, match="it has stein_et_al, stein_et_al_north"):
        astropile.datasets.DECaLS(config_name="south")


def test_datasets_when_class_is_unknown_then_known_ones_are_listed() -> None:
    with pytest.raises(AttributeError, match=r"'Hsc'; known are .*DECaLS, .*HSC"):
        _ = astropile.datasets.Hsc
    with pytest.raises(ImportError):
        from astropile.datasets import Nothing  # noqa: F401


def test_datasets_when_survey_is_registered_then_it_has_a_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = Path(__file__).parent / "survey" / "grove.yaml"
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(path))
    assert "Grove" in dir(astropile.datasets)
    assert astropile.datasets.Grove(config_name="mini").config == "small"


def test_surveys_when_listed_then_facts_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(__file__).parent / "survey" / "grove.yaml"
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(path))
    rows = {row["id"]: row for row in ap.surveys()}
    assert {"hsc", "decals", "hipparcos", "grove"} <= set(rows)
    grove = rows["grove"]
    assert grove["title"] == "Grove Survey"
    assert (grove["modality"], grove["bands"]) == ("image, spectrum", "g r")
    assert grove["configs"] == "small, large"
    assert grove["columns"] == len(ap.load("grove").columns)
    assert grove["rows"] is None
    assert rows["cfa"]["rows"] == 185
