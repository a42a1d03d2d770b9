"""EventBridge looks at the leaves of an event: a list as `priority` can match the rules of both lanes, and no pattern
distinguishes it from its items. Both queues then deliver the same event.
"""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import request
from tools.simulation.sender import Sender


@pytest.mark.parametrize("given", [{}, {"emailId": "order-1"}], ids=["no id", "an id"])
@pytest.mark.parametrize("priority", [["bulk", "transactional"], ["bulk", 1], ["bulk", None]])
def test_a_request_that_both_rules_match_is_rejected_once(priority: list[Any], given: dict[str, Any]) -> None:
    sender = Sender()
    copies = [sender.message(request(priority=priority, **given), event_id="event-1") for _ in range(2)]
    for copy in copies:
        assert sender.run(copy) == set()

    [record] = sender.tracking.records.values()
    assert (record.status, record.error_type) == (Status.FAILED, "validation_error")
    assert record.error_message == ("Validation error: priority: found a list of 2; allowed: 'transactional' or 'bulk'")
    # Published again, as after any redelivery, under the same id.
    assert {event.status for event in sender.bus.events} == {"failed"}
    assert len({event.event_id for event in sender.bus.events}) == 1
    assert sender.metrics.counts["EmailFailed"] == 1
    assert sender.mailer.accepted == []
