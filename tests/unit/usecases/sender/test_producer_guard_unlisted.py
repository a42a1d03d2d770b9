"""Sources without a policy of their own share the default producer's caps; no source reaches another's counters."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.queue_message import QueueMessage
from tools.simulation.fakes import request
from tools.simulation.sender import Sender


def from_source(sender: Sender, source: str, number: int) -> QueueMessage:
    message = sender.message(request(emailId=f"m-{number}", to=f"u{number}@example.com"))
    body = msgspec.json.decode(message.body) | {"source": source}
    return msgspec.structs.replace(message, body=msgspec.json.encode(body).decode())


@pytest.mark.parametrize("caps", [{"emails_per_day": 3}, {"first_contacts_per_hour": 3}])
@pytest.mark.parametrize("batches", [1, 10])
def test_a_fresh_source_for_each_email_does_not_evade_the_default_caps(caps: dict[str, Any], batches: int) -> None:
    sender = Sender()
    sender.control.policies["*"] = ProducerPolicy(**caps)
    messages = [from_source(sender, f"fresh.{number}", number) for number in range(10)]
    for start in range(0, 10, 10 // batches):
        sender.run(*messages[start : start + 10 // batches])
    assert len(sender.mailer.accepted) == 3


def test_a_listed_source_has_caps_of_its_own() -> None:
    sender = Sender()
    sender.control.policies["*"] = ProducerPolicy(emails_per_day=1)
    sender.control.policies["shop"] = ProducerPolicy(emails_per_day=2)
    sender.run(*(from_source(sender, source, n) for n, source in enumerate(["shop", "other", "shop", "another"])))
    assert len(sender.mailer.accepted) == 3
    assert {key.rpartition("#")[0]: count for key, count in sender.control.counters.items()} == {
        "day#shop": 2,
        "day#*": 1,
    }


@pytest.mark.parametrize("source", ["shop#2026-11-24", "*#2026-11-24", "#", "day#shop", "state#*", "producer#shop"])
def test_a_source_that_looks_like_a_key_reaches_no_other_item(source: str) -> None:
    sender = Sender()
    sender.control.policies["shop"] = ProducerPolicy(emails_per_day=1)
    sender.control.policies[source] = ProducerPolicy(emails_per_day=1)
    sender.run(from_source(sender, source, 1), from_source(sender, "shop", 2))
    assert len(sender.mailer.accepted) == 2
    assert sender.control.counters == {f"day#{source}#2026-11-24": 1, "day#shop#2026-11-24": 1}
