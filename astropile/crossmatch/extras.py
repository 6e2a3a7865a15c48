"""Optional libraries of this room, and what to do where they are missing."""

from __future__ import annotations

from importlib.util import find_spec

from astropile.errors import MissingExtraError

__all__ = ["require_dask"]


def require_dask() -> None:
    """Refuse to go on without LSDB and Dask distributed.

    Raises
    ------
    MissingExtraError
        One of them is not installed.
    """
    missing = [name for name in ("lsdb", "distributed") if find_spec(name) is None]
    if missing:
        what = f"the Dask engine needs {' and '.join(missing)}, which is not installed"
        raise MissingExtraError(what, hint='pip install "astropile[dask]"')
