"""DynamoDB's write limit in the simulations: what it counts, what it throttles, and what the engine makes of that."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from tools.simulation import write_limit
from tools.simulation.claim_worlds import prove_interleaving, prove_random_world
from tools.simulation.crashes import IN_PROCESS
from tools.simulation.fakes import NOW, FakeClock, request
from tools.simulation.feedback import Feedback, delivered
from tools.simulation.reputation import ReputationSimulation
from tools.simulation.sender import Sender
from tools.simulation.units import item_bytes
from tools.simulation.write_limit import CONTROL, TRACKING, UNITS_A_SECOND, WriteLimit, limited, write_limit_of

DAY = "date-partition-index", "2026-11-24"


def record(email_id: str, **facts: Any) -> TrackingRecord:
    given: dict[str, Any] = {
        "status": Status.SENT,
        "attempt": 1,
        "timestamp": "2026-11-24T10:31:00.000Z",
        "date_partition": "2026-11-24",
        "ttl": 1,
        "to_email": f"{email_id}@example.com",
        "ses_message_id": f"ses-{email_id}",
    }
    return TrackingRecord(email_id=email_id, **given | facts)


class TestCounting:
    def setup_method(self) -> None:
        self.clock = FakeClock()
        self.limit = WriteLimit(self.clock)
        client: Any = self.limit
        self.tracking = TrackingTable(client, TRACKING)

    def test_a_write_counts_in_its_table_and_in_each_index_that_has_the_item(self) -> None:
        self.tracking.create(record("one"))
        assert self.limit.units == {
            (TRACKING, "one"): 1,
            DAY: 1,
            ("to-email-timestamp-index", "one@example.com"): 1,
            ("ses-message-id-index", "ses-one"): 1,
        }

    def test_an_index_in_which_nothing_changes_is_not_written(self) -> None:
        self.tracking.create(record("one"))
        self.tracking.replace(record("one", subject="Another"))
        assert self.limit.units[DAY] == 1

    def test_an_entry_under_another_key_is_deleted_and_written(self) -> None:
        self.tracking.create(record("one"))
        self.tracking.replace(record("one", ses_message_id="ses-two"))
        assert self.limit.units["ses-message-id-index", "ses-one"] == 2
        assert self.limit.units["ses-message-id-index", "ses-two"] == 1

    def test_an_item_counts_by_its_size(self) -> None:
        self.tracking.create(record("one", subject="x" * 3_000))
        assert self.limit.units[TRACKING, "one"] == 4
        assert self.limit.units[DAY] == 1

    def test_an_update_counts_by_the_item_s_size_before_and_after(self) -> None:
        key = CONTROL, "figures#2026-11-24#0"
        for tags, units in ((20, 1), (10, 2), (1, 2)):
            before = self.limit.units[key]
            names = [f"tag-{tags}-{number}".ljust(40, "x") for number in range(tags)]
            self.limit.figures.add([(record("one", tags=names), [Status.SENT])], 0, NOW)
            assert self.limit.units[key] - before == units, tags
        size = item_bytes(self.limit.items[key])
        assert 1_024 < size <= 2_048, size

    def test_what_is_deleted_or_in_a_transaction_counts_by_its_size(self) -> None:
        key, client = {"pk": {"S": "some"}}, self.limit
        client.put_item(TableName=CONTROL, Item={**key, "text": {"S": "x" * 2_500}})
        counted = {"TableName": CONTROL, "Key": key, "UpdateExpression": "ADD n :one"}
        client.transact_write_items(
            TransactItems=[{"Update": {**counted, "ExpressionAttributeValues": {":one": {"N": "1"}}}}]
        )
        client.delete_item(TableName=CONTROL, Key=key)
        assert client.units[CONTROL, "some"] == 3 + 2 * 3 + 3

    @pytest.mark.throttles
    def test_one_key_takes_a_thousand_writes_in_any_second(self) -> None:
        for number in range(1_000):
            self.tracking.create(record(f"m-{number}"))
        self.clock.sleep(0.9)
        with pytest.raises(TransientError, match="ThrottlingException"):
            self.tracking.create(record("more"))
        assert self.limit.throttled == {DAY: 1}
        assert (TRACKING, "more") not in self.limit.units
        self.clock.sleep(0.1)
        self.tracking.create(record("more"))
        assert self.limit.highest[DAY] == 1_000

    @pytest.mark.throttles
    def test_it_throttles_with_botocore_s_errors(self) -> None:
        for key, code in ((CONTROL, "x"), "ProvisionedThroughputExceededException"), (DAY, "ThrottlingException"):
            self.limit.charge({key: UNITS_A_SECOND})
            with pytest.raises(ClientError) as caught:
                self.limit.charge({key: 1})
            assert caught.value.response["Error"]["Code"] == code


NO_STORES = IN_PROCESS | {
    *("templates", "attachments", "mailer", "bus", "sending_bus", "quota_api"),
    *("retry_queue", "bulk_retry_queue", "bulk_queue", "feedback_queue", "dead_letters"),
}


@pytest.mark.parametrize("driver", [Sender(), Feedback()], ids=lambda driver: type(driver).__name__)
def test_every_store_is_under_the_limit(driver: Sender | Feedback) -> None:
    ports = driver.ports()
    assert isinstance(ports, msgspec.Struct)
    for name in set(ports.__struct_fields__) - NO_STORES:
        assert type(getattr(ports, name)) is write_limit.Limited, name


def test_an_email_s_whole_life_is_counted() -> None:
    sender, feedback = Sender(), Feedback()
    feedback.clock, feedback.tracking = sender.clock, sender.tracking
    sender.send(emailId="email-1")
    feedback.run(feedback.message(delivered()))

    units = write_limit_of(sender.clock).units
    tables = {name for name, _ in units}
    assert tables >= {TRACKING, CONTROL, "Pending", "date-partition-index"}
    assert units[TRACKING, "email-1"] >= 3
    assert units[CONTROL, "pacer#all"] == 1
    assert units["Pending", "email-1"] == 2  # Kept for a retry, and forgotten when it was delivered.


@pytest.mark.throttles
@pytest.mark.parametrize("port", ["tracking", "rate_bucket"])
def test_an_email_whose_write_is_throttled_waits_and_is_sent_once(port: str) -> None:
    sender = Sender()
    limit = write_limit_of(sender.clock)
    keys = {"tracking": (TRACKING, "one"), "rate_bucket": (CONTROL, "pacer#all")}
    limit.charge({keys[port]: UNITS_A_SECOND})

    assert sender.waits_after(sender.message(request(emailId="one")))
    assert limit.throttled == {keys[port]: 1}
    sender.run_waiting()
    assert len(sender.mailer.accepted) == 1
    assert sender.tracking.records["one"].status is Status.SENT


@pytest.mark.throttles
@pytest.mark.parametrize("prove", [prove_interleaving, prove_random_world])
def test_throttled_writes_lose_and_double_nothing(prove: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim protocol's worlds, with a limit that a handful of emails reaches."""
    monkeypatch.setattr(write_limit, "UNITS_A_SECOND", 6)
    for seed in range(60):
        prove(seed)
    assert WriteLimit.throttled_anywhere.total() > 20


def test_ports_of_the_same_clock_share_their_limit() -> None:
    sender = Sender()
    ports = [msgspec.structs.replace(sender.ports()) for _ in range(2)]
    for number, some in enumerate(ports):
        limited(some, sender.clock).sending_counts.count_sent("*", 1, sender.clock.now())
        assert write_limit_of(sender.clock).units[CONTROL, "count#*#2026-11-24T10"] >= number + 1


def test_500_emails_a_second_from_request_to_delivery_reach_no_key_s_limit() -> None:
    """Two producers with caps, small batches: each batch writes to the rate, the counts and the caps."""
    seconds = 5
    simulation = ReputationSimulation(500)
    day = record("earlier", tags=[f"tag-{number}" for number in range(40)])
    simulation.limit.figures.add([(day, [Status.SENT])], 0, simulation.clock.now())
    for source in ("shop", "portal"):
        simulation.set_policy(source, ProducerPolicy(emails_per_day=100_000, first_contacts_per_hour=100_000))
    producers = [simulation.producer(source, 235, seconds, "customer.example") for source in ("shop", "portal")]
    processors = [simulation.feedback_processor(seconds + 20) for _ in range(12)]
    simulation.run([*producers, *simulation.senders(50, seconds + 5), *processors])

    records = [*simulation.records_of("shop"), *simulation.records_of("portal")]
    assert {record.status for record in records} == {Status.DELIVERED}
    assert len(simulation.sent_by("shop", "portal")) == len(records) == 2 * 235 * seconds
    hot = simulation.limit.highest
    assert {"pacer#all", "count#*#2026-11-24T10", "day#shop#2026-11-24"} <= {name for _, name in hot}
    # The producers and the template are names beyond the first ones: counted in items of their own.
    assert hot[CONTROL, "figures#2026-11-24#s0"] > 100
    assert hot[CONTROL, "figures#2026-11-24#d0"] > 100
    assert hot[CONTROL, "figures#2026-11-24#0"] < 10, "written where a name is new"
    assert max(hot.values()) <= 1_000
