"""Mock data from a schema, for tests, docs and dry runs.

:func:`simulate` writes files in a survey's own layout, from its YAML alone, and keeps the truth
that they hold. Every file says that it is a mock.
"""

from __future__ import annotations

from astropile.testing.mock import Mock
from astropile.testing.simulation import simulate
from astropile.testing.sky import Sky

__all__ = ["Mock", "Sky", "simulate"]
