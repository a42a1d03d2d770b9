"""EventBridge's envelope: read, noted on, written again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.request.envelopes import EnvelopeError, Hop, open_envelope, with_hop

# https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "Email Request",
    "source": "my.application",
    "account": "123456789012",
    "time": "2026-11-24T10:31:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail": {"to": "john@example.com", "templateName": "welcome", "templateData": {"big": 2**53, "nothing": None}},
}


def test_an_event_is_read_as_eventbridge_writes_it() -> None:
    envelope = open_envelope(json.dumps(EVENT))
    assert (envelope.id, envelope.source, envelope.detail_type) == (EVENT["id"], "my.application", "Email Request")
    assert (envelope.detail, envelope.time) == (EVENT["detail"], EVENT["time"])
    assert envelope.hop == Hop()


@pytest.mark.parametrize("detail", [None, [], "text", 5, {}])
def test_a_detail_of_any_kind_is_an_envelope_so_that_its_rejection_is_recorded(detail: object) -> None:
    assert open_envelope(json.dumps({**EVENT, "detail": detail})).detail == detail


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        "no json",
        "\x00\x01\x02",
        '"text"',
        "{" * 100_000,
        "[" * 100_000,
        "\ud83d",
        json.dumps({**EVENT, "id": ""}),
        json.dumps({**EVENT, "id": "x" * 101}),
        json.dumps({**EVENT, "id": 5}),
        json.dumps({**EVENT, "source": ""}),
        json.dumps({name: value for name, value in EVENT.items() if name != "detail"}),
        json.dumps({name: value for name, value in EVENT.items() if name != "detail-type"}),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_event_raises_an_envelope_error(body: str) -> None:
    with pytest.raises(EnvelopeError):
        open_envelope(body)


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5).map(json.dumps))
def test_whatever_is_on_the_queue_is_an_envelope_or_none(body: str) -> None:
    with pytest.raises(EnvelopeError):
        open_envelope(body)


@given(
    st.builds(
        Hop,
        attempt=st.integers(1, 9),
        noted=st.text(max_size=9),
        give_up_at=st.floats(0, 2e9),
        counted=st.booleans(),
        lane=st.sampled_from(["", "bulk"]),
        not_before=st.floats(0, 2e9),
    )
)
def test_a_hop_keeps_the_request_and_its_notes(hop: Hop) -> None:
    envelope = open_envelope(json.dumps(EVENT))
    again = open_envelope(with_hop(envelope, hop))
    assert again.hop == hop
    assert (again.id, again.source, again.detail, again.time) == (
        envelope.id,
        envelope.source,
        envelope.detail,
        envelope.time,
    )


def test_a_first_hop_costs_the_message_next_to_nothing() -> None:
    assert '"sesmailHop":{}' in with_hop(open_envelope(json.dumps(EVENT)), Hop())


def test_an_id_has_a_hundred_characters_at_most() -> None:
    assert open_envelope(json.dumps({**EVENT, "id": "x" * 100})).id == "x" * 100
    with pytest.raises(EnvelopeError, match=r"^id or source is missing$"):
        open_envelope(json.dumps({**EVENT, "id": "x" * 101}))


def test_an_error_says_why_a_message_is_no_event() -> None:
    with pytest.raises(EnvelopeError, match="missing required field `source`"):
        open_envelope('{"id": "e", "detail-type": "Email Request", "detail": {}}')
