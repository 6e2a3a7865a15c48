"""From the name of a transform to its function."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from astropile.errors import UsageError
from astropile.schema.transforms import load_transforms
from astropile.transforms import function_of

RUNNABLE = [name for name, found in load_transforms().items() if not found.refused]


@pytest.mark.parametrize("name", RUNNABLE)
def test_function_when_declared_then_documented_with_all_names(name: str) -> None:
    """The docstring tells every input, output and param."""
    function, declaration = function_of(name), load_transforms()[name]
    text = inspect.getdoc(function) or ""
    for word in (*declaration.inputs, *declaration.outputs, *declaration.params):
        assert f"``{word}``" in text, word
    assert ">>>" in text


def test_function_when_unknown_then_near_names() -> None:
    with pytest.raises(UsageError, match=r"no transform 'spectrum\.coadd'") as caught:
        function_of("spectrum.coadd")
    assert caught.value.hint


def test_function_when_refused_then_error_says_why_and_its_declaration_stays() -> None:
    """What it would give can be asked without it."""
    with pytest.raises(UsageError, match="basis functions"):
        function_of("provabgs.properties")
    declaration = load_transforms()["provabgs.properties"]
    assert set(declaration.outputs) == {"z_mw", "tage_mw", "avg_sfr"}
    module, _, name = declaration.function.partition(":")
    with pytest.raises(UsageError, match="needs the basis functions of PROVABGS"):
        getattr(import_module(module), name)({}, {})


def test_function_when_not_where_it_should_be_then_usage_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    declaration = load_transforms()["image.flip"]
    for place in ("astropile.transforms.image:no_such", "no_such_package:function"):
        wrong = declaration.model_copy(update={"function": place})
        monkeypatch.setattr("astropile.transforms.load_transforms", lambda w=wrong: {"a.b": w})
        function_of.cache_clear()
        with pytest.raises(UsageError, match=f"no implementation at {place}"):
            function_of("a.b")
    function_of.cache_clear()


def test_import_when_nothing_is_called_then_no_implementation_is_loaded() -> None:
    code = "import sys, astropile.transforms; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("astropile.transforms")}
    assert loaded == {"astropile.transforms", "astropile.transforms.protocol"}
