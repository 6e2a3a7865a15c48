"""One class a registered survey, made from the registry when it is first named.

>>> from astropile.datasets import HSC
>>> HSC(config_name="pdr3_dud_22.5").config
'pdr3_dud_22.5'
"""

from __future__ import annotations

from functools import lru_cache
from os import PathLike
from typing import Any

from astropile.registry import heads
from astropile.survey import Survey, load

__all__: list[str] = []  # the classes are made when they are named; dir() lists them


def __getattr__(name: str) -> Any:  # a type checker cannot see the constructors made below
    """Return the class of a survey by its class name."""
    if name.startswith("_") or name not in __dir__():
        msg = f"no survey has the class name {name!r}; known are {', '.join(__dir__())}"
        raise AttributeError(msg, name=name)
    return _survey_class(name)


def __dir__() -> list[str]:
    """List the class names of all registered surveys."""
    return sorted(head.name for head in heads())


@lru_cache(maxsize=256)
def _survey_class(name: str) -> type[Survey]:
    def __init__(  # noqa: N807 - the constructor of the class that is made here
        self: Survey,
        data_dir: str | PathLike[str] | None = None,
        config_name: str | None = None,
        **options: Any,
    ) -> None:
        survey = load(name, data_dir=data_dir, config=config_name, **options)
        Survey.__init__(self, survey.schema, survey.request)

    doc = f"""The survey {name}: ``{name}(data_dir=...)`` is ``load("{name}", data_dir=...)``.

    Parameters
    ----------
    data_dir : path-like, optional
        Folder with the survey's files.
    config_name : str, optional
        Subset of the survey; default the one it declares.
    **options
        As for :func:`astropile.load`.
    """
    members = {"__init__": __init__, "__doc__": doc, "__module__": __name__}
    return type(name, (Survey,), members)
