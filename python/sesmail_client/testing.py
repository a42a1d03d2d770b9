"""For the tests of those who send: a client that sends nothing, and waiting for a status."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from sesmail_client.client import DEFAULT_BUS, SESMailClient
from sesmail_client.errors import InvalidStatusEventError, SESMailError
from sesmail_client.status_events import DETAIL_TYPE, parse_status
from sesmail_client.status_types import Status, StatusEvent

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# After these an email does not become another one of the statuses that a test waits for.
_FINAL = frozenset({"failed", "bounced", "complained"})
# A status that an email has only after another one. The earlier one has no event of its own where it came too late.
_IMPLIED_BY: Mapping[str, frozenset[str]] = {
    "sent": frozenset({"delivered", "soft_bounced", "bounced", "complained", "opened", "clicked"}),
    "delivered": frozenset({"opened", "clicked"}),
}
_LONGEST_POLL_SECONDS = 20
_LIMITS = Config(connect_timeout=2, read_timeout=_LONGEST_POLL_SECONDS + 5, retries={"mode": "standard"})


@dataclass(frozen=True)
class SentEmail:
    """A request that was put on the fake bus."""

    email_id: str
    request: Mapping[str, Any]
    """As the engine gets it: with the contract's names, such as `templateName`."""


class FakeSESMailClient(SESMailClient):
    """A client that checks as the real one does, and keeps the requests in place of sending them."""

    def __init__(self, source: str = "test", *, bus: str = DEFAULT_BUS, max_request_kb: int = 256) -> None:
        self._bus_events = _FakeBus()
        # The one call that the client makes.
        events: Any = self._bus_events
        super().__init__(source, bus=bus, events=events, max_request_kb=max_request_kb)
        self._sleep = lambda _: None

    @property
    def sent(self) -> list[SentEmail]:
        """The emails asked for, each id once, as the engine sends it: oldest first."""
        found: dict[str, SentEmail] = {}
        for detail in self._bus_events.details("Email Request"):
            found.setdefault(detail["emailId"], SentEmail(detail["emailId"], detail))
        return list(found.values())

    @property
    def cancelled(self) -> list[Mapping[str, Any]]:
        """The cancellations asked for: `{"emailId": …}` or `{"tag": …}`."""
        return self._bus_events.details("Email Cancel Requested")

    @property
    def unsubscribed(self) -> list[Mapping[str, Any]]:
        """The unsubscriptions asked for: `{"emailId": …}`, or `{"email": …}` with or without `topic`."""
        return self._bus_events.details("Email Unsubscribe Requested")

    def refuse(self, code: str = "ThrottlingException", *, times: int = 1) -> None:
        """Let the bus not take the next `times` events, as EventBridge may."""
        self._bus_events.refusals += [code] * times

    def status_event(self, email_id: str, status: Status, **fields: Any) -> dict[str, Any]:
        """Return the event that EventBridge delivers when a sent email gets a status, for the test of your handler.

        `fields` are added to the detail under the contract's names, such as `errorType`. Raises KeyError for an id that
        was not sent, and InvalidStatusEventError where a field is missing that the status always has.
        """
        request = {email.email_id: email.request for email in self.sent}[email_id]
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        detail = {
            "emailId": email_id,
            "recordId": email_id,
            "status": status,
            "toEmail": request["to"],
            "timestamp": now,
            "originalSource": self.source,
            "templateName": request["templateName"],
            "topic": request.get("topic", request["templateName"]),
            "attempt": 1,
            "eventId": str(uuid.uuid4()),
            **{name: request[name] for name in ("metadata", "tags") if name in request},
            **fields,
        }
        event = {"detail-type": DETAIL_TYPE, "source": "sesmailengine", "time": now, "detail": detail}
        parse_status(event)
        return event


class _FakeBus:
    """EventBridge, as far as the client uses it."""

    def __init__(self) -> None:
        self.entries: list[Mapping[str, Any]] = []
        self.refusals: list[str] = []

    def put_events(self, *, Entries: list[Mapping[str, Any]]) -> dict[str, Any]:
        return {"Entries": [self._put(entry) for entry in Entries]}

    def _put(self, entry: Mapping[str, Any]) -> dict[str, str]:
        if self.refusals:
            return {"ErrorCode": self.refusals.pop(0), "ErrorMessage": "refused by the test"}
        self.entries.append(entry)
        return {"EventId": str(uuid.uuid4())}

    def details(self, detail_type: str) -> list[Mapping[str, Any]]:
        return [json.loads(entry["Detail"]) for entry in self.entries if entry["DetailType"] == detail_type]


class WaitError(SESMailError, AssertionError):
    """An email did not get the status that was waited for: the message has those that it got."""


class StatusQueue:
    """A queue of SQS with the status events of a producer, for tests against a deployed engine.

    Reads the queue and deletes what it has read, so give it one of its own: the target of a rule for your source, such
    as `status_target` of the Terraform module `producer`. Keeps what it reads for later calls.
    """

    def __init__(self, queue_url: str, *, sqs: SQSClient | None = None) -> None:
        self._queue_url = queue_url
        self._sqs: SQSClient = boto3.client("sqs", config=_LIMITS) if sqs is None else sqs
        self._events: list[StatusEvent] = []

    def events_of(self, email_id: str) -> list[StatusEvent]:
        """Return what was read of an email so far, also where its id was taken by another request."""
        return [
            event
            for event in self._events
            if event.email_id == email_id or (event.status == "failed" and event.conflicts_with == email_id)
        ]

    def wait_for(self, email_id: str, status: Status = "delivered", *, timeout_seconds: float = 60) -> StatusEvent:
        """Return the email's event with a status as soon as the queue has it; those of a cc or bcc do not count.

        Where an event came that follows `sent` or `delivered`, such as `opened`, it returns that one: a status that
        comes after a later one has no event.

        Raises WaitError after `timeout_seconds`, or at once where the email failed, bounced or was complained about.
        """
        end = time.monotonic() + timeout_seconds
        while True:
            # What becomes of a cc or bcc says nothing of the email itself.
            events = [event for event in self.events_of(email_id) if event.recipient_type is None]
            reached = {status, *_IMPLIED_BY.get(status, ())}
            # The status itself before those that imply it.
            for event in sorted(events, key=lambda event: event.status != status):
                if event.status in reached:
                    return event
            final = [event for event in events if event.status in _FINAL]
            left = end - time.monotonic()
            if final or left <= 0:
                raise WaitError(_not_reached(email_id, status, events, timeout_seconds))
            self._read(min(_LONGEST_POLL_SECONDS, max(1, int(left))))

    def _read(self, wait_seconds: int) -> None:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds
        )
        for message in answer.get("Messages", []):
            try:
                self._events.append(parse_status(message["Body"]))
            except InvalidStatusEventError as error:
                raise WaitError(f"The queue has something else than status events: {error}") from error
            self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])


def _not_reached(email_id: str, status: Status, events: list[StatusEvent], timeout_seconds: float) -> str:
    if not events:
        return (
            f"{email_id}: no status event in {timeout_seconds:g} s; is the queue the target of a rule for its source?"
        )
    found = ", ".join(
        f"failed ({event.error_type}: {event.error_message})" if event.status == "failed" else event.status
        for event in events
    )
    return f"{email_id}: waited for {status}, found {found}"
