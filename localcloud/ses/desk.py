"""The desk of the emulated SES: keeps accepted messages, publishes their events, in the order and pace ordered."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from localcloud.ses.events import event_json, matching_type, ses_time
from localcloud.ses.faults import REFUSALS, Fault
from localcloud.ses.message import Message
from localcloud.ses.outcomes import Outcome, outcomes_of
from localcloud.ses.rules import Refusal

# publish(topic_arn, text): how the emulator's SNS takes a message.
Publish = Callable[[str, str], None]


@dataclass
class Quota:
    """What GetSendQuota answers. `sent_last_24_hours` None counts the recipients; `enforce` really throttles."""

    max_24_hour_send: float = 50000.0
    max_send_rate: float = 1000.0
    sent_last_24_hours: float | None = None
    enforce: bool = False


@dataclass
class Events:
    """How events are published: held back until released, late, several times, in reverse, or some never."""

    hold: bool = False
    delay_seconds: float = 0.05
    copies: int = 1
    reverse: bool = False
    withheld: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Parcel:
    """An event on its way to one topic."""

    topic_arn: str
    event: dict[str, Any]


class Desk:
    """All state of the emulated SES that MiniStack does not have."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self.reset()

    def reset(self) -> None:
        """Forget messages, faults and settings."""
        self.quota = Quota()
        self.events = Events()
        self.faults: list[Fault] = []
        self.messages: list[Message] = []
        self.published: list[dict[str, Any]] = []
        self.held: list[Parcel] = []
        self._sends_to: Counter[str] = Counter()
        self._recent: list[tuple[float, int]] = []

    # --- before acceptance ---------------------------------------------------------------------------------------

    def fault_for(self, message: Message) -> Fault | None:
        """The first ordered fault that hits this request."""
        return next((fault for fault in self.faults if fault.strikes(message.destinations)), None)

    def over_quota(self, message: Message) -> Refusal | None:
        """SES's own throttling, when the quota is enforced: recipients a second, recipients a day."""
        if not self.quota.enforce:
            return None
        if self.sent_last_24_hours() + len(message.destinations) > self.quota.max_24_hour_send:
            return REFUSALS["daily_quota"]
        now = time.monotonic()
        self._recent = [(at, count) for at, count in self._recent if now - at < 1.0]
        in_last_second = sum(count for _, count in self._recent)
        if in_last_second + len(message.destinations) > self.quota.max_send_rate:
            return REFUSALS["throttling"]
        self._recent.append((now, len(message.destinations)))
        return None

    def sent_last_24_hours(self) -> float:
        """Recipients, as SES counts them (an emulator does not run for a day)."""
        if self.quota.sent_last_24_hours is not None:
            return self.quota.sent_last_24_hours
        return float(sum(len(message.destinations) for message in self.messages))

    # --- after acceptance ----------------------------------------------------------------------------------------

    def accept(self, message: Message, destinations: Mapping[str, Any]) -> None:
        """Keep the message and send its events to the event destinations that ask for them."""
        self.messages.append(message)
        story: list[Outcome] = [("Send", {})]
        for recipient in message.destinations:
            story += outcomes_of(recipient, self._sends_to[recipient])
            self._sends_to[recipient] += 1
        story = [_dated(message, step, *outcome) for step, outcome in enumerate(story)]
        if self.events.reverse:
            story.reverse()
        for step, (event_type, detail) in enumerate(story, start=1):
            self.tell(message, event_type, detail, destinations, self.events.delay_seconds * step)

    def tell(
        self,
        message: Message,
        event_type: str,
        detail: dict[str, Any],
        destinations: Mapping[str, Any],
        delay_seconds: float = 0.0,
    ) -> int:
        """Publish one event to each enabled SNS event destination that matches its type; how many took it."""
        if event_type in self.events.withheld:
            return 0
        topics = topics_for(event_type, destinations)
        event = event_json(message, event_type, detail)
        for topic_arn in topics:
            for _ in range(self.events.copies):
                self._dispatch(Parcel(topic_arn, event), delay_seconds)
        return len(topics)

    def release(self) -> int:
        """Publish what was held back, last first when `reverse` is set."""
        parcels, self.held = self.held, []
        for parcel in reversed(parcels) if self.events.reverse else parcels:
            self._deliver(parcel)
        return len(parcels)

    def _dispatch(self, parcel: Parcel, delay_seconds: float) -> None:
        if self.events.hold:
            self.held.append(parcel)
        elif delay_seconds > 0:
            # call_later copies the context, and with it the account and region that MiniStack keeps there.
            asyncio.get_running_loop().call_later(delay_seconds, self._deliver, parcel)
        else:
            self._deliver(parcel)

    def _deliver(self, parcel: Parcel) -> None:
        self.published.append(parcel.event)
        self._publish(parcel.topic_arn, json.dumps(parcel.event))


def _dated(message: Message, step: int, event_type: str, detail: dict[str, Any]) -> Outcome:
    """The outcome with its time: they happen one after the other, whenever and in whatever order they are told."""
    if event_type == "Send":
        return event_type, detail
    at = message.accepted_at + timedelta(milliseconds=50 * step)
    return event_type, {"timestamp": ses_time(at), **detail}


def topics_for(event_type: str, destinations: Mapping[str, Any]) -> list[str]:
    """The topics of the enabled event destinations that match the type."""
    wanted = matching_type(event_type)
    return [
        destination["SnsDestination"]["TopicArn"]
        for destination in destinations.values()
        if destination.get("Enabled")
        and wanted in destination.get("MatchingEventTypes", ())
        and destination.get("SnsDestination")
    ]
