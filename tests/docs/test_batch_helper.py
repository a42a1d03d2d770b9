"""The batching helper of docs/integration.md, with a bus that refuses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.docs.pages import DOCS, blocks

Helper = Callable[..., list[tuple[dict[str, Any], str]]]


class RefusingBus:
    """Refuses an email as often as it is told to; remembers every call."""

    def __init__(self, refusals: dict[str, int]) -> None:
        self.refusals = refusals
        self.calls: list[list[str]] = []
        self.bytes: list[int] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:
        ids = [json.loads(entry["Detail"])["emailId"] for entry in Entries]
        self.calls.append(ids)
        self.bytes.append(sum(len("".join(entry.values()).encode()) for entry in Entries))
        return {"Entries": [self._answer(email_id) for email_id in ids]}

    def _answer(self, email_id: str) -> dict[str, str]:
        if self.refusals.get(email_id, 0) == 0:
            return {"EventId": email_id}
        self.refusals[email_id] -= 1
        return {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}


@pytest.fixture
def helper(monkeypatch: pytest.MonkeyPatch) -> Helper:
    [code] = [b.code for b in blocks(DOCS / "integration.md") if "def request_emails(" in b.code]
    page: dict[str, Any] = {"__name__": "page"}
    exec(code, page)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    found: Helper = page["request_emails"]
    return found


def requests(count: int, padding: int = 0) -> list[dict[str, Any]]:
    return [{"emailId": f"e{number}", "templateData": {"text": "x" * padding}} for number in range(count)]


def test_ten_entries_go_in_a_call(helper: Helper) -> None:
    bus = RefusingBus({})
    assert helper(requests(23), "shop.orders", events=bus) == []
    assert [len(call) for call in bus.calls] == [10, 10, 3]


def test_only_what_was_refused_is_repeated(helper: Helper) -> None:
    bus = RefusingBus({"e3": 1, "e12": 2})
    assert helper(requests(15), "shop.orders", events=bus) == []
    assert bus.calls[2:] == [["e3", "e12"], ["e12"]]


def test_what_stays_refused_is_told_with_its_reason(helper: Helper) -> None:
    asked = requests(2)
    bus = RefusingBus({"e1": 99})
    assert helper(asked, "shop.orders", events=bus, tries=3) == [(asked[1], "ThrottlingException")]
    assert len(bus.calls) == 3


def test_a_call_has_no_more_bytes_than_it_may(helper: Helper) -> None:
    bus = RefusingBus({})
    assert helper(requests(10, padding=60_000), "shop.orders", events=bus) == []
    assert max(bus.bytes) <= 256 * 1024
    assert sum(len(call) for call in bus.calls) == 10


def test_a_request_that_is_larger_goes_alone(helper: Helper) -> None:
    bus = RefusingBus({})
    assert helper([*requests(2), *requests(1, padding=300_000)], "shop.orders", events=bus) == []
    assert [len(call) for call in bus.calls] == [2, 1]
