"""Line-spread functions: the Gaussian that fits a resolution matrix best.

References
----------
.. [1] J. Guy et al. 2023, AJ 165, 144: the spectroscopic pipeline of DESI.
.. [2] G. Golub and V. Pereyra 1973, SIAM Journal on Numerical Analysis 10, 413.
"""

from __future__ import annotations

import numpy as np

from astropile.readers.column import Array, Column
from astropile.sky.compiled import compiled
from astropile.transforms.protocol import Inputs, Outputs, Params, TransformFault

__all__ = ["fit_gaussian_widths", "lsf_gaussian"]

MAX_STEPS = 60
#: Change of place and of relative width, in pixels, that counts as none.
PRECISION = 1e-8


def lsf_gaussian(inputs: Inputs, params: Params) -> Outputs:
    """Fit a Gaussian to the response at every pixel.

    Parameters
    ----------
    inputs : mapping
        ``resolution`` [diagonal, pixel]: response to a line at each pixel, over the pixels around.
    params : mapping
        None.

    Returns
    -------
    mapping
        ``sigma`` [pixel], pix, and ``mean_sigma``, pix: the width of the mean response of a row,
        which is the one number a spectrum that Multimodal Universe keeps.

    Raises
    ------
    TransformFault
        The number of diagonals differs by row, or is less than 4: there is nothing to fit.

    Examples
    --------
    >>> x = np.arange(-5.0, 6.0)[:, None]
    >>> matrix = np.exp(-0.5 * (x / np.array([1.0, 1.5])) ** 2)
    >>> sigma = lsf_gaussian({"resolution": [Column(matrix[None])]}, {})["sigma"]
    >>> sigma.data.round(3).tolist()
    [[1.0, 1.5]]
    """
    del params
    (column,) = inputs["resolution"]
    if column.offsets is not None:
        raise TransformFault(
            "resolution: the shape differs from row to row",
            hint="give the matrices of one instrument",
        )
    matrix = column.data
    mean = np.nanmean(matrix, axis=2) if matrix.shape[2] else np.zeros(matrix.shape[:2])
    return {
        "sigma": Column(fit_gaussian_widths(matrix)),
        "mean_sigma": Column(fit_gaussian_widths(mean[:, :, None])[:, 0]),
    }


def fit_gaussian_widths(matrix: Array) -> Array:
    """Return the widths of the Gaussians that fit columns of numbers best, by least squares.

    Amplitude, place and width are free. The amplitude follows from the other two, which are found
    by damped Gauss-Newton steps, profile by profile in machine code.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, k, m)
        ``m`` profiles over ``k`` pixels, for ``n`` rows.

    Returns
    -------
    ndarray of float64, shape (n, m)
        Width in pixels; NaN where a profile is zero, not finite, or not like a peak.

    Raises
    ------
    TransformFault
        There are fewer than 4 pixels.
    """
    n, k, m = matrix.shape
    if k < 4:
        message = f"a Gaussian has 3 numbers; {k} diagonals do not tell them"
        raise TransformFault(message)
    profiles = np.swapaxes(matrix, 1, 2).reshape(n * m, k).astype(np.float64, order="C")
    scale = np.abs(profiles).max(axis=1, initial=0.0)
    good = np.isfinite(scale) & (scale > 0)
    profiles /= np.where(good, scale, 1.0)[:, None]
    widths = np.full(n * m, np.nan)
    _fit_all(profiles, good, widths)
    return widths.reshape(n, m)


@compiled
def _fit_all(profiles: Array, good: Array, widths: Array) -> None:
    """Fit every good profile, shape (profiles, pixels); widths keep NaN where none fits."""
    state, trial = np.empty(6), np.empty(6)
    gaussian = np.empty(profiles.shape[1])
    for i in range(len(profiles)):
        if good[i]:
            widths[i] = _fit(profiles[i], gaussian, state, trial)


@compiled
def _fit(p: Array, gaussian: Array, state: Array, trial: Array) -> float:
    """Return the width of one profile whose greatest number is 1."""
    k = len(p)
    place, log_width = _start(p)
    amplitude = _linearise(p, place, log_width, gaussian, state)
    damping = 1e-3
    for _ in range(MAX_STEPS):
        a, b, c = state[3] * (1 + damping) + 1e-300, state[4], state[5] * (1 + damping) + 1e-300
        determinant = a * c - b * b
        by_place, by_width = 0.0, 0.0
        if determinant > 0:
            by_place = min(max((c * state[1] - b * state[2]) / determinant, -1.0), 1.0)
            by_width = min(max((a * state[2] - b * state[1]) / determinant, -1.0), 1.0)
        new_place = place + by_place
        new_width = min(max(log_width + by_width, -3.0), np.log(4.0 * k))
        new_amplitude = _linearise(p, new_place, new_width, gaussian, trial)
        if trial[0] <= state[0]:
            place, log_width, amplitude = new_place, new_width, new_amplitude
            for j in range(6):
                state[j] = trial[j]
            damping *= 0.1
            if max(abs(by_place), abs(by_width)) < PRECISION:
                break
        else:
            damping *= 10.0
            if damping > 1e8:
                break
    else:
        return np.nan
    inside = -0.5 < place < k - 0.5 and log_width < np.log(k)
    return float(np.exp(log_width)) if inside and amplitude > 0 else np.nan


@compiled
def _start(p: Array) -> tuple[float, float]:
    """Return place and logarithm of the width, from the moments near the top."""
    top = int(p.argmax())
    total = first = 0.0
    for j in range(max(0, top - 3), min(len(p), top + 4)):
        if p[j] > 0:
            total += p[j]
            first += p[j] * j
    total = max(total, 1e-300)
    place, second = first / total, 0.0
    for j in range(max(0, top - 3), min(len(p), top + 4)):
        if p[j] > 0:
            second += p[j] * (j - place) ** 2
    return place, 0.5 * np.log(min(max(second / total, 0.04), float(len(p) ** 2)))


@compiled
def _linearise(p: Array, place: float, log_width: float, gaussian: Array, out: Array) -> float:
    """Return the amplitude that fits best.

    Writes half the sum of squares, its two slopes, and its three curvatures: those of place and
    width, without the part that the amplitude takes.
    """
    scale = np.exp(-log_width)
    pg = gg = gu = gw = 0.0
    for j in range(len(p)):
        u = (j - place) * scale
        g = np.exp(-0.5 * u * u)
        gaussian[j] = g
        pg += p[j] * g
        gg += g * g
        gu += g * g * u
        gw += g * g * u * u
    gg = max(gg, 1e-300)
    amplitude = pg / gg
    out[:] = 0.0
    for j in range(len(p)):
        u = (j - place) * scale
        g = gaussian[j]
        residual = p[j] - amplitude * g
        by_place = amplitude * scale * g * (u - gu / gg)
        by_width = amplitude * g * (u * u - gw / gg)
        out[0] += 0.5 * residual * residual
        out[1] += residual * by_place
        out[2] += residual * by_width
        out[3] += by_place * by_place
        out[4] += by_place * by_width
        out[5] += by_width * by_width
    return amplitude
