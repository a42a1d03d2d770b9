"""What JSON admits and UTF-8, DynamoDB or EventBridge do not: taken whole, or refused by name, with a record and an
event that can be stored and published.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sesmail_layer.aws.dynamodb_items import from_item, to_item
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

HALF = "\ud800"
TOO_LARGE = [sign + number for sign in ("", "-") for number in ("2" * 309, "1" * 310, "1" * 4_300, "1" * 5_000)]


def sent(detail_json: str, source: str = "my.application") -> tuple[TrackingRecord, Sender]:
    """Sends a request as EventBridge's event in which `detail` stands as it was written; gives its record."""
    sender = Sender()
    source_json = json.dumps(source)
    body = f'{{"id":"event-1","detail-type":"Email Request","source":{source_json},"time":"","detail":{detail_json}}}'
    assert sender.run(QueueMessage("message-1", body)) == set()
    [record] = sender.tracking.records.values()
    assert from_item(to_item(record, {}), TrackingRecord) == record
    json.dumps(to_item(record, {}), ensure_ascii=False).encode()
    assert [event.status for event in sender.bus.events] == [record.status]
    assert msgspec.json.encode(sender.bus.events)
    json.dumps(sender.log.lines, ensure_ascii=False).encode()
    return record, sender


def refusal(detail_json: str, **given: Any) -> str:
    record, sender = sent(detail_json, **given)
    assert (record.status, record.error_type) == (Status.FAILED, "validation_error")
    assert record.email_id == "email-event-1"
    assert sender.mailer.accepted == []
    assert record.error_message is not None
    assert record.error_message.startswith("Validation error: ")
    return record.error_message.removeprefix("Validation error: ")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"to": f"a{HALF}@example.com"}, "to"),
        ({"templateName": f"a{HALF}"}, "templateName"),
        ({"templateData": {"name": HALF}}, "templateData"),
        ({"templateData": {HALF: 1}}, "templateData"),
        ({"templateData": {"name": "Ada", "a": [{"b": [f"x{HALF}x"]}]}}, "templateData"),
        ({"metadata": {"a": HALF}}, "metadata"),
        ({"metadata": {HALF: "a"}}, "metadata"),
        ({"emailId": HALF}, "emailId"),
        ({"subject": f"Hello {HALF}"}, "subject"),
        ({"senderOverride": {"name": HALF}}, "senderOverride.name"),
        ({"replyTo": [f"a{HALF}@example.com"]}, "replyTo[0]"),
        ({"cc": ["a@example.com", f"{HALF}@example.com"]}, "cc[1]"),
        ({"headers": {"X-A": HALF}}, "headers.X-A"),
        ({"headers": {f"X-{HALF}": "a"}}, "headers"),
        ({"attachments": [{"filename": f"{HALF}.pdf", "contentBase64": ""}]}, "attachments[0].filename"),
        ({"listUnsubscribe": {"url": f"https://example.com/{HALF}"}}, "listUnsubscribe.url"),
        ({"priority": HALF}, "priority"),
        ({"sendAt": HALF}, "sendAt"),
        ({"locale": HALF}, "locale"),
        ({"unheardOf": HALF}, "unheardOf"),
        ({HALF: 1}, "a name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("half", [HALF, "\udc00", "\udc00\ud800"], ids=ascii)
def test_half_a_surrogate_pair_is_rejected_by_the_field_that_has_it(
    fields: dict[str, Any], named: str, half: str
) -> None:
    detail = json.dumps(request(**fields)).replace(json.dumps(HALF)[1:-1], json.dumps(half)[1:-1])
    assert refusal(detail) == f"{named}: found half a surrogate pair; allowed: characters that UTF-8 has"


def test_a_source_with_half_a_surrogate_pair_is_rejected_too() -> None:
    assert refusal(json.dumps(request()), source=f"shop{HALF}") == (
        "source: found half a surrogate pair; allowed: characters that UTF-8 has"
    )
    record, _ = sent(json.dumps(request()), source=f"shop{HALF}")
    assert record.original_source == "shop\ufffd"


def test_a_source_with_a_replacement_character_of_its_own_is_a_source() -> None:
    record, _ = sent(json.dumps(request()), source="shop\ufffd")
    assert (record.status, record.original_source) == (Status.SENT, "shop\ufffd")


def test_a_whole_surrogate_pair_is_a_character() -> None:
    record, _ = sent(json.dumps(request(subject="😀", metadata={"😀": "😀"})), source="😀")
    assert (record.status, record.metadata) == (Status.SENT, {"😀": "😀"})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", *TOO_LARGE])
@pytest.mark.parametrize(
    ("detail", "named"),
    [
        ('{"to":"a@example.com","templateName":"welcome","templateData":{"a":[#]}}', "templateData"),
        ('{"to":"a@example.com","templateName":"welcome","metadata":{"a":#}}', "metadata"),
        ('{"to":"a@example.com","templateName":"welcome","sensitive":#}', "sensitive"),
        ('{"to":#,"templateName":"welcome"}', "to"),
    ],
)
def test_a_number_out_of_range_is_rejected_by_its_field(detail: str, named: str, number: str) -> None:
    assert refusal(detail.replace("#", number)) == (
        f"{named}: found a number out of range; allowed: numbers up to 1.8e308"
    )


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        ("9007199254740993", 9007199254740993),
        ("1" * 38, int("1" * 38)),
        ("1" * 39, "1" * 39),
        ("1" * 309, "1" * 309),
        ("-" + "1" * 309, "-" + "1" * 309),
        ("1" + "0" * 38, "1" + "0" * 38),
        ("1e300", "1e+300"),
        ("1e30", 10**30),
        ("1.5e30", 15 * 10**29),
        ("-1e-300", "-1e-300"),
        ("1e-130", 1e-130),
        ("-1e-130", -1e-130),
        ("9e-131", "9e-131"),
        ("0.1234567890123456789", 0.12345678901234568),
        ("123456789012345678901234567890.5", 123456789012345680000000000000),
        ("1.0", 1),
        ("-0.0", 0),
    ],
)
def test_a_number_in_metadata_has_one_value_in_the_record_and_in_all_events(number: str, kept: object) -> None:
    content = f'"templateData":{{"name":{number}}},"metadata":{{"n":{number}}}'
    detail = f'{{"to":"a@example.com","templateName":"welcome",{content}}}'
    sender = Sender()
    body = f'{{"id":"event-1","detail-type":"Email Request","source":"s","detail":{detail}}}'
    assert sender.run(QueueMessage("message-1", body)) == set()
    [record] = sender.tracking.records.values()
    stored = from_item(to_item(record, {}), TrackingRecord)
    assert [event.metadata for event in sender.bus.events] == [{"n": kept}]
    for metadata in (record.metadata, stored.metadata):
        assert metadata is not None
        assert (metadata["n"], type(metadata["n"])) == (kept, type(kept))
    assert record.status is Status.SENT


def test_a_text_may_have_any_number_of_digits() -> None:
    record, _ = sent(json.dumps(request(metadata={"a": "1" * 400})))
    assert record.status is Status.SENT


@pytest.mark.parametrize("depth", [201, 1_000, 40_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_what_is_nested_too_deep_to_parse_is_rejected_by_name(depth: int, opening: str, closing: str) -> None:
    deep = opening * depth + "1" + closing * depth
    message = "detail: nested more than 200 levels deep; allowed: 200"
    assert refusal(f'{{"to":"a@example.com","templateName":"welcome","templateData":{{"a":{deep}}}}}') == message
    assert refusal(f'{{"to":"a@example.com","templateName":"welcome","x":{deep}}}') == message


@pytest.mark.parametrize("value", ['"\\ud800"', "NaN"])
def test_a_rejected_request_whose_record_is_claimed_waits_as_it_was(value: str) -> None:
    """It cannot be written again, and the other messages of its batch are not affected."""
    sender = Sender()
    detail = request(emailId="order-1", subject=7)
    assert sender.run(sender.message(detail)) == set()
    sender.tracking.replace = lambda record: record  # type: ignore[method-assign] # Another worker is always first.
    body = sender.message(detail | {"templateData": {"a": 0}}).body.replace('{"a": 0}', f'{{"a": {value}}}')
    assert sender.run(QueueMessage("refused", body)) == set()
    [(waiting, _)] = sender.waiting.messages
    assert waiting.endswith(body.removeprefix("{"))


def test_empty_names_are_allowed_in_template_data_and_rejected_in_metadata() -> None:
    record, _ = sent(json.dumps(request(templateData={"name": "Ada", "": {"": 1}})))
    assert record.status is Status.SENT
    assert refusal(json.dumps(request(metadata={"": 1}))).startswith("metadata: an empty name")


def test_of_a_name_given_twice_the_last_one_counts() -> None:
    record, _ = sent('{"to":"b@example.com","to":"a@example.com","templateName":"welcome","templateData":{"name":1}}')
    assert (record.status, record.to_email) == (Status.SENT, "a@example.com")
