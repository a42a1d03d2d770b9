"""Run by mutmut's Python in the tree of staging.py: make the mutants, and note which tests reach which function."""

from __future__ import annotations

import os

from mutmut import __main__ as mutmut


def main() -> None:
    """Do what `mutmut run` does before it runs any mutant (3.6; it has no command for that alone)."""
    mutmut.set_mutant_under_test("mutant_generation")
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.setup_source_paths()
    processes = os.cpu_count() or 1
    mutmut.create_mutants(processes)
    mutmut.collect_or_load_stats(mutmut.get_mutant_runner(processes))


if __name__ == "__main__":
    main()
