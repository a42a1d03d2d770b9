"""What a batch costs in calls to the outside: what can be asked once for a batch is asked once.

The requests that AWS bills, and the table of them in docs/architecture.md, are counted in tests/docs on the adapters.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.usecases.sender.batch import SendEmails
from sesmail_layer.usecases.sender.ports import SenderPorts
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

BATCH = 10
_COUNTED = {
    "tracking": ("create", "replace", "get_many", "has_sent_to"),
    "suppression": ("get_many",),
    "control": ("producers", "take", "count_sent"),
    "bucket": ("advance",),
    "pending": ("keep", "keep_all"),
    "mailer": ("send",),
    "bus": ("publish",),
    "waiting": ("put_all",),
    "figures": ("add",),
}

_NAMES = {
    "tracking": "tracking",
    "suppression": "suppression",
    "producer_states": "control",
    "cap_counters": "control",
    "sending_counts": "control",
    "figures": "figures",
    "rate_bucket": "bucket",
    "pending": "pending",
    "mailer": "mailer",
    "bus": "bus",
    "retry_queue": "waiting",
}


class Counted:
    """A fake whose calls are counted under its name."""

    def __init__(self, inner: Any, name: str, calls: Counter[str]) -> None:
        self._inner = inner
        self._name = name
        self._calls = calls

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._inner, method)
        if method not in _COUNTED[self._name]:
            return found

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._calls[f"{self._name}.{method}"] += 1
            return found(*args, **kwargs)

        return counted


class Economy:
    """A sender that counts, in a container that lives from batch to batch."""

    def __init__(self, **rules: Any) -> None:
        self.sender = Sender(**rules)
        self.calls: Counter[str] = Counter()
        self.side_by_side: list[int] = []
        self._numbers = itertools.count(1)
        self._send = SendEmails(self._ports(), self.sender.rules)

    def _ports(self) -> SenderPorts:
        ports = self.sender.ports()
        counted = {port: Counted(getattr(ports, port), name, self.calls) for port, name in _NAMES.items()}
        return msgspec.structs.replace(ports, **counted, run_all=self._run_all)

    def _run_all(self, steps: Sequence[Callable[[], object]]) -> None:
        self.side_by_side.append(len(steps))
        for step in steps:
            step()

    def run(self, messages: Iterable[QueueMessage]) -> Counter[str]:
        self.calls.clear()
        assert self._send(list(messages), self.sender.clock.now() + 30) == set()
        return self.calls.copy()

    def batch(self, size: int = BATCH, **fields: Any) -> list[QueueMessage]:
        numbers = [next(self._numbers) for _ in range(size)]
        return [self.sender.message(request(emailId=f"m-{n}", to=f"u{n}@example.com", **fields)) for n in numbers]


def test_ten_emails_of_a_batch_share_everything_but_claim_send_and_record() -> None:
    economy = Economy()
    assert economy.run(economy.batch()) == {
        "control.producers": 1,
        "tracking.get_many": 1,
        "suppression.get_many": 1,
        "bucket.advance": 1,
        "tracking.create": BATCH,
        "pending.keep_all": 1,
        "mailer.send": BATCH,
        "tracking.replace": BATCH,
        "control.count_sent": 1,
        "figures.add": 1,
        "bus.publish": 1,
    }


def test_the_emails_of_a_batch_are_sent_side_by_side() -> None:
    economy = Economy()
    economy.run(economy.batch())
    assert economy.side_by_side == [BATCH]


def test_ten_batches_of_one_ask_ten_times() -> None:
    economy = Economy()
    together = economy.run(economy.batch()).total()
    one_by_one = sum((economy.run([message]) for message in economy.batch()), Counter[str]())
    assert one_by_one.total() >= 2 * together
    assert one_by_one["suppression.get_many"] == one_by_one["bucket.advance"] == one_by_one["bus.publish"] == BATCH


def test_policies_and_states_are_remembered_for_some_seconds() -> None:
    economy = Economy()
    economy.run(economy.batch(3))
    assert economy.run(economy.batch(4))["control.producers"] == 0
    economy.sender.clock.sleep(6)
    assert economy.run(economy.batch(5))["control.producers"] == 1


@pytest.mark.parametrize("reason", ["scheduled", "paused"])
def test_a_hop_that_changes_nothing_asks_for_nothing_but_its_guards_and_the_next_hop(reason: str) -> None:
    economy = Economy()
    economy.sender.clock.sleep(1)
    if reason == "paused":
        economy.sender.control.states["my.application"] = SendingState(paused=True, paused_by="operator")
        economy.run(economy.batch(1))
    else:
        economy.run(economy.batch(1, sendAt="2026-12-01T00:00:00Z"))
    [(body, _)] = economy.sender.waiting.take()
    again = economy.run([QueueMessage("hop", body)])
    assert again.keys() <= {"control.producers", "suppression.get_many", "waiting.put_all", "bus.publish"}
    assert again["waiting.put_all"] == 1
