"""Measures the engine beside the least that could do its work: `python -m tools.bench`."""
