"""What a check of a survey's files has found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from astropile.errors import SourceError, UnsafeFileError

if TYPE_CHECKING:
    from astropile.engine import Rejects
    from astropile.survey.limits import Limits
    from astropile.survey.survey import Survey

#: Rows that the YAML itself says to leave out.
BY_DESIGN = frozenset({"unmatched", "edge"})


@dataclass(slots=True)
class Findings:
    """What was read, and what was wrong with it.

    Attributes
    ----------
    refused : dict
        (file, row, code) -> object id and message, each row once, whichever pass met it.
    faults : dict
        (message, place, hint) -> leaves that cannot be read for this reason.
    undeclared : dict
        Cell of which the schema knows nothing -> a file that has it; no fault.
    """

    survey: Survey
    limits: Limits
    files: int = 0
    rows: int = 0
    without_position: int = 0
    read: int = 0
    refused: dict[tuple[str, int, str], tuple[str | None, str]] = field(default_factory=dict)
    faults: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    undeclared: dict[str, str] = field(default_factory=dict)

    @property
    def reasons(self) -> dict[str, int]:
        """Number of refused rows by reason."""
        return dict(Counter(code for _, _, code in self.refused))

    @property
    def is_faulty(self) -> bool:
        """Whether anything is not as the schema says."""
        return bool(self.faults or self.limits.found or set(self.reasons) - BY_DESIGN)

    def refuse(self, rejects: Rejects) -> None:
        """Take over the rows that a run refused."""
        keys = zip(rejects.files, rejects.rows, rejects.codes, strict=True)
        about = zip(rejects.object_ids, rejects.messages, strict=True)
        for key, value in zip(keys, about, strict=True):
            self.refused.setdefault(key, value)

    def note(self, error: SourceError, address: str = "") -> None:
        """Take over why a leaf cannot be read; leaves of one reason share it.

        Raises
        ------
        UnsafeFileError
            The error itself: nothing more is read beside an unsafe file.
        """
        if isinstance(error, UnsafeFileError):
            raise error
        leaves = self.faults.setdefault((error.what, error.where, error.hint), [])
        leaves += [address] if address else []

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        request = self.survey.request
        return {
            "survey": self.survey.id,
            "config": self.survey.config,
            "source": request.chosen_source,
            "data": str(request.root),
            "files": self.files,
            "rows": self.rows,
            "without_position": self.without_position,
            "read_in_full": self.read,
            "refused_by_reason": self.reasons,
            "refused": [
                {"file": file, "row": row, "code": code, "object_id": name, "message": message}
                for (file, row, code), (name, message) in self.refused.items()
            ],
            "faults": [
                {"message": message, "where": where, "hint": hint, "leaves": leaves}
                for (message, where, hint), leaves in self.faults.items()
            ],
            "limits": list(self.limits.found.values()),
            "undeclared": [{"cell": cell, "file": file} for cell, file in self.undeclared.items()],
            "faulty": self.is_faulty,
        }
