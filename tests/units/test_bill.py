"""Every formula of the bill against a sum worked by hand, in quantities that a reader can follow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools.bench import bill, deployed, price_list, usage
from tools.bench.bill import Line, Load
from tools.bench.deployed import Deployed
from tools.bench.usage import Counted, Usage

GB = 1024**3
STACK = Deployed(
    alarms=4,
    alarm_metrics=7,
    dashboards=1,
    polled_queues=2,
    sender_gb=0.5,
    processor_gb=0.25,
    architecture="arm64",
    record_days=60,
    log_days=90,
    tables=3,
    backed_up=["EmailTracking"],
    tracing=False,
)
# Two emails in one batch, whose two events each come in another: 1 and 2 invocations.
TWO = Usage(
    emails=2,
    sends=2,
    sender_batches=1,
    sender_messages=2,
    processor_batches=2,
    processor_messages=4,
    events=4,
    write_units={"EmailTracking": 20, "Control": 2},
    read_units={"Suppression": 5.0},
    log_bytes=1000,
    log_lines=10,
    metrics=["EmailSent x", "EmailDelivered x"],
    record_bytes=GB,
    index_bytes=2 * GB,
)
TEN = Load("ten emails", [(10, TWO)], always=Usage(metrics=["DailyQuotaUsed x"]), template=Usage(template_reads=3))


def quantities(load: Load) -> dict[str, float]:
    """Return the quantities by row and what is billed."""
    found: dict[str, float] = {}
    for line in bill.bill(load, STACK):
        name = f"{line.row}, {line.price.what}"
        assert name not in found
        found[name] = line.quantity
    return found


def test_ten_emails_use_five_times_what_two_do() -> None:
    found = quantities(TEN)
    assert found["SES, emails"] == 10
    # 10 requests, and 2 status events of each.
    assert found["EventBridge, events"] == 30
    assert found["SNS, publishes"] == 20
    # Put: 10 by EventBridge, 20 by SNS. Received and deleted: 5 batches of the sender, 10 of the processor.
    assert found["SQS: messages, requests"] == 10 + 20 + 2 * (5 + 10)
    assert found["Lambda, invocations"] == 15
    # The sender's 5 batches take 50 + 100 ms, 2 x 5 and 2 x 20 ms; the processor's 10 take 50 and 2 x 5 ms.
    assert found["Lambda, GB-seconds on arm64"] == pytest.approx(5 * 0.2 * 0.5 + 10 * 0.06 * 0.25)
    assert found["DynamoDB: writes, write units"] == 110
    assert found["DynamoDB: reads, read units"] == 25


def test_records_are_kept_for_their_days_with_their_indexes_and_backed_up_without() -> None:
    """Ten emails a month, 5 GB and 10 GB of indexes, for two months."""
    found = quantities(TEN)
    assert found["DynamoDB: records kept, GB a month, tables and indexes"] == pytest.approx(30)
    assert found["DynamoDB: backup (point in time), GB a month, point-in-time recovery"] == pytest.approx(10)


def test_logs_have_the_lines_of_the_functions_and_of_lambda() -> None:
    """Two emails: 1,000 bytes; 3 invocations with 330 bytes in 3 lines each; 26 bytes for each of 10 + 9 lines."""
    assert bill.log_bytes(TWO) == 1000 + 3 * 330 + 19 * 26
    found = quantities(TEN)
    assert found["CloudWatch: logs, GB of logs taken"] == pytest.approx(5 * 2484 / GB)
    assert found["CloudWatch: logs, GB of logs kept for a month"] == pytest.approx(3 * 5 * 2484 / GB)


def test_each_name_and_dimensions_is_a_metric_once() -> None:
    assert quantities(TEN)["CloudWatch: metrics, metrics"] == 3


def test_five_containers_read_a_template_each_five_minutes() -> None:
    """A month has 8,640 times five minutes."""
    assert quantities(TEN)["S3 and KMS, GET requests"] == 5 * 3 * 8640


def test_two_roles_ask_for_each_tables_key_each_five_minutes() -> None:
    assert quantities(TEN)["S3 and KMS, requests"] == 3 * 2 * 8640


def test_without_mail_only_polling_alarms_and_dashboard_are_billed() -> None:
    """Each of five pollers asks every 20 s: 129,600 times in 30 days."""
    found = {name: quantity for name, quantity in quantities(Load("no mail")).items() if quantity}
    assert found == {
        "SQS: polling empty queues, requests": 2 * 5 * 129_600,
        "CloudWatch: alarms, alarm metrics": 7,
        "CloudWatch: dashboard, dashboards": 1,
    }
    assert bill.usd(bill.bill(Load("no mail"), STACK)) == pytest.approx(1.296 * 0.4 + 0.7 + 3)


def test_fifty_messages_are_received_ten_at_a_time() -> None:
    assert bill.queue_requests(Usage(processor_batches=1, processor_messages=50)) == 50 + 2 * 5


def test_free_units_are_taken_once_from_all_lines_of_a_price() -> None:
    lines = [Line("polling", price_list.QUEUE_REQUEST, 900_000), Line("messages", price_list.QUEUE_REQUEST, 600_000)]
    assert bill.usd(lines) == pytest.approx(0.6)
    assert bill.beyond_free(lines) == pytest.approx(0.2)
    assert bill.beyond_free(lines[:1]) == 0


def test_bulk_beside_transactional_adds_the_writes_of_competing_lanes() -> None:
    """Counted alone, a bulk email takes 0.2 writes on the rate buckets; beside the other lane, 0.5."""
    bulk = Usage(emails=10, write_units={"Control": 2}, pacing_writes=2)
    alone = Usage(emails=1, write_units={"Control": 3})
    counted = _counted(bulk=bulk, alone=alone)
    *_, mixed = bill.loads(counted, writes_a_bulk_email=0.5)
    [writes] = [line for line in bill.bill(mixed, STACK) if line.row == "DynamoDB: writes"]
    assert writes.quantity == pytest.approx(700_000 * 0.2 + 300_000 * 3 + 700_000 * 0.3)


def test_a_hop_is_three_requests_an_invocation_and_its_reads() -> None:
    """Put, received, deleted; 55 ms of 0.5 GB; 8 reads; a line of 200 bytes and Lambda's three, kept 90 days."""
    hop = Usage(
        sender_batches=1, sender_messages=1, queue_requests=1, read_units={"Control": 8}, log_bytes=200, log_lines=1
    )
    logs = (200 + 330 + 4 * 26) / GB
    expected = 3 * 0.4e-6 + 0.2e-6 + 0.0275 * 13.3334e-6 + 8 * 0.125e-6 + logs * 0.5 + 3 * logs * 0.03
    assert bill.hop_usd(hop, STACK) == pytest.approx(expected)


def test_ten_emails_share_a_hop() -> None:
    hop = Usage(sender_batches=1, sender_messages=10, queue_requests=1)
    logs = (330 + 3 * 26) / GB
    expected = 3 * 0.4e-6 + 0.2e-6 + 0.1 * 0.5 * 13.3334e-6 + logs * 0.5 + 3 * logs * 0.03
    assert bill.hop_usd(hop, STACK) == pytest.approx(expected / 10)


def test_attachments_are_billed_by_their_size_and_read_once() -> None:
    """A thousand of 1 MB are 1,000 of 1,024 MB."""
    assert bill.attachments_usd(1000, 1024 * 1024) == pytest.approx(1000 / 1024 * 0.12 + 0.0004)


def test_a_schedule_is_an_invocation_and_a_message() -> None:
    assert bill.schedule_usd() == pytest.approx(1e-6 + 0.4e-6)


@pytest.mark.parametrize(("size", "billed"), [(1, 1), (64 * 1024, 1), (64 * 1024 + 1, 2), (256 * 1024, 4)])
def test_each_64_kb_is_billed_as_one(size: int, billed: int) -> None:
    assert usage.chunks(size) == billed


@pytest.mark.parametrize("price", price_list.ALL, ids=lambda price: price.what)
def test_a_price_names_its_page_and_year(price: price_list.Price) -> None:
    assert price.page.startswith("https://aws.amazon.com/")
    assert price.seen >= 2025


def test_a_plan_is_counted_with_each_metric_that_an_alarm_reads() -> None:
    """One alarm on one metric, one that adds two: three; the function that seeds templates is not fed by a queue."""

    def function(name: str, memory: int) -> dict[str, Any]:
        traced = [{"mode": "PassThrough"}]
        values = {
            "function_name": f"x-{name}",
            "memory_size": memory,
            "architectures": ["arm64"],
            "tracing_config": traced,
        }
        return resource("aws_lambda_function", values)

    def resource(kind: str, values: dict[str, Any]) -> dict[str, Any]:
        return {"mode": "managed", "type": kind, "values": values}

    encrypted, on, off = [{"enabled": True}], [{"enabled": True}], [{"enabled": False}]
    added = [{"metric": []}, {"metric": [{"metric_name": "a"}]}, {"metric": [{"metric_name": "b"}]}]
    child = {
        "resources": [
            function("EmailSender", 512),
            function("FeedbackProcessor", 256),
            function("TemplateSeeder", 1024),
            resource("aws_cloudwatch_metric_alarm", {"metric_name": "a", "metric_query": []}),
            resource("aws_cloudwatch_metric_alarm", {"metric_query": added}),
            resource("aws_cloudwatch_dashboard", {}),
            resource("aws_lambda_event_source_mapping", {}),
            resource("aws_cloudwatch_log_group", {"name": "/aws/lambda/x-EmailSender", "retention_in_days": 90}),
            resource("aws_dynamodb_table", _table("x-A", encrypted, on)),
            resource("aws_dynamodb_table", _table("x-B", [], off)),
        ]
    }
    found = deployed.of_plan(json.dumps({"planned_values": {"root_module": {"child_modules": [child]}}}))
    assert (found.alarms, found.alarm_metrics, found.dashboards, found.polled_queues) == (2, 3, 1, 1)
    assert (found.sender_gb, found.processor_gb, found.log_days) == (0.5, 0.25, 90)
    assert (found.tables, found.backed_up, found.tracing) == (1, ["A"], False)


def _table(name: str, encryption: list[dict[str, bool]], recovery: list[dict[str, bool]]) -> dict[str, Any]:
    return {"name": name, "server_side_encryption": encryption, "point_in_time_recovery": recovery}


def _counted(**given: Usage) -> Counted:
    return Counted(**{name: given.get(name, Usage(emails=1)) for name in Counted.__struct_fields__})
