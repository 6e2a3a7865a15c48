"""The messages of the reference are those that its survey gives when something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import astropile as ap
from astropile.errors import SchemaError, SourceError
from astropile.schema import parse_schema

#: What is changed in the survey of the page -> the code of the one problem.
MISTAKES: Mapping[tuple[str, str], str] = {
    ("unit: mag(AB)", "units: mag(AB)"): "unknown_key",
    ("Class of the object.", "Class of the object, as told"): "comma",
    ("(s cm2 Angstrom)') ** 2", "(s cm2 Angstrom)')"): "unit",
    ("formula: g_mag - r_mag", "formula: g_mag - i_mag"): "formula",
    ("      class: lookup", "      clas: lookup"): "value_key",
    (", true_means: good}", "}"): "true_means",
    ("primary == 1", "isnull(primary)"): "expression",
}
CELLS: Mapping[str, Any] = {
    "object_id": np.array(["a", "b", "c", "d"], dtype="S1"),
    "ra": np.arange(10.0, 14.0),
    "dec": np.zeros(4),
    "mags": np.full((4, 2), 20.0, dtype=np.float32),
    "type": np.array([0, 1, 1, 0]),
    "primary": np.ones(4, dtype=np.uint8),
    "quality": np.ones(4, dtype=np.int16),
    "spectrum_lambda": np.array([[4000.0, 4001.0, 0.0]] * 4),
    "spectrum_flux": np.ones((4, 3), dtype=np.float32),
    "spectrum_noise": np.full((4, 3), 2e-17, dtype=np.float32),
}
#: What is changed in the survey, and in the files.
FAULTS: Mapping[str, tuple[tuple[str, str], Mapping[str, Any]]] = {
    "cell": (("", ""), {"spectrum_noise": None}),
    "keep": (("    keep: {spectrum.pixel: lambda > 0}\n", ""), {}),
    "lookup": (("", ""), {"type": np.array([0, 1, 1, 2])}),
    "bool": (("primary == 1", "primary"), {"primary": np.array([0, 1, 1, 2], dtype=np.uint8)}),
}


def test_survey_of_the_page_when_checked_then_valid(brook: str) -> None:
    assert parse_schema(brook, "brook.yaml").id == "brook"


@pytest.mark.parametrize(("change", "code"), MISTAKES.items(), ids=MISTAKES.values())
def test_mistake_when_made_then_message_is_that_of_the_page(
    change: tuple[str, str], code: str, brook: str, reference: str
) -> None:
    assert brook.count(change[0]) == 1
    with pytest.raises(SchemaError) as caught:
        parse_schema(brook.replace(*change), "brook.yaml")
    (problem,) = caught.value.problems
    assert problem.code == code
    assert f"```text\n{problem}\n```" in reference


@pytest.mark.usefixtures("nothing_registered")
@pytest.mark.parametrize(("change", "cells"), FAULTS.values(), ids=FAULTS)
def test_fault_when_in_the_files_then_message_is_that_of_the_page(
    change: tuple[str, str],
    cells: Mapping[str, Any],
    brook: str,
    reference: str,
    tmp_path: Path,
) -> None:
    (tmp_path / "brook.yaml").write_text(brook.replace(*change), encoding="utf-8")
    with h5py.File(tmp_path / "brook-0.hdf5", "w") as file:
        for name, values in {**CELLS, **cells}.items():
            if values is not None:
                file[name] = values
    ap.register(tmp_path / "brook.yaml")
    with pytest.raises(SourceError) as caught:
        list(ap.load("brook", data_dir=tmp_path))
    assert f"```text\n{caught.value}\n```" in reference
