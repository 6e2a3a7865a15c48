"""The files that make a folder a HATS catalogue; the library ``hats`` writes them.

References
----------
.. [1] HATS, IVOA note, https://www.ivoa.net/documents/Notes/HATS/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from astropile.pile.layout import HEALPIX, leaf_path
from astropile.readers.column import Array

if TYPE_CHECKING:
    from astropile.pile.manifest import LeafRecord

__all__ = [
    "SKYMAP_ORDER",
    "CatalogFacts",
    "load_library",
    "write_catalog_files",
    "write_collection_file",
]

#: Order of the sky map: pixels of 14 arcmin.
SKYMAP_ORDER: Final = 8
HATS_VERSION: Final = "v1.0"


@dataclass(frozen=True)
class CatalogFacts:
    """What the properties of a catalogue say.

    Attributes
    ----------
    name : str
        Of the catalogue.
    created : str
        Time of the newest input.
    leaves : sequence of LeafRecord
        Its partitions.
    extra : mapping of str to str
        Provenance.
    margin_of : str
        Name of the catalogue that this one is the margin of; empty for an object catalogue.
    margin_arcsec : float
        Width of the margin.
    """

    name: str
    created: str
    leaves: Sequence[LeafRecord]
    extra: Mapping[str, str]
    margin_of: str = ""
    margin_arcsec: float = 0.0


def load_library() -> None:
    """Import what writes the files, which takes a while, and leaves other threads time to write."""
    import hats.catalog.dataset.table_properties
    import hats.catalog.partition_info
    import hats.io.skymap  # noqa: F401


def write_catalog_files(folder: Path, facts: CatalogFacts, skymap: Array | None) -> None:
    """Write properties, list of partitions, sky map and Parquet metadata beside the partitions.

    Parameters
    ----------
    folder : Path
        The catalogue; its partitions are written.
    facts : CatalogFacts
        For the properties.
    skymap : ndarray of int64, optional
        Rows by pixel.
    """
    from hats.catalog.partition_info import PartitionInfo
    from hats.io.skymap import write_skymap
    from hats.pixel_math.healpix_pixel import HealpixPixel

    _write_metadata(folder, facts.leaves)
    pixels = [HealpixPixel(leaf.order, leaf.pixel) for leaf in facts.leaves]
    PartitionInfo(pixels).write_to_file(catalog_path=folder)
    if skymap is not None:
        write_skymap(skymap, folder)
    _properties(facts, has_map=skymap is not None).to_properties_file(folder)


def _write_metadata(folder: Path, leaves: Sequence[LeafRecord]) -> None:
    """Write the schema of the partitions, and all their footers in one file.

    ``hats`` can do this, too, but it opens the partitions through file systems in Python; threads
    of these may still run when Python ends, which aborts one process in ten.
    """
    import pyarrow.parquet as pq

    names = [leaf_path(leaf.area) for leaf in leaves]
    footers = [pq.read_metadata(str(folder / name)) for name in names]
    for footer, name in zip(footers, names, strict=True):
        footer.set_file_path(name.removeprefix("dataset/"))
    schema = pq.read_schema(str(folder / names[0]))
    pq.write_metadata(schema, str(folder / "dataset" / "_common_metadata"))
    pq.write_metadata(schema, str(folder / "dataset" / "_metadata"), metadata_collector=footers)


def _properties(facts: CatalogFacts, *, has_map: bool) -> Any:
    from hats.catalog.dataset.table_properties import TableProperties

    found: dict[str, Any] = {
        "obs_collection": facts.name,
        "dataproduct_type": "margin" if facts.margin_of else "object",
        "hats_nrows": sum(leaf.rows for leaf in facts.leaves),
        "hats_col_ra": "ra",
        "hats_col_dec": "dec",
        "hats_col_healpix": HEALPIX,
        "hats_col_healpix_order": 29,
        "hats_npix_suffix": ".parquet",
        "hats_max_rows": max((leaf.rows for leaf in facts.leaves), default=0),
        "hats_creation_date": facts.created[:16] + "UTC",
        "hats_estsize": -(-sum(leaf.bytes for leaf in facts.leaves) // 1024),
        "hats_version": HATS_VERSION,
        "moc_sky_fraction": f"{_sky_fraction(facts.leaves):.5f}",
    }
    if has_map:
        found["hats_skymap_order"] = SKYMAP_ORDER
    if facts.margin_of:
        found |= {
            "hats_primary_table_url": facts.margin_of,
            "hats_margin_threshold": facts.margin_arcsec,
        }
    found |= {key: value for key, value in facts.extra.items() if value}
    return TableProperties(**found)


def _sky_fraction(leaves: Sequence[LeafRecord]) -> float:
    return float(sum(0.25**leaf.order for leaf in leaves) / 12)


def write_collection_file(folder: Path, catalog: str, margin: str) -> None:
    """Make a folder a collection of a catalogue and its margin."""
    from hats.catalog.dataset.collection_properties import CollectionProperties

    found: dict[str, Any] = {"obs_collection": catalog, "hats_primary_table_url": catalog}
    if margin:
        found |= {"all_margins": margin, "default_margin": margin}
    CollectionProperties(**found).to_properties_file(folder)
