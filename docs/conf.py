"""How Sphinx builds the site: ``nox -s site``, into ``build/site``."""

import os
import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "codecs"), str(ROOT / "docs")]

import generate  # noqa: E402 - beside this file

import tensorwire  # noqa: E402 - of this very checkout

project = "tensorwire"
author = "the authors of tensorwire"
copyright = f"2026, {author}"  # noqa: A001 - the name that Sphinx reads
release = version = tensorwire.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
default_role = "autolink"  # `name` in a docstring is a link, where it names something
nitpicky = True
nitpick_ignore_regex = [
    # Types of annotations that no page describes.
    (r"py:.*", r"(np|numpy|grpc|google|pandas|polars|pyarrow|starlette|collections|typing)\..*"),
    # Parameters and modules in single backticks.
    (r"py:obj", r"tensorwire\.\w+(\.\w+)*|[a-z_]+"),
]

autodoc_typehints = "none"  # numpydoc's Parameters have them, in words
autodoc_member_order = "bysource"
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False

# Without the network (DOCS_OFFLINE=1), names of other projects are text and no links.
intersphinx_mapping = (
    {}
    if os.environ.get("DOCS_OFFLINE")
    else {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "grpc": ("https://grpc.github.io/grpc/python", None),
    }
)

copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = "tensorwire"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "source_repository": "https://github.com/tensorwire/tensorwire/",
    "source_branch": "main",
    "source_directory": "docs/",
}
html_show_sourcelink = False
html_copy_source = False


def setup(app: Sphinx) -> None:
    """Have the pages made that come from the code."""
    app.connect("builder-inited", lambda app: generate.write(Path(app.srcdir) / "generated"))
