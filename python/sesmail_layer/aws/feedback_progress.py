"""How far the feedback processor has come, in the control table: domain/ses/watermark.py.

`watermark` holds when the newest handled probe was sent (`handledUntil`), and until when no worker sends another
(`probeUntil`). `outstanding#<slot>#<shard>` has an attribute for each message that is noted: its id, with the Unix
seconds at which it was sent. A slot is five minutes of those; the shards keep an item of a bad hour under DynamoDB's
400 KB.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.control_items import NUMBER, ControlItems, is_outside, number, read_number
from sesmail_layer.aws.dynamodb_items import Item
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.ses.watermark import NOTE_SECONDS, Progress, probe
from sesmail_layer.usecases.ports import RunAll, one_after_another

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient

_WATERMARK = "watermark"
_SLOT_SECONDS = 300
_SHARDS = 4
_NOTE = "m-"
_PROBE_SECONDS = 30.0
_CLOCKS_DIFFER_SECONDS = 60.0
_FAR_SECONDS = 15 * 86_400.0
"""No message is older, so no two probes are handled that were sent further apart."""


class OutstandingNotes(ControlItems):
    """The feedback processor's side. Old messages are in many items: they are written all at once."""

    def __init__(self, client: DynamoDBClient, table_name: str, *, run_all: RunAll = one_after_another) -> None:
        super().__init__(client, table_name)
        self._run_all = run_all

    def note(self, sent_at: Mapping[str, float]) -> None:
        """Note messages as outstanding. Raises TransientError."""
        self._for_each_item(self._note, sent_at)

    def strike(self, sent_at: Mapping[str, float]) -> None:
        """Strike out notes. Raises TransientError."""
        self._for_each_item(self._strike, sent_at)

    def _note(self, key: str, some: Mapping[str, float]) -> None:
        names, values = _named(some)
        sets = [f"#m{n} = :m{n}" for n in range(len(some))]
        expires = int(max(some.values()) + 2 * NOTE_SECONDS)
        self._update(
            key,
            f"SET {', '.join(sets)}, #ttl = :ttl",
            {**values, ":ttl": number(expires)},
            names={**names, "#ttl": "ttl"},
        )

    def _strike(self, key: str, some: Mapping[str, float]) -> None:
        names, _ = _named(some)
        self._update(key, f"REMOVE {', '.join(names)}", {}, names=names)

    def _for_each_item(self, write: Callable[[str, Mapping[str, float]], None], sent_at: Mapping[str, float]) -> None:
        errors: list[TransientError] = []

        def step(key: str, some: Mapping[str, float]) -> None:
            try:
                write(key, some)
            except TransientError as err:
                errors.append(err)

        self._run_all([partial(step, key, some) for key, some in _by_item(sent_at).items()])
        if errors:
            raise errors[0]

    def advance(self, sent_at: float) -> None:
        """Record that a probe was handled; an older one changes nothing. Raises TransientError."""
        values = {":sent": number(sent_at), ":far": number(sent_at + _FAR_SECONDS), ":number": NUMBER}
        newer = is_outside("handledUntil", ":sent", ":far")
        self._update(_WATERMARK, "SET handledUntil = :sent", values, condition=newer)


class FeedbackProgress(ControlItems):
    """The sender's side."""

    def __init__(self, client: DynamoDBClient, table_name: str, sns: SNSClient, topic_arn: str) -> None:
        super().__init__(client, table_name)
        self._sns = sns
        self._topic_arn = topic_arn

    def read(self, since: float, now: float) -> Progress:
        """Read the watermark, and the notes of messages sent since then, a day's at most. Raises TransientError."""
        items = self._get_many([_WATERMARK, *_keys(max(since, now - NOTE_SECONDS), now)])
        handled = read_number(items.get(_WATERMARK, {}), "handledUntil")
        notes = [
            read_number(item, name)
            for key, item in items.items()
            if key != _WATERMARK
            for name in item
            if name.startswith(_NOTE)
        ]
        return Progress(handled if handled <= now + _CLOCKS_DIFFER_SECONDS else 0.0, notes)

    def send_probe(self, now: float) -> None:
        """Publish a probe, unless any worker did within the last 30 s. Raises TransientError."""
        until = now + _PROBE_SECONDS
        # Where two clocks differ, the later one's probe is due as well; it is harmless.
        values = {":now": number(now), ":until": number(until), ":number": NUMBER}
        due = f"{is_outside('probeUntil', ':now', ':until')} OR probeUntil = :now"
        if not self._update(_WATERMARK, "SET probeUntil = :until", values, condition=due)[0]:
            return
        try:
            self._sns.publish(TopicArn=self._topic_arn, Message=probe(now))
        except (BotoCoreError, ClientError) as err:
            raise TransientError(f"SNS error sending a probe: {type(err).__name__}", code="AWS005") from err


def _keys(since: float, now: float) -> Iterator[str]:
    for slot in range(int(since) // _SLOT_SECONDS, int(now) // _SLOT_SECONDS + 1):
        yield from (f"outstanding#{slot}#{shard}" for shard in range(_SHARDS))


def _by_item(sent_at: Mapping[str, float]) -> Mapping[str, dict[str, float]]:
    items: dict[str, dict[str, float]] = defaultdict(dict)
    for message_id, sent in sent_at.items():
        shard = zlib.crc32(message_id.encode()) % _SHARDS
        items[f"outstanding#{int(sent) // _SLOT_SECONDS}#{shard}"][message_id] = sent
    return items


def _named(some: Mapping[str, float]) -> tuple[dict[str, str], dict[str, Item]]:
    names = {f"#m{n}": f"{_NOTE}{message_id}" for n, message_id in enumerate(some)}
    return names, {f":m{n}": number(sent) for n, sent in enumerate(some.values())}
