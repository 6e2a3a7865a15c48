"""What the examples in docstrings may use beside the package."""

from __future__ import annotations

import pytest

from astropile.vocabulary import data_path


@pytest.fixture
def demo_data() -> str:
    """Folder of the Hipparcos and Tycho-2 excerpts that come with the package."""
    return str(data_path("demo"))
