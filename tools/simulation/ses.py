"""SES in memory: takes mail or does not, says so or not, publishes events late, twice, in any order."""

from __future__ import annotations

import heapq
import itertools
import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sesmail_layer.domain.errors import (
    OutcomeUnknownError,
    PausedBySes,
    PermanentError,
    RateLimited,
    TransientError,
)
from sesmail_layer.domain.ses.tags import decode_tag
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import FakeClock
from tools.simulation.feedback import TOPIC

_TIMEOUTS = {"time-out, lost": 3, "time-out, taken": 4}
_ANSWERS = {"throttled": 3, "paused": 1, "rejected": 2, "not connected": 2} | _TIMEOUTS
_OUTCOMES = {"delivered": 6, "opened": 1, "delayed": 1, "hard": 2, "soft": 2, "complained": 2}


@dataclass
class Mail:
    """One mail that SES accepted."""

    record_id: str
    attempt: int
    recipients: list[str]
    at: float
    message_id: str
    outcome: str
    tags: Mapping[str, str]
    events_at: dict[str, float] = field(default_factory=dict)
    """When the first event of each kind reached the feedback queue."""

    @property
    def first_event_at(self) -> float:
        return min(self.events_at.values(), default=math.inf)


class SimulatedSes:
    """Fulfils the port Mailer."""

    def __init__(
        self,
        clock: FakeClock,
        rng: random.Random,
        *,
        faults: float,
        late: float,
        doubled: float,
        outcomes: bool,
        timeouts: bool,
    ) -> None:
        """Shares: of calls that go wrong, of events that are minutes late, of events that come twice.

        `timeouts`: no call goes wrong in another way.
        """
        self.accepted: list[Mail] = []
        self.answers: list[tuple[str, str]] = []
        """What went wrong, by record id."""
        self.faults = faults
        self._clock = clock
        self._rng = rng
        self._late = late
        self._doubled = doubled
        self._outcomes = outcomes
        self._answers = _TIMEOUTS if timeouts else _ANSWERS
        self._events: list[tuple[float, int, Mail | None, str, str]] = []
        self._order = itertools.count()

    def longest_seconds(self, size: int) -> float:
        return 14.0

    def send(
        self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str], tenant: str = ""
    ) -> str:
        record_id, attempt = decode_tag(tags["emailId"]) or "", int(decode_tag(tags["attempt"]) or 0)
        answer = self._choose(self._answers) if self._rng.random() < self.faults else ""
        self.answers.append((record_id, answer))
        match answer:
            case "throttled":
                raise RateLimited(self._rng.uniform(1, 5))
            case "paused":
                raise PausedBySes(300, message="SES error (AccountSendingPaused): paused", code="SES004")
            case "rejected":
                raise PermanentError("ses_rejected", "SES error (MessageRejected): no", code="SES001")
            case "not connected":
                raise TransientError("SES error (connection): ConnectTimeoutError", code="SES009")
            case "time-out, lost":
                raise OutcomeUnknownError("ReadTimeoutError")
        mail = self._accept(record_id, attempt, list(recipients), tags)
        if answer == "time-out, taken":
            raise OutcomeUnknownError("ReadTimeoutError")
        return mail.message_id

    def _accept(self, record_id: str, attempt: int, recipients: list[str], tags: Mapping[str, str]) -> Mail:
        outcome = self._choose(_OUTCOMES) if self._outcomes else "delivered"
        message_id = f"ses-{len(self.accepted) + 1}"
        mail = Mail(record_id, attempt, recipients, self._clock.now(), message_id, outcome, tags)
        self.accepted.append(mail)
        for kind in ("Send", *_KINDS[outcome]):
            self._publish(mail, kind)
        return mail

    def _choose(self, weights: Mapping[str, int]) -> str:
        return self._rng.choices(list(weights), list(weights.values()))[0]

    # --- events -------------------------------------------------------------------------------------------------------

    def _publish(self, mail: Mail, kind: str) -> None:
        body = notification(ses_event(mail, kind, mail.recipients[0]))
        for _ in range(2 if self._rng.random() < self._doubled else 1):
            late = self._rng.random() < self._late
            seconds = self._rng.uniform(60, 1500) if late else self._rng.expovariate(0.5)
            self.publish_later(body, seconds, mail, kind)

    def publish_later(self, body: str, seconds: float, mail: Mail | None = None, kind: str = "") -> None:
        heapq.heappush(self._events, (self._clock.now() + seconds, next(self._order), mail, kind, body))

    def next_event_at(self) -> float | None:
        return self._events[0][0] if self._events else None

    def take_due_events(self) -> list[str]:
        """Return what reaches the feedback queue now."""
        due = []
        while self._events and self._events[0][0] <= self._clock.now():
            _, _, mail, kind, body = heapq.heappop(self._events)
            if mail is not None:
                mail.events_at.setdefault(kind, self._clock.now())
            due.append(body)
        return due


_KINDS = {
    "delivered": ("Delivery",),
    "opened": ("Delivery", "Open"),
    "delayed": ("DeliveryDelay", "Delivery"),
    "hard": ("Bounce",),
    "soft": ("Bounce",),
    "complained": ("Delivery", "Complaint"),
}


def ses_event(mail: Mail, kind: str, who: str) -> dict[str, Any]:
    """Return an event of a mail about one recipient, as SES publishes it for a configuration set."""
    about = {
        "timestamp": utc_text(mail.at),
        "messageId": mail.message_id,
        "destination": mail.recipients,
        "tags": {name: [value] for name, value in mail.tags.items()},
    }
    bounce_type, sub_type, status = (
        ("Transient", "MailboxFull", "4.2.2") if mail.outcome == "soft" else ("Permanent", "General", "5.1.1")
    )
    bounced = {"emailAddress": who, "status": status, "diagnosticCode": f"smtp; 550 {status} no"}
    feedback_id = f"feedback-{mail.message_id}"
    payloads: dict[str, dict[str, Any]] = {
        "Send": {},
        "Delivery": {"recipients": [who]},
        "Open": {"userAgent": "Thunderbird", "ipAddress": "192.0.2.1"},
        "DeliveryDelay": {"delayType": "TransientCommunicationFailure", "delayedRecipients": [{"emailAddress": who}]},
        "Bounce": {
            "bounceType": bounce_type,
            "bounceSubType": sub_type,
            "bouncedRecipients": [bounced],
            "feedbackId": feedback_id,
        },
        "Complaint": {
            "complainedRecipients": [{"emailAddress": who}],
            "complaintFeedbackType": "abuse",
            "feedbackId": feedback_id,
        },
    }
    key = kind[0].lower() + kind[1:]
    return {"eventType": kind, "mail": about, key: {"timestamp": utc_text(mail.at + 1)} | payloads[kind]}


def notification(event: dict[str, Any]) -> str:
    """Return an event in SNS's envelope."""
    return json.dumps({"Type": "Notification", "TopicArn": TOPIC, "MessageId": "m", "Message": json.dumps(event)})
