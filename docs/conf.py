"""How the pages of this folder become a site: `make site`.

Sphinx reads the pages as they stand here, and takes the reference of the Python faces from the code.
The site needs no network: fonts, scripts and pictures are in it. Warnings end the build.
"""

from __future__ import annotations

from importlib.metadata import version as version_of

project = "Tamesu"
author = "the people who build Tamesu"
project_copyright = "the people who build Tamesu"
release = version = version_of("tamesu")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
default_role = "code"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "Tamesu"
html_copy_source = False
html_show_sourcelink = False
copybutton_exclude = ".linenos, .gp, .go"
