"""The classifier over the corpus in tests/events: AWS's own samples, and the cases that others get wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.record.tracking import Entry
from sesmail_layer.domain.ses.outcomes import Outcome, outcomes
from sesmail_layer.domain.ses.ses_events import read_event
from tests.events import EVENTS
from tools.simulation.feedback import JANE, JOHN, bounced

CORPUS = sorted((EVENTS / "aws").glob("*.json")) + sorted((EVENTS / "hard_cases").glob("*.json"))


def sample(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def outcomes_besides_sent(event: object, attempt: int = 1) -> list[Outcome]:
    """The outcomes of an event without `sent`, which every event of a message has."""
    return [outcome for outcome in outcomes(read_event(event), attempt) if not outcome.entry.key.startswith("sent/")]


def shown(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the corpus writes it: what is nothing is left out, and so are the texts that SES sent."""
    plain: dict[str, Any] = msgspec.to_builtins(outcome)
    entry = plain.pop("entry")
    detail = entry.get("detail", {})
    listed = ("errorType", "errorMessage", "link", "machine", "reason", "until")
    values = {name: entry.get(name) for name in ("recipient", "status", "what")} | plain
    values |= {name: detail[name] for name in listed if name in detail}
    return {name: value for name, value in values.items() if value is not None and (value or name == "machine")}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_sample_has_the_outcomes_that_the_corpus_lists(path: Path) -> None:
    document = sample(path)

    assert [shown(outcome) for outcome in outcomes_besides_sent(document["event"])] == document["means"]


def test_the_corpus_has_all_ten_types_and_both_formats() -> None:
    events = [sample(path)["event"] for path in CORPUS if path.parent.name == "aws"]

    assert {event["eventType"] for event in events if "eventType" in event} == {
        "Bounce", "Click", "Complaint", "Delivery", "DeliveryDelay", "Open", "Reject", "Rendering Failure", "Send",
        "Subscription",
    }  # fmt: skip
    assert {event["notificationType"] for event in events if "notificationType" in event} == {
        "Bounce", "Complaint", "Delivery",
    }  # fmt: skip
    assert all(sample(path)["source"].startswith("https://docs.aws.amazon.com/ses/") for path in CORPUS[:15])


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_event_about_a_message_proves_that_ses_accepted_it(path: Path) -> None:
    event = sample(path)["event"]
    sent = outcomes(read_event(event), 2)[0].entry

    assert (sent.key, sent.attempt, sent.status) == ("sent/2", 2, "sent")
    assert sent.detail == {"sesMessageId": event["mail"]["messageId"]}
    assert sent.at == event["mail"]["timestamp"]


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_other_format_gives_the_same_outcomes(path: Path) -> None:
    """Where both are on, everything comes twice; equal keys are what makes the second a repetition."""
    event = sample(path)["event"]
    other = {name: value for name, value in event.items() if name not in ("eventType", "notificationType")}
    other["mail"] = {name: value for name, value in event["mail"].items() if name not in ("tags", "headers")}
    type_name = event.get("eventType") or event["notificationType"]
    other["notificationType" if "eventType" in event else "eventType"] = type_name

    assert outcomes(read_event(other), 1) == outcomes(read_event(event), 1)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_unknown_fields_change_nothing(path: Path) -> None:
    event = sample(path)["event"]
    richer = event | {"novelty": {"a": [1]}, "mail": event["mail"] | {"novelty": "x"}}

    assert outcomes(read_event(richer), 1) == outcomes(read_event(event), 1)


def test_long_texts_are_cut_so_that_a_history_fits_into_an_item() -> None:
    diagnostic = "smtp; 550 5.1.1 " + "ü" * 5_000
    bounce = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "a@b.c", "diagnosticCode": diagnostic}]}
    click = {"link": "https://example.com/" + "x" * 5_000, "userAgent": "y" * 5_000}
    mail = {"messageId": "0100", "destination": ["a@b.c"]}

    for event in ({"eventType": "Bounce", "bounce": bounce}, {"eventType": "Click", "click": click}):
        for outcome in outcomes(read_event(event | {"mail": mail}), 1):
            assert len(msgspec.json.encode(outcome.entry)) < 1_500


def test_two_opens_in_one_millisecond_are_two_entries() -> None:
    mail = {"messageId": "0100", "destination": ["a@b.c"]}
    opened = {"timestamp": "2026-11-24T10:31:00.000Z", "userAgent": "Thunderbird"}
    events = [
        {"eventType": "Open", "mail": mail, "open": opened | {"ipAddress": ip}} for ip in ("192.0.2.1", "192.0.2.2")
    ]

    assert len({outcomes_besides_sent(event)[0].entry.key for event in events}) == 2


KINDS = [
    "Send", "Delivery", "Bounce", "Complaint", "Reject", "Open", "Click", "DeliveryDelay", "Rendering Failure",
    "Subscription", "Novelty",
]  # fmt: skip
PAYLOADS = ["delivery", "bounce", "complaint", "reject", "open", "click", "deliveryDelay", "failure", "subscription"]
FIELDS = [
    "bounceType", "bounceSubType", "bouncedRecipients", "complainedRecipients", "complaintSubType", "emailAddress",
    "complaintFeedbackType", "delayedRecipients", "recipients", "timestamp", "feedbackId", "status", "diagnosticCode",
    "userAgent", "link", "reason", "newTopicPreferences", "topicSubscriptionStatus", "subscriptionStatus",
]  # fmt: skip
words = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    ["a@b.c", "Permanent", "Transient", "General", "5.1.1", "not-spam", "0000-00-00", "9999-12-31T23:59:59-23:59"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | words, inner, max_size=6),
    max_leaves=12,
)
mails = st.fixed_dictionaries(
    {}, optional={"messageId": json_values, "timestamp": json_values, "destination": json_values, "tags": json_values}
)
ses_like = st.builds(
    lambda kind, mail, payloads: {"eventType": kind, "mail": mail} | payloads,
    st.sampled_from(KINDS) | json_values,
    mails | json_values,
    st.dictionaries(st.sampled_from(PAYLOADS), json_values, max_size=3),
)


@given(ses_like | json_values)
def test_any_json_gives_storable_entries_and_never_an_exception(document: object) -> None:
    event = read_event(document)
    found = outcomes(event, 1)

    assert found or (event.kind == "send" and event.ses_message_id is None)
    for outcome in found:
        assert msgspec.json.decode(msgspec.json.encode(outcome.entry), type=Entry) == outcome.entry
        assert len(outcome.entry.at) == 24
        assert outcome.suppress is None or outcome.entry.recipient


@given(ses_like)
def test_a_redelivered_event_gives_the_same_entries(document: object) -> None:
    assert outcomes(read_event(document), 1) == outcomes(read_event(document), 1)


def test_a_bounce_of_an_unknown_address_is_the_only_recipients_and_otherwise_history() -> None:
    several = outcomes(read_event(bounced(who="forwarded@example.org", to=(JOHN, JANE))), 1)
    one = outcomes(read_event(bounced(who="forwarded@example.org", to=(JOHN,))), 1)

    assert several[-1].entry.recipient is None
    assert one[-1].entry.recipient == JOHN


def test_an_event_without_a_message_id_does_not_prove_acceptance() -> None:
    assert outcomes(read_event({"eventType": "Send"}), 1) == []
    [delivered] = outcomes(read_event({"eventType": "Delivery", "delivery": {"recipients": [JOHN]}}), 1, [JOHN])
    assert delivered.entry.status == "delivered"
