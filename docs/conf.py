"""Settings of Sphinx. The pages it builds are written by ``python -m astropile.site``: `make docs`.

Nothing here reaches for the network: no inventory of other projects, no font or script from
elsewhere.
"""

from __future__ import annotations

import astropile

project = "astropile"
author = "The astropile developers"
project_copyright = author
release = version = astropile.__version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc"]
exclude_patterns = ["_parts", "_static"]
nitpicky = True
default_role = "code"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

# Types are in the numpydoc sections, in words; those of the signatures would need other projects.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_context = {"default_mode": "auto"}
html_title = "astropile"
html_static_path = ["_static"]
html_css_files = ["astropile.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_last_updated_fmt = None
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
    "show_toc_level": 2,
    "show_prev_next": False,
    "navigation_depth": 2,
    "collapse_navigation": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# A page without a list beside it has the whole width for its tables.
html_sidebars = {
    name: [] for name in ("index", "columns", "ambiguous-names", "changelog", "differences/index")
}
