"""A request above the limit is recorded, and each queue behind the bus has room for what the engine adds to one."""

from __future__ import annotations

from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest

KB = 1024
LIMIT = 252 * KB


def test_a_request_that_is_larger_is_recorded_as_rejected(engine: EngineUnderTest) -> None:
    detail = {"to": "a@example.com", "templateName": "welcome", "templateData": {"x": "x" * LIMIT}}
    [event_id] = engine.put_email_requests([detail])

    record = engine.wait_for_status(f"email-{event_id}", "failed")

    assert record["errorType"] == "validation_error"
    assert "found a request of 25" in record["errorMessage"]


def test_the_queues_and_dead_letter_queues_take_what_a_hop_may_add(engine: EngineUnderTest) -> None:
    for name in (
        "EmailQueue",
        "BulkQueue",
        "RetryQueue",
        "EmailQueueDLQ",
        "BulkQueueDLQ",
        "RetryDLQ",
        "EventBridgeDLQ",
    ):
        url = engine.queue_url(name)
        found = engine.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["MaximumMessageSize"])
        assert found["Attributes"]["MaximumMessageSize"] == str(256 * KB), name
    assert wait_for(lambda: not engine.depths(["EventBridgeDLQ"]), "no dead letter")
