"""Named transforms: pure functions for what cannot be declared, used as tables of a survey.

What they take and give is declared in ``registry/transforms.yaml``, or by other packages with an
entry point of the group ``astropile.transforms`` (see :mod:`astropile.schema.transforms`). The
implementation of one is imported when it is called.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import cast

from astropile.document import did_you_mean, shown
from astropile.errors import UsageError
from astropile.schema.transforms import load_transforms
from astropile.transforms.protocol import Function, Inputs, Outputs, Params, TransformFault

__all__ = ["Function", "Inputs", "Outputs", "Params", "TransformFault", "function_of"]


@cache
def function_of(name: str) -> Function:
    """Import the implementation of a transform.

    Parameters
    ----------
    name : str
        A name of `load_transforms`.

    Returns
    -------
    Function

    Raises
    ------
    UsageError
        There is no such transform, it cannot run, or its function is not where it should be.

    Examples
    --------
    >>> function_of("spectrum.coadd_arms").__module__
    'astropile.transforms.spectrum'
    """
    known = load_transforms()
    if name not in known:
        hint = did_you_mean(name, known) or f"transforms: {', '.join(known)}"
        msg = f"no transform {shown(name)}"
        raise UsageError(msg, hint=hint)
    declaration = known[name]
    if declaration.refused:
        msg = f"transform {name} cannot run: {declaration.refused}"
        raise UsageError(msg, hint="leave out the leaves that are made of it")
    module, _, attribute = declaration.function.partition(":")
    try:
        return cast("Function", getattr(import_module(module), attribute))
    except (ImportError, AttributeError) as error:
        msg = f"transform {name} has no implementation at {declaration.function}: {error}"
        raise UsageError(msg, hint="the package that declares it is incomplete") from error
