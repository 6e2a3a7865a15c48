"""Passbands drawn as SVG: half-maximum ranges as bars, pivot wavelengths as ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from astropile.site.markup import text
from astropile.vocabulary import Filter

__all__ = ["Bar", "bar_of", "draw"]

_WIDTH: Final = 720
_LEFT: Final = 128
_RIGHT: Final = 16
_ROW: Final = 24
_TICKS: Final = (1, 1.5, 2, 3, 4, 5, 7)
_FEWEST_TICKS: Final = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One passband: what it is called, its range and its pivot in nm."""

    label: str
    name: str
    range_nm: tuple[float, float] | None
    pivot_nm: float | None

    @property
    def ends(self) -> tuple[float, ...]:
        """Wavelengths that must be on the drawing."""
        pivot = () if self.pivot_nm is None else (self.pivot_nm,)
        return (*(self.range_nm or ()), *pivot)


def bar_of(label: str, name: str, known: Filter | None) -> Bar:
    """Return the bar of a filter of the registry; one without range if it is not known."""
    if known is None:
        return Bar(label, name, None, None)
    return Bar(label, name, known.half_max_nm, known.pivot_nm)


def draw(bars: Sequence[Bar], title: str) -> str:
    """Return the drawing of some passbands over a logarithmic wavelength axis.

    Parameters
    ----------
    bars : sequence of Bar
        Top to bottom; those without any wavelength are left out.
    title : str
        What is drawn, for those who do not see it.

    Returns
    -------
    str
        An ``<svg>`` element; empty if no wavelength is known.
    """
    shown = [bar for bar in bars if bar.ends]
    if not shown:
        return ""
    ends = [end for bar in shown for end in bar.ends]
    axis = _Axis(min(ends) / 1.12, max(ends) * 1.12)
    height = _ROW * len(shown) + 44
    base = _ROW * len(shown) + 8
    parts = [
        f'<svg class="ap-bands" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{text(title)}" xmlns="http://www.w3.org/2000/svg">',
        *axis.grid(base),
        *(_bar(bar, axis, 8 + _ROW * row) for row, bar in enumerate(shown)),
        "</svg>",
    ]
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic axis between two wavelengths."""

    first: float
    last: float

    def x(self, nm: float) -> float:
        share = math.log(nm / self.first) / math.log(self.last / self.first)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def ticks(self) -> list[float]:
        decades = [10.0**power for power in range(9)]
        every = [decade * step for decade in decades for step in _TICKS]
        inside = [nm for nm in every if self.first <= nm <= self.last]
        if len(inside) < _FEWEST_TICKS:  # less than an octave: even steps do
            step = 10.0 ** math.floor(math.log10(self.last - self.first))
            step = step / 2 if (self.last - self.first) / step < _FEWEST_TICKS else step
            start = math.ceil(self.first / step)
            inside = [step * k for k in range(start, math.floor(self.last / step) + 1)]
        return _spaced(inside, self)

    def grid(self, base: int) -> list[str]:
        end = _WIDTH - _RIGHT
        lines = [f'<line class="ap-axis" x1="{_LEFT}" y1="{base}" x2="{end}" y2="{base}"/>']
        for nm in self.ticks():
            x = self.x(nm)
            lines.append(f'<line class="ap-grid" x1="{x}" y1="4" x2="{x}" y2="{base}"/>')
            lines.append(f'<text x="{x}" y="{base + 18}" text-anchor="middle">{_length(nm)}</text>')
        return lines


def _spaced(ticks: Sequence[float], axis: _Axis) -> list[float]:
    """Leave out ticks whose numbers would touch the one before."""
    kept: list[float] = []
    for nm in ticks:
        if not kept or axis.x(nm) - axis.x(kept[-1]) >= 64:
            kept.append(nm)
    return kept


def _length(nm: float) -> str:
    return f"{nm / 1000:g} µm" if nm >= 10000 else f"{nm:g} nm"


def _bar(bar: Bar, axis: _Axis, top: int) -> str:
    middle = bar.pivot_nm or sum(bar.range_nm or (0.0,)) / 2
    pieces = [f'<text x="{_LEFT - 10}" y="{top + 14}" text-anchor="end">{text(bar.label)}</text>']
    if bar.range_nm:
        first, last = (axis.x(nm) for nm in bar.range_nm)
        pieces.append(
            f'<rect x="{first}" y="{top + 2}" width="{max(round(last - first, 1), 1.5)}" '
            f'height="{_ROW - 8}" rx="3" fill="{_colour(middle)}"/>'
        )
    if bar.pivot_nm:
        x = axis.x(bar.pivot_nm)
        pieces.append(
            f'<line class="ap-pivot" x1="{x}" y1="{top}" x2="{x}" y2="{top + _ROW - 4}"/>'
        )
    span = f", {bar.range_nm[0]:g} to {bar.range_nm[1]:g} nm" if bar.range_nm else ""
    pivot = f", pivot {bar.pivot_nm:g} nm" if bar.pivot_nm else ""
    return f"<g><title>{text(bar.name + span + pivot)}</title>{''.join(pieces)}</g>"


def _colour(nm: float) -> str:
    """Return the colour the eye sees; violet and dark red beyond."""
    hue = min(max((700 - nm) / (700 - 400), 0.0), 1.0) * 270
    beyond = max(0.0, min(math.log10(max(nm, 1.0) / 700), 1.6))
    return f"hsl({hue:.0f} {70 - 30 * beyond:.0f}% {56 - 12 * beyond:.0f}%)"
