"""How mock files say that nothing in them was observed."""

from __future__ import annotations

from typing import Final

__all__ = ["MARK", "MARK_FILE", "MARK_TEXT"]

#: Attribute of HDF5 files, key of Parquet metadata; FITS cards hold the same text.
MARK: Final = "astropile_mock"
MARK_TEXT: Final = "simulated by astropile.testing, not observed"
#: File in the data directory that names what was simulated.
MARK_FILE: Final = "MOCK.txt"
