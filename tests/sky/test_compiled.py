"""Compiling is paid once: what is compiled, when, and for which types."""

from __future__ import annotations

import subprocess
import sys

import numba
import numpy as np

from astropile import sky
from astropile.sky import neighbours, packing, search
from astropile.sky.compiled import compiled


def test_import_of_the_room_when_fresh_then_loads_neither_numba_nor_healpy(repo_root):
    code = "import sys, astropile.sky; print({'numba', 'healpy', 'astropy'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=repo_root)
    assert result.stdout.strip() == "set()"


def test_match_when_arrays_are_of_any_kind_then_compiles_one_version_of_each():
    ra = np.array([10.0, 20.0, np.nan])
    fixed = ra.copy()
    fixed.flags.writeable = False
    buffer = np.frombuffer(bytes(1) + ra.tobytes(), dtype=np.uint8)[1:].view(np.float64)
    forms = (ra, fixed, ra[::-1], ra.astype("f4"), ra.astype(">f8"), ra.tolist(), buffer)
    for form in forms:
        for find in ("nearest", "mutual", "all"):
            sky.match_coordinates(form, form, ra, ra, find=find)
            sky.match_coordinates(form, form, ra, ra, find=find, radius_arcsec=np.array([1, 2, 3]))
        sky.match_coordinates(form, form, ra, ra, find="k", k=2)
        sky.match_coordinates(form, form, ra, ra, find="k", k=1, radius_arcsec=ra)
        sky.unit_vectors(form, form)
    names = [(packing, name) for name in ("cut_leaves", "fill_leaves", "fill_sort_keys")]
    names += [(packing, "fill_unit_vectors"), (search, "nearest_rows"), (search, "rows_within")]
    names += [(neighbours, "nearest_k_rows"), (neighbours, "scatter_rows")]
    versions = {name: len(getattr(module, name).signatures) for module, name in names}
    assert set(versions.values()) == {1}, versions


def test_compiled_when_inspected_then_sums_are_not_reordered_and_the_lock_is_free():
    options = search.nearest_rows.targetoptions
    assert not options.get("fastmath")
    assert options["nogil"]


def test_compiled_when_no_cache_can_be_written_then_compiles_all_the_same(monkeypatch):
    real = numba.njit

    def without_cache(*, cache=False, **options):
        if cache:
            message = "cannot cache function: no locator available"
            raise RuntimeError(message)
        return real(**options)

    monkeypatch.setattr(numba, "njit", without_cache)
    assert compiled(lambda x: x + 1.0)(1.5) == 2.5
