"""What a transform is: columns in, columns out, the same number of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from astropile.readers.column import Array, Column
from astropile.schema.models import Scalar

__all__ = ["Function", "Inputs", "Outputs", "Params", "TransformFault"]

#: Name of an input -> its arrays: one column, or several of an input that is ``many``.
Inputs: TypeAlias = Mapping[str, Sequence[Column]]
#: Name of an output -> its column.
Outputs: TypeAlias = Mapping[str, Column]
#: Values of all settings, defaults filled in.
Params: TypeAlias = Mapping[str, Scalar]


class TransformFault(Exception):  # noqa: N818 - the engine makes it an error with file and row
    """What a function raises where its inputs make no sense.

    Parameters
    ----------
    message : str
        What is wrong, with the value got.
    rows : ndarray of bool, shape (n,), optional
        Rows at fault; left out if it is not a matter of single rows.
    hint : str, optional
        The next step.

    Examples
    --------
    >>> fault = TransformFault("2 arms do not overlap", hint="give the arms of one spectrograph")
    >>> str(fault), fault.rows is None
    ('2 arms do not overlap', True)
    """

    def __init__(self, message: str, *, rows: Array | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.rows = rows
        self.hint = hint


class Function(Protocol):
    """The implementation of a transform.

    It is pure: no file, no network, no clock, no random number, and it does not change its inputs
    (which are read-only). Row ``i`` of the outputs hangs on row ``i`` of the inputs alone.
    """

    def __call__(self, inputs: Inputs, params: Params) -> Outputs:
        """Compute the outputs.

        Parameters
        ----------
        inputs : mapping of str to sequence of Column
            Cast to the declared types, in the declared units; dense, ragged or jagged, without
            null rows. An optional input that was not given, or that nobody needs, is absent.
        params : mapping of str to bool, int, float or str
            Checked; with defaults.

        Returns
        -------
        mapping of str to Column
            Every output, as declared. What an absent optional input would give may be left out,
            or be anything of its form.

        Raises
        ------
        TransformFault
            The inputs make no sense.
        """
        ...
