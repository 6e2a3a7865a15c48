"""X-ray spectra: channels joined into bins of enough counts.

References
----------
.. [1] N. Gehrels 1986, ApJ 303, 336: errors of small numbers.
.. [2] https://cxc.cfa.harvard.edu/sherpa/ahelp/group_counts.html: bins closed in one pass.
.. [3] K. Arnaud et al., OGIP Calibration Memo CAL/GEN/92-002: EBOUNDS of response matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astropile.readers.column import Array, Column, offsets_of
from astropile.transforms.protocol import Inputs, Outputs, Params, TransformFault

__all__ = ["grouped_spectrum"]


def grouped_spectrum(inputs: Inputs, params: Params) -> Outputs:
    """Return count rates in bins of at least so many counts, without background.

    Channels that lie wholly within the range of energies are joined, from low to high, until a bin
    holds enough counts, background included. The rest at the end is a bin of fewer.

    Parameters
    ----------
    inputs : mapping
        ``counts`` [channel]; ``energy_low``, ``energy_high`` [channel], keV; ``exposure``, s.
        Optional: ``background`` [channel], counts, and ``background_scale``: what these are
        multiplied with to stand for the region and the exposure of the source (1 if left out).
    params : mapping
        ``e_min``, ``e_max``, keV; ``min_counts``; ``keep_last``: keep the bin of fewer;
        ``errors``: ``gehrels``, 1 + sqrt(N + 0.75), or ``poisson``, sqrt(N).

    Returns
    -------
    mapping
        ``energy``, ``energy_low``, ``energy_high``, keV; ``rate``, ``rate_error``, count / (s keV);
        ``counts``; each [bin], ragged.

    Raises
    ------
    TransformFault
        An exposure is not above 0, or counts are negative or no numbers.

    Examples
    --------
    >>> given = {
    ...     "counts": [Column(np.array([[1.0, 2.0, 0.0, 4.0]]))],
    ...     "energy_low": [Column(np.array([[1.0, 2.0, 3.0, 4.0]]))],
    ...     "energy_high": [Column(np.array([[2.0, 3.0, 4.0, 5.0]]))],
    ...     "exposure": [Column(np.array([10.0]))],
    ... }
    >>> params = {"e_min": 0.5, "e_max": 8, "min_counts": 3, "keep_last": True, "errors": "poisson"}
    >>> found = grouped_spectrum(given, params)
    >>> found["counts"].data.tolist(), found["energy_high"].data.tolist()
    ([3.0, 4.0], [3.0, 5.0])
    """
    exposure = inputs["exposure"][0].data
    _require(exposure > 0, "exposure: expected more than 0 s")
    channels = _channels(inputs, float(params["e_min"]), float(params["e_max"]))
    starts, is_full = _bins(channels, float(params["min_counts"]))
    row = channels.row[starts]
    counts = _sums(channels.counts, starts)
    behind = _sums(channels.background, starts)
    last = np.append(starts, len(channels.row))[1:] - 1
    low, high = channels.low[starts], channels.high[last]
    scale = np.ones(channels.n)
    if "background_scale" in inputs:
        scale = inputs["background_scale"][0].data
    per = exposure[row] * (high - low)
    error = _error(counts, str(params["errors"])) ** 2
    if "background" in inputs:
        error = error + (scale[row] * _error(behind, str(params["errors"]))) ** 2
    found = {
        "energy": 0.5 * (low + high),
        "energy_low": low,
        "energy_high": high,
        "rate": (counts - scale[row] * behind) / per,
        "rate_error": np.sqrt(error) / per,
        "counts": counts,
    }
    kept = is_full | bool(params["keep_last"])
    offsets = offsets_of(np.bincount(row[kept], minlength=channels.n))
    return {name: Column(data[kept], offsets=offsets) for name, data in found.items()}


@dataclass(frozen=True, slots=True)
class _Channels:
    """Channels in the range of energies, row by row, energies ascending."""

    n: int
    row: Array
    counts: Array
    background: Array
    low: Array
    high: Array


def _channels(inputs: Inputs, e_min: float, e_max: float) -> _Channels:
    counts = inputs["counts"][0].ragged()
    lengths = counts.counts
    n = len(counts)
    row = np.repeat(np.arange(n), lengths)
    low, high = (inputs[name][0].ragged().data for name in ("energy_low", "energy_high"))
    background = np.zeros(len(row))
    if "background" in inputs:
        background = inputs["background"][0].ragged().data
    for name, data in (("counts", counts.data), ("background", background)):
        good = np.ones(n, dtype=bool)
        good[row[~(np.isfinite(data) & (data >= 0))]] = False
        _require(good, f"{name}: expected numbers from 0")
    inside = np.flatnonzero((low >= e_min) & (high <= e_max) & (high > low))
    taken = inside[np.lexsort((low[inside], row[inside]))]
    return _Channels(n, row[taken], counts.data[taken], background[taken], low[taken], high[taken])


def _bins(channels: _Channels, least: float) -> tuple[Array, Array]:
    """Return the first channel of every bin, and whether the bin has enough counts.

    All rows go from bin to bin together; counts summed over all rows say where each bin ends.
    """
    total = np.concatenate(([0.0], np.cumsum(channels.counts)))
    edges = offsets_of(np.bincount(channels.row, minlength=channels.n))
    place, end = edges[:-1], edges[1:]
    starts, full = [], []
    while len(place := place[has_more := place < end]):
        end = end[has_more]
        enough = np.searchsorted(total, total[place] + least, side="left")
        starts.append(place)
        full.append(total[end] - total[place] >= least)
        place = np.clip(enough, place + 1, end)
    if not starts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    first = np.concatenate(starts)
    order = np.argsort(first)
    return first[order], np.concatenate(full)[order]


def _sums(values: Array, starts: Array) -> Array:
    return np.add.reduceat(values, starts) if len(starts) else np.zeros(0)


def _error(counts: Array, method: str) -> Array:
    return 1.0 + np.sqrt(counts + 0.75) if method == "gehrels" else np.sqrt(counts)


def _require(good: Array, message: str) -> None:
    if not good.all():
        raise TransformFault(message, rows=~good)
