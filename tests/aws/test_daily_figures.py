"""The figures of days on moto's DynamoDB."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from sesmail_layer.aws import daily_figures
from sesmail_layer.aws.daily_figures import DailyFigures
from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.figures import MOST_NAMES, OTHER, Figures, Kind, Name, Reached
from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from tests.aws.conftest import CONTROL, NOW, calls_of, stored
from tools.simulation.units import item_bytes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAY, HOUR = "2026-11-24", f"count#{ACCOUNT}#2026-11-24T10"
SENT, DELIVERED, BOUNCED = Status.SENT, Status.DELIVERED, Status.BOUNCED


def figures(control: DynamoDBClient) -> DailyFigures:
    """A container's."""
    return DailyFigures(control, CONTROL, sleep=lambda _seconds: None)


def reached(*statuses: Status, tags: Sequence[str] = (), **facts: Any) -> Reached:
    given: dict[str, Any] = {"original_source": "shop", "template_name": "welcome", "topic": "welcome"}
    record = TrackingRecord(
        email_id="one",
        status=Status.SENT,
        attempt=1,
        timestamp="",
        date_partition="",
        ttl=1,
        tags=list(tags),
        **given | facts,
    )
    return record, statuses


@pytest.fixture(autouse=True)
def shop_has_a_policy(control: DynamoDBClient) -> None:
    control.put_item(TableName=CONTROL, Item={"pk": {"S": "producer#shop"}})


def test_an_email_counts_in_all_and_by_its_producer_template_tags_and_topic(control: DynamoDBClient) -> None:
    counting = figures(control)
    counting.add([reached(SENT, tags=["spring", "vip"]), reached(SENT, topic="news")], 2, NOW)
    figures(control).add([reached(DELIVERED, Status.OPENED, tags=["vip"])], 0, NOW + 1)

    found = counting.read([DAY])[DAY]
    assert found.total == Figures(sent=2, delivered=1, opened=1)
    assert found.by_name == {
        Name(Kind.PRODUCER, "shop"): Figures(sent=2, delivered=1, opened=1),
        Name(Kind.TEMPLATE, "welcome"): Figures(sent=2, delivered=1, opened=1),
        Name(Kind.TOPIC, "welcome"): Figures(sent=1, delivered=1, opened=1),
        Name(Kind.TOPIC, "news"): Figures(sent=1),
        Name(Kind.TAG, "spring"): Figures(sent=1),
        Name(Kind.TAG, "vip"): Figures(sent=1, delivered=1, opened=1),
    }


def test_days_are_apart_and_a_day_without_mail_is_zero(control: DynamoDBClient) -> None:
    counting = figures(control)
    counting.add([reached(SENT)], 0, NOW)
    counting.add([reached(SENT), reached(SENT)], 0, NOW + 86_400)

    found = counting.read([DAY, "2026-11-25", "2026-11-26"])
    assert [found[day].total.sent for day in sorted(found)] == [1, 2, 0]
    assert found["2026-11-26"].by_name == {}


def test_hours_are_read_by_themselves(control: DynamoDBClient) -> None:
    counting = figures(control)
    counting.add([reached(SENT)], 0, NOW - 3_600)
    counting.add([reached(SENT), reached(BOUNCED)], 0, NOW)

    assert counting.read_hours(["2026-11-24T10"]).total == Figures(sent=1, bounced=1)
    both = counting.read_hours(["2026-11-24T09", "2026-11-24T10"])
    assert both.by_name[Name(Kind.PRODUCER, "shop")] == Figures(sent=2, bounced=1)


def test_what_was_delivered_is_read_by_slots(control: DynamoDBClient) -> None:
    counting = figures(control)
    for ago in (4_000, 3_500, 300, 0):
        counting.add([reached(DELIVERED)], 0, NOW - ago)

    assert counting.delivered_since(NOW - 3_600, NOW) == 3
    assert counting.delivered_since(NOW - 86_400, NOW) == 4


def test_a_source_without_a_policy_is_counted_as_other_until_it_has_one(control: DynamoDBClient) -> None:
    counting = figures(control)
    counting.add([reached(SENT, original_source="stranger"), reached(SENT, original_source=None)], 0, NOW)
    control.put_item(TableName=CONTROL, Item={"pk": {"S": "producer#stranger"}})
    counting.add([reached(SENT, original_source="stranger")], 0, NOW + 301)

    by_name = counting.read([DAY])[DAY].by_name
    assert by_name[Name(Kind.PRODUCER, OTHER)].sent == 2
    assert by_name[Name(Kind.PRODUCER, "stranger")].sent == 1


def test_sources_that_somebody_invents_are_counted_as_other_and_remembered_up_to_a_limit(
    control: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily_figures, "_MOST_UNLISTED", 20)
    counting = figures(control)
    for start in range(0, 100, 10):
        batch = [reached(SENT, original_source=f"invented-{number}") for number in range(start, start + 10)]
        counting.add(batch, 0, NOW)

    by_name = counting.read([DAY])[DAY].by_name
    assert {name.name: found.sent for name, found in by_name.items() if name.kind is Kind.PRODUCER} == {OTHER: 100}
    assert len(counting._unlisted) == 20


def test_the_first_200_names_of_a_kind_are_counted_and_the_rest_as_other(control: DynamoDBClient) -> None:
    containers = [figures(control) for _ in range(3)]
    for start in range(0, MOST_NAMES + 50, 25):
        batch = [reached(SENT, tags=[f"tag-{number:03}"]) for number in range(start, start + 25)]
        containers[start % 3].add(batch, 0, NOW)

    by_name = containers[0].read([DAY])[DAY].by_name
    tags = {name.name: found.sent for name, found in by_name.items() if name.kind is Kind.TAG}
    assert tags == {f"tag-{number:03}": 1 for number in range(MOST_NAMES)} | {OTHER: 50}
    assert by_name[Name(Kind.TEMPLATE, "welcome")].sent == MOST_NAMES + 50


def test_counters_stay_below_1_kb_and_names_below_4(control: DynamoDBClient) -> None:
    counting, counts = figures(control), SendingCounts(control, CONTROL)
    names = [f"{number:03}".ljust(64, "x") for number in range(220)]
    for start in range(0, 220, 10):  # Moto takes no longer expression.
        some = names[start : start + 10]
        counting.add([reached(*EVERY, tags=[one], template_name=one * 2, topic=f"t{one}") for one in some], 0, NOW)
    for item in control.scan(TableName=CONTROL)["Items"]:
        counters = {name: {"N": "98765"} for name in item if name[:-1].isdecimal()}
        control.put_item(TableName=CONTROL, Item={**item, **counters})
    for slot in range(12):
        counts.count(ACCOUNT, Counts(98_765, 987, 98), NOW - NOW % 3600 + slot * 300)

    items = control.scan(TableName=CONTROL)["Items"]
    sizes = {item["pk"]["S"]: item_bytes(item) for item in items}
    assert {HOUR, "figures#2026-11-24T10", f"figures#{DAY}#s0", f"figures#{DAY}#d5"} < sizes.keys()
    assert max(size for item in items if "listed" in item if (size := sizes[item["pk"]["S"]])) < 4_096
    assert max(size for item in items if "listed" not in item if (size := sizes[item["pk"]["S"]])) <= 1_024
    assert len(items) <= 24 + 60 + 3, "pages, ten of counters for each status, the hour's two, the policy"


EVERY = (SENT, DELIVERED, BOUNCED, Status.COMPLAINED, Status.OPENED, Status.FAILED)


def test_the_account_s_sent_emails_are_counted_in_the_same_write(control: DynamoDBClient) -> None:
    counting = figures(control)
    counting.add([reached(SENT)], 0, NOW)
    calls = calls_of(control)
    counting.add([reached(SENT), reached(SENT)], 2, NOW)

    assert calls == ["UpdateItem"]
    timeline = SendingCounts(control, CONTROL).read([ACCOUNT], NOW)[ACCOUNT].timeline
    assert timeline == {1_795_516_200: Counts(emails=2)}
    assert float(stored(control, HOUR)["ttl"]["N"]) == NOW + 100 * 86_400


def test_the_breaker_s_count_of_the_account_does_not_shorten_the_figures_life(control: DynamoDBClient) -> None:
    figures(control).add([reached(SENT)], 1, NOW)
    SendingCounts(control, CONTROL).count(ACCOUNT, Counts(bounces=1), NOW)
    assert float(stored(control, HOUR)["ttl"]["N"]) == NOW + 100 * 86_400


def test_producers_with_a_policy_are_counted_in_metrics_too(control: DynamoDBClient) -> None:
    found: list[tuple[str, str, int]] = []
    counting = DailyFigures(control, CONTROL, count_of=lambda *one: found.append(one))
    counting.add([reached(SENT), reached(SENT, DELIVERED), reached(SENT, original_source="stranger")], 3, NOW)

    assert found == [("shop", "EmailSent", 2), ("shop", "EmailDelivered", 1)]


def test_what_could_not_be_added_is_added_with_the_next_batch(
    control: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = figures(control)
    counting.add([reached(SENT)], 1, NOW)
    with monkeypatch.context() as broken:
        broken.setattr(counting, "_update", _unavailable)
        with pytest.raises(TransientError):
            counting.add([reached(SENT), reached(Status.FAILED)], 1, NOW)
    counting.add([reached(SENT)], 1, NOW)
    counting.add([reached(DELIVERED)], 0, NOW)

    assert counting.read([DAY])[DAY].total == Figures(sent=3, failed=1, delivered=1)
    assert SendingCounts(control, CONTROL).read([ACCOUNT], NOW)[ACCOUNT].timeline == {1_795_516_200: Counts(emails=3)}


def test_what_waits_for_a_table_is_bounded(control: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = figures(control)
    with monkeypatch.context() as broken:
        broken.setattr(counting, "_number", lambda *_: None)
        broken.setattr(counting, "_update", _unavailable)
        for number in range(60):
            fresh = [reached(SENT, tags=[f"tag-{number}-{each}" for each in range(100)])]
            with pytest.raises(TransientError):
                counting.add(fresh, 1, NOW)
        assert len(counting._pending) <= 5_001, "and one for what is left out"
    counting.add([], 1, NOW)
    assert counting.read([DAY])[DAY].total.sent == 60


def test_no_call_begins_after_the_last_start_and_what_is_left_is_added_with_the_next_batch(
    control: DynamoDBClient,
) -> None:
    """Each call takes 3 s: 100 new names need eight calls."""
    calls = calls_of(control)
    counting = DailyFigures(control, CONTROL, sleep=lambda _seconds: None, clock=lambda: NOW + 3 * len(calls))
    batch = [reached(SENT, DELIVERED, tags=[f"tag-{number:03}" for number in range(100)])]
    with pytest.raises(TransientError, match="No time left"):
        counting.add(batch, 1, NOW, NOW + 9)
    assert len(calls) == 4
    for latest in (9, 21, 60):
        with suppress(TransientError):
            counting.add(batch, 1, NOW, NOW + 3 * len(calls) + latest)

    found = counting.read([DAY])[DAY]
    assert found.total == Figures(sent=4, delivered=4)
    tags = {name.name: figures for name, figures in found.by_name.items() if name.kind is Kind.TAG}
    assert tags == {f"tag-{number:03}": Figures(sent=4, delivered=4) for number in range(100)}
    assert SendingCounts(control, CONTROL).read([ACCOUNT], NOW)[ACCOUNT].timeline == {1_795_516_200: Counts(emails=4)}


def test_counters_that_an_earlier_version_kept_with_the_names_are_added(control: DynamoDBClient) -> None:
    """A day on which the engine is upgraded has both."""
    counting = figures(control)
    batch = [reached(SENT, tags=[f"tag-{number:02}" for number in range(30)])]
    counting.add(batch, 1, NOW)
    control.update_item(
        TableName=CONTROL,
        Key={"pk": {"S": f"figures#{DAY}#0"}},
        UpdateExpression="ADD #counter :seven",
        ExpressionAttributeNames={"#counter": "33s"},
        ExpressionAttributeValues={":seven": {"N": "7"}},
    )
    by_name = counting.read([DAY])[DAY].by_name
    assert sorted(found.sent for name, found in by_name.items() if name.kind is Kind.TAG) == [*[1] * 29, 8]


def test_after_two_errors_the_other_items_are_left_to_the_next_batch(
    control: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = figures(control)
    calls: list[str] = []

    def no_answer(key: str, *_: object) -> None:
        calls.append(key)
        _unavailable()

    tags = [f"tag-{number}" for number in range(150)]
    batch = [reached(SENT, DELIVERED, tags=tags)]
    counting.add(batch, 1, NOW)
    with monkeypatch.context() as broken:
        broken.setattr(counting, "_add", no_answer)
        with pytest.raises(TransientError):
            counting.add(batch, 1, NOW)
    counting.add(batch, 1, NOW)

    assert len(calls) == 2
    assert counting.read([DAY])[DAY].total == Figures(sent=3, delivered=3)
    assert counting.read([DAY])[DAY].by_name[Name(Kind.TAG, "tag-149")].sent == 3


def test_containers_at_the_same_time_count_every_email(control: DynamoDBClient) -> None:
    def work(worker: int) -> None:
        container = figures(control)
        for number in range(8):
            container.add([reached(SENT, tags=[f"own-{worker}-{number}", "shared"])], 1, NOW)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    by_name = figures(control).read([DAY])[DAY].by_name
    assert by_name[Name(Kind.TAG, "shared")].sent == 32
    own = [found.sent for name, found in by_name.items() if name.name.startswith("own-")]
    others = by_name.get(Name(Kind.TAG, OTHER), Figures()).sent
    assert sum(own) + others == 32
    assert len(own) >= 28, "names are numbered, too"


def test_what_somebody_else_wrote_is_left_out(control: DynamoDBClient) -> None:
    counting = figures(control)
    counting.add([reached(SENT)], 0, NOW)
    control.update_item(
        TableName=CONTROL,
        Key={"pk": {"S": f"figures#{DAY}#0"}},
        UpdateExpression="SET listed = list_append(listed, :odd), note = :note, #odd = :note",
        ExpressionAttributeNames={"#odd": "7s"},
        ExpressionAttributeValues={":odd": {"L": [{"S": "x:odd"}, {"N": "1"}]}, ":note": {"S": "by hand"}},
    )
    later = figures(control)
    later.add([reached(SENT, tags=["after"])], 0, NOW)

    by_name = later.read([DAY])[DAY].by_name
    assert by_name[Name(Kind.TAG, "after")].sent == 1
    assert by_name[Name(Kind.TEMPLATE, "welcome")].sent == 2


def _unavailable(*_: Any, **__: Any) -> Any:
    raise TransientError("no answer", code="AWS006")
