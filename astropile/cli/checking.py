"""Whether the files of a survey are as its schema says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.cli.limits import Limits
from astropile.engine import RowIndex
from astropile.errors import SourceError, UnsafeFileError

if TYPE_CHECKING:
    from astropile.engine import Rejects
    from astropile.survey import Survey

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
    """

    survey: Survey
    limits: Limits
    files: int = 0
    rows: int = 0
    without_position: int = 0
    read: int = 0
    refused: dict[tuple[str, int, str], tuple[str | None, str]] = field(default_factory=dict)
    faults: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)

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
            "faulty": self.is_faulty,
        }


def check_data(survey: Survey, *, rows: int | None) -> Findings:
    """Read ids and positions of all objects, and some objects in full.

    Parameters
    ----------
    survey : Survey
        Loaded with ``on_bad_row="reject"``.
    rows : int or None
        How many objects to read in full, taken from as many files as there are; None for all.

    Raises
    ------
    SourceError
        Ids and positions cannot be read, or a file is not safe.
    """
    request = survey.request
    findings = Findings(survey, Limits(request.leaves))
    whole = request.catalogue_pass(None)
    findings.files = len(request.run(()).files)
    findings.rows = len(whole.index)
    findings.without_position = _unplaced(whole.columns)
    findings.refuse(whole.rejects)
    index = None if rows is None else spread(whole.index, rows)
    if index is None or len(index):
        _read(findings, index)
    return findings


def spread(index: RowIndex, rows: int) -> RowIndex:
    """Return about as many rows, the first ones of files evenly chosen, in row order."""
    numbers, starts = np.unique(index.file, return_index=True)
    if len(index) <= rows or not len(numbers):
        return index
    ends = np.append(starts[1:], len(index))
    count = min(len(numbers), rows)
    chosen = np.linspace(0, len(numbers) - 1, count).astype(np.int64)
    quota = rows // count
    places = np.concatenate(
        [np.arange(starts[k], min(starts[k] + quota, ends[k])) for k in chosen.tolist()]
    )
    return RowIndex(index.file[places], index.row[places])


def _unplaced(columns: Any) -> int:
    unknown = np.zeros(len(columns["ra"]), dtype=bool)
    for name in ("ra", "dec"):
        unknown |= ~np.isfinite(columns[name].data)
        if columns[name].null is not None:
            unknown |= columns[name].null
    return int(unknown.sum())


def _read(findings: Findings, index: RowIndex | None) -> None:
    """Read all leaves at once; if one cannot be read, read them one by one to find all."""
    addresses = tuple(findings.survey.request.leaves)
    limits = Limits(findings.limits.leaves)
    try:
        findings.read = _read_leaves(findings, limits, addresses, index)
    except UnsafeFileError:
        raise
    except SourceError as error:
        first = error
    else:
        findings.limits = limits
        return
    for address in addresses:
        try:
            read = _read_leaves(findings, findings.limits, (address,), index)
            findings.read = max(findings.read, read)
        except SourceError as error:
            _note(findings, error, address)
    if not findings.faults:
        _note(findings, first, "")  # only all leaves together show it


def _note(findings: Findings, error: SourceError, address: str) -> None:
    leaves = findings.faults.setdefault((error.what, error.where, error.hint), [])
    leaves += [address] if address else []


def _read_leaves(
    findings: Findings, limits: Limits, addresses: Iterable[str], index: RowIndex | None
) -> int:
    run = findings.survey.request.run(addresses)
    read = 0
    for batch in run.batches(index=index):
        limits.add(batch, addresses)
        read += len(batch)
    findings.refuse(run.rejects)
    return read
