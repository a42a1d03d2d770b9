"""Write docs/performance.md from the results of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tools.bench import bill_page
from tools.bench.markdown import table
from tools.bench.ratios import Ratio, spread
from tools.bench.results import Results

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"

# Why a ratio misses its target: from profiles (`cProfile`, `-X importtime`) of the current code.
REASONS = {
    "cold_email_sender": (
        "the function also needs Jinja2 and the engine's modules (0.1) and five more clients (0.1); its first email "
        "compiles the template, and makes each call to AWS with a new connection or serialiser (0.2)."
    ),
    "batches": (
        "a batch of ten saves 108 of 160 requests. Of the other 52, no batch can share 40: claim, SendEmail and two "
        "records of each email. Also, the emulator seldom passes ten messages to the feedback processor. The emulator "
        "shares the machine's processors with the engine, so the ratio is lower on a busy machine."
    ),
    "end_to_end": (
        "the functions and the emulator share the processors, so other work on the machine affects this ratio twice."
    ),
}

TEXT = """# Performance

This page has every number about speed and cost: how the engine compares with a minimal program, which requests AWS
bills, how the send rate is used, and [what a million emails cost](#what-a-million-emails-cost).

`make bench` writes it. It measures the engine and a minimal program in turn, on the same machine. So read the ratios:
the absolute figures come from an emulator on a small machine, and say nothing about AWS.

The last run was on {date}, with Python {python} and {processors} processors.

## Ratios

A ratio is the engine's figure divided by that of the other program. For example, the first row compares a cold start of
the sender with a program that imports boto3 and creates one client.

{ratios}
{misses}
## The sender's CPU by package

In a warm container with batches of ten, each package uses this share of the sender's CPU time (`cProfile`):

{hottest}

## Requests

AWS bills these requests for {emails} delivered emails. They are counted with the real code: once in one batch, and once
with one email at a time, as in a function without batches.

{requests}

The compressed request and the record of an ordinary email have less than 1 KB each. Such an email costs these write
units:

* 1 for the claim,
* 4 for `sent`: the record, and three indexes,
* 3 for `delivered`: the record, and two indexes,
* 2 for the kept request; none with `soft_bounce_retries = 0`,
* 3 for an open, if there is one.

Each batch of the sender costs 3 more, for the rate and the breaker's counts. Each batch of outcomes costs 1, for the
day's figures. Sent emails are counted without a further write, in the breaker's write of the account. A hop of a
scheduled email costs reads and no write.

These figures are for a day with up to 15 names of producers, templates, tags and topics. The engine counts the day's
further names in groups of a hundred. A batch then costs 1 more for each status and each group with a name of its
emails. In batches of ten, a delivered email costs up to 0.2 more with 115 names a day (one group), and up to 0.4 with
200 (two groups). In batches of one it costs 2 more, or 4 if it has names of both groups.

## Pacing, simulated

The sender's real code runs on a simulated clock. All workers share one bucket, and the paced rate is 0.95 of SES's. In
any window of time, the engine may send the rate times the window's length, plus a burst of one second.

{paced}

**A newsletter hardly delays other mail.** Five workers send a queued newsletter, and one transactional email arrives
every two seconds:

{behind}

**Both lanes share the rate.** Transactional emails arrive at random times, at 30 % of the paced rate, for five workers.
Other workers send a queued newsletter. *Writes* are conditional writes on the two rate buckets, including the rejected
ones. DynamoDB takes 1,000 writes a second on one item:

{lanes}

{cost}

## Repeat it

```bash
make bench                                        # everything, at most 15 minutes; writes results.json and this page
.venv/bin/python -m tools.bench --quick           # fewer rounds, writes nothing
.venv/bin/python -m tools.bench --only cpu,cold   # some of the ratios
.venv/bin/python -m tools.bench --only ''         # requests and pacing, without an emulator; --write keeps the ratios
.venv/bin/python -m tools.bench --usage           # what emails use; writes both files
.venv/bin/python -m tools.bench --plan plan.json  # what is deployed, from `terraform show -json`; writes both files
```

The measurements are in `tools/bench/`: [cold.py](../tools/bench/cold.py), [cpu.py](../tools/bench/cpu.py),
[pipeline.py](../tools/bench/pipeline.py), [submission.py](../tools/bench/submission.py),
[requests.py](../tools/bench/requests.py), [simulated.py](../tools/bench/simulated.py). The minimal pipeline is
[minimal/handler.py](../tools/bench/minimal/handler.py).
"""


def page(results: Results) -> str:
    """Return the whole page."""
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
        lanes="\n".join(lanes(results)),
        cost=bill_page.part(results),
    )


def ratios(found: Sequence[Ratio]) -> list[str]:
    rows = []
    for each in found:
        ours, other = each.columns()
        target = f"{'≤' if each.at_most else '≥'} {each.target:g}"
        rows.append(
            (
                each.what,
                each.against,
                f"{figure(ours)} ÷ {figure(other)} {each.unit}",
                f"**{each.value:.2f}**",
                f"{spread(each.ratios)} ({len(each.rounds)})",
                target if each.met else f"{target}: missed",
            )
        )
    return table(("Measurement", "Compared to", "Medians", "Ratio", "Spread (rounds)", "Target"), rows)


def figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def misses(found: Sequence[Ratio]) -> list[str]:
    missed = [each for each in found if not each.met]
    if not missed:
        return []
    lines = ["", "Why some ratios miss their target:", ""]
    lines += [f"* {each.what}: {REASONS.get(each.key, 'see the profile below.')}" for each in missed]
    return [*lines, ""]


def requests(results: Results) -> list[str]:
    counts = results.requests.counts
    rows = [(f"{each.caller}: `{each.call}`", str(each.in_one_batch), str(each.one_at_a_time)) for each in counts]
    batched, single = sum(each.in_one_batch for each in counts), sum(each.one_at_a_time for each in counts)
    rows.append(("total", str(batched), str(single)))
    found = results.requests
    units_batched, units_single = found.write_units_in_one_batch, found.write_units_one_at_a_time
    rows.append(
        (
            "write units per email, all tables and indexes",
            f"{units_batched / found.emails:g}",
            f"{units_single / found.emails:g}",
        )
    )
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
        "Most above the rate in a window",
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
    head = (
        "SES's rate",
        "Bulk emails waiting",
        "Transactional emails",
        "Longest wait",
        "Bulk's share used",
        "Throttled",
    )
    return table(head, rows)


def lanes(results: Results) -> list[str]:
    rows = [
        (
            f"{each.rate:g}",
            str(each.bulk_workers),
            f"{each.writes_a_bulk_email:.2f}",
            str(each.most_writes),
            f"{each.bulk_share:.1%}",
            f"{each.used_share:.1%}",
            f"{each.longest_wait_seconds:.2f} s",
            str(each.throttled),
        )
        for each in results.lanes
    ]
    head = (
        "SES's rate",
        "Bulk workers",
        "Writes per bulk email",
        "Most writes a second on a bucket",
        "Bulk",
        "Both lanes",
        "Longest wait, transactional",
        "Throttled",
    )
    return table(head, rows)
