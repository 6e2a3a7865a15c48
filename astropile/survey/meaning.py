"""What the columns of a Dataset mean, as JSON in its description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from astropile.errors import UsageError
from astropile.survey.request import Request

if TYPE_CHECKING:
    from datasets import Dataset


def facts_of(request: Request) -> dict[str, Any]:
    """Return survey, config and the facts about every leaf of a request."""
    from astropile.engine import leaf_metadata

    schema = request.schema
    return {
        "survey": schema.id,
        "title": schema.title,
        "version": schema.file.version,
        "config": request.config,
        "columns": {a: leaf_metadata(request.leaves[a], schema) for a in request.wanted},
    }


def meaning_json(requests: Mapping[str, Request]) -> str:
    """Return the facts of one or more surveys, by the label they have in the Examples."""
    facts = {label: facts_of(request) for label, request in requests.items()}
    return json.dumps({"astropile": facts}, sort_keys=True, ensure_ascii=False)


def meaning(dataset: Dataset) -> dict[str, Any]:
    """Return what the columns of a dataset of ours mean.

    Parameters
    ----------
    dataset : datasets.Dataset
        One made by astropile, also after ``save_to_disk`` and ``load_from_disk``.

    Returns
    -------
    dict
        Label of a survey -> survey, title, config and, for each column, its unit, canonical
        name, UCD, filter and description.

    Raises
    ------
    UsageError
        The dataset was not made by astropile.

    Examples
    --------
    >>> import astropile as ap
    >>> from datasets import Dataset
    >>> ap.meaning(Dataset.from_dict({"a": [1]}))
    Traceback (most recent call last):
    ...
    astropile.errors.UsageError: the dataset carries no meaning of its columns
      = help: only datasets made by astropile do; see its info.description
    """
    text = dataset.info.description or ""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or "astropile" not in found:
        raise UsageError(
            "the dataset carries no meaning of its columns",
            hint="only datasets made by astropile do; see its info.description",
        )
    facts: dict[str, Any] = found["astropile"]
    return facts
