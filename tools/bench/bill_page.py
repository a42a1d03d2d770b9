"""The part of docs/performance.md about what emails cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from tools.bench import bill
from tools.bench.bill import EMAILS, Line, Load
from tools.bench.deployed import POLLERS, Deployed
from tools.bench.markdown import table
from tools.bench.price_list import METRIC
from tools.bench.results import Results
from tools.bench.usage import Usage

HOPS_A_DAY = 96
_LANES_RATE = 50
"""SES's rate for which the simulation of both lanes is taken."""

FEWER_INVOCATIONS = {1: 1.8, 30: 24.3}
"""By events a second, how many times fewer invocations the feedback queue's window takes: a simulation's, which
tests/simulation/test_feedback_invocations.py repeats."""

_PRODUCER_METRICS = 6
"""The figures of a producer: tests/docs/test_metrics_page.py compares their names."""

TEXT = """## What a million emails cost

The table has the costs of a month of {days} days, in US dollars, in us-east-1, by AWS's list prices without free tiers:

{table}

{dominant}

{smaller}

Each of the four loads has every alarm, poller and default of the engine, and its emails are sent and delivered:

* **No mail**: the engine is deployed and receives no request.
* **Spread evenly**: one email arrives every {gap:.1f} s. Each is a batch of its own in both functions. This is an upper
  bound, since the feedback processor waits up to 5 s for more events. In a
  [simulation](../tools/simulation/feedback_invocations.py), 1 event a second takes {fewer_at_1:.1f} times fewer
  invocations than without that wait, and 30 a second {fewer_at_30:.1f} times fewer.
* **Batches of ten**: a producer sends ten or more at once, and both functions receive ten messages in an invocation.
* **Bulk and transactional**: 70 % of the mail is bulk, in batches of ten. 30 % is transactional, one email at a time.
  The rate is {rate} a second, and the [simulation](#pacing-simulated) gives the writes of both lanes on the rate
  buckets.

### What an extra costs, and what you can save

For a million emails in batches of ten:

{changes}

* **Send in batches** where you can: `put_events` takes ten requests, and the clients' batching helper fills them.
* **Alarms and the dashboard** cost money without mail, too: {alarms} alarms read {alarm_metrics} metrics. No variable
  switches them off.
* **A producer in Terraform's `producers`** that sends has up to {producer_metrics}
  [metrics of its own](metrics.md#metrics-per-producer). They cost up to {producer_usd} a month for each producer. The
  table above has none of them.
* **A KMS key of yours** (`kms_key_arn`, `data_kms_key_arn`) has a [monthly price](https://aws.amazon.com/kms/pricing/)
  in addition to its requests.

### What is counted

Each cost above is a quantity times a price:

* *Quantities of a million emails* come from a run of the real code, which a [test](../tests/docs/test_cost_page.py)
  repeats.
* *Quantities without mail* come from Terraform's plan, which another [test](../tests/terraform/test_cost.py) counts.
* *Prices* link to AWS's page, with the year in which they were last seen. Check a price there before you rely on it.

{quantities}

* **SQS**: {queues} queues feed a function, and Lambda polls each with {pollers} pollers for 20 s. EventBridge and SNS
  put messages; Lambda receives and deletes them in batches.
* **EventBridge** bills the request and each status event, in units of 64 KB. Delivery to a queue in the same account
  is free.
* **Lambda**: the durations are assumed, not measured. They are 50 ms an invocation, 100 ms for SES, 5 ms a message, and
  20 ms a sent email. The sender has {sender_mb:.0f} MB, the feedback processor {processor_mb:.0f} MB. Starts of new
  containers are not included.
* **DynamoDB**: `used` in [results.json](../tools/bench/results.json) has the units by table and index, for a day with
  up to 15 names ([more names](#requests) cost more). The records are those of a steady state, kept for {record_days}
  days. The backups are those of `EmailTracking` without its indexes.
* **CloudWatch**: the metrics are those of a month without failures; each kind of failure adds one. Logs are kept for
  {log_days} days and counted uncompressed. A dashboard is free until an account has three.
* **S3**: {containers} containers read the {template_reads} files of a template every five minutes.
* **KMS**: the tables use the key `aws/dynamodb`, and its requests are billed. There is at most one in five minutes for
  each pair of a table and a role, of {tables} tables and two roles.
* **AWS does not bill** SSM's standard parameters, SNS's deliveries to SQS, SES's events, and DynamoDB's deletions by
  TTL. X-Ray is off by default.
* **Less than a cent** each: the hourly read of SES's alarms, the templates in S3.
* **Not included**: data that leaves AWS, an archive of the bus (`archive_days`, off by default), your own rules and
  queues for status events.

### A scheduled email

The table has the costs of 1,000 emails that wait until they are due. The engine passes them through the retry queue,
one hop each quarter of an hour. For comparison, the last column has the cost of a one-time schedule of EventBridge
Scheduler for each email ([ADR 48](adr/0048-scheduling-by-hops-again.md)).

{scheduled}
"""


def part(results: Results) -> str:
    loads = bill.loads(results.used, _writes_a_bulk_email(results))
    bills = [bill.bill(load, results.deployed) for load in loads]
    deployed = results.deployed
    return TEXT.format(
        days=bill.MONTH_DAYS,
        table=_table(loads, bills),
        dominant=_dominant(bills),
        smaller=_smaller(results),
        fewer_at_1=FEWER_INVOCATIONS[1],
        fewer_at_30=FEWER_INVOCATIONS[30],
        gap=bill.MONTH_DAYS * 24 * 3600 / EMAILS,
        rate=_LANES_RATE,
        changes=_changes(results),
        alarms=deployed.alarms,
        alarm_metrics=deployed.alarm_metrics,
        producer_metrics=_PRODUCER_METRICS,
        producer_usd=_money(METRIC.of(_PRODUCER_METRICS)),
        record_days=deployed.record_days,
        quantities=_quantities(loads, bills),
        queues=deployed.polled_queues,
        pollers=POLLERS,
        sender_mb=deployed.sender_gb * 1024,
        processor_mb=deployed.processor_gb * 1024,
        log_days=deployed.log_days,
        template_reads=results.used.template.template_reads,
        containers=bill.CONTAINERS,
        tables=deployed.tables,
        scheduled=_scheduled(results),
    ).rstrip("\n")


def _writes_a_bulk_email(results: Results) -> float:
    return max(each.writes_a_bulk_email for each in results.lanes if each.rate == _LANES_RATE)


def _table(loads: Sequence[Load], bills: Sequence[Sequence[Line]]) -> str:
    rows = [
        [row, *(_money(bill.usd(line for line in lines if line.row == row)) for lines in bills)]
        for row in dict.fromkeys(line.row for line in bills[0])
    ]
    return "\n".join(
        table(
            ["", *(load.name for load in loads)],
            [
                *rows,
                _sums("**together**", bills, bill.usd),
                _sums("**without SES**", bills, lambda lines: bill.usd(_without_ses(lines))),
                _sums(
                    "without SES, beyond the account's free units",
                    bills,
                    lambda lines: bill.beyond_free(_without_ses(lines)),
                ),
            ],
        )
    )


def _sums(name: str, bills: Sequence[Sequence[Line]], of: Callable[[Sequence[Line]], float]) -> list[str]:
    bold = "**" if name.startswith("**") else ""
    return [name, *(f"{bold}{_money(of(lines))}{bold}" for lines in bills)]


def _without_ses(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.row != "SES"]


def _dominant(bills: Sequence[Sequence[Line]]) -> str:
    """Name what costs most after SES: with mail in batches of ten, and without mail."""
    _, _, tens, _ = bills
    own = _without_ses(tens)
    names = list(dict.fromkeys(line.row for line in own))
    costs = {name: bill.usd(line for line in own if line.row == name) for name in names}
    first, second = sorted(names, key=lambda name: -costs[name])[:2]
    share = bill.usd(tens) - bill.usd(own)
    idle = bill.usd(bills[0])
    most = (costs[first] + costs[second]) / bill.usd(own)
    return (
        f"In batches of ten, SES is {share / bill.usd(tens):.0%} of the bill. The largest rows of the rest are "
        f"`{first}` and\n`{second}`, with {most:.0%} of the rest. An engine without mail costs {_money(idle)} a\n"
        "month, for alarms, the dashboard and polling."
    )


def _smaller(results: Results) -> str:
    """Price a tenth of the mail, since the alarms and metrics cost the same."""
    used = results.used
    load = Load("", [(EMAILS // 10, used.tens)], used.alone, used.template)
    return (
        f"A tenth of the mail costs more than a tenth: {EMAILS // 10:,} emails in batches of ten cost "
        f"{_money(bill.usd(bill.bill(load, results.deployed)))}.\nAlarms, the dashboard and polling cost the same."
    )


def _changes(results: Results) -> str:
    """Price the whole bill again with one thing changed."""
    used, deployed, tens = results.used, results.deployed, results.used.tens

    def million(usage: Usage, deployed: Deployed = deployed) -> float:
        return bill.usd(bill.bill(Load("", [(EMAILS, usage)], used.alone, used.template), deployed))

    quiet = replace(tens, log_bytes=tens.metric_bytes, log_lines=tens.metric_lines)
    not_kept = replace(tens, write_units={**tens.write_units, "Pending": 0})
    base = million(tens)
    changes = {
        "each email is opened once (`open_tracking`, on by default)": million(used.opened),
        "each email soft-bounces and is retried, SES's second email included": million(used.soft_bounced),
        "each email has an attachment of 100 KB from S3": base + bill.attachments_usd(EMAILS, 100 * 1024),
        '`log_level = "WARNING"`: metrics and Lambda\'s own lines are left': million(quiet),
        "`soft_bounce_retries = 0`: no request is kept for a retry": million(not_kept),
        "`data_retention_days = 30`": million(tens, replace(deployed, record_days=30)),
        "`log_retention_days = 30`": million(tens, replace(deployed, log_days=30)),
    }
    rows = [[name, f"{'+' if cost > base else '−'}{_money(abs(cost - base))}"] for name, cost in changes.items()]
    return "\n".join(table(["Change", "A month"], rows))


def _quantities(loads: Sequence[Load], bills: Sequence[Sequence[Line]]) -> str:
    rows = []
    for price in dict.fromkeys(line.price for line in bills[0]):
        sums = [sum(line.quantity for line in lines if line.price is price) for lines in bills]
        per = "" if price.per == 1 else f" for {price.per:,}"
        link = f"[{_exact(price.usd)}{per}]({price.page})"
        free = f"{price.free:,.0f}" if price.free else ""
        rows.append([f"{price.service}: {price.what}", link, str(price.seen), free, *map(_quantity, sums)])
    head = ["", "List price", "Seen in", "Free a month", *(load.name for load in loads)]
    return "\n".join(table(head, rows))


def _exact(usd: float) -> str:
    """Return a price with at least its cents."""
    text = f"{usd:.4f}".rstrip("0")
    return f"${text}{'0' * (text.index('.') + 3 - len(text))}"


def _scheduled(results: Results) -> str:
    used, deployed = results.used, results.deployed
    alone, tens = (1000 * bill.hop_usd(usage, deployed) for usage in (used.hop_alone, used.hop_in_tens))
    schedule = 1000 * bill.schedule_usd()
    rows = [
        [name, f"${alone * hops:.4f}", f"${tens * hops:.4f}", f"${schedule:.4f}"]
        for name, hops in (
            ("15 minutes: one hop", 1),
            (f"a day: {HOPS_A_DAY} hops", HOPS_A_DAY),
            (f"30 days: {30 * HOPS_A_DAY:,} hops", 30 * HOPS_A_DAY),
        )
    ]
    return "\n".join(table(["Wait", "Hops, each alone", "Hops, ten in a batch", "Schedules"], rows))


def _money(usd: float) -> str:
    return f"${usd:,.2f}"


def _quantity(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
