"""The batching helper of docs/send-to-a-list.md, with a bus that rejects entries."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.docs.pages import DOCS, blocks

Helper = Callable[..., list[tuple[dict[str, Any], str]]]


class RejectingBus:
    """Rejects an email as many times as given; records every call."""

    def __init__(self, rejections: dict[str, int]) -> None:
        self.rejections = rejections
        self.calls: list[list[str]] = []
        self.bytes: list[int] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:
        ids = [json.loads(entry["Detail"])["emailId"] for entry in Entries]
        self.calls.append(ids)
        self.bytes.append(sum(len("".join(entry.values()).encode()) for entry in Entries))
        return {"Entries": [self._answer(email_id) for email_id in ids]}

    def _answer(self, email_id: str) -> dict[str, str]:
        if self.rejections.get(email_id, 0) == 0:
            return {"EventId": email_id}
        self.rejections[email_id] -= 1
        return {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}


@pytest.fixture
def helper(monkeypatch: pytest.MonkeyPatch) -> Helper:
    [code] = [b.code for b in blocks(DOCS / "send-to-a-list.md") if "def request_emails(" in b.code]
    page: dict[str, Any] = {"__name__": "page"}
    exec(code, page)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    found: Helper = page["request_emails"]
    return found


def requests(count: int, padding: int = 0) -> list[dict[str, Any]]:
    return [{"emailId": f"e{number}", "templateData": {"text": "x" * padding}} for number in range(count)]


def test_a_call_has_at_most_ten_entries(helper: Helper) -> None:
    bus = RejectingBus({})
    assert helper(requests(23), "shop.orders", events=bus) == []
    assert [len(call) for call in bus.calls] == [10, 10, 3]


def test_only_rejected_entries_are_retried(helper: Helper) -> None:
    bus = RejectingBus({"e3": 1, "e12": 2})
    assert helper(requests(15), "shop.orders", events=bus) == []
    assert bus.calls[2:] == [["e3", "e12"], ["e12"]]


def test_entries_that_stay_rejected_are_returned_with_their_reason(helper: Helper) -> None:
    details = requests(2)
    bus = RejectingBus({"e1": 99})
    assert helper(details, "shop.orders", events=bus, tries=3) == [(details[1], "ThrottlingException")]
    assert len(bus.calls) == 3


def test_a_call_stays_within_eventbridges_limit_of_bytes(helper: Helper) -> None:
    bus = RejectingBus({})
    assert helper(requests(10, padding=60_000), "shop.orders", events=bus) == []
    assert max(bus.bytes) <= 256 * 1024
    assert sum(len(call) for call in bus.calls) == 10


def test_a_request_above_the_limit_is_sent_alone(helper: Helper) -> None:
    bus = RejectingBus({})
    assert helper([*requests(2), *requests(1, padding=300_000)], "shop.orders", events=bus) == []
    assert [len(call) for call in bus.calls] == [2, 1]
