"""Run by mutmut's Python in the tree of staging.py: make the mutants."""

from __future__ import annotations

import os

from mutmut import __main__ as mutmut


def main() -> None:
    """Do the first part of `mutmut run` (3.6; it has no command for that alone)."""
    mutmut.set_mutant_under_test("mutant_generation")
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.setup_source_paths()
    mutmut.create_mutants(os.cpu_count() or 1)


if __name__ == "__main__":
    main()
