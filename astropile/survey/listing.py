"""The table of all surveys."""

from __future__ import annotations

from astropile.survey.across import schemas_of
from astropile.survey.show import TextTable


def surveys() -> TextTable:
    """List every registered survey.

    Returns
    -------
    TextTable
        A row a survey: id, title, modality, configs, bands, columns, rows (if known). Prints as a
        table, iterates as dicts, and converts ``to_pandas()`` and ``to_table()``.

    Examples
    --------
    >>> import astropile as ap
    >>> "decals" in [row["id"] for row in ap.surveys() if "image" in row["modality"]]
    True
    """
    header = ("id", "title", "modality", "configs", "bands", "columns", "rows")
    rows = []
    for schema in schemas_of():
        known = [config.n_rows for config in schema.file.configs.values()]
        kinds = dict.fromkeys(block.kind for block in schema.blocks.values())
        rows.append(
            (
                schema.id,
                schema.title,
                ", ".join(kinds) or "catalogue",
                ", ".join(schema.file.configs),
                " ".join(schema.bands),
                len(schema.leaves),
                max((n for n in known if n is not None), default=None),
            )
        )
    return TextTable("surveys", header, rows)
