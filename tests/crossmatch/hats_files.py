"""HATS catalogues for tests, written by LSDB itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from astropile.crossmatch.coordinates import Coordinates, read_rows


def scattered(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions in deg: over the whole sky, and a crowd where four base pixels meet."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 360, rows), np.degrees(np.arcsin(rng.uniform(-1, 1, rows)))
    crowd = rows // 2
    ra[:crowd] = rng.normal(0, 1.0, crowd) % 360
    dec[:crowd] = rng.normal(41.81, 0.7, crowd)
    return ra, dec


def near(
    ra: np.ndarray, dec: np.ndarray, sigma_arcsec: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions beside others, with copies and symmetric neighbours: ties to be settled."""
    rng = np.random.default_rng(seed)
    step = sigma_arcsec / 3600
    moved_dec = np.clip(dec + rng.normal(0, step, len(dec)), -90, 90)
    moved_ra = (ra + rng.normal(0, step, len(ra))) % 360
    few = slice(0, len(ra) // 10)
    return (
        np.concatenate([moved_ra, moved_ra[few], ra[few], ra[few]]),
        np.concatenate([moved_dec, moved_dec[few], dec[few] + step / 4, dec[few] - step / 4]),
    )


def frame(ra: Any, dec: Any) -> pd.DataFrame:
    """Return a table of positions with an id each."""
    return pd.DataFrame({"object_id": [f"o{k}" for k in range(len(ra))], "ra": ra, "dec": dec})


def write_hats(
    path: Path, ra: Any, dec: Any, *, partition_rows: int, margin_arcsec: float | None = None
) -> Path:
    """Write a catalogue, as a collection if it has a margin."""
    import lsdb

    catalog = lsdb.from_dataframe(
        frame(ra, dec),
        catalog_name=path.name,
        partition_rows=partition_rows,
        lowest_order=0,
        highest_order=6,
        margin_threshold=margin_arcsec,
    )
    catalog.write_catalog(path, progress_bar=False)
    return path


def all_rows(path: Path) -> tuple[Coordinates, dict[str, np.ndarray]]:
    """Return every position of a catalogue in storage order."""
    opened = Coordinates.open(path)
    pieces = [leaf.piece for leaf in opened.leaves]
    whole = np.array([[0, 12 << 58]])
    return opened, read_rows(pieces, whole, opened.ra, opened.dec, opened.healpix)
