"""The documentation site: pages made from the survey files and the registry alone.

:func:`build_source` writes the pages as a folder that Sphinx builds (``make docs``). A page says
only what a YAML file says, so a new survey has its pages, its place in the search and its drawings
without a line of text written for it.
"""

from __future__ import annotations

from astropile.site.build import build_source

__all__ = ["build_source"]
