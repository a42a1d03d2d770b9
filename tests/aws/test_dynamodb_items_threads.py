"""Every type that threads convert to is prepared: the process crashes where two are the first to use one."""

from __future__ import annotations

import json
import threading
from typing import Any

import msgspec
import pytest

from sesmail_layer.composition import email_sender, feedback_processor
from sesmail_layer.domain.record.soft_bounce_run import PastEmail
from sesmail_layer.domain.request.envelopes import RawEnvelope
from tools.bench import counting

EMAILS = 10
# Without a status, a bounce to an address that took mail before is an automatic reply.
BOUNCED = {"action": "failed", "status": "4.4.7", "diagnosticCode": "smtp; 421 4.4.7 Delivery time expired"}


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> set[Any]:
    """The types to which other threads than the main one convert."""
    kinds: set[Any] = set()
    convert, decode = msgspec.convert, msgspec.json.decode

    def note(kind: Any) -> None:
        if threading.current_thread() is not threading.main_thread() and hasattr(kind, "__struct_fields__"):
            kinds.add(kind)

    def noted_convert(value: Any, kind: Any, **more: Any) -> Any:
        note(kind)
        return convert(value, kind, **more)

    def noted_decode(content: Any, *, type: Any = Any, **more: Any) -> Any:
        note(type)
        return decode(content, type=type, **more)

    monkeypatch.setattr(msgspec, "convert", noted_convert)
    monkeypatch.setattr(msgspec.json, "decode", noted_decode)
    return kinds


def soft_bounces(records: list[dict[str, Any]]) -> list[str]:
    bodies = [json.loads(body) for body in counting.ses_event_bodies("delivery", records)]
    for body, record in zip(bodies, records, strict=True):
        body["eventType"] = "Bounce"
        body["bounce"] = {
            "bounceType": "Transient",
            "bounceSubType": "General",
            "bouncedRecipients": [BOUNCED | {"emailAddress": record["toEmail"]}],
            "timestamp": record["sentAt"],
        }
    return [json.dumps(body) for body in bodies]


def test_every_type_that_threads_convert_to_is_prepared(converted: set[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: set[Any] = set()
    for root in (email_sender, feedback_processor):
        monkeypatch.setattr(root, "prepare_types", lambda *types: prepared.update(types))

    with counting.engine() as (sender, processor, _):
        for _round in range(2):
            sender.handle(counting.sqs_event(counting.request_bodies(EMAILS)), 30)
        sent = [record for record in counting.records() if record["status"] == "sent"]
        assert len(sent) == 2 * EMAILS
        processor.handle(counting.sqs_event(counting.ses_event_bodies("delivery", sent[:EMAILS])), 15)
        processor.handle(counting.sqs_event(soft_bounces(sent[EMAILS:])), 15)

    assert converted >= {PastEmail, RawEnvelope}
    assert converted <= prepared
