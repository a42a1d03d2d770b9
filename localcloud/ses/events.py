"""SES's own event JSON, as it publishes it to an SNS topic.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from email.header import Header
from email.utils import getaddresses, parseaddr
from typing import Any

from localcloud.ses.message import Message

# eventType -> the key that holds its detail. Only Rendering Failure's differs from its name.
DETAIL_KEYS = {
    "Send": "send",
    "Delivery": "delivery",
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Reject": "reject",
    "Open": "open",
    "Click": "click",
    "DeliveryDelay": "deliveryDelay",
    "Subscription": "subscription",
    "Rendering Failure": "failure",
}
# SES keeps at most 10 KB of a message's headers in an event.
MAX_HEADER_BYTES = 10 * 1024


def matching_type(event_type: str) -> str:
    """Return the event type's name in an event destination: SEND, DELIVERY_DELAY, ..."""
    return {"DeliveryDelay": "DELIVERY_DELAY", "Rendering Failure": "RENDERING_FAILURE"}.get(
        event_type, event_type.upper()
    )


def ses_time(moment: datetime) -> str:
    """Format a time as fixed-width UTC with milliseconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def event_json(message: Message, event_type: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Build one event about the message; the current time and new ids fill what the detail lacks."""
    stamped = dict(detail)
    if event_type != "Send":
        stamped.setdefault("timestamp", ses_time(datetime.now(UTC)))
    if event_type in {"Bounce", "Complaint"}:
        stamped.setdefault("feedbackId", f"0100-{uuid.uuid4()}-000000")
    if event_type == "Complaint":
        stamped.setdefault("arrivalDate", stamped["timestamp"])
    return {"eventType": event_type, "mail": mail_object(message), DETAIL_KEYS[event_type]: stamped}


def mail_object(message: Message) -> dict[str, Any]:
    """Build the `mail` part, which all events of a message share."""
    headers, truncated = _headers(message)
    address = parseaddr(message.source)[1]
    return {
        "timestamp": ses_time(message.accepted_at),
        "source": message.source,
        "sourceArn": f"arn:aws:ses:{message.region}:{message.account_id}:identity/{address.rpartition('@')[2]}",
        "sendingAccountId": message.account_id,
        "messageId": message.message_id,
        "destination": list(message.destinations),
        "headersTruncated": truncated,
        "headers": headers,
        "commonHeaders": _common_headers(message),
        "tags": _tags(message, address),
    }


def _tags(message: Message, address: str) -> dict[str, list[str]]:
    ours: dict[str, list[str]] = {}
    for name, value in message.tags:
        ours.setdefault(name, []).append(value)
    return {
        "ses:operation": ["SendRawEmail"],
        "ses:configuration-set": [message.configuration_set],
        "ses:source-ip": ["127.0.0.1"],
        "ses:from-domain": [address.rpartition("@")[2]],
        "ses:caller-identity": ["emulator"],
    } | ours


def _text(value: str | Header) -> str:
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _headers(message: Message) -> tuple[list[dict[str, str]], bool]:
    kept: list[dict[str, str]] = []
    size = 0
    for name, value in message.headers.items():
        if name.upper().startswith("X-SES-"):
            continue
        text = _text(value)
        size += len(name) + len(text)
        if size > MAX_HEADER_BYTES:
            return kept, True
        kept.append({"name": name, "value": text})
    return kept, False


def _common_headers(message: Message) -> dict[str, Any]:
    common: dict[str, Any] = {"messageId": message.message_id}
    for key, header in (("from", "From"), ("to", "To"), ("cc", "Cc"), ("replyTo", "Reply-To")):
        values = [_text(value) for value in message.headers.get_all(header, [])]
        if values:
            common[key] = [f"{name} <{addr}>" if name else addr for name, addr in getaddresses(values)]
    for key, header in (("subject", "Subject"), ("date", "Date")):
        if header in message.headers:
            common[key] = _text(message.headers[header])
    return common
