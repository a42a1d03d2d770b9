"""What the table keeps, word for word: a later version has to know its keys and details again.

SQS brings news twice, perhaps to the next deployment. Equal keys are what makes the second a repetition.
"""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from sesmail_layer.domain.ses.outcomes import outcomes
from sesmail_layer.domain.ses.ses_events import read_event
from tools.simulation.feedback import JANE, JOHN, bounced, complained, delivered, event, mail, opened
from tools.simulation.sender import Sender

AT, SENT_AT = "2026-11-24T10:31:05.000Z", "2026-11-24T10:31:00.000Z"
FULL = "smtp; 452 4.2.2 full"
LINK = "https://example.com/a"


def about(kind: str, key: str, payload: dict[str, Any]) -> dict[str, Any]:
    """An event whose payload has no time of its own."""
    return {"eventType": kind, "mail": mail(), key: payload}


def delayed(*recipients: str) -> dict[str, Any]:
    listed = [{"emailAddress": one, "status": "4.2.2", "diagnosticCode": FULL} for one in recipients]
    payload = {"delayType": "MailboxFull", "expirationTime": "2026-11-25T10:31:00Z", "delayedRecipients": listed}
    return event("DeliveryDelay", "deliveryDelay", payload, to=(JOHN, JANE))


def entry(key: str, status: Status | None, recipient: str | None = JOHN, at: str = AT, **about: Any) -> Entry:
    return Entry(key, at, 2, status, recipient, **about)


def newsletter(status: str) -> dict[str, Any]:
    """The detail of a Subscription to one topic."""
    topic = {"topicName": "news", "subscriptionStatus": status}
    return {"newTopicPreferences": {"unsubscribeAll": False, "topicSubscriptionStatus": [topic]}}


BY_EVENT = {
    "delivered": (delivered(), entry(f"delivered/2/{JOHN}/{AT}", Status.DELIVERED)),
    "delivered with an answer": (
        event("Delivery", "delivery", {"recipients": [JOHN], "smtpResponse": "250 ok"}),
        entry(f"delivered/2/{JOHN}/{AT}", Status.DELIVERED, detail={"smtpResponse": "250 ok"}),
    ),
    "delayed": (
        delayed(JANE),
        entry(
            f"delayed/2/{JANE}/{AT}",
            Status.DELAYED,
            JANE,
            detail={"reason": "MailboxFull", "until": "2026-11-25T10:31:00.000Z", "diagnosticCode": FULL},
        ),
    ),
    "bounced": (
        bounced(),
        entry(
            f"bounce/2/{JOHN}/{AT}/f-1",
            Status.BOUNCED,
            what="hard",
            detail={
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bounceReason": "General",
                "diagnosticCode": "smtp; 550 5.1.1 no",
                "bounceClass": "hard",
            },
        ),
    ),
    "bounced without a diagnostic": (
        event("Bounce", "bounce", {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": JOHN}]}),
        entry(
            f"bounce/2/{JOHN}/{AT}",
            Status.BOUNCED,
            what="hard",
            detail={"bounceType": "Permanent", "bounceClass": "hard"},
        ),
    ),
    "bounced, and only types are told": (
        event(
            "Bounce",
            "bounce",
            {"bounceType": "Permanent", "bounceSubType": "NoEmail", "bouncedRecipients": [{"emailAddress": JOHN}]},
        ),
        entry(
            f"bounce/2/{JOHN}/{AT}",
            Status.BOUNCED,
            what="hard",
            detail={
                "bounceType": "Permanent",
                "bounceSubType": "NoEmail",
                "bounceReason": "NoEmail",
                "bounceClass": "hard",
            },
        ),
    ),
    "bounced, and nothing is told": (
        event("Bounce", "bounce", {"bouncedRecipients": [{"emailAddress": JOHN}]}),
        entry(f"bounce/2/{JOHN}/{AT}", None, what="unknown"),
    ),
    "bounced for good by its status alone": (
        event(
            "Bounce",
            "bounce",
            {"bounceType": "Transient", "bouncedRecipients": [{"emailAddress": JOHN, "status": "5.1.1"}]},
        ),
        entry(
            f"bounce/2/{JOHN}/{AT}",
            Status.BOUNCED,
            what="hard",
            detail={"bounceType": "Transient", "bounceClass": "hard"},
        ),
    ),
    "complained": (
        complained(),
        entry(f"complaint/2/{JOHN}/{AT}/f-2", Status.COMPLAINED, detail={"complaintFeedbackType": "abuse"}),
    ),
    "not spam": (
        complained("not-spam"),
        entry(f"complaint/2/{JOHN}/{AT}/f-2", None, what="not_spam", detail={"complaintFeedbackType": "not-spam"}),
    ),
    "one of several complained": (
        event(
            "Complaint",
            "complaint",
            {"complainedRecipients": [{"emailAddress": JOHN}, {"emailAddress": JANE}], "feedbackId": "f-2"},
            to=(JOHN, JANE),
        ),
        entry(f"complaint/2/{AT}/f-2", None, None, what="one_of_several_complained"),
    ),
    "complained, with a subtype that nobody knows": (
        event(
            "Complaint",
            "complaint",
            {"complainedRecipients": [{"emailAddress": JOHN}], "complaintSubType": "Novelty"},
        ),
        entry(f"complaint/2/{JOHN}/{AT}", Status.COMPLAINED),
    ),
    "not attempted, which comes as a complaint": (
        event(
            "Complaint",
            "complaint",
            {"complainedRecipients": [{"emailAddress": JOHN}], "complaintSubType": "OnAccountSuppressionList"},
        ),
        entry(
            f"bounce/2/{JOHN}/{AT}",
            Status.BOUNCED,
            what="not_attempted",
            detail={
                "bounceType": "Permanent",
                "bounceSubType": "OnAccountSuppressionList",
                "bounceReason": "OnAccountSuppressionList",
                "bounceClass": "not_attempted",
            },
        ),
    ),
    "one of several complained, and how is told": (
        event(
            "Complaint",
            "complaint",
            {
                "complainedRecipients": [{"emailAddress": JOHN}, {"emailAddress": JANE}],
                "complaintFeedbackType": "abuse",
            },
            to=(JOHN, JANE),
        ),
        entry(
            f"complaint/2/{AT}",
            None,
            None,
            what="one_of_several_complained",
            detail={"complaintFeedbackType": "abuse"},
        ),
    ),
    "rejected": (
        about("Reject", "reject", {"reason": "Bad content"}),
        entry(
            f"reject/2/{SENT_AT}",
            Status.FAILED,
            None,
            SENT_AT,
            detail={"errorType": "ses_rejected", "errorMessage": "SES error (Reject): Bad content"},
        ),
    ),
    "rejected without a reason": (
        about("Reject", "reject", {}),
        entry(
            f"reject/2/{SENT_AT}",
            Status.FAILED,
            None,
            SENT_AT,
            detail={"errorType": "ses_rejected", "errorMessage": "SES error (Reject): no reason given"},
        ),
    ),
    "not rendered by SES": (
        about("Rendering Failure", "failure", {"errorMessage": "Attribute 'x' is missing", "templateName": "welcome"}),
        entry(
            f"rendering-failure/2/{SENT_AT}",
            Status.FAILED,
            None,
            SENT_AT,
            detail={
                "errorType": "template_render_error",
                "errorMessage": "Failed to render template 'welcome': Attribute 'x' is missing",
            },
        ),
    ),
    "not rendered by SES, and nothing is told": (
        about("Rendering Failure", "failure", {}),
        entry(
            f"rendering-failure/2/{SENT_AT}",
            Status.FAILED,
            None,
            SENT_AT,
            detail={
                "errorType": "template_render_error",
                "errorMessage": "Failed to render template '': no reason given",
            },
        ),
    ),
    "opened": (
        opened(),
        entry(f"opened/2/{JOHN}/{AT}/7739a14dd20d", Status.OPENED, detail={"machine": False}),
    ),
    "clicked": (
        event("Click", "click", {"userAgent": "Thunderbird", "ipAddress": "192.0.2.1", "link": LINK}),
        entry(f"clicked/2/{JOHN}/{AT}/b121b96eee7e", Status.CLICKED, detail={"link": LINK, "machine": False}),
    ),
    "unsubscribed": (
        event("Subscription", "subscription", {"newTopicPreferences": {"unsubscribeAll": True}}),
        entry(f"subscription/2/{JOHN}/{AT}", None, what="unsubscribed"),
    ),
    "unsubscribed from one topic": (
        event("Subscription", "subscription", newsletter("Opt_Out")),
        entry(f"subscription/2/{JOHN}/{AT}", None, what="unsubscribed"),
    ),
    "subscribed again": (
        event("Subscription", "subscription", newsletter("OptIn")),
        entry(f"subscription/2/{JOHN}/{AT}", None, what="resubscribed"),
    ),
    "of a type that nobody knows": (
        event("Novelty", "novelty", {}),
        entry(f"unknown/2/{SENT_AT}/d11792edb739", None, None, SENT_AT, what="unknown"),
    ),
}


@pytest.mark.parametrize(("news", "kept"), BY_EVENT.values(), ids=BY_EVENT.keys())
def test_an_event_is_kept_as_this_entry(news: dict[str, Any], kept: Entry) -> None:
    [sent, found] = outcomes(read_event(news), 2)

    assert sent.entry == Entry("sent/2", SENT_AT, 2, Status.SENT, detail={"sesMessageId": "ses-email-1"})
    assert found.entry == kept


def test_what_the_sender_did_is_kept_under_these_keys() -> None:
    sender = Sender()
    sender.suppression.list_address("jane@example.com", SuppressionReason.MANUAL)
    record = sender.send(emailId="one", cc=["jane@example.com"])

    assert [entry.key for entry in record.history] == [
        "failed/1/jane@example.com",
        "mark/1/00001/sending",
        "sent/1",
    ]


def test_a_request_that_fails_and_one_that_waits_are_kept_under_these_keys() -> None:
    sender = Sender()

    failed = sender.send(emailId="failed", templateName="none")
    waits = sender.send(emailId="waits", sendAt="2026-11-24T12:00:00Z")

    assert [entry.key for entry in failed.history] == ["failed/1"]
    assert [entry.key for entry in waits.history] == ["mark/1/00001/deferred"]
    assert waits.history[0].detail == {"reason": "scheduled", "until": "2026-11-24T12:00:00.000Z"}


@pytest.mark.parametrize("name", ["ipAddress", "userAgent", "link"])
def test_clicks_of_one_millisecond_are_told_apart_by_who_clicked_on_what(name: str) -> None:
    payload = {"userAgent": "Thunderbird", "ipAddress": "192.0.2.1", "link": LINK}
    keys = {
        outcomes(read_event(event("Click", "click", payload | {name: value})), 1)[1].entry.key for value in ("a", "b")
    }

    assert len(keys) == 2


def test_a_link_is_kept_to_a_thousand_bytes() -> None:
    news = event("Click", "click", {"link": "https://example.com/" + "x" * 2_000})

    assert len(outcomes(read_event(news), 1)[1].entry.detail["link"]) == 1_000
