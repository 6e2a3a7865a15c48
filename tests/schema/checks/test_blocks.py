"""Modalities: axes, roles, labels, wavelengths, photometry."""

from __future__ import annotations

from typing import Any

CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "axis that the block lacks": (
        {"psf_fwhm: {dtype": "psf_fwhm: {axes: [¦bnad], dtype"},
        "axis", "band, y, x",
    ),
    "no known role among several axes": (
        {
            "      psf_fwhm: {dtype": "      ¦seeing: {dtype",
            "image.psf_fwhm: over": "image.seeing: over",
        },
        "axes", "say axes",
    ),
    "axis twice": ({"psf_fwhm: {dtype": "psf_fwhm: {axes: ¦[y, y], dtype"}, "axes", "twice"),
    "two axes whose lengths differ": (
        {
            "y: {size: 8}, x: {size: 8}}\n    photo": "y: {}, x: {}}\n    photo",
            "      psf_fwhm: {dtype": "      psf_fwhm: {dtype",
            "      flux: {dtype: float32, unit: nanomaggy,":
            "      ¦flux: {dtype: float32, unit: nanomaggy,",
            "      ivar: {dtype: float32, unit: nanomaggy-2,":
            "      ivar: {dtype: float32, axes: [band], unit: nanomaggy-2,",
            "mask: {dtype: bool, true": "mask: {dtype: bool, axes: [y], true",
            "axes(image_mask, 'y x')": "axes(image_mask, 'y')",
        },
        "axes", "give one a size",
    ),
    "ragged axis that is not the first": (
        {
            "axes: {epoch: {}}": "axes: {epoch: {}, k: {size: 2}}",
            "mag: {dtype: float32, unit: mag,":
            "mag: {axes: ¦[k, epoch], dtype: float32, unit: mag,",
        },
        "axes", "must be the first",
    ),
    "six axes": (
        {
            "axes: {epoch: {}}": (
                "axes: {epoch: {}, a: {size: 2}, b: {size: 2}, c: {size: 2}, d: {size: 2}, e: "
                "{size: 2}}"
            ),
            "mag: {dtype: float32, unit: mag,":
            "mag: {axes: ¦[epoch, a, b, c, d, e], dtype: float32, unit: mag,",
        },
        "axes", "at most 5",
    ),
    "size and labels": (
        {"band: {labels: [g, r]}": "¦band: {size: 2, labels: [g, r]}"},
        "axis", "not both",
    ),
    "subset without labels": ({"y: {size: 8}": "¦y: {size: 8, subset: true}"}, "axis", "labels"),
    "label twice": ({"labels: [g, r]": "labels: [g, ¦g]"}, "label", "twice"),
    "label that is no band": ({"labels: [g, r]": "labels: [g, ¦i]"}, "band", "bands: g, r, w"),
    "subset without label field": (
        {
            "band: {labels: [g, r]}": "¦band: {labels: [g, r], subset: true}",
            "      band: {dtype: string, description: Band of each plane.}\n": "",
            "      image.band: lookup(image_band, token)\n": "",
            "      image.band: \"['g', 'r']\"\n": "",
        },
        "label", "add a field band",
    ),
    "labels that are no text": (
        {
            "band: {dtype: string, description: Band of each":
            "band: {dtype: ¦int8, description: Band of each",
            "      image.band: lookup(image_band, token)\n": "",
            "\"['g', 'r']\"": '"[0, 1]"',
        },
        "dtype", "string",
    ),
    "labels along another axis": (
        {
            "band: {dtype: string, description: Band of each":
            "¦band: {axes: [y], dtype: string, description: Band of each",
        },
        "axes", "[band]",
    ),
    "unknown role": (
        {"psf_fwhm: {dtype": "psf_fwhm: {role: ¦psf_fhwm, axes: [band], dtype"},
        "role", "psf_fwhm",
    ),
    "role twice": (
        {"psf_fwhm: {dtype": "psf_fwhm: {role: ¦ivar, dtype"},
        "role", "image.ivar and image.psf_fwhm",
    ),
    "wavelengths without medium": (
        {"    medium: vacuum\n": "", "  spectrum:\n    kind": "  ¦spectrum:\n    kind"},
        "medium", "vacuum",
    ),
    "wavelengths without frame": (
        {"    frame: barycentric\n": "", "  spectrum:\n    kind": "  ¦spectrum:\n    kind"},
        "frame", "rest",
    ),
    "sort by no field": ({"sort: [band, time]": "sort: [band, ¦tme]"}, "sort", "'time'"),
    "sort along a fixed axis": (
        {"    pixel_scale: {all: 0.2}\n": "    pixel_scale: {all: 0.2}\n    sort: [¦band]\n"},
        "sort", "alone",
    ),
    "band of a block": (
        {"    sort: [band, time]\n": "    sort: [band, time]\n    bands: [¦x]\n"},
        "band", "'x'",
    ),
    "bands beside an axis": (
        {"    pixel_scale: {all: 0.2}\n": "    pixel_scale: {all: 0.2}\n    ¦bands: [g]\n"},
        "band", "labels of the axis",
    ),
    "pixel scale of no label": ({"{all: 0.2}": "{g: 0.2, ¦i: 0.2}"}, "pixel_scale", "'i'"),
    "pixel scale of zero": ({"{all: 0.2}": "{all: ¦0}"}, "pixel_scale", "above 0"),
    "zero point of no unit": (
        {
            "    photometry: {system: AB, zeropoint: 22.5, per: nanomaggy}":
            "    ¦photometry: {system: AB, zeropoint: 22.5}",
        },
        "photometry", "per is missing",
    ),
    "zero point of another unit": (
        {"zeropoint: 22.5": "zeropoint: ¦25"},
        "photometry", "22.5 mag(AB)",
    ),
    "zero point of an unknown unit": ({"per: nanomaggy": "per: ¦nanomagy"}, "unit", "nanomaggy"),
    "zero point of another kind": (
        {"zeropoint: 22.5, per: nanomaggy": "zeropoint: 27, per: ¦count"},
        "photometry", "image.flux",
    ),
    "unverified key": (
        {"    medium: vacuum\n": "    medium: vacuum\n    unverified: [¦medum]\n"},
        "unverified", "'medium'",
    ),
}  # fmt: skip


def test_blocks_when_one_thing_is_wrong_then_one_problem_at_its_place(
    check: Any, case: Any
) -> None:
    """One fault, one problem, with the caret on what is wrong."""
    changes, code, words = case
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [(code, place)]
    assert words in problems[0].message + problems[0].help
