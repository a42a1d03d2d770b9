"""`make mutate`: change the rules and use cases on purpose and count the changes that the unit tests notice.

python -m tools.mutation                      everything, about an hour; writes build/mutation.json and docs/mutation.md
python -m tools.mutation domain/errors.py     some of it: patterns below python/sesmail_layer; updates what an earlier
                                              run of everything wrote, if that is there
python -m tools.mutation --page               write the page from build/mutation.json, run nothing
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime

from tools.mutation import page
from tools.mutation.reading import read
from tools.mutation.reasons import explained
from tools.mutation.results import FILE, LEAST, Results, Survivor, load, save
from tools.mutation.staging import ROOMS, ROOT, stage

MUTMUT = ROOT / ".venv-mutate/bin/mutmut"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("only", nargs="*", help="files or patterns below python/sesmail_layer")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--page", action="store_true", help="write the page from build/mutation.json, run nothing")
    given = parser.parse_args()
    if given.page:
        known = load()
        if known is None:
            parser.error(f"{FILE.relative_to(ROOT)} is missing: run `make mutate`")
        page.write(known)
        return 0
    found = run(given.only or [f"{room}/*" for room in ROOMS], given.workers)
    for survivor in found.survivors:
        print(shown(survivor))
    print("\n".join(page.modules(found)))
    store(found, whole=not given.only)
    if not found.total.mutants:
        print("No mutant was run.", file=sys.stderr)
    return 0 if found.total.mutants and found.total.share >= LEAST else 1


def store(found: Results, *, whole: bool) -> None:
    """Write the artefact and the page; without an earlier run of everything, a run of some modules writes neither."""
    earlier = None if whole else load()
    known = earlier.updated(found) if earlier else found
    if whole or earlier:
        save(known)
        page.write(known)


def run(only: list[str], workers: int) -> Results:
    """Run mutmut on a tree of its own; return its verdicts, of some mutants only if it was stopped."""
    tree = stage(only)
    # A fixed hash seed: the order of sets is the same in every run.
    command = ["nice", "-n", "10", str(MUTMUT), "run", "--max-children", str(workers)]
    ended = subprocess.run(command, cwd=tree, env={**os.environ, "PYTHONHASHSEED": "0"}, check=False)
    modules, survivors = read(tree)
    if ended.returncode and modules:
        print(f"mutmut ended with {ended.returncode}: the table holds the mutants that ran.", file=sys.stderr)
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
