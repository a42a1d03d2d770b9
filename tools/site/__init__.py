"""The documentation as a site: Sphinx pages in light and dark, llms.txt and llms-full.txt, from the same Markdown."""
