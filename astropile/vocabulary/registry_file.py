"""From a registry file to its model, with the place of every fault."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from astropile.document import Document
from astropile.errors import SchemaError

__all__ = ["validated"]

Model = TypeVar("Model", bound=BaseModel)


def validated(document: Document, model: type[Model]) -> Model:
    """Return the model of a file.

    Parameters
    ----------
    document : Document
        The file.
    model : type of BaseModel
        Its form.

    Returns
    -------
    BaseModel
        An instance of `model`.

    Raises
    ------
    SchemaError
        If the file does not have the form; with all problems and their places.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        problems = [
            document.problem(
                fault["type"], fault["msg"], fault["loc"], key=fault["type"] == "extra_forbidden"
            )
            for fault in error.errors(include_url=False)
        ]
    raise SchemaError(problems)
