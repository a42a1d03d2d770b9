"""Writes docs/performance.md from the results of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.bench.ratios import Ratio, spread
from tools.bench.results import Results

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"

# What holds a ratio that misses its aim: from profiles (`cProfile`, `-X importtime`) of the code as it is now.
HOLDS = {
    "cold_email_sender": (
        "above the bare client come four more clients (S3's is the largest; 0.2 together), Jinja2, structlog, "
        "email-validator and the engine's modules (0.5), a template to parse and compile (0.1), and the first calls "
        "to AWS, each of which sets up a connection and a serialiser (0.25). Bytecode in the layer, botocore without "
        "boto3, and imports only where they are needed brought it down from 2.8."
    ),
    "cold_template_seeder": (
        "it reads the archive of starters and asks S3 for every installed template, which is its work and not its "
        "start; it runs once for each `terraform apply`."
    ),
    "batches": (
        "50 of the 59 requests of ten emails are each email's own (claim, request kept, SendRawEmail, two records), "
        "so that ten at a time can spare 81 of 140; and the emulator hands the feedback processor whatever waits, "
        "seldom ten."
    ),
    "end_to_end": (
        "the functions compete with the emulator for the processors, so that noise of the machine counts double here."
    ),
}

TEXT = """# Performance

Made by `make bench`, which measures the engine beside the least that could do its work, in turn on the same machine:
what counts are the ratios. Absolute figures are those of an emulator on a small machine, and say nothing about AWS.

Run of {date}, Python {python}, {processors} processors.

## Ratios

{ratios}
{misses}
## Where the sender's CPU goes

Shares of a warm container's batches of ten, by package (`cProfile`):

{hottest}

## Requests

What AWS bills for {emails} delivered emails, counted from the real code; beside it the same emails one at a time, as a
function without batches asks:

{requests}

## Pacing, simulated

The sender's real code on a simulated clock, all workers over one bucket; the paced rate is 0.95 of SES's. A window may
hold the rate times its length and a burst of one second.

{paced}

One transactional email every two seconds, while five workers send a newsletter that was queued before:

{behind}

## Repeat it

```bash
make bench                                # everything, some minutes; writes tools/bench/results.json and this page
.venv/bin/python -m tools.bench --quick         # fewer rounds, writes nothing
.venv/bin/python -m tools.bench --only cpu,cold # some of the ratios
```

`tools/bench/` holds the measurements: [cold.py](../tools/bench/cold.py), [cpu.py](../tools/bench/cpu.py),
[pipeline.py](../tools/bench/pipeline.py), [submission.py](../tools/bench/submission.py),
[requests.py](../tools/bench/requests.py), [simulated.py](../tools/bench/simulated.py); the minimal pipeline is
[minimal/handler.py](../tools/bench/minimal/handler.py).
"""


def page(results: Results) -> str:
    """The whole page."""
    return TEXT.format(
        date=results.date,
        python=results.python,
        processors=results.processors,
        ratios="\n".join(ratios(results.ratios)),
        misses="\n".join(misses(results.ratios)),
        hottest="\n".join(f"* {line}" for line in results.hottest),
        emails=results.requests.emails,
        requests="\n".join(requests(results)),
        paced="\n".join(paced(results)),
        behind="\n".join(behind(results)),
    )


def ratios(found: Sequence[Ratio]) -> list[str]:
    rows = []
    for each in found:
        ours, other = each.columns()
        aim = f"{'≤' if each.at_most else '≥'} {each.aim:g}"
        rows.append(
            (
                each.what,
                each.against,
                f"{figure(ours)} ÷ {figure(other)} {each.unit}",
                f"**{each.value:.2f}**",
                f"{spread(each.ratios)} ({len(each.rounds)})",
                aim if each.met else f"{aim}: missed",
            )
        )
    return table(("What", "Beside", "Medians", "Ratio", "Spread (rounds)", "Aim"), rows)


def figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def misses(found: Sequence[Ratio]) -> list[str]:
    missed = [each for each in found if not each.met]
    if not missed:
        return []
    lines = ["", "What holds the ratios that miss their aim:", ""]
    lines += [f"* {each.what}: {HOLDS.get(each.key, 'see the profile below.')}" for each in missed]
    return [*lines, ""]


def requests(results: Results) -> list[str]:
    asked = results.requests.asked
    rows = [(f"{each.who}: `{each.call}`", str(each.in_one_batch), str(each.one_at_a_time)) for each in asked]
    batched, single = sum(each.in_one_batch for each in asked), sum(each.one_at_a_time for each in asked)
    rows.append(("together", str(batched), str(single)))
    units = f"{results.requests.write_units / results.requests.emails:g}"
    rows.append(("write units an email, tracking table and its indexes", units, units))
    return table(("Request", "In one batch", "One at a time"), rows)


def paced(results: Results) -> list[str]:
    rows = [
        (
            f"{each.rate:g}",
            str(each.workers),
            f"{each.used_share:.1%}",
            f"{each.worst_excess:.0f}",
            f"{each.longest_reservation:.2f}",
            str(each.throttled),
        )
        for each in results.paced
    ]
    head = (
        "SES's rate (recipients/s)",
        "Workers",
        "Paced rate used",
        "Most above the rate in any window",
        "Longest wait ÷ mean",
        "Throttled",
    )
    return table(head, rows)


def behind(results: Results) -> list[str]:
    rows = [
        (
            f"{each.rate:g}",
            f"{each.newsletter:,}",
            str(each.emails),
            f"{each.longest_wait_seconds:.2f} s",
            f"{each.bulk_used_share:.1%}",
            str(each.throttled),
        )
        for each in results.behind
    ]
    head = ("SES's rate", "Bulk emails waiting", "Transactional", "Longest wait", "Bulk's share used", "Throttled")
    return table(head, rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
