"""The Dask engine reads piles by URL, part by part."""

from __future__ import annotations

import pytest

import astropile as ap
from astropile.vocabulary import data_path
from tests.remote.conftest import WebServer

pytest.importorskip("lsdb")


@pytest.mark.slow
def test_piles_when_elsewhere_then_matched_as_those_here(web_server: WebServer) -> None:
    here = []
    for name in ("hipparcos", "tycho2"):
        survey = ap.load(name, data_dir=data_path("demo"), columns=[])
        here.append(survey.build(web_server.folder / name))
    there = [ap.open(f"{web_server.url}/{name}") for name in ("hipparcos", "tycho2")]
    expected = ap.cross_match(*here, radius_arcsec=1.0).pairs
    web_server.requests.clear()
    found = ap.cross_match(*there, radius_arcsec=1.0, engine="dask").pairs
    assert found.equals(expected)
    assert any(request.range for request in web_server.requests)
