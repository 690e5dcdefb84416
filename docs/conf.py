"""How the textbook is built: `python -m sphinx -W docs docs/_build`."""

import os
import sys
from pathlib import Path

import tinygrad_reg

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

from numpy_inventory import write_inventory  # noqa: E402
from source_pages import address_of_object  # noqa: E402

project = "tinygrad_reg"
release = version = tinygrad_reg.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.linkcode",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "code_names",
    "mathml",
    "source_pages",
]
default_role = "code_name"
exclude_patterns = ["_build", "_extensions", "_templates", "jupyter_execute"]
templates_path = ["_templates"]
nitpicky = True

# The pages' code is run whenever a page is read; one that fails, or complains, stops the build.
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_output_stderr = "error"

# Plots are vector graphics, drawn in one style; errors are shown without a traceback; and what is
# printed arrives in one piece.
profile = HERE / "_build" / "ipython" / "profile_default"
profile.mkdir(parents=True, exist_ok=True)
(profile / "ipython_kernel_config.py").write_text(
    "c = get_config()\n"
    'c.InlineBackend.figure_formats = {"svg"}\n'
    'c.InlineBackend.print_figure_kwargs = {"bbox_inches": None}\n'
    'c.InteractiveShell.xmode = "Minimal"\n'
    "c.InteractiveShellApp.exec_lines = [\"__import__('sys').stdout.flush_interval = 1000\"]\n"
)
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # threads cost small matrices more than they bring
os.environ["IPYTHONDIR"] = str(profile.parent)
os.environ["MATPLOTLIBRC"] = str(HERE / "_static" / "matplotlibrc")

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
html_math_renderer = "mathml"

# NumPy's pages keep their addresses, so that the site is built without asking the network.
intersphinx_mapping = {
    "numpy": (
        "https://numpy.org/doc/stable/",
        str(write_inventory(HERE / "_build" / "numpy.inv")),
    ),
}

html_theme = "sphinx_book_theme"
html_title = "tinygrad_reg"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_copy_source = False
html_show_copyright = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "footer_content_items": [],
    "home_page_in_toc": True,
    "navbar_persistent": [],
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_exclude = ".linenos, .gp, .go"


def linkcode_resolve(domain: str, info: dict[str, str]) -> str | None:
    """Where the page of an object, which lies in reference/generated/, finds its source."""
    return address_of_object(info["module"], info["fullname"]) if domain == "py" else None
