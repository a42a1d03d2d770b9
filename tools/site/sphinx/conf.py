"""Sphinx's settings."""

project = "SESMail"
author = "SESMail contributors"
copyright = "SESMail contributors"
language = "en"

extensions = ["myst_parser", "sphinx_copybutton", "sphinxcontrib.mermaid"]
exclude_patterns = ["_build"]
# Pygments knows neither JSON lines nor all of HCL: such a block stays in one colour.
suppress_warnings = ["misc.highlighting_failure"]

myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
myst_links_external_new_tab = False

mermaid_use_local = "mermaid.esm.min.mjs"
mermaid_fullscreen = False
mermaid_height = "auto"

html_theme = "furo"
html_title = "SESMail"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_use_index = False
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "source_repository": "https://github.com/sesmail/sesmail/",
    "source_branch": "main",
    "source_directory": "",
    "top_of_page_buttons": [],
    # The console's accent.
    "light_css_variables": {"color-brand-primary": "#2f4bd8", "color-brand-content": "#2f4bd8"},
    "dark_css_variables": {"color-brand-primary": "#a9bbff", "color-brand-content": "#a9bbff"},
}
pygments_style = "default"
pygments_dark_style = "github-dark"

linkcheck_timeout = 15
linkcheck_retries = 2
linkcheck_anchors = False
