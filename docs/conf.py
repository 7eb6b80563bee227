"""Settings of the documentation's build: ``make docs`` reads pages, docstrings and examples, and runs the examples."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for docs/machinery

project = "pinnlite"
author = "The pinnlite developers"
copyright = author
release = version = metadata.version("pinnlite")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
    "machinery.mathematics",
    "machinery.vocabulary",
    "machinery.house",
    "machinery.scratch",
]
exclude_patterns = ["machinery", "static", "gallery/**/*.ipynb", "gallery/**/*.py"]
suppress_warnings = ["config.cache"]

smartquotes_action = "D"  # dashes alone: u'' is a second derivative

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_title = f"pinnlite {release}"
html_math_renderer = "mathml"  # no page needs the network
html_show_sphinx = False
html_copy_source = False

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "code"  # a single backtick in a docstring
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 96
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_attr_annotations = False  # jaxtyping's shapes are no text that reads as markup

nitpicky = True
nitpick_ignore_regex = [  # what other packages document, and pinnlite's own types that no user handles
    ("py:.*", r"(torch|jaxtyping|collections|os|lark|numpy)\..*|Tensor|SupportsIndex|SupportsFloat|optional"),
    ("py:.*", r"pinnlite\..*\.(Numbers|Node|Key|K)"),
]

sphinx_gallery_conf = {
    "examples_dirs": "../build/examples",
    "gallery_dirs": "gallery",
    "subsection_order": "machinery.scratch.place_of_folder",
    "within_subsection_order": "machinery.scratch.PlaceOfScript",
    "filename_pattern": r"\.py$",
    "image_scrapers": ("machinery.figures.scrape",),
    "reset_modules": ("matplotlib", "machinery.figures.watch"),
    "run_stale_examples": True,  # an example is as old as the code that it calls
    "abort_on_example_error": True,
    "min_reported_time": 1,
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "write_computation_times": False,
    "remove_config_comments": True,
}
