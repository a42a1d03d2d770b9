"""The outbox: status events that a batch owes, published at its end, each with the messages that wait for it.

An event is added only after its transition is stored, so a crash before publishing loses nothing: the redelivered
message finds the transition and adds the same event under the same id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sesmail_layer.domain.record.tracking import TrackingRecord, Transition
from sesmail_layer.domain.status_event import StatusEvent, status_event
from sesmail_layer.usecases.ports import StatusBus


class Outbox:
    """One batch's events by their ids."""

    def __init__(self, bus: StatusBus) -> None:
        self._bus = bus
        self.events: dict[str, StatusEvent] = {}
        self._message_ids: dict[str, set[str]] = {}

    def add(self, record: TrackingRecord, transitions: Iterable[Transition], message_ids: Iterable[str]) -> None:
        """Add the events of transitions that are stored; the messages are not done before they are published."""
        for transition in transitions:
            event = status_event(record, transition)
            if event is not None:
                self.events[event.event_id] = event
                self._message_ids.setdefault(event.event_id, set()).update(message_ids)

    def publish(self) -> Mapping[str, str]:
        """Publish everything; return the ids of events that EventBridge refused, with the reason."""
        return self._bus.publish(list(self.events.values()))

    def messages_of(self, event_ids: Iterable[str]) -> set[str]:
        """Return the SQS messages that wait for any of these events."""
        return {message_id for event_id in event_ids for message_id in self._message_ids[event_id]}
