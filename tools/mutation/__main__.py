"""`make mutate`: change the rules and use cases on purpose and count the changes that the unit tests notice.

python -m tools.mutation                      what is new or may have changed since the last run (verdicts.py);
                                              writes docs/mutation.md
python -m tools.mutation domain/errors.py     some of it: patterns below python/sesmail_layer
python -m tools.mutation --page               write the page from the last run, run nothing
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial

from tools.mutation import page
from tools.mutation.reading import read
from tools.mutation.reasons import explained
from tools.mutation.results import LEAST, Results, Survivor
from tools.mutation.staging import ROOT, STAGE, selection, stage
from tools.mutation.verdicts import MUTANTS

PYTHON = ["nice", "-n", "10", str(ROOT / ".venv-mutate/bin/python")]

# What a test that fails on purpose needs not: a cache, captured descriptors, an explained assertion.
QUICK = ["-p", "no:cacheprovider", "--capture=sys", "--assert=plain", "--tb=native"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("only", nargs="*", help="files or patterns below python/sesmail_layer")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--page", action="store_true", help="write the page from the last run, run nothing")
    given = parser.parse_args()
    if not given.page:
        run(given.only, given.workers)
    found = results()
    if not found.total.mutants:
        print("No mutant was run.", file=sys.stderr)
        return 1
    for survivor in found.survivors:
        print(shown(survivor))
    print("\n".join(page.modules(found)))
    if not given.only or not found.total.not_run:
        page.write(found)
    return 0 if found.total.share >= LEAST else 1


def run(only: list[str], workers: int) -> None:
    """Run the mutants that have no verdict, in a tree of their own; if stopped, the next run goes on from there."""
    stage()
    # A fixed hash seed: the order of sets is the same in every run.
    start = partial(subprocess.run, env={**os.environ, "PYTHONHASHSEED": "0"}, check=True)
    start([*PYTHON, "-m", "tools.mutation.generating"], cwd=STAGE)
    plugins = ["-p", "tools.mutation.plugin", "-p", "tools.mutation.running", *QUICK]
    given = [f"--workers={workers}", *[f"--only={pattern}" for pattern in only]]
    start([*PYTHON, "-m", "pytest", "-q", "--rootdir=.", *plugins, *given, *selection(STAGE)], cwd=STAGE / MUTANTS)


def results() -> Results:
    """Return the verdicts that are known of every module."""
    modules, survivors = read(STAGE)
    return Results(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        python=platform.python_version(),
        modules=modules,
        survivors=[explained(survivor) for survivor in survivors],
    )


def shown(survivor: Survivor) -> str:
    lines = [f"{survivor.module}: {survivor.function} ({survivor.reason or 'not explained'})"]
    lines += [f"  - {line}" for line in survivor.before.splitlines()]
    lines += [f"  + {line}" for line in survivor.after.splitlines()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
