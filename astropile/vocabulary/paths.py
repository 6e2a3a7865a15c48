"""Where the schemas and the registry lie."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from astropile.errors import AstropileError

__all__ = ["data_path"]


def data_path(name: Literal["demo", "registry", "schemas"]) -> Path:
    """Return a folder of data that belongs to the package.

    Parameters
    ----------
    name : {"demo", "registry", "schemas"}
        Name of the folder.

    Returns
    -------
    Path
        ``astropile/_data/<name>`` in an installed wheel; the folder beside the package in a
        checkout or an editable install.

    Raises
    ------
    AstropileError
        If neither exists.

    Examples
    --------
    >>> (data_path("registry") / "quantities.yaml").is_file()
    True
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_data" / name, package.parent / name):
        if folder.is_dir():
            return folder
    what = f"the folder {name!r} of the package is missing"
    hint = "the installation is incomplete: install astropile again"
    raise AstropileError(what, where=str(package), hint=hint)
