"""Publishes status events; entries that EventBridge rejects are retried, then returned to the caller.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.status_event import StatusEvent
from sesmail_layer.usecases.ports import Announcement, RunAll, one_after_another

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

DETAIL_TYPE = "Email Status Changed"
_ENTRIES_PER_CALL = 10
_BYTES_PER_CALL = 256 * 1024
"""A call must have fewer. Regions and partitions that take 1 MB since 2026 take this too."""
_TRIES = 3
_FIRST_PAUSE_SECONDS = 0.1

_Entries = dict[str, "PutEventsRequestEntryTypeDef"]


class StatusBus:
    def __init__(
        self,
        client: EventBridgeClient,
        bus_name: str,
        source: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        run_all: RunAll = one_after_another,
    ) -> None:
        self._client = client
        self._bus_name = bus_name
        self._source = source
        self._sleep = sleep
        self._run_all = run_all

    def publish(self, events: Sequence[StatusEvent]) -> Mapping[str, str]:
        """Publish each event once; return the rejected ones as event id to reason."""
        return self._publish({event.event_id: self._entry(DETAIL_TYPE, msgspec.json.encode(event)) for event in events})

    def announce(self, event: Announcement) -> str | None:
        """Publish an event that is no status; return the reason if EventBridge rejects it."""
        return self._publish({event.event_id: self._entry(event.detail_type, event.detail)}).get(event.event_id)

    def _publish(self, entries: _Entries) -> Mapping[str, str]:
        failed: dict[str, str] = {}
        rejected: dict[str, str] = {}
        for round_number in range(_TRIES):
            if round_number:
                self._sleep(_FIRST_PAUSE_SECONDS * 2**round_number * random.uniform(0.5, 1))
            rejected = {}
            self._run_all([partial(self._put, some, rejected, failed) for some in _calls(entries)])
            entries = {event_id: entry for event_id, entry in entries.items() if event_id in rejected}
            if not entries:
                break
        return failed | rejected

    def _entry(self, detail_type: str, detail: bytes) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self._bus_name,
            "Source": self._source,
            "DetailType": detail_type,
            "Detail": detail.decode(),
        }

    def _put(self, entries: _Entries, rejected: dict[str, str], failed: dict[str, str]) -> None:
        """Make one call. botocore has repeated one that failed: another round would take time that nobody has."""
        try:
            answer = self._client.put_events(Entries=list(entries.values()))
        except ClientError as err:
            failed |= dict.fromkeys(entries, str(err.response["Error"].get("Code")))
        except BotoCoreError as err:
            failed |= dict.fromkeys(entries, type(err).__name__)
        else:
            results = zip(entries, answer["Entries"], strict=True)
            rejected |= {event_id: result["ErrorCode"] for event_id, result in results if "ErrorCode" in result}


def _calls(entries: _Entries) -> Iterator[_Entries]:
    """Split entries into calls within PutEvents' limits of entries and bytes."""
    some: _Entries = {}
    size = 0
    for event_id, entry in entries.items():
        entry_size = _size(entry)
        if some and (len(some) == _ENTRIES_PER_CALL or size + entry_size >= _BYTES_PER_CALL):
            yield some
            some, size = {}, 0
        some[event_id] = entry
        size += entry_size
    if some:
        yield some


def _size(entry: PutEventsRequestEntryTypeDef) -> int:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size"""
    return sum(len(entry[part].encode()) for part in ("Source", "DetailType", "Detail"))
