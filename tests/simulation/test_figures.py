"""The figures of days under load: bounded items and writes, and what they say is what the emails were."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sesmail_layer.aws.daily_figures import DailyFigures
from sesmail_layer.domain.figures import MOST_NAMES, OTHER, Kind, Name, Reached
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from tools.simulation.crashes import Killed, Killer, mortal
from tools.simulation.fakes import NOW, request
from tools.simulation.feedback import Feedback, bounced, complained, delivered
from tools.simulation.sender import Sender
from tools.simulation.units import item_bytes, write_units
from tools.simulation.updates import updated

DAY = "2026-11-24"


class ControlTable:
    """A client of DynamoDB with the control table: the updates that the figures make, and their units by second."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {"producer#shop": {"pk": {"S": "producer#shop"}}}
        self.units: dict[int, Counter[str]] = defaultdict(Counter)
        self.second = 0
        self.reads = 0

    def batch_get_item(self, *, RequestItems: Any) -> dict[str, Any]:
        [(table, wanted)] = RequestItems.items()
        keys = [key["pk"]["S"] for key in wanted["Keys"]]
        assert len(keys) == len(set(keys)) <= 100
        self.reads += 1
        return {"Responses": {table: [self.items[key] for key in keys if key in self.items]}}

    def update_item(self, **given: Any) -> dict[str, Any]:
        key, values = given["Key"]["pk"]["S"], given["ExpressionAttributeValues"]
        before = self.items.get(key, {"pk": {"S": key}})
        assert len(given["UpdateExpression"]) <= 4_096
        listed = before.get("listed", {"L": []})["L"]
        if ":seen" in values and len(listed) != float(values[":seen"]["N"]):
            self.units[self.second][key] += write_units(before, None)
            response: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}, "Item": before}
            raise ClientError(response, "UpdateItem")
        self.items[key] = after = updated(before, given)
        self.units[self.second][key] += write_units(before, after)
        return {"Attributes": after}


def email(number: int, *statuses: Status, tags: Iterator[int]) -> Reached:
    record = TrackingRecord(
        email_id=f"m-{number}",
        status=Status.SENT,
        attempt=1,
        timestamp="",
        date_partition="",
        ttl=1,
        original_source="shop",
        template_name=f"template-{number % 12}",
        topic=f"topic-{number % 5}",
        tags=[f"fresh-{next(tags)}" for _ in range(5)],
    )
    return record, statuses


def test_500_emails_and_2500_fresh_tags_a_second_leave_items_and_writes_bounded() -> None:
    table: Any = ControlTable()
    senders = [DailyFigures(table, "Control", sleep=lambda _: None) for _ in range(10)]
    processors = [DailyFigures(table, "Control", sleep=lambda _: None) for _ in range(5)]
    tags = iter(range(10**9))
    seconds, rate, batch = 4, 500, 10
    for second in range(seconds):
        table.second = second
        for start in range(0, rate, batch):
            sent = [email(start + each, Status.SENT, tags=tags) for each in range(batch)]
            senders[start // batch % 10].add(sent, batch, NOW + second)
            processors[start // batch % 5].add([(one, [Status.DELIVERED]) for one, _ in sent], 0, NOW + second)

    figures = [key for key in table.items if key.startswith(("figures#", "count#"))]
    assert len(figures) <= 14, figures
    written_by_each_batch = [key for key in figures if "listed" not in table.items[key]]
    assert max(item_bytes(table.items[key]) for key in written_by_each_batch) <= 1_024
    by_key = [units for second in table.units.values() for units in second.values()]
    assert max(by_key) <= 500, "half of DynamoDB's limit for a key"
    found = senders[0].read([DAY])[DAY]
    assert found.total.sent == found.total.delivered == seconds * rate
    by_tag = {name.name: one.sent for name, one in found.by_name.items() if name.kind is Kind.TAG}
    assert len(by_tag) == MOST_NAMES + 1
    assert sum(by_tag.values()) == seconds * rate * 5
    assert by_tag[OTHER] == seconds * rate * 5 - MOST_NAMES
    assert found.by_name[Name(Kind.TEMPLATE, "template-3")].sent == pytest.approx(seconds * rate / 12, abs=10)


@pytest.mark.parametrize("seed", range(12))
def test_the_figures_are_what_the_emails_were_but_for_a_batch_per_crash(seed: int) -> None:
    """A sender and a feedback processor on one table, batches of ten, events repeated, and processes killed."""
    rng = random.Random(seed)
    sender, feedback = Sender(), Feedback()
    feedback.clock, feedback.tracking = sender.clock, sender.tracking
    kills = Counter[str]()

    def run(driver: Any, name: str, messages: list[Any]) -> None:
        """As SQS: what is killed is delivered again."""
        if rng.random() < 0.3:
            ports, killer = driver.ports(), Killer(rng.randint(1, 40), after=rng.random() < 0.5)
            driver.ports = lambda: mortal(ports, killer)
            with suppress(Killed):
                driver.run(*messages)
                kills[name] -= 1  # The batch had fewer calls.
            kills[name] += 1
            del driver.ports
            sender.clock.sleep(600)
        driver.run(*messages)

    for start in range(0, 60, 10):
        wanted = [request(emailId=f"m-{start + n}", to=f"u{start + n}@example.com") for n in range(9)]
        wanted.append(request(emailId=f"m-{start + 9}", templateName="none"))
        run(sender, "sender", [sender.message(one) for one in wanted])
    sender.clock.sleep(900)
    sender.run_waiting()
    kinds = (delivered, bounced, complained)
    sent = [one for one in sender.tracking.records.values() if one.ses_message_id]
    events = [rng.choice(kinds)(email_id=one.email_id) for one in sent for _ in range(2)]
    for start in range(0, len(events), 10):
        run(feedback, "processor", [feedback.message(one) for one in events[start : start + 10]])

    found: Counter[Status] = Counter()
    for driver in (sender, feedback):
        found.update({status: n for (name, status), n in driver.figures.counts().items() if name is None})
    became: Counter[Status] = Counter()
    for record in sender.tracking.records.values():
        became.update({entry.status for entry in record.history if entry.status})
    for status in (Status.SENT, Status.FAILED):
        assert became[status] - 10 * kills["sender"] <= found[status] <= became[status], status
    for status in (Status.DELIVERED, Status.BOUNCED, Status.COMPLAINED):
        assert became[status] - 10 * kills["processor"] <= found[status] <= became[status], status
    assert became[Status.SENT] >= 50
