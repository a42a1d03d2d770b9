"""Writes docs/mutation.md from the results of one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tools.mutation.reasons import REASONS, UNEXPLAINED
from tools.mutation.results import LEAST, Counts, Results, Survivor
from tools.mutation.staging import EXAMPLES, ROOMS, ROOT

PAGE = ROOT / "docs/mutation.md"
SHOWN = 2
"""Survivors of each reason."""

TEXT = """# Mutation

Made by `make mutate`. It changes `domain` and `usecases` in one small way after another (`<` to `<=`, `a and b` to
`a or b`, `5` to `6`, an argument left out, a text in capitals) and runs the unit tests that reach the change. A change
that makes none of them fail survives: either the tests have a gap there, or the change is none.

Last run {date}, Python {python}: **{killed:,} of {mutants:,} changes killed, {share:.1%}**. At least {least:.0%} is
asked. {not_run}

{modules}

A change is killed by a test that ran and failed, by nothing else. Timeouts (six times the tests' own time, and twelve
seconds) count apart and as not killed, and so does what ended in any other way.

## Who survives, and why

{reasons}

## What it does not change

* Code outside of functions: tables such as `bounces.TABLE`, `EFFECTS` and the statuses' ranks, patterns, constants.
* Functions under a decorator: properties, cached ones, Jinja2's filters.
* Tests of other rooms are not run, nor tests that start a process, nor 20,000 fuzzed requests; properties are tried
  with {examples} examples, the same in every run ([plugin.py](../tools/mutation/plugin.py),
  [staging.py](../tools/mutation/staging.py)).

## Repeat it

```bash
make mutate                             # everything, about an hour of two processors; writes this page
make mutate ONLY=domain/guards/breaker.py      # a module: its row, and the page with it
make mutate ONLY='usecases/*'           # a room
```

It prints every survivor and the table, and fails below {least:.0%}. mutmut's own tree stands in `build/mutate`; there
`../../.venv-mutate/bin/mutmut browse` shows each change. [ADR 33](adr/0033-mutmut-on-a-tree-of-its-own.md) says why it
is done so; the reasons are assigned in [reasons.py](../tools/mutation/reasons.py).
"""


def write(found: Results) -> None:
    PAGE.write_text(page(found))


def page(found: Results) -> str:
    """The whole page."""
    return TEXT.format(
        date=found.date,
        python=found.python,
        killed=found.total.killed,
        mutants=found.total.mutants,
        share=found.total.share,
        not_run=not_run(found),
        least=LEAST,
        modules="\n".join(modules(found)),
        reasons="\n".join(reasons(found.survivors)),
        examples=EXAMPLES,
    )


def not_run(found: Results) -> str:
    left = {name: counts.not_run for name, counts in found.modules.items() if counts.not_run}
    if not left:
        return "All changes were run."
    where = ", ".join(f"{count} of {name}" for name, count in left.items())
    return f"The run was stopped before {found.total.not_run:,} more changes ({where}); shares are of those that ran."


def modules(found: Results) -> list[str]:
    rows = [row(name, counts) for name, counts in found.modules.items()]
    rooms = [row(f"**{room}**", found.room(room)) for room in ROOMS if found.room(room).mutants]
    total = [row("**together**", found.total)]
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
