"""Fakes of what lies outside: tables that keep their conditions, an SES that remembers, a clock that is set.

They are as strict as the real ones: a table, a queue or a bus that would reject a value rejects it here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from sesmail_layer.aws.tracking_table import read_past_email, went_to_its_address, write_record
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.sending_event import SendingEvent
from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES, Suppression, SuppressionReason
from sesmail_layer.domain.record.soft_bounce_run import PastEmail
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.envelopes import PendingRequest
from sesmail_layer.domain.status_event import StatusEvent
from sesmail_layer.domain.template.templates import Template, TemplateError, compile_template
from sesmail_layer.domain.unsubscribe.events import UnsubscribeEvent
from sesmail_layer.usecases.ports import Announcement
from tools.simulation.limits import MAX_ITEM_BYTES, check_queue_takes, is_too_large_an_event
from tools.simulation.tables import tables

T = TypeVar("T")

NOW = 1_795_516_260.0  # 2026-11-24T10:31:00Z


def storable(value: T) -> T:
    """Return a value after a check that it can be stored: it survives encoding and decoding."""
    encoded = msgspec.json.encode(value)
    assert msgspec.json.decode(encoded, type=type(value)) == value
    assert len(encoded) <= MAX_ITEM_BYTES
    return value


class FakeClock:
    def __init__(self, now: float = NOW) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


class FakeTrackingTable:
    def __init__(self) -> None:
        self.records: dict[str, TrackingRecord] = {}
        self.error: TransientError | None = None

    def create(self, record: TrackingRecord) -> TrackingRecord | None:
        self._check()
        if record.email_id in self.records:
            return self.records[record.email_id]
        self.records[record.email_id] = storable(record)
        return None

    def replace(self, record: TrackingRecord) -> TrackingRecord | None:
        self._check()
        existing = self.records[record.email_id]
        if existing.revision != record.revision:
            return existing
        self.records[record.email_id] = storable(record).next_revision()
        return None

    def get_many(self, email_ids: Collection[str]) -> Mapping[str, TrackingRecord]:
        self._check()
        return {key: self.records[key] for key in email_ids if key in self.records}

    def find_by_ses_message_id(self, ses_message_id: str) -> str | None:
        self._check()
        found = (record for record in self.records.values() if record.ses_message_id == ses_message_id)
        return next((entry["emailId"]["S"] for entry in _indexed("ses-message-id-index", found)), None)

    def has_sent_to(self, address: str) -> bool:
        self._check()
        return any(map(went_to_its_address, self._by_recipient(address)))

    def latest_to(self, address: str, limit: int) -> Sequence[PastEmail]:
        assert limit > 0
        return [read_past_email(entry) for entry in self._by_recipient(address)[:limit]]

    def _by_recipient(self, address: str) -> list[dict[str, Any]]:
        """Return the entries of the index by recipient, newest first: only what it projects."""
        found = (record for record in self.records.values() if record.to_email == address)
        entries = _indexed("to-email-timestamp-index", found)
        return sorted(entries, key=lambda entry: str(entry["timestamp"]["S"]), reverse=True)

    def _check(self) -> None:
        if self.error:
            raise self.error


def _indexed(name: str, records: Iterable[TrackingRecord]) -> Iterator[dict[str, Any]]:
    """Yield what an index of the tracking table holds of records; those that it does not hold are left out."""
    index = tables()["EmailTracking"].index(name)
    return (entry for record in records if (entry := index.entry(write_record(record))))


class FakeSuppressionTable:
    def __init__(self) -> None:
        self.entries: dict[str, Suppression] = {}
        self.error: TransientError | None = None
        self.reads = 0

    def list_address(self, address: str, reason: SuppressionReason) -> None:
        self.entries[address] = Suppression(
            email=address,
            suppression_type=SUPPRESSION_TYPES[reason],
            reason=reason,
            added_to_suppression_date="2026-11-01T00:00:00.000Z",
        )

    def get_many(self, addresses: Collection[str]) -> Mapping[str, Suppression]:
        self.reads += 1
        if self.error:
            raise self.error
        return {key: self.entries[key] for key in addresses if key in self.entries}

    def add(self, suppression: Suppression) -> None:
        existing = self.entries.get(suppression.email)
        self.entries[suppression.email] = storable(existing.joined(suppression) if existing else suppression)

    def remove(self, address: str, only: SuppressionReason | None = None) -> None:
        existing = self.entries.get(address)
        if existing and only in (None, existing.reason):
            del self.entries[address]


class FakeTemplates:
    def __init__(self, **metadata: Any) -> None:
        self.loads: list[tuple[str, str | None]] = []
        self.rechecks: list[tuple[str, str | None]] = []
        self.error: Exception | None = None
        self._templates: dict[str, Template] = {}
        about = {"subject": "Hello {{ name }}", "requiredVariables": ["name"]} | metadata
        self.add("welcome", "<p>Hello {{ name }}</p>", "Hello {{ name }}", about)

    def add(self, name: str, html: str, text: str, metadata: Mapping[str, Any]) -> None:
        self._templates[name] = compile_template(name, html.encode(), text.encode(), json.dumps(metadata).encode())

    def load(self, name: str, locale: str | None, compile_seconds: float) -> Template:
        self.loads.append((name, locale))
        if self.error:
            raise self.error
        if name not in self._templates:
            raise TemplateError("template_not_found", f"Template '{name}' not found", code="TMPL001")
        return self._templates[name]

    def recheck(self, name: str, locale: str | None) -> None:
        self.rechecks.append((name, locale))


class FakeBus:
    def __init__(self) -> None:
        self.events: list[StatusEvent] = []
        self.calls = 0
        self.refuse: Callable[[StatusEvent], bool] = lambda _event: False
        self.announced: list[SendingEvent] = []
        self.unsubscribed: list[UnsubscribeEvent] = []
        self.refuse_announcements = False

    def publish(self, events: Sequence[StatusEvent]) -> Mapping[str, str]:
        if not events:
            return {}
        self.calls += 1
        refused = {event.event_id: "InternalFailure" for event in events if self.refuse(event)}
        refused |= {event.event_id: "ValidationException" for event in events if is_too_large_an_event(event)}
        self.events += [storable(event) for event in events if event.event_id not in refused]
        return refused

    def announce(self, event: Announcement) -> str | None:
        if self.refuse_announcements:
            return "InternalFailure"
        if isinstance(event, UnsubscribeEvent):
            self.unsubscribed.append(storable(event))
        else:
            assert isinstance(event, SendingEvent)
            self.announced.append(storable(event))
        return None

    def statuses(self, email_id: str) -> list[str]:
        """The statuses published for an email, each `event_id` once."""
        unique = {event.event_id: event for event in self.events if event.email_id == email_id}
        return [event.status for event in unique.values()]


class FakeDelayQueue:
    def __init__(self) -> None:
        self.messages: list[tuple[str, float]] = []
        self.error: TransientError | None = None

    def put(self, body: str, delay_seconds: float) -> None:
        if self.error:
            raise self.error
        assert json.loads(body)
        assert delay_seconds >= 0
        check_queue_takes(body)
        self.messages.append((body, delay_seconds))

    def put_all(self, messages: Sequence[tuple[str, float]]) -> Mapping[int, TransientError]:
        failed: dict[int, TransientError] = {}
        for index, (body, delay_seconds) in enumerate(messages):
            try:
                self.put(body, delay_seconds)
            except TransientError as err:
                failed[index] = err
        return failed

    def take(self) -> list[tuple[str, float]]:
        taken, self.messages = self.messages, []
        return taken


class FakePendingTable:
    """Requests kept for a retry; it forgets none by itself, but gives no expired one."""

    def __init__(self, clock: FakeClock) -> None:
        self.kept: dict[str, tuple[PendingRequest, float]] = {}
        self.error: TransientError | None = None
        self._clock = clock

    def keep(self, email_id: str, request: PendingRequest) -> None:
        self.keep_all({email_id: request})

    def keep_all(self, requests: Mapping[str, PendingRequest]) -> None:
        self._check()
        self.kept |= {key: (storable(each), self._clock.now() + 86_400) for key, each in requests.items()}

    def get(self, email_id: str) -> PendingRequest | None:
        self._check()
        request, expires_at = self.kept.get(email_id, (None, 0.0))
        return request if expires_at > self._clock.now() else None

    def forget(self, email_ids: Collection[str]) -> None:
        self._check()
        self.kept = {key: kept for key, kept in self.kept.items() if key not in email_ids}

    def _check(self) -> None:
        if self.error:
            raise self.error


class FakeMetrics:
    """Accepts names as metrics are named: in PascalCase."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}
        self.levels: dict[str, float] = {}
        self.changes: dict[str, float] = {}
        self.highest_values: dict[str, float] = {}

    def count(self, name: str, value: float = 1) -> None:
        assert re.fullmatch(r"([A-Z][a-z]+)+", name), name
        self.counts[name] = self.counts.get(name, 0) + value

    def level(self, name: str, value: float) -> None:
        assert re.fullmatch(r"([A-Z][0-9a-z]+)+", name), name
        self.levels[name] = value

    def changed(self, name: str, value: float) -> None:
        if value:
            self.level(name, value)
        self.changes[name] = value

    def highest(self, name: str, seconds: float) -> None:
        assert re.fullmatch(r"([A-Z][a-z]+)+", name), name
        self.highest_values[name] = max(seconds, self.highest_values.get(name, 0.0))


class FakeLog:
    """Accepts lines that can be searched: by the event's name, the error's code, the email's id."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def _write(self, level: str, event: str, data: dict[str, Any]) -> None:
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", event), event
        assert re.fullmatch(r"[A-Z]{2,4}\d{3}", data.get("code", "AWS001")), data
        assert isinstance(data.get("message", ""), str), data
        assert level != "ERROR" or data.get("message") or data.get("exc_info"), f"{event} does not say why"
        assert not event.startswith("email.") or isinstance(data.get("email_id"), str), f"{event}: which email?"
        self.lines.append({"level": level, "event": event, **data})

    def info(self, event: str, **data: Any) -> None:
        self._write("INFO", event, data)

    def warning(self, event: str, **data: Any) -> None:
        self._write("WARNING", event, data)

    def error(self, event: str, **data: Any) -> None:
        self._write("ERROR", event, data)

    def messages(self) -> list[str]:
        return [line["message"] for line in self.lines if "message" in line]

    def codes(self) -> list[str]:
        return [line["code"] for line in self.lines if "code" in line]


@contextmanager
def no_limit(_seconds: float) -> Iterator[None]:
    yield


def one_after_another(steps: Sequence[Callable[[], object]]) -> None:
    for step in steps:
        step()


def request(**fields: Any) -> dict[str, Any]:
    """A good request, with the given fields in place of its own."""
    return {"to": "ada@example.com", "templateName": "welcome", "templateData": {"name": "Ada"}, **fields}
