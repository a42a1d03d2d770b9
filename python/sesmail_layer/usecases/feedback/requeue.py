"""SES events that cannot be handled now: put on the feedback queue again with a delay, and noted as outstanding.

The note comes first, and is struck out last: domain/ses/watermark.py says what the sender concludes from it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.plain_text import redacted
from sesmail_layer.domain.queue_message import WRAPPED, QueueMessage, may_be_wrapped, unwrapped, wrapped
from sesmail_layer.usecases.feedback.ports import FeedbackPorts
from sesmail_layer.usecases.feedback.record_email import FeedbackTime

_LONGEST_SECONDS = 86_400.0
"""After a day of tries a message is left to SQS's receives, and so to the dead-letter queue."""
_SHORTEST_DELAY_SECONDS, _LONGEST_DELAY_SECONDS = 2.0, 45.0
"""With a call that fails and the wait for the function, an event is handled within a minute of an outage's end."""
_LONGEST_UNNOTED_SECONDS = 5.0
"""Delay of a message without a note: domain/ses/watermark.py waits as long for its next receive."""


class FeedbackHop(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a message carries from hop to hop."""

    id: str
    """SQS's id of the message as it first came: the name of its note."""
    sent_at: float
    """Unix seconds at which it was first sent."""
    tries: int = 0
    unnoted: bool = False
    """True: its note could not be made; one that was made stays until the message is done."""


def is_again(message: QueueMessage) -> bool:
    """Return True for a message that was received, or has waited, before."""
    return message.receive_count > 1 or message.body.startswith(WRAPPED)


class Requeue:
    """One batch's notes and waits."""

    def __init__(self, ports: FeedbackPorts, time_left: FeedbackTime) -> None:
        self._queue = ports.feedback_queue
        self._dead_letters = ports.dead_letters
        self._progress = ports.progress
        self._clock = ports.clock
        self._metrics = ports.metrics
        self._log = ports.log
        self._hops: dict[str, FeedbackHop] = {}
        self._noted: set[str] = set()
        self._time_left = time_left
        self._may_note = True
        """False: a call has failed and would take as long to fail again."""

    def begin(self, messages: Sequence[QueueMessage]) -> tuple[list[QueueMessage], set[str]]:
        """Unwrap what has waited, and note what was received before; return the ids of those that must wait again."""
        opened = [self._open(message) for message in messages]
        again = {one.message_id for one, before in zip(opened, messages, strict=True) if is_again(before)}
        return opened, set() if self._is_noted(again) else again

    def end(
        self,
        messages: Sequence[QueueMessage],
        waiting: set[str],
        failed: set[str],
        unreadable: Mapping[str, str],
    ) -> tuple[set[str], bool]:
        """Put what waits on the queue again; return the ids that SQS redelivers, and whether all notes are made.

        `unreadable` has the reasons by message id: these are noted, as all dead letters are, and then go to the
        dead-letter queue, where there is time; else they wait.
        """
        for message in messages:
            self._hop(message)
        noted = self._is_noted({*waiting, *failed, *unreadable})
        dead = [one for one in messages if one.message_id in unreadable]
        if noted and self._clock.now() <= self._time_left.dead_letters:
            failed = failed | self._put_dead(dead, unreadable)
        else:
            waiting = waiting | {one.message_id for one in dead if may_be_wrapped(one.body)}
            failed = failed | (unreadable.keys() - waiting)
        done = {message.message_id for message in messages} - waiting - failed - unreadable.keys()
        if not self._is_struck(done):
            waiting = waiting | done  # Their next delivery changes nothing but the note.
        return failed | self._put_all([one for one in messages if one.message_id in waiting - failed]), noted

    def _put_dead(self, messages: Sequence[QueueMessage], reasons: Mapping[str, str]) -> set[str]:
        """Put messages on the dead-letter queue; return the ids of those that SQS has to redeliver."""
        letters = [(message, redacted(reasons[message.message_id])) for message in messages]
        errors = self._dead_letters.put_all(letters) if letters else {}
        for err in errors.values():
            self._log.error("feedback.dead_letter_failed", code=err.code, message=err.message)
        return {messages[index].message_id for index in errors}

    def _put_all(self, messages: Sequence[QueueMessage]) -> set[str]:
        """Put messages on the queue again, after 2 to 60 s; return the ids of those that SQS has to redeliver."""
        now = self._clock.now()
        late = {one.message_id for one in messages if now >= self._hop(one).sent_at + _LONGEST_SECONDS}
        some = [one for one in messages if one.message_id not in late]
        hops = []
        for message in some:
            hop = self._hop(message)
            self._metrics.highest("TransientErrorAge", now - hop.sent_at)
            hop = msgspec.structs.replace(hop, tries=hop.tries + 1, unnoted=hop.id not in self._noted)
            hops.append((wrapped(message.body, hop), self._delay(hop)))
        failed = set(late)
        for index, err in self._queue.put_all(hops).items() if hops else ():
            failed.add(some[index].message_id)
            self._log.error("feedback.requeue_failed", code=err.code, message=err.message)
        return failed

    def _delay(self, hop: FeedbackHop) -> float:
        """Return 2 to 45 s, longer with each try; at most 5 s for a message without a note."""
        longest = _LONGEST_UNNOTED_SECONDS if hop.unnoted else _LONGEST_DELAY_SECONDS
        return max(_SHORTEST_DELAY_SECONDS, min(longest, min(60.0, 2.0**hop.tries) * random.uniform(0.5, 0.75)))

    def _open(self, message: QueueMessage) -> QueueMessage:
        if not message.body.startswith(WRAPPED):
            self._hop(message)
            return message
        try:
            body, hop = unwrapped(message.body, FeedbackHop)
        except ValueError:  # Not written by this function: the reader says what is wrong with it.
            self._hop(message)
            return message
        self._hops[message.message_id] = hop
        if not hop.unnoted:
            self._noted.add(hop.id)
        receives = max(2, message.receive_count)
        return msgspec.structs.replace(message, body=body, sent_at=hop.sent_at, receive_count=receives)

    def _hop(self, message: QueueMessage) -> FeedbackHop:
        first = FeedbackHop(id=message.message_id, sent_at=message.sent_at or self._clock.now())
        return self._hops.setdefault(message.message_id, first)

    def _is_noted(self, message_ids: Iterable[str]) -> bool:
        hops = [self._hops[message_id] for message_id in message_ids]
        new = {hop.id: hop.sent_at for hop in hops if hop.id not in self._noted}
        if new and not self._write(self._progress.note, new):
            return False
        self._noted |= new.keys()
        return True

    def _is_struck(self, message_ids: Iterable[str]) -> bool:
        hops = [self._hops[message_id] for message_id in message_ids]
        done = {hop.id: hop.sent_at for hop in hops if hop.id in self._noted}
        return not done or self._write(self._progress.strike, done)

    def _has_time(self) -> bool:
        return self._may_note and self._clock.now() <= self._time_left.act

    def _write(self, write: Callable[[Mapping[str, float]], None], sent_at: Mapping[str, float]) -> bool:
        if not self._has_time():
            return False
        try:
            write(sent_at)
        except TransientError as err:
            self._may_note = False
            self._log.warning("feedback.note_failed", code=err.code, message=err.message)
            return False
        return True
