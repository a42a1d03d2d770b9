"""The entries that SES's events become: a later version has to recognise their keys and details.

SQS may deliver an event twice, the second time to the next deployment. Equal keys make the second a repetition.
"""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from sesmail_layer.domain.ses.outcomes import outcomes
from sesmail_layer.domain.ses.ses_events import read_event
from tools.simulation.feedback import JANE, JOHN, bounced, complained, delivered, event, mail, opened

AT, SENT_AT = "2026-11-24T10:31:05.000Z", "2026-11-24T10:31:00.000Z"
FULL = "smtp; 452 4.2.2 full"
LINK = "https://example.com/a"


def event_without_a_time(kind: str, key: str, payload: dict[str, Any]) -> dict[str, Any]:
    """An event without a time in its payload."""
    return {"eventType": kind, "mail": mail(), key: payload}


def delayed(*recipients: str) -> dict[str, Any]:
    listed = [{"emailAddress": one, "status": "4.2.2", "diagnosticCode": FULL} for one in recipients]
    payload = {"delayType": "MailboxFull", "expirationTime": "2026-11-25T10:31:00Z", "delayedRecipients": listed}
    return event("DeliveryDelay", "deliveryDelay", payload, to=(JOHN, JANE))


def entry(key: str, status: Status | None, recipient: str | None = JOHN, at: str = AT, **about: Any) -> Entry:
    return Entry(key, at, 2, status, recipient, **about)


def newsletter(status: str) -> dict[str, Any]:
    """The detail of a Subscription to one topic."""
    topic = {"topicName": "offers", "subscriptionStatus": status}
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
    "bounced, with types only": (
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
    "bounced, without any detail": (
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
    "complained, with an unknown subtype": (
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
    "one of several complained, with a feedback type": (
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
        event_without_a_time("Reject", "reject", {"reason": "Bad content"}),
        entry(
            f"reject/2/{SENT_AT}",
            Status.FAILED,
            None,
            SENT_AT,
            detail={"errorType": "ses_rejected", "errorMessage": "SES error (Reject): Bad content"},
        ),
    ),
    "rejected without a reason": (
        event_without_a_time("Reject", "reject", {}),
        entry(
            f"reject/2/{SENT_AT}",
            Status.FAILED,
            None,
            SENT_AT,
            detail={"errorType": "ses_rejected", "errorMessage": "SES error (Reject): no reason given"},
        ),
    ),
    "not rendered by SES": (
        event_without_a_time(
            "Rendering Failure", "failure", {"errorMessage": "Attribute 'x' is missing", "templateName": "welcome"}
        ),
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
    "not rendered by SES, without any detail": (
        event_without_a_time("Rendering Failure", "failure", {}),
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
    "of an unknown type": (
        event("Novelty", "novelty", {}),
        entry(f"unknown/2/{SENT_AT}/d11792edb739", None, None, SENT_AT, what="unknown"),
    ),
}


@pytest.mark.parametrize(("ses_event", "stored"), BY_EVENT.values(), ids=BY_EVENT.keys())
def test_an_event_is_stored_as_this_entry(ses_event: dict[str, Any], stored: Entry) -> None:
    [sent, found] = outcomes(read_event(ses_event), 2)

    assert sent.entry == Entry("sent/2", SENT_AT, 2, Status.SENT, detail={"sesMessageId": "ses-email-1"})
    assert found.entry == stored


@pytest.mark.parametrize("name", ["ipAddress", "userAgent", "link"])
def test_clicks_of_one_millisecond_differ_by_address_agent_and_link(name: str) -> None:
    payload = {"userAgent": "Thunderbird", "ipAddress": "192.0.2.1", "link": LINK}
    keys = {
        outcomes(read_event(event("Click", "click", payload | {name: value})), 1)[1].entry.key for value in ("a", "b")
    }

    assert len(keys) == 2


def test_a_link_is_cut_to_a_thousand_bytes() -> None:
    ses_event = event("Click", "click", {"link": "https://example.com/" + "x" * 2_000})

    assert len(outcomes(read_event(ses_event), 1)[1].entry.detail["link"]) == 1_000


def test_the_answer_of_a_mail_server_is_cut_to_160_bytes() -> None:
    answered = event("Delivery", "delivery", {"recipients": [JOHN], "smtpResponse": "250 " + "ok " * 99})
    outcome = outcomes(read_event(answered), 1)[1]
    assert len(outcome.entry.detail["smtpResponse"]) == 160
