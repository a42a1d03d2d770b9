"""What must hold of a world that has come to rest, whatever happened in it (spec: the guarantees).

Nothing lost      every request has a record that says how it ended, and what became of each mail that SES accepted is
                  in it; no queue holds anything, and no dead-letter queue holds what could be read
Nothing doubled   SES accepted at most one mail for an attempt. It accepted one for a later attempt only as a soft
                  bounce's one retry, or `claim_settle_seconds` and the lease after the claim of an unknown outcome,
                  while no event of the earlier mail had reached the feedback queue: the one window that SES leaves open
Nothing denied    no email fails in an attempt in which SES accepted it, but as `outcome_unknown` or in that window: its
                  producer may request it again. With `on_unknown_outcome = fail` there is no such window
Statuses          every transition that a record stored was published, and nothing that was not stored
Suppression       exactly the recipients of hard bounces and complaints are listed, and no mail goes to an address that
                  was listed before its batch began
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

from sesmail_layer.domain.record.claims import key_of_source
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord
from sesmail_layer.domain.times import utc_seconds
from tools.simulation.queues import MAX_RECEIVES, is_readable
from tools.simulation.ses import Mail
from tools.simulation.world import Asked, World, expected_events

_STATUSES = {
    "delivered": {Status.SENT, Status.DELIVERED},
    "opened": {Status.SENT, Status.DELIVERED, Status.OPENED},
    "delayed": {Status.SENT, Status.DELAYED, Status.DELIVERED},
    "hard": {Status.SENT, Status.BOUNCED},
    "soft": {Status.SENT, Status.SOFT_BOUNCED},
    "complained": {Status.SENT, Status.DELIVERED, Status.COMPLAINED},
}
_UNFINISHED = {Status.SENDING, Status.DEFERRED}


def check(world: World) -> None:
    """Raises AssertionError."""
    assert not world.bus.too_early, f"published before they were stored: {world.bus.too_early}"
    check_nothing_is_lost(world)
    check_nothing_is_doubled(world)
    check_nothing_is_denied(world)
    check_statuses(world)
    check_suppression(world)


# --- nothing lost -----------------------------------------------------------------------------------------------------


def check_nothing_is_lost(world: World) -> None:
    for queue in world.queues:
        left = [*queue.messages, *(message for message in queue.dead if is_readable(message.body))]
        assert not left, f"left in a queue: {left}"
    if world.faults < MAX_RECEIVES and not _rejects(world):
        assert world.requests_given_up == 0, "a request was given up although no crash used up its receives"
    for asked in world.asked:
        record = _record_of(world, asked)
        assert record is not None, f"{asked} has no record"
        assert record.status not in _UNFINISHED, f"{asked} is left {record.status}"
        if not any(mail.record_id == record.email_id for mail in world.ses.accepted):
            _check_reason_for_not_sending(world, asked, record)
    for mail in world.ses.accepted:
        history = world.tracking.records[mail.record_id].history
        found = {entry.status for entry in history if entry.attempt == mail.attempt}
        assert found >= _STATUSES[mail.outcome], f"{mail}: only {found} are recorded"


def _rejects(world: World) -> bool:
    """True where messages are redelivered although nothing was killed."""
    return bool(
        world.trouble.refused_statuses
        or world.trouble.refused_puts
        or world.trouble.doubles
        or world.trouble.ses_faults
    )


def _record_of(world: World, asked: Asked) -> TrackingRecord | None:
    """The record that answers a request: under its id, its source's key of that id, or its event's id."""
    keys = asked.email_id, key_of_source(asked.email_id, asked.source), f"email-{asked.event_id}"
    for key in keys:
        record = world.tracking.records.get(key)
        if (
            record is not None
            and record.original_source == asked.source
            and (
                record.fingerprint == asked.fingerprint
                or record.request_event_id == asked.event_id
                or key in world.foreign_ids
            )
        ):
            return record
    return None


def _check_reason_for_not_sending(world: World, asked: Asked, record: TrackingRecord) -> None:
    if record.email_id in world.foreign_ids:
        return  # A finished email of somebody else.
    assert record.status is Status.FAILED, f"{asked} is {record.status}, and SES has no mail"
    answers = {answer for record_id, answer in world.ses.answers if record_id == record.email_id}
    right = {
        "validation_error": not asked.is_valid,
        "suppressed": record.to_email in world.sender.suppression.entries,
        "ses_rejected": "rejected" in answers,
        "duplicate_conflict": record.conflicts_with == asked.email_id,
        "cancelled": asked.email_id in world.cancelled,
        "outcome_unknown": not world.sender.rules.resend_unknown,
    } | dict.fromkeys(world.errors_from_outside, True)
    assert right.get(record.error_type or ""), f"{asked} failed: {record.error_type}"


# --- nothing doubled --------------------------------------------------------------------------------------------------


def check_nothing_is_doubled(world: World) -> None:
    mails: dict[str, list[Mail]] = defaultdict(list)
    for mail in world.ses.accepted:
        mails[mail.record_id].append(mail)
    for record_id, some in mails.items():
        attempts = [mail.attempt for mail in some]
        assert attempts == sorted(set(attempts)), f"SES accepted attempts {attempts} of {record_id}"
        record = world.tracking.records[record_id]
        retries = 0
        for earlier, later in itertools.pairwise(some):
            if _is_retry(world, earlier, later):
                retries += 1
            elif not _had_bounced(earlier, later):
                _check_window(world, record, earlier, later)
        assert retries <= 1, f"{retries} retries of {record_id}"


def _had_bounced(earlier: Mail, later: Mail) -> bool:
    """True where the engine could know that the earlier mail soft-bounced: then another one is right."""
    return earlier.outcome == "soft" and earlier.events_at.get("Bounce", math.inf) <= later.at


def _is_retry(world: World, earlier: Mail, later: Mail) -> bool:
    """True where a mail may be a soft bounce's retry, after its delay."""
    delay_seconds = world.feedback.rules.soft_bounce_retry_delay_seconds
    return _had_bounced(earlier, later) and later.at >= earlier.events_at["Bounce"] + delay_seconds


def _check_window(world: World, record: TrackingRecord, earlier: Mail, later: Mail) -> None:
    settle_seconds = world.sender.rules.claim_settle_seconds
    claims = {e.attempt: utc_seconds(e.at) for e in record.history if e.status is Status.SENDING}
    assert later.at >= claims[earlier.attempt] + settle_seconds, f"{later} is sent before {earlier} is settled"
    assert earlier.first_event_at >= claims[later.attempt], f"{later} is sent although an event settled {earlier}"
    assert world.sender.rules.resend_unknown, f"{later} is a second one, where an unknown outcome has to fail"


# --- nothing denied ---------------------------------------------------------------------------------------------------


def check_nothing_is_denied(world: World) -> None:
    for mail in world.ses.accepted:
        history = [e for e in world.tracking.records[mail.record_id].history if e.attempt == mail.attempt]
        claims = [utc_seconds(entry.at) for entry in history if entry.status is Status.SENDING]
        assert claims, f"{mail} went out without a claim"
        for entry in history:
            if entry.status is Status.FAILED and entry.recipient is None:
                _check_denial(world, mail, entry, max(claims))


def _check_denial(world: World, mail: Mail, failed: Entry, claimed_at: float) -> None:
    error_type, failed_at = failed.detail["errorType"], utc_seconds(failed.at)
    if error_type == "outcome_unknown":
        return
    assert failed_at >= claimed_at + world.sender.rules.claim_settle_seconds, f"{mail} went out and is {error_type}"
    assert mail.first_event_at >= failed_at, f"{mail} is {error_type} although an event settled it"
    assert world.sender.rules.resend_unknown, f"{mail} is {error_type}, where an unknown outcome has to fail as that"


# --- statuses and suppression -----------------------------------------------------------------------------------------


def check_statuses(world: World) -> None:
    published = {event.event_id for event in world.bus.events}
    for record in world.tracking.records.values():
        missing = [event.status for key, event in expected_events(record).items() if key not in published]
        assert not missing, f"{missing} of {record.email_id} were never published"


def check_suppression(world: World) -> None:
    bad = {mail.recipients[0] for mail in world.ses.accepted if mail.outcome in ("hard", "complained")}
    listed, right = set(world.sender.suppression.entries), bad | world.listed_by_others
    assert listed == right, f"suppressed: {listed}, not {right}"
    for began, mail in zip(world.sent_in, world.ses.accepted, strict=True):
        for address in mail.recipients:
            assert world.listed_at.get(address, began) >= began, f"{mail} was sent to a suppressed address"
