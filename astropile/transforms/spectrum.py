"""Spectra of several arms on one grid.

References
----------
.. [1] J. Guy et al. 2023, AJ 165, 144: the spectroscopic pipeline of DESI.
.. [2] https://desidatamodel.readthedocs.io: the arms, masks and resolution matrices of DESI.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from astropile.readers.column import Array, Column, offsets_of
from astropile.transforms.protocol import Inputs, Outputs, Params, TransformFault

__all__ = ["coadd_arms"]

#: Rows whose resolution matrices are joined at a time.
CHUNK_ROWS = 16


def coadd_arms(inputs: Inputs, params: Params) -> Outputs:
    """Join the arms of a spectrograph on one grid, weighted by inverse variance.

    The grid holds the wavelengths of all arms. Where arms overlap these must agree within the
    tolerance: nothing is resampled. A pixel without any weight is the plain mean of its arms, with
    inverse variance 0.

    Parameters
    ----------
    inputs : mapping
        ``lambda`` (Angstrom, ascending), ``flux`` and ``ivar`` (its inverse square), each
        [pixel] an arm; ``mask`` [pixel] bits and ``resolution`` [diagonal, pixel], optional.
        Element ``[k, j]`` of a resolution is the response at pixel ``j + k - ndiag // 2`` to a
        line at pixel ``j``.
    params : mapping
        ``tolerance``, Angstrom; ``clear_weighted``: clear masks where something has weight.

    Returns
    -------
    mapping
        ``lambda``, ``flux``, ``ivar``, ``mask``, ``sigma`` (Angstrom), ``sigma_pixel``, each
        [pixel]. Without masks these are 0, without resolutions the widths are NaN.

    Raises
    ------
    TransformFault
        Wavelengths do not ascend, or do not agree where arms overlap.

    Examples
    --------
    >>> blue, red = np.arange(4.0), np.arange(2.0, 6.0)
    >>> given = {
    ...     "lambda": [Column(blue[None]), Column(red[None])],
    ...     "flux": [Column(np.ones((1, 4))), Column(np.full((1, 4), 4.0))],
    ...     "ivar": [Column(np.full((1, 4), 2.0)), Column(np.ones((1, 4)))],
    ... }
    >>> joined = coadd_arms(given, {"tolerance": 1e-3, "clear_weighted": False})
    >>> joined["flux"].data.tolist(), joined["ivar"].data.tolist()
    ([[1.0, 1.0, 2.0, 2.0, 4.0, 4.0]], [[2.0, 2.0, 3.0, 3.0, 1.0, 1.0]])
    """
    waves = inputs["lambda"]
    n = len(waves[0])
    parts: list[tuple[Array, Mapping[str, Array]]] = []
    for rows in _rows_of_equal_grids(waves):
        arms = [_matrix(wave, rows)[0] for wave in waves]
        grid, starts = _joint_grid(arms, float(params["tolerance"]), _flags(rows, n))
        given = {
            key: [_matrix(column, rows) for column in inputs[key]]
            for key in ("flux", "ivar", "mask", "resolution")
            if key in inputs
        }
        given["weight"] = [
            np.where(np.isfinite(flux) & np.isfinite(ivar) & (ivar > 0), ivar, 0.0)
            for flux, ivar in zip(given["flux"], given["ivar"], strict=True)
        ]
        joint = _Joint(
            len(rows), grid, [slice(s, s + len(a)) for s, a in zip(starts, arms, strict=True)]
        )
        parts.append((rows, _coadd(joint, given, clear=bool(params["clear_weighted"]))))
    return {key: _in_row_order([(rows, part[key]) for rows, part in parts], n) for key in _OUTPUTS}


_OUTPUTS = ("lambda", "flux", "ivar", "mask", "sigma", "sigma_pixel")


@dataclass(frozen=True, slots=True)
class _Joint:
    """A grid, and the place of each arm on it, for some rows."""

    n: int
    grid: Array
    places: Sequence[slice]

    @property
    def shape(self) -> tuple[int, int]:
        return self.n, len(self.grid)

    @property
    def covers(self) -> Array:
        """How many arms have a pixel."""
        counts = np.zeros(len(self.grid))
        for place in self.places:
            counts[place] += 1
        return counts


def _coadd(joint: _Joint, given: Mapping[str, list[Array]], *, clear: bool) -> dict[str, Array]:
    ivar, weighted, plain = np.zeros((3, *joint.shape))
    mask = np.zeros(joint.shape, dtype=np.int64)
    for arm, place in enumerate(joint.places):
        weight, flux = given["weight"][arm], given["flux"][arm]
        ivar[:, place] += weight
        weighted[:, place] += weight * np.where(weight > 0, flux, 0.0)
        plain[:, place] += flux
        if "mask" in given:
            mask[:, place] |= given["mask"][arm]
    known = ivar > 0
    flux = np.where(known, weighted / np.where(known, ivar, 1.0), plain / joint.covers)
    sigma = _widths(joint, given) if "resolution" in given else np.full(joint.shape, np.nan)
    return {
        "lambda": np.broadcast_to(joint.grid, joint.shape),
        "flux": flux,
        "ivar": ivar,
        "mask": np.where(known, 0, mask) if clear else mask,
        "sigma": sigma * np.gradient(joint.grid) if len(joint.grid) > 1 else sigma,
        "sigma_pixel": sigma,
    }


def _widths(joint: _Joint, given: Mapping[str, list[Array]]) -> Array:
    from astropile.transforms.lsf import fit_gaussian_widths  # compiled: not needed for the rest

    sigma = np.empty(joint.shape)
    for start in range(0, joint.n, CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        matrices = [matrix[rows] for matrix in given["resolution"]]
        weights = [weight[rows] for weight in given["weight"]]
        sigma[rows] = fit_gaussian_widths(_join_resolutions(joint, matrices, weights))
    return sigma


def _join_resolutions(joint: _Joint, matrices: list[Array], weights: list[Array]) -> Array:
    """Return the mean response at each pixel, shape (n, diagonals, pixels).

    A pixel of the sum is weighted by its own inverse variance in each arm, so the response to a
    line is the mean of the arms, weighted where it is seen, not where the line stands.
    """
    most = max(matrix.shape[1] for matrix in matrices)
    n = len(matrices[0])
    total, weighted, plain = np.zeros((3, n, most, len(joint.grid)))
    for place, matrix, weight in zip(joint.places, matrices, weights, strict=True):
        diagonals, pixels = matrix.shape[1:]
        if diagonals % 2 == 0:
            message = f"resolution: expected an odd number of diagonals, got {diagonals}"
            raise TransformFault(message)
        half = diagonals // 2
        seen = np.pad(weight, ((0, 0), (half, half)))
        for k in range(diagonals):
            to = (slice(None), k + most // 2 - half, place)
            there = seen[:, k : k + pixels]
            total[to] += there
            weighted[to] += there * matrix[:, k]
            plain[to] += matrix[:, k]
    mean = weighted / np.where(total > 0, total, 1.0)
    return np.asarray(np.where(total > 0, mean, plain / joint.covers))


def _joint_grid(arms: Sequence[Array], tolerance: float, rows: Array) -> tuple[Array, list[int]]:
    """Return the joint grid, and where each arm starts on it."""
    if any(not len(arm) or not (np.diff(arm) > 0).all() for arm in arms):
        raise TransformFault("lambda: an arm is empty, or its wavelengths do not ascend", rows=rows)
    every = np.sort(np.concatenate(arms))
    grid = every[np.diff(every, prepend=-np.inf) > tolerance]
    starts = []
    for number, wave in enumerate(arms, 1):
        start = int(np.abs(grid - wave[0]).argmin())
        on_grid = grid[start : start + len(wave)]
        if len(on_grid) < len(wave) or np.abs(on_grid - wave).max() > tolerance:
            raise TransformFault(
                f"lambda: the grid of arm {number} does not agree with that of the other arms",
                rows=rows,
                hint="arms are joined, not resampled: pixels must coincide where arms overlap",
            )
        starts.append(start)
    return grid, starts


def _rows_of_equal_grids(waves: Sequence[Column]) -> Iterator[Array]:
    """Yield the rows that have the same wavelengths in all arms; mostly all of them."""
    n = len(waves[0])
    codes = np.zeros(n, dtype=np.int64)
    for wave in waves:
        own = np.zeros(n, dtype=np.int64)
        for count in np.unique(wave.counts):
            rows = np.flatnonzero(wave.counts == count)
            data = _matrix(wave, rows)
            if not (data == data[0]).all():
                _, found = np.unique(data, axis=0, return_inverse=True)
                own[rows] = found
            own[rows] += own.max(initial=0) + 1
        _, codes = np.unique(codes * (own.max(initial=0) + 1) + own, return_inverse=True)
    for code in range(int(codes.max(initial=-1)) + 1):
        yield np.flatnonzero(codes == code)


def _matrix(column: Column, rows: Array) -> Array:
    """Return rows of equal shape as one dense array."""
    taken = column if len(rows) == len(column) else column.take(rows)
    if taken.offsets is None:
        return taken.data
    lengths = taken.counts[:, None] if taken.shapes is None else taken.shapes
    if (lengths != lengths[0]).any():
        raise TransformFault("the arrays of an arm differ in length from its wavelengths")
    inner = taken.data.shape[1:] if taken.shapes is None else ()
    return taken.data.reshape(len(rows), *lengths[0].tolist(), *inner)


def _flags(rows: Array, n: int) -> Array:
    flags = np.zeros(n, dtype=bool)
    flags[rows] = True
    return flags


def _in_row_order(parts: Sequence[tuple[Array, Array]], n: int) -> Column:
    """Put parts of the rows together: dense where all are of one length, else ragged."""
    if len(parts) == 1:
        return Column(parts[0][1])
    lengths = np.zeros(n, dtype=np.int64)
    for rows, part in parts:
        lengths[rows] = part.shape[1]
    offsets = offsets_of(lengths)
    data = np.empty(offsets[-1], dtype=parts[0][1].dtype) if parts else np.empty(0)
    for rows, part in parts:
        data[offsets[rows][:, None] + np.arange(part.shape[1])] = part
    if n and (lengths == lengths[0]).all():
        return Column(data.reshape(n, -1))
    return Column(data, offsets=offsets)
