"""Benchmarks of the engine against a minimal pipeline: `python -m tools.bench`."""
