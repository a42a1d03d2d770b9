"""What an event has around its detail: its source, and its size as it arrives."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.queue_message import wrapped
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.envelopes import Hop, check_envelope, open_envelope, with_hop
from sesmail_layer.domain.request.refusals import Refusal
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

LIMIT = 252 * 1024


def body_of(size: int) -> str:
    """A request of that many bytes with its envelope."""
    head, tail = '{"id":"e","detail-type":"Email Request","source":"s","detail":{"templateData":"', '"}}'
    return head + "x" * (size - len(head) - len(tail)) + tail


def test_a_request_of_the_largest_size_is_taken_and_one_byte_more_is_rejected() -> None:
    check_envelope(open_envelope(body_of(LIMIT)), body_of(LIMIT), LIMIT)
    body = body_of(LIMIT + 1)
    with pytest.raises(Refusal) as caught:
        check_envelope(open_envelope(body), body, LIMIT)
    assert caught.value.message == (
        "Validation error: detail: found a request of 258049 bytes with its envelope; allowed: 258048; send large "
        "files by attachments[].s3Uri"
    )


def test_size_counts_bytes_and_a_hop_s_notes_are_not_the_producer_s() -> None:
    body = body_of(LIMIT)
    with pytest.raises(Refusal):
        check_envelope(open_envelope(body), body.replace("x", "ü"), LIMIT)
    hopped = with_hop(open_envelope(body), Hop(attempt=2, noted="paused"))
    assert len(hopped) > LIMIT
    check_envelope(open_envelope(hopped), hopped, LIMIT)


def test_a_request_that_is_too_large_is_so_after_a_hop_too() -> None:
    body = body_of(LIMIT + 1)
    for hopped in (wrapped(body, Hop(tries=1)), wrapped(wrapped(body, Hop(tries=1)), Hop(tries=2))):
        with pytest.raises(Refusal, match="found a request of 258049 bytes"):
            check_envelope(open_envelope(hopped), hopped, LIMIT)


@pytest.mark.parametrize("filler", ['\\"', "\\\\", "ü", "1e999", "\\ud83d"])
def test_what_stays_as_it_came_grows_by_its_notes(filler: str) -> None:
    detail = '{"templateData":["' + filler * 1_000 + '"]}'
    body = '  {"id":"e","source":"s","detail-type":"Email Request","detail":' + detail + "}"
    hopped = wrapped(wrapped(body, Hop(tries=1)), Hop(tries=2, failing_since=1.5))
    assert detail in hopped
    assert len(hopped) < len(body) + 100
    envelope = open_envelope(hopped)
    assert (envelope.hop, envelope.detail) == (Hop(tries=2, failing_since=1.5), open_envelope(body).detail)


def test_a_request_that_is_too_large_is_recorded() -> None:
    sender = Sender()
    record = sender.send(templateData={"a": "x" * LIMIT})
    assert (record.status, record.error_type) == (Status.FAILED, "validation_error")
    assert (record.error_message or "").startswith("Validation error: detail: found a request of 25")
    assert sender.mailer.accepted == []


def test_the_key_of_all_sources_is_no_source() -> None:
    sender = Sender()
    message = sender.message(request())
    body = msgspec.json.decode(message.body)
    sender.run(msgspec.structs.replace(message, body=msgspec.json.encode(body | {"source": "*"}).decode()))
    [record] = sender.tracking.records.values()
    assert (record.status, record.error_type, record.error_message) == (
        Status.FAILED,
        "validation_error",
        "Validation error: source: found '*', which stands for all sources; allowed: the name of one, such as "
        "shop.orders",
    )
    assert sender.mailer.accepted == []
