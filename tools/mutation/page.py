"""Write docs/mutation.md from the results of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from tools.mutation.reasons import REASONS, UNEXPLAINED
from tools.mutation.results import LEAST, Counts, Results, Survivor
from tools.mutation.staging import EXAMPLES, ROOMS, ROOT

PAGE = ROOT / "docs/mutation.md"
# Survivors of each reason that the page shows.
SHOWN = 2

TEXT = """# Mutation

This page shows how well the unit tests notice a mistake in the code. `make mutate` writes it.

`make mutate` changes `domain` and `usecases` in one place at a time. For example, it turns `<` into `<=`, `a and b`
into `a or b`, or `5` into `6`. It also leaves out an argument, or writes a text in capitals. Then it runs the unit
tests that execute the changed statement. A test that fails *kills* the change. A change *survives* if no test fails:
either the tests have a gap there, or the changed code does the same.

The last run was on {date}, with Python {python}: **{killed:,} of {mutants:,} changes killed, {share:.1%}**. The tests
must kill at least {least:.0%}. {not_run}

{unreached}

{modules}

Only a test that ran and failed kills a change. A timeout does not count as killed: the test took over six times its
usual processor time plus twelve seconds. A run that ended in another way does not count either (column *Other*).

## Which changes survive, and why

{reasons}

## Limits

* The run does not change code outside of functions: tables such as `bounces.TABLE` and `EFFECTS`, patterns, constants.
* It does not change functions under a decorator: properties, cached functions, Jinja2's filters.
* It runs only `tests/unit`. It leaves out tests that start a process, and the 20,000 fuzzed requests. Property tests
  try {examples} examples, the same in every run ([plugin.py](../tools/mutation/plugin.py),
  [staging.py](../tools/mutation/staging.py)).
* Each change first runs alone, for one second of its tests. If it survives, the rest of its tests run together with
  changes of other functions, to save time. If one change then hides another, the hidden one survives
  ([together.py](../tools/mutation/together.py)).

## Repeat it

```bash
make mutate                                 # what may have changed since the last run; writes this page
make mutate ONLY=domain/guards/breaker.py   # one module
make mutate ONLY='usecases/*'               # one folder; writes this page once all modules have been run
```

It prints every survivor and the table, and fails below {least:.0%}. The first run takes about twenty minutes on two
processors.

The verdicts stay in `build/mutate`, which is not committed. A later run repeats only those that may differ now, because
code or tests have changed ([verdicts.py](../tools/mutation/verdicts.py)). This also holds after a run that was stopped.
Delete the folder to start from the beginning. To see each change, run `../../.venv-mutate/bin/mutmut browse` in the
folder.

[ADR 33](adr/0033-mutmut-on-a-tree-of-its-own.md) gives the reasons for this setup.
[reasons.py](../tools/mutation/reasons.py) assigns a reason to each survivor.
"""


def write(found: Results) -> None:
    PAGE.write_text(page(found))


def page(found: Results) -> str:
    """Return the whole page."""
    return TEXT.format(
        date=found.date,
        python=found.python,
        killed=found.total.killed,
        mutants=found.total.mutants,
        share=found.total.share,
        not_run=not_run(found),
        unreached=unreached(found.modules),
        least=LEAST,
        modules="\n".join(modules(found)),
        reasons="\n".join(reasons(found.survivors)),
        examples=EXAMPLES,
    )


def not_run(found: Results) -> str:
    left = {name: counts.not_run for name, counts in found.modules.items() if counts.not_run}
    if not left:
        return "All changes of the modules below were run."
    where = ", ".join(f"{count} of {name}" for name, count in left.items())
    return f"The run was stopped before {found.total.not_run:,} more changes ({where}); shares are of those that ran."


def unreached(known: Collection[str]) -> str:
    """Name the modules that were written or renamed since the last run that included them."""
    left = sorted(mutable_modules() - set(known))
    if not left:
        return "It included every module."
    names = ", ".join(f"`{name}`" for name in left)
    return f"These modules were written or renamed later, so no figure includes them: {names}."


def mutable_modules() -> set[str]:
    """The modules of the mutated rooms that have functions, by their path in the layer."""
    layer = ROOT / "python/sesmail_layer"
    return {
        path.relative_to(layer).as_posix()
        for room in ROOMS
        for path in (layer / room).rglob("*.py")
        if "    return " in path.read_text() or "    raise " in path.read_text()
    }


def modules(found: Results) -> list[str]:
    rows = [row(name, counts) for name, counts in found.modules.items()]
    rooms = [row(f"**{room}**", found.room(room)) for room in ROOMS if found.room(room).mutants]
    total = [row("**total**", found.total)]
    return table(
        ("Module", "Changes", "Killed", "Survived", "Timeouts", "Other", "Not run", "Share killed"),
        rows + rooms + total,
    )


def row(name: str, counts: Counts) -> Sequence[str]:
    numbers = (counts.mutants, counts.killed, counts.survived, counts.timeout, counts.other, counts.not_run)
    return name, *(f"{number:,}" for number in numbers), f"{counts.share:.1%}"


def reasons(survivors: Sequence[Survivor]) -> list[str]:
    counted = Counter(survivor.reason for survivor in survivors)
    lines: list[str] = []
    for key, _ in counted.most_common():
        reason = REASONS.get(key, UNEXPLAINED)
        lines += [f"### {reason.title}: {counted[key]}", "", reason.why, ""]
        some = [survivor for survivor in survivors if survivor.reason == key]
        step = max(1, len(some) // SHOWN)
        for survivor in some[::step][:SHOWN]:
            lines += [f"{survivor.module}, `{survivor.function}`:", "", "```text", *difference(survivor), "```", ""]
    return lines[:-1]


def difference(survivor: Survivor) -> Iterable[str]:
    yield from (f"- {line}" for line in survivor.before.splitlines())
    yield from (f"+ {line}" for line in survivor.after.splitlines())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
