"""Properties of galaxies in the PROVABGS catalogue: declared, but not computed.

References
----------
.. [1] C. Hahn et al. 2023, ApJ 945, 16: the model and its parameters.
"""

from __future__ import annotations

from typing import NoReturn

from astropile.errors import UsageError
from astropile.transforms.protocol import Inputs, Params

__all__ = ["properties"]


def properties(inputs: Inputs, params: Params) -> NoReturn:
    """Refuse: what is asked for needs tables that are not at hand.

    Star formation and metallicity histories of the model are sums of basis functions that were
    fitted to a simulation. They belong to the software of PROVABGS; without them the weighted mean
    metallicity and age, and the star formation rate, do not follow from the parameters.

    Parameters
    ----------
    inputs : mapping
        ``theta`` [parameter] and ``redshift``.
    params : mapping
        None.

    Raises
    ------
    UsageError
        Always.

    Examples
    --------
    >>> properties({}, {})
    Traceback (most recent call last):
    astropile.errors.UsageError: provabgs.properties needs the basis functions of PROVABGS
      = help: declare the leaves absent, or take the values of a source that holds them
    """
    del inputs, params
    msg = "provabgs.properties needs the basis functions of PROVABGS"
    raise UsageError(
        msg, hint="declare the leaves absent, or take the values of a source that holds them"
    )
