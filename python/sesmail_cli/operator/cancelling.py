"""Cancel emails, without printing: one by its id, or all that a selection matches.

A selection becomes a rule first, which the sender looks at with every batch; then the known records are marked. What
has no record yet is a message in a queue: the rule ends it when it comes up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from sesmail_cli.operator.command import UsageError
from sesmail_layer.aws.daily_figures import DailyFigures
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.cancelling import OPERATOR, CancelRule, kept_seconds
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.status_event import Outbox
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.usecases.cancel import (
    Cancelled,
    Outcome,
    cancel_email,
    cancel_record,
    outcome_now,
    record_key,
)
from sesmail_layer.usecases.find import LARGEST_PAGE, Criteria, Page, find

if TYPE_CHECKING:
    from sesmail_cli.operator.engine import Engine

QUEUES = ("EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue")
"""Where requests wait."""
_WRITERS = 8
_PREVIEW_PAGES = 3
_TO_MARK = (Outcome.CANCELLED, Outcome.BEING_SENT)


class Selection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which emails to cancel: those that match all that is given, accepted until now."""

    producer: str | None = None
    since: str | None = None
    """A time as `utc_text` writes it; None: from the first on."""
    template: str | None = None
    tag: str | None = None

    def check(self, now: float) -> None:
        """Raises UsageError for a selection of everything, and for one of a time that has not come."""
        if self == Selection():
            raise UsageError("Which emails? Give a producer, a time, a template or a tag.")
        if self.since and self.since > utc_text(now):
            raise UsageError(
                f"The start ({self.since}) is in the future: no email was accepted then. Give a time that has passed."
            )

    def has_tag(self, record: TrackingRecord) -> bool:
        return self.tag is None or self.tag in record.tags

    def describe(self) -> str:
        parts = [f"of producer '{self.producer}'" if self.producer else "of all producers"]
        parts += [f"with template '{self.template}'"] if self.template else []
        parts += [f"with tag '{self.tag}'"] if self.tag else []
        parts += [f"accepted since {self.since}"] if self.since else []
        return "emails " + ", ".join(parts)


class Preview(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a cancellation would do to the emails that have a record."""

    known: Mapping[Outcome, int]
    counted_back_to: str | None
    """Records that came before this time were not counted; None: all were."""
    waiting_messages: int
    """In the queues of requests, with and without records, of all producers: about."""


class CancelResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    known: Mapping[Outcome, int]
    """The known emails, by what became of them."""
    unpublished: Mapping[str, int]
    """Status events that EventBridge did not take, by reason; the sender publishes them when their messages come up."""
    in_force_until: str
    waiting_messages: int
    uncounted: str | None = None
    """Why some of them are missing in the day's figures."""


class OneResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    email_id: str
    outcome: Outcome
    status: str | None
    """The record's status before; None: it had none."""
    unpublished: Mapping[str, int]
    uncounted: str | None = None


class Marked(NamedTuple):
    """What was done to the records of some emails."""

    done: Sequence[Cancelled]
    unpublished: Mapping[str, int]
    uncounted: str | None


# --- one email --------------------------------------------------------------------------------------------------------


def preview_one(engine: Engine, email_id: str, producer: str | None) -> OneResult:
    """Return what a cancellation of one email would do. Raises TransientError."""
    key, record = record_key(engine.tracking, email_id, producer)
    outcome = outcome_now(record) if record else Outcome.BEFORE_REQUEST
    return OneResult(email_id=key, outcome=outcome, status=record.status if record else None, unpublished={})


def cancel_one(engine: Engine, email_id: str, producer: str | None) -> OneResult:
    """Cancel one email by its emailId or its record's key, also before its request arrives. Raises TransientError."""
    before = record_key(engine.tracking, email_id, producer)[1]
    done = cancel_email(
        engine.tracking,
        email_id,
        producer,
        by=OPERATOR,
        now=engine.clock.now(),
        retention_days=int(engine.setting("DATA_RETENTION_DAYS", "90")),
    )
    has_request = bool(done.record.request_event_id)
    return OneResult(
        email_id=done.record.email_id,
        outcome=done.outcome,
        status=before.status if before else None,
        unpublished=_publish(engine, [done]) if has_request else {},
        uncounted=_count(engine, [done]) if has_request else None,
    )


# --- a selection ------------------------------------------------------------------------------------------------------


def preview(engine: Engine, selection: Selection) -> Preview:
    """Count what a cancellation would do to the newest records, without doing it: emails go out while it counts.

    Raises TransientError.
    """
    counts: Counter[Outcome] = Counter()
    back_to = None
    for page in islice(_pages(engine, selection, engine.clock.now()), _PREVIEW_PAGES):
        counts.update(outcome_now(record) for record in page.records if selection.has_tag(record))
        back_to = page.searched_back_to if page.cursor else None
    return Preview(known=counts, counted_back_to=back_to, waiting_messages=waiting_messages(engine))


def cancel_selection(
    engine: Engine, selection: Selection, *, progress: Callable[[int], object] = lambda _count: None
) -> CancelResult:
    """Put the rule in force, then mark the known emails; `progress` is given how many were looked at.

    It may be repeated: what is cancelled stays so. Raises CancellationsFullError, TransientError.
    """
    now = engine.clock.now()
    kept = rule_seconds(engine)
    rule = CancelRule(
        before=now,
        since=utc_seconds(selection.since) if selection.since else 0,
        tag=selection.tag,
        template=selection.template,
    )
    engine.cancel_rules.add_rule(selection.producer or ACCOUNT, rule, kept_seconds=kept)
    counts, unpublished, uncounted = _mark(engine, _known(engine, selection, now), progress)
    return CancelResult(
        known=counts,
        unpublished=unpublished,
        uncounted=uncounted,
        in_force_until=utc_text(now + kept),
        waiting_messages=waiting_messages(engine),
    )


def rule_seconds(engine: Engine) -> float:
    """Return how long a rule stays in force: longer than any email may wait for its `sendAt`."""
    return kept_seconds(int(engine.setting("SESMAIL_MAX_SCHEDULE_DAYS", "30")))


def waiting_messages(engine: Engine) -> int:
    """Count the messages of the queues of requests; SQS's numbers are approximate."""
    return sum(engine.depth(queue).total for queue in QUEUES)


def cancel_records(engine: Engine, records: Sequence[TrackingRecord]) -> Marked:
    """Cancel the emails of some records at once, publish that and count it. Raises TransientError."""
    now = engine.clock.now()
    with ThreadPoolExecutor(_WRITERS) as writers:
        done = list(writers.map(lambda record: cancel_record(engine.tracking, record, by=OPERATOR, now=now), records))
    return Marked(done, _publish(engine, done), _count(engine, done))


def _mark(
    engine: Engine, records: Iterator[TrackingRecord], progress: Callable[[int], object]
) -> tuple[Mapping[Outcome, int], Mapping[str, int], str | None]:
    counts: Counter[Outcome] = Counter()
    unpublished: Counter[str] = Counter()
    uncounted: list[str] = []
    chunk: list[TrackingRecord] = []

    def flush() -> None:
        marked = cancel_records(engine, chunk)
        counts.update(each.outcome for each in marked.done)
        unpublished.update(marked.unpublished)
        uncounted.extend(filter(None, [marked.uncounted]))
        chunk.clear()
        progress(counts.total())

    for record in records:
        outcome = outcome_now(record)
        if outcome in _TO_MARK:
            chunk.append(record)
        else:
            counts[outcome] += 1
        if len(chunk) == 10 * _WRITERS:
            flush()
    flush()
    return counts, unpublished, uncounted[0] if uncounted else None


def _known(engine: Engine, selection: Selection, now: float) -> Iterator[TrackingRecord]:
    """Yield the records that match, newest first."""
    for page in _pages(engine, selection, now):
        yield from filter(selection.has_tag, page.records)


def _pages(engine: Engine, selection: Selection, now: float) -> Iterator[Page]:
    """Find what matches but for the tag; an older record than any email may wait is not looked for."""
    oldest = utc_text(now - rule_seconds(engine))
    criteria = Criteria(
        since=max(selection.since or oldest, oldest),
        until=utc_text(now),
        producer=selection.producer,
        template=selection.template,
    )
    cursor = None
    while True:
        page = find(engine.search, engine.tracking, criteria, limit=LARGEST_PAGE, cursor=cursor)
        yield page
        cursor = page.cursor
        if cursor is None:
            return


def _count(engine: Engine, done: Sequence[Cancelled]) -> str | None:
    """Add what ended now to the day's figures, as the sender does; return why that failed.

    With names of its own: a console works in several threads, and the adapter is made for one.
    """
    ended = [(each.record, [Status.FAILED]) for each in done if each.outcome is Outcome.CANCELLED]
    if not ended:
        return None
    figures = DailyFigures(engine.dynamodb, engine.resource_name("Control"))
    try:
        figures.add(ended, 0, engine.clock.now())
    except TransientError as err:
        return err.message
    return None


def _publish(engine: Engine, done: Sequence[Cancelled]) -> Mapping[str, int]:
    """Publish the status events of cancellations; return those that EventBridge did not take, by reason."""
    outbox = Outbox()
    for each in done:
        outbox.add(each.record, each.transitions, [])
    events = outbox.take()
    return Counter(engine.bus.publish(events).values()) if events else {}
