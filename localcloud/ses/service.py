"""The emulated SES: accepts messages and publishes their events, in the configured order and pace."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from localcloud.ses.account import Account
from localcloud.ses.events import event_json, matching_type, ses_time
from localcloud.ses.faults import ERRORS, Fault
from localcloud.ses.limits import ErrorResponse
from localcloud.ses.mailbox_simulator import Outcome, outcomes_of
from localcloud.ses.message import Message

# publish(topic_arn, text): puts a message on a topic of the emulator's SNS.
Publish = Callable[[str, str], None]


@dataclass
class Quota:
    """What GetSendQuota answers. `sent_last_24_hours` None: count the recipients. `enforce`: throttle beyond it."""

    max_24_hour_send: float = 50000.0
    max_send_rate: float = 1000.0
    sent_last_24_hours: float | None = None
    enforce: bool = False


@dataclass
class EventSettings:
    """How events are published: held until released, late, several times, in reverse, or some types never."""

    hold: bool = False
    delay_seconds: float = 0.05
    copies: int = 1
    reverse: bool = False
    withheld: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Notification:
    """An event for one topic."""

    topic_arn: str
    event: dict[str, Any]


class SesService:
    """The state of SES that MiniStack does not have."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self.reset()

    def reset(self) -> None:
        """Forget messages, faults and settings."""
        self.quota = Quota()
        self.account = Account()
        self.events = EventSettings()
        self.faults: list[Fault] = []
        # By identity: the configuration set of a message that names none.
        self.default_sets: dict[str, str] = {}
        self.messages: list[Message] = []
        self.published: list[dict[str, Any]] = []
        self.held: list[Notification] = []
        self._sends_to: Counter[str] = Counter()
        self._recent: list[tuple[float, int]] = []

    # --- before acceptance ---------------------------------------------------------------------------------------

    def fault_for(self, message: Message) -> Fault | None:
        """Return the first injected fault that fires for this request."""
        faults = (fault for fault in self.faults if fault.is_of(message.api))
        return next((fault for fault in faults if fault.fires(message.destinations)), None)

    def over_quota(self, message: Message) -> ErrorResponse | None:
        """Throttle as SES does, by recipients a second and a day, if the quota is enforced."""
        if not self.quota.enforce:
            return None
        if self.sent_last_24_hours() + len(message.destinations) > self.quota.max_24_hour_send:
            return ERRORS["daily_quota"]
        now = time.monotonic()
        self._recent = [(at, count) for at, count in self._recent if now - at < 1.0]
        in_last_second = sum(count for _, count in self._recent)
        if in_last_second + len(message.destinations) > self.quota.max_send_rate:
            return ERRORS["throttling"]
        self._recent.append((now, len(message.destinations)))
        return None

    def sent_last_24_hours(self) -> float:
        """Count recipients, as SES does; of all messages, since an emulator does not run for a day."""
        if self.quota.sent_last_24_hours is not None:
            return self.quota.sent_last_24_hours
        return float(sum(len(message.destinations) for message in self.messages))

    # --- after acceptance ----------------------------------------------------------------------------------------

    def accept(self, message: Message, destinations: Mapping[str, Any]) -> None:
        """Store the message and publish its events to the matching event destinations."""
        self.messages.append(message)
        outcomes: list[Outcome] = [("Send", {})]
        for recipient in message.destinations:
            outcomes += outcomes_of(recipient, self._sends_to[recipient])
            self._sends_to[recipient] += 1
        outcomes = [_timed(message, step, *outcome) for step, outcome in enumerate(outcomes)]
        if self.events.reverse:
            outcomes.reverse()
        for step, (event_type, detail) in enumerate(outcomes, start=1):
            self.publish_event(message, event_type, detail, destinations, self.events.delay_seconds * step)

    def publish_event(
        self,
        message: Message,
        event_type: str,
        detail: dict[str, Any],
        destinations: Mapping[str, Any],
        delay_seconds: float = 0.0,
    ) -> int:
        """Publish one event to each enabled SNS event destination that matches its type; return their number."""
        if event_type in self.events.withheld:
            return 0
        topics = topics_for(event_type, destinations)
        event = event_json(message, event_type, detail)
        for topic_arn in topics:
            for _ in range(self.events.copies):
                self._dispatch(Notification(topic_arn, event), delay_seconds)
        return len(topics)

    def release(self) -> int:
        """Publish the held events, the last one first if `reverse` is set; return their number."""
        notifications, self.held = self.held, []
        for notification in reversed(notifications) if self.events.reverse else notifications:
            self._deliver(notification)
        return len(notifications)

    def _dispatch(self, notification: Notification, delay_seconds: float) -> None:
        if self.events.hold:
            self.held.append(notification)
        elif delay_seconds > 0:
            # call_later copies the context, and with it the account and region that MiniStack keeps there.
            asyncio.get_running_loop().call_later(delay_seconds, self._deliver, notification)
        else:
            self._deliver(notification)

    def _deliver(self, notification: Notification) -> None:
        self.published.append(notification.event)
        self._publish(notification.topic_arn, json.dumps(notification.event))


def _timed(message: Message, step: int, event_type: str, detail: dict[str, Any]) -> Outcome:
    """Add the time at which the outcome happened, which is independent of when and in which order it is published."""
    if event_type == "Send":
        return event_type, detail
    at = message.accepted_at + timedelta(milliseconds=50 * step)
    return event_type, {"timestamp": ses_time(at), **detail}


def topics_for(event_type: str, destinations: Mapping[str, Any]) -> list[str]:
    """List the topics of the enabled event destinations that match the type."""
    wanted = matching_type(event_type)
    return [
        destination["SnsDestination"]["TopicArn"]
        for destination in destinations.values()
        if destination.get("Enabled")
        and wanted in destination.get("MatchingEventTypes", ())
        and destination.get("SnsDestination")
    ]
