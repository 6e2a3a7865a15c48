"""``astropile find`` and ``astropile compare``: what there is over all surveys."""

from __future__ import annotations

from typing import Annotated

import typer

from astropile.cli.options import AsJson, complete_survey, option
from astropile.cli.output import write_json, write_shown
from astropile.errors import UsageError


def find(
    quantity: Annotated[
        str | None, option(metavar="WORD", help="Quantity that a column is, such as redshift.")
    ] = None,
    method: Annotated[
        str | None, option(metavar="WORD", help="What it was inferred from: spec, phot ...")
    ] = None,
    estimator: Annotated[
        str | None, option(metavar="WORD", help="How light was summed: psf, model, aper ...")
    ] = None,
    band: Annotated[str | None, option(metavar="TOKEN", help="Token of the band.")] = None,
    stat: Annotated[
        str | None,
        option(metavar="WORD", help="err, ivar ...; any: values and errors. Default: values."),
    ] = None,
    qualifiers: Annotated[
        list[str] | None,
        option(
            "--is",
            metavar="KEY=WORD",
            help="Any qualifier of the vocabulary, such as frame=cmb; may be repeated.",
        ),
    ] = None,
    modality: Annotated[
        str | None, option(metavar="NAME", help="Kind or name of a block: image, spectrum ...")
    ] = None,
    near: Annotated[
        str | None,
        option(metavar="LENGTH", help="Wavelength that a band must see: 620nm, '3.4 um'."),
    ] = None,
    text: Annotated[
        str | None, option(metavar="TEXT", help="Text in a name, alias or description.")
    ] = None,
    unit: Annotated[
        str | None, option(metavar="UNIT", help="Unit that the column can be converted to.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the surveys that hold something: all conditions within one config."""
    from astropile.survey import find as find_columns

    words = {"method": method, "estimator": estimator, "band": band, "stat": stat}
    given = {key: word for key, word in words.items() if word is not None}
    for pair in qualifiers or ():
        key, sign, word = pair.partition("=")
        if not sign or not word or key in given:
            message = f"--is {pair!r} is no KEY=WORD, or says a qualifier again"
            raise UsageError(message, hint="such as --is frame=cmb")
        given[key] = word
    conditions = {"quantity", "modality", "band_near", "text", "unit"} & set(given)
    if conditions:
        message = f"{min(conditions)} is no qualifier"
        raise UsageError(message, hint="it has an option of its own: see astropile find --help")
    table = find_columns(
        quantity=quantity, modality=modality, band_near=near, text=text, unit=unit, **given
    )
    if as_json:
        write_json({"found": table.to_dicts()})
    else:
        write_shown(table)


def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Canonical name, whole (mag_cmodel_i) or in part (mag_i), or survey:name.",
            show_default=False,
        ),
    ],
    survey: Annotated[
        list[str] | None,
        option(
            metavar="SURVEY",
            help="Only this survey; may be repeated.",
            autocompletion=complete_survey,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show columns of several surveys side by side, and what to mind between them."""
    from astropile.survey import compare as compare_columns

    table = compare_columns(*names, surveys=survey or None)
    if as_json:
        write_json(table.to_json())
    else:
        write_shown(table)
