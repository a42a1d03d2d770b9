"""DynamoDB's write limit: no partition key, of a table or of an index, takes more than 1,000 write units a second.

The engine's own adapters make the writes that are counted, so their keys, items and errors are the real ones; what a
write does is left to the fakes. Items are kept for their sizes. A write whose condition fails is charged as if it had
changed the item: never less than DynamoDB charges.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/throttling-diagnosing-workflow.html
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

import msgspec
from botocore.exceptions import ClientError

from sesmail_layer.aws.alarm_states import AlarmStates
from sesmail_layer.aws.cancel_rules import CancelRules
from sesmail_layer.aws.cap_counters import CapCounters
from sesmail_layer.aws.control_items import POLICY
from sesmail_layer.aws.daily_figures import DailyFigures
from sesmail_layer.aws.feedback_progress import FeedbackProgress, OutstandingNotes
from sesmail_layer.aws.pending_table import PendingTable
from sesmail_layer.aws.producer_states import ProducerStates
from sesmail_layer.aws.quota_cache import QuotaCache
from sesmail_layer.aws.rate_bucket import RateBucket
from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.aws.suppression_table import SuppressionTable
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.usecases.ports import Clock
from tools.simulation.tables import Item, tables
from tools.simulation.units import index_writes, write_units
from tools.simulation.updates import updated

UNITS_A_SECOND = 1_000
TRACKING, SUPPRESSION, CONTROL, PENDING = "EmailTracking", "Suppression", "Control", "Pending"

Ports = TypeVar("Ports", bound=msgspec.Struct)
Key = tuple[str, str]
"""The name of a table or an index, and a partition key in it."""

_READS = frozenset(
    "excluded find_by_ses_message_id firing get get_many has_sent_to latest_to listed_pauses producers read read_quota "
    "states suspects".split()
)


class WriteLimit:
    """The tables of one engine as a client sees them that only counts, and throttles."""

    throttled_anywhere: ClassVar[Counter[Key]] = Counter()

    def __init__(self, clock: Clock) -> None:
        self.units: Counter[Key] = Counter()
        """Write units by key, without what was throttled."""
        self.highest: Counter[Key] = Counter()
        """The most write units within one second."""
        self.throttled: Counter[Key] = Counter()
        """Writes that were throttled."""
        client: Any = self
        self.figures = DailyFigures(client, CONTROL, clock=clock.now)
        """One for all containers: a name is numbered once."""
        self.items: dict[Key, Item] = {}
        """What is stored, by table and partition key."""
        self._clock = clock
        self._recent: dict[Key, deque[tuple[float, int]]] = defaultdict(deque)
        self._in_last_second: Counter[Key] = Counter()

    def charge(self, units: Mapping[Key, int]) -> None:
        """Count one write's units. Raises ClientError as botocore does, and counts none, where a key has no room."""
        now = self._clock.now()
        for key in units:
            recent = self._recent[key]
            while recent and recent[0][0] <= now - 1:
                self._in_last_second[key] -= recent.popleft()[1]
        for key, wanted in units.items():
            if self._in_last_second[key] + wanted > UNITS_A_SECOND:
                self.throttled[key] += 1
                self.throttled_anywhere[key] += 1
                raise _throttled(key[0])
        for key, wanted in units.items():
            self._recent[key].append((now, wanted))
            self._in_last_second[key] += wanted
            self.units[key] += wanted
            self.highest[key] = max(self.highest[key], self._in_last_second[key])

    def list_producer(self, source: str) -> None:
        """Store a producer's policy, as Terraform does: its emails are counted by its name."""
        key = f"{POLICY}{source}"
        self.items[CONTROL, key] = {"pk": {"S": key}}

    # --- DynamoDB's client --------------------------------------------------------------------------------------------

    def get_item(self, *, TableName: str, Key: Item, **_: Any) -> Item:
        return {"Item": found} if (found := self.items.get(_key(TableName, Key))) else {}

    def put_item(self, *, TableName: str, Item: Item, **_: Any) -> Item:
        self._write(_key(TableName, Item), Item)
        return {}

    def update_item(self, *, TableName: str, Key: Item, writes: int = 1, **update: Any) -> Item:
        key = _key(TableName, Key)
        self._write(key, updated(self.items.get(key, Key), update), writes)
        return {}

    def delete_item(self, *, TableName: str, Key: Item, **_: Any) -> Item:
        self._write(_key(TableName, Key), None)
        return {}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> Item:
        asked = {table: [_key(table, key) for key in request["Keys"]] for table, request in RequestItems.items()}
        return {
            "Responses": {
                table: [self.items[key] for key in keys if key in self.items] for table, keys in asked.items()
            }
        }

    def transact_write_items(self, *, TransactItems: Sequence[Any]) -> Item:
        """A transaction writes each item twice."""
        for each in TransactItems:
            self.update_item(**each["Update"], writes=2)
        return {}

    def batch_write_item(self, *, RequestItems: Mapping[str, Sequence[Any]]) -> Item:
        for table, requests in RequestItems.items():
            for request in requests:
                if "PutRequest" in request:
                    self.put_item(TableName=table, Item=request["PutRequest"]["Item"])
                else:
                    self.delete_item(TableName=table, Key=request["DeleteRequest"]["Key"])
        return {}

    def publish(self, **_: Any) -> None:
        """SNS's, for probes."""

    def _write(self, key: Key, after: Item | None, writes: int = 1) -> None:
        """Charge an item's write by its size before and after, in its table and its indexes; then store it."""
        before = self.items.get(key)
        units: Counter[Key] = Counter({key: writes * write_units(before, after)})
        for index in tables()[key[0]].indexes:
            for value, written in index_writes(index, before, after):
                units[index.name, value] += written
        self.charge(units)
        if after is None:
            self.items.pop(key, None)
        else:
            self.items[key] = after


def _key(table: str, item: Item) -> Key:
    return table, item[tables()[table].key]["S"]


def _throttled(name: str) -> ClientError:
    """A table on demand may answer with either error; the SDKs retry both."""
    is_index = name.endswith("-index")
    code = "ThrottlingException" if is_index else "ProvisionedThroughputExceededException"
    reason = f"{'Index' if is_index else 'Table'}WriteKeyRangeThroughputExceeded"
    response: Any = {
        "Error": {"Code": code, "Message": "Throughput exceeds the current limit for one or more partitions"},
        "ThrottlingReasons": [{"reason": reason, "resource": name}],
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    return ClientError(response, "PutItem")


# --- the ports --------------------------------------------------------------------------------------------------------

_LIMITS: WeakKeyDictionary[Clock, WriteLimit] = WeakKeyDictionary()


def write_limit_of(clock: Clock) -> WriteLimit:
    """Return the limit of a simulated engine, which is known by its clock."""
    return _LIMITS.setdefault(clock, WriteLimit(clock))


def limited(ports: Ports, clock: Clock) -> Ports:
    """Return the ports of one of the engine's functions, every write under the limit of that engine."""
    client: Any = write_limit_of(clock)
    adapters: Mapping[str, tuple[object, ...]] = {
        "tracking": (TrackingTable(client, TRACKING),),
        "suppression": (SuppressionTable(client, SUPPRESSION, clock),),
        "pending": (PendingTable(client, PENDING, clock),),
        "producer_states": (ProducerStates(client, CONTROL),),
        "cancel_rules": (CancelRules(client, CONTROL),),
        "cap_counters": (CapCounters(client, CONTROL),),
        "alarm_states": (AlarmStates(client, CONTROL, client),),
        "sending_counts": (SendingCounts(client, CONTROL),),
        "figures": (write_limit_of(clock).figures,),
        "rate_bucket": (RateBucket(client, CONTROL),),
        "quota_cache": (QuotaCache(client, CONTROL),),
        "progress": (FeedbackProgress(client, CONTROL, client, "topic"), OutstandingNotes(client, CONTROL)),
    }
    fakes = {name: getattr(ports, name) for name in adapters if name in ports.__struct_fields__}
    return msgspec.structs.replace(
        ports,
        **{
            # The engine's own rate bucket is on a client that is under the limit itself.
            name: fake if isinstance(fake, RateBucket) else Limited(fake, adapters[name])
            for name, fake in fakes.items()
        },
    )


class Limited:
    """A fake whose writes are first made by the engine's adapter, on a client that only counts them."""

    def __init__(self, fake: Any, adapters: Sequence[object]) -> None:
        self._fake = fake
        self._adapters = adapters

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._fake, name)
        count = next((getattr(one, name) for one in self._adapters if hasattr(one, name)), None)
        return found if count is None or name in _READS else _both(count, found)


def _both(count: Callable[..., Any], write: Callable[..., Any]) -> Callable[..., Any]:
    def limited_write(*args: Any, **options: Any) -> Any:
        count(*args, **options)
        return write(*args, **options)

    return limited_write
