"""Whether the files of a survey are as its schema says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from astropile.engine import RowIndex
from astropile.errors import SourceError
from astropile.survey.catalog import count_unplaced, position_deg
from astropile.survey.findings import Findings
from astropile.survey.limits import Limits

if TYPE_CHECKING:
    from astropile.survey.survey import Survey


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
    # Values that refuse their row are counted when they are read below; places come first.
    whole = replace(request, on_bad_row="raise").catalogue_pass(None)
    everything = request.run(request.leaves)
    findings.files, findings.undeclared = len(everything.files), everything.undeclared()
    findings.rows = len(whole.index)
    findings.without_position = count_unplaced(*position_deg(whole.columns))
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


def _read(findings: Findings, index: RowIndex | None) -> None:
    """Read all leaves at once; if one cannot be read, read them one by one to find all."""
    addresses = tuple(findings.survey.request.leaves)
    limits = Limits(findings.limits.leaves)
    try:
        findings.read = _read_leaves(findings, limits, addresses, index)
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
            findings.note(error, address)
    if not findings.faults:
        findings.note(first)  # only all leaves together show it


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
