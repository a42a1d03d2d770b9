"""The sender's writes to the tracking table, each under the claim protocol of domain/record/claims.py.

create    the first entry of a new record
replace   the next revision of an existing one, if no other worker has written meanwhile
amend     an entry for a record that this worker has claimed, whoever else writes to it meanwhile
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from sesmail_layer.domain.errors import ClaimActive, ClaimContended, PermanentError, Unsettled, outcome_unknown
from sesmail_layer.domain.figures import Reached
from sesmail_layer.domain.guards.breaker import PROBE
from sesmail_layer.domain.guards.cancelling import cancelled
from sesmail_layer.domain.record.claims import (
    CANCELLATION,
    REFUSED_EVENT,
    Verdict,
    accepted_earlier,
    already_deferred_for,
    belongs_to_another,
    cancelled_by,
    claimed_at,
    is_stranded,
    judge,
    key_of_source,
)
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, entry_key, fold, reached, with_recipients
from sesmail_layer.domain.ses.watermark import is_settled
from sesmail_layer.domain.status_event import Outbox
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.ports import Clock, Log, Metrics, TrackingTable
from sesmail_layer.usecases.sender.job import Email, Job, RejectedRequest
from sesmail_layer.usecases.sender.ports import FeedbackProgress

_UNSETTLED_SECONDS = 15.0
_TRIES = 8
_PUBLISHED_HERE = frozenset({Status.DEFERRED, Status.SENT, Status.FAILED})

_MakeEntry = Callable[[int, int], Entry]
"""Makes the entry for an attempt and the record's revision; the revision keeps keys of repeated entries apart."""


class Claims:
    """One batch's writes; their transitions go to the batch's outbox, and what they reached to the figures."""

    def __init__(
        self,
        tracking: TrackingTable,
        outbox: Outbox,
        reached_by_batch: list[Reached],
        progress: FeedbackProgress,
        clock: Clock,
        metrics: Metrics,
        log: Log,
        *,
        fingerprint: Callable[[str], str],
        tombstones_of: Callable[[str], Sequence[str]],
        retention_days: int,
        settle_seconds: float,
        resend_unknown: bool,
    ) -> None:
        self._tracking = tracking
        self._outbox = outbox
        self._reached = reached_by_batch
        self._progress = progress
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._fingerprint = fingerprint
        self._tombstones_of = tombstones_of
        self._retention_seconds = retention_days * 86_400
        self._settle_seconds = settle_seconds
        self._resend_unknown = resend_unknown

    def find_records(self, jobs: Iterable[Job]) -> None:
        """Find each job's own record, in one read for the batch. Raises TransientError."""
        if not (asked := [job for job in jobs if job.requested_id and not job.hop.record_id]):
            return
        keys = {key for job in asked for key in (job.email_id, key_of_source(job.email_id, job.envelope.source))}
        records = self._tracking.get_many(keys)
        for job in asked:
            source, plain = job.envelope.source, records.get(job.email_id)
            if key_of_source(job.email_id, source) in records or (plain and belongs_to_another(plain, source)):
                job.use_key_of_source()
            else:
                job.hop = msgspec.structs.replace(job.hop, record_id=job.email_id)
            job.is_new = job.is_new and job.email_id not in records

    def claim(self, email: Email, lease_until: float) -> TrackingRecord | None:
        """Claim the email for this worker; None where there is nothing to send. Raises HoldError while others may."""
        what, detail = PROBE if email.probe else None, email.claim_detail

        def sending(attempt: int, revision: int) -> Entry:
            at = utc_text(self._clock.now())
            return Entry(entry_key(attempt, revision, Status.SENDING), at, attempt, Status.SENDING, None, what, detail)

        email.claim = self._write_entry(email, sending, lease_until=lease_until)
        return email.claim

    def record_sent(self, email: Email, claim: TrackingRecord, ses_message_id: str) -> None:
        """Record SES's acceptance, under the key that SES's own events imply, or the whole course of a sunk email."""
        at, detail = utc_text(now := self._clock.now()), {"sesMessageId": ses_message_id}
        entry = Entry(f"sent/{claim.attempt}", at, claim.attempt, Status.SENT, detail=detail)
        self._amend(email, claim, [entry, *(email.sunk_entries(claim.attempt, now) if email.sunk else ())])
        if email.sunk:
            self._metrics.count("EmailSunk")
        else:
            self._metrics.count("EmailSent")
        about = {"email_id": email.email_id, "attempt": claim.attempt, "ses_message_id": ses_message_id}
        self._log.info("email.sunk" if email.sunk else "email.sent", **about, **self._context(email))

    def record_failed(self, job: Job, err: PermanentError) -> bool:
        """Record that the email cannot be sent, and why; False where its record had nothing to gain from it."""
        detail = {"errorType": err.error_type, "errorMessage": err.message}
        if isinstance(job, RejectedRequest):
            detail[REFUSED_EVENT] = job.envelope.id

        def failed(attempt: int, _revision: int) -> Entry:
            return Entry(f"failed/{attempt}", utc_text(self._clock.now()), attempt, Status.FAILED, detail=detail)

        if job.claim is not None:
            self._amend(job, job.claim, [failed(job.claim.attempt, 0)])
        elif self._write_entry(job, failed, lease_until=0.0) is None:
            return False
        phrase = f"Template error: {err.message}" if err.error_type.startswith("template_") else err.message
        self._log_failed(job, job.email_id, err.error_type, phrase, err.code)
        return True

    def record_deferred(self, job: Job, reason: str, ends: Mapping[str, str], **about: str) -> bool:
        """Record that the email waits, and release a claim; False where it has ended already."""
        at, detail = utc_text(self._clock.now()), {"reason": reason, **ends}

        def deferred(attempt: int, revision: int) -> Entry:
            return Entry(entry_key(attempt, revision, Status.DEFERRED), at, attempt, Status.DEFERRED, detail=detail)

        if job.claim is not None:
            self._amend(job, job.claim, [deferred(job.claim.attempt, job.claim.revision + 1)])
        elif self._write_entry(job, deferred, lease_until=0.0) is None:
            return False
        self._metrics.count("EmailDeferred")
        self._log.info("email.deferred", reason=reason, email_id=job.email_id, **about, **self._context(job))
        return True

    def release(self, job: Job) -> None:
        """Release a claim under which SES got nothing: but for an attempt's first one, it leaves no entry behind."""
        if job.claim is not None:
            self._amend(job, job.claim, [])
            job.claim = None

    def _write_entry(self, job: Job, make: _MakeEntry, *, lease_until: float) -> TrackingRecord | None:
        """Write the job's next entry under its id, as a new record or over the existing one.

        None where that record has nothing to gain from it: the email is done, or the id is another request's.
        """
        existing = self._create_first(job, make(job.hop.attempt, 1), lease_until)
        if isinstance(existing, _Written):
            return existing.record
        for _ in range(_TRIES):
            now, hop = self._clock.now(), job.hop
            finding = judge(
                existing,
                fingerprint=job.fingerprint,
                tombstones_of=self._tombstones_of,
                event_id=job.envelope.id,
                attempt=hop.attempt,
                now=now,
                settle_seconds=self._settle_seconds,
                unsent=(*hop.unsent, lease_until),  # botocore repeats a call, and the first may have written it.
            )
            attempt = finding.attempt
            if finding.verdict in (Verdict.BUSY, Verdict.UNSETTLED) and is_stranded(existing, now):
                # Written again for the indexes: its email must be found even where this message is lost.
                existing = self._tracking.replace(existing) or existing.next_revision()
                continue
            match finding.verdict:
                case Verdict.BUSY:
                    raise ClaimActive(max(1.0, finding.until - now))
                case Verdict.UNSETTLED:
                    attempt = self._attempt_after_unknown(job, existing, make(attempt, 0))
                case verdict if verdict is not Verdict.TAKE:
                    self._end_without_entry(job, existing, verdict)
                    return None
            entry = make(attempt, existing.revision + 1)
            if entry.status is not Status.FAILED and (by := cancelled_by(existing)):
                raise cancelled(by)
            if already_deferred_for(existing, entry):
                self._republish(job, existing)
                return existing
            if (replaced := self._replace(job, existing, entry, lease_until)) is not None:
                return replaced
            existing = self._tracking.get_many([job.email_id])[job.email_id]
        raise ClaimContended(1)

    def _end_without_entry(self, job: Job, existing: TrackingRecord, verdict: Verdict) -> None:
        match verdict:
            case Verdict.CONFLICT:
                self._record_conflict(job)
            case Verdict.ACCEPTED_EARLIER:
                self._record_accepted_earlier(job, existing)
            case Verdict.CANCELLED_EARLY:
                self._record_cancelled_early(job, existing)
            case Verdict.REDELIVERED:
                self._republish(job, existing)
            case _:
                self._metrics.count("EmailDuplicate")
                self._log.info("email.duplicate", email_id=job.email_id, status=existing.status, **self._context(job))

    def _record_accepted_earlier(self, job: Job, existing: TrackingRecord) -> None:
        """End the latest attempt with the earlier one's acceptance. Raises ClaimContended."""
        if (earlier := accepted_earlier(existing)) is not None:
            about = {"key": f"sent/{existing.attempt}", "attempt": existing.attempt}
            sent = msgspec.structs.replace(earlier, at=utc_text(self._clock.now()), **about)
            if self._replace(job, existing, sent, 0.0) is None:
                raise ClaimContended(1)

    def _record_cancelled_early(self, job: Job, existing: TrackingRecord) -> None:
        """Give a cancellation the facts of its request, which came later, and publish it. Raises ClaimContended."""
        failed = next(entry for entry in existing.history if entry.status is Status.FAILED)
        if (replaced := self._replace(job, existing, failed, 0.0)) is None:
            raise ClaimContended(1)
        self._reached.append((replaced, [Status.FAILED]))  # Nothing is counted before the request.
        self._log_failed(job, job.email_id, CANCELLATION, failed.detail["errorMessage"], "CAN001")

    def _attempt_after_unknown(self, job: Job, record: TrackingRecord, entry: Entry) -> int:
        """Return the attempt that an entry belongs to after one of unknown outcome, repeated as the policy says.

        Raises Unsettled while an SES event about the claim may not have been processed yet, whatever the entry is: an
        email that failed for another reason may be requested again, and SES may have it.
        """
        if entry.detail.get("errorType") == Unsettled.gives_up_as:
            return record.attempt  # The policy or the last deadline has decided: nothing is left to wait for.
        now, since = self._clock.now(), claimed_at(record)
        if not is_settled(since, self._settle_seconds, self._progress.read(since, now), now):
            self._progress.send_probe(now)
            raise Unsettled(_UNSETTLED_SECONDS)
        if not self._resend_unknown:
            raise outcome_unknown()
        if entry.status is Status.FAILED or cancelled_by(record):
            return record.attempt
        self._metrics.count("EmailResentUnsettled")
        self._log.warning("email.resent_unsettled", email_id=job.email_id, attempt=record.attempt + 1)
        return record.attempt + 1

    def _record_conflict(self, job: Job) -> None:
        """Record a request that took another's id, under its event's id; the first email is untouched."""
        taken_id, own_id = job.email_id, f"email-{job.envelope.id}"
        message = f"Validation error: emailId: '{taken_id}' belongs to another request"
        detail = {"errorType": "duplicate_conflict", "errorMessage": message}
        entry = Entry("failed/1", utc_text(self._clock.now()), 1, Status.FAILED, detail=detail)
        facts = job.facts | {"requested_email_id": None, "conflicts_with": taken_id}
        record = self._new_record(own_id, job.send_at, **facts)
        existing = self._create(job, record, [entry])
        if isinstance(existing, _Written):
            self._log_failed(job, own_id, "duplicate_conflict", message, "DUP001", conflicts_with=taken_id)
        else:
            self._republish(job, existing)

    def _new_record(self, email_id: str, send_at: float, **facts: Any) -> TrackingRecord:
        timestamp = utc_text(now := self._clock.now())
        return TrackingRecord(
            email_id=email_id,
            status=Status.SENDING,
            attempt=1,
            timestamp=timestamp,
            date_partition=timestamp[:10],
            ttl=int(max(now, send_at)) + self._retention_seconds,
            **facts,
        )

    def _create_first(self, job: Job, entry: Entry, lease_until: float) -> TrackingRecord | _Written:
        while True:
            facts = {**job.facts, **_binding(entry, ""), "recipients": job.recipient_states}
            record = self._new_record(job.email_id, job.send_at, lease_until=lease_until, **facts)
            existing = self._create(job, record, job.with_dropped(entry))
            if isinstance(existing, _Written) or not belongs_to_another(existing, job.envelope.source):
                return existing
            job.use_key_of_source()  # Another source has written it since `find_records`.

    def _create(self, job: Job, record: TrackingRecord, entries: Sequence[Entry]) -> TrackingRecord | _Written:
        folded, transitions = fold(record, entries)
        existing = self._tracking.create(folded)
        if existing is not None:
            return existing
        self._reached.append((folded, reached(None, folded)))
        self._outbox.add(folded, transitions, [job.message.message_id])
        return _Written(folded)

    def _replace(self, job: Job, existing: TrackingRecord, entry: Entry, lease_until: float) -> TrackingRecord | None:
        changes = {"delivery_mode": None, **job.facts, **_binding(entry, existing.fingerprint)}
        changes["lease_until"] = lease_until
        if entry.attempt > 1:
            changes["original_email_id"] = job.email_id
        changed = msgspec.structs.replace(with_recipients(existing, job.recipient_states), **changes)
        folded, transitions = fold(changed, job.with_dropped(entry))
        if self._tracking.replace(folded) is not None:
            return None
        self._reached.append((folded, reached(existing, folded)))
        self._outbox.add(folded, transitions, [job.message.message_id])
        # What this message's hop does not note may have been stored and not published.
        waited_or_failed = [e for e in existing.history if e.status in (Status.DEFERRED, Status.FAILED)]
        if any(entry.detail.get("reason") != job.hop.noted for entry in waited_or_failed[-1:]):
            self._republish(job, folded)
        return folded.next_revision()

    def _amend(self, job: Job, record: TrackingRecord, entries: Sequence[Entry]) -> None:
        newer: TrackingRecord | None = record
        while newer is not None:
            folded, transitions = fold((before := newer).released(record, unsent=not entries), entries)
            newer = self._tracking.replace(folded)
        self._reached.append((folded, reached(before, folded)))
        self._outbox.add(folded, transitions, [job.message.message_id])

    def _republish(self, job: Job, record: TrackingRecord) -> None:
        """Publish again what a redelivered message may not have published: same events, same ids."""
        here = [entry for entry in record.history if entry.status in _PUBLISHED_HERE or record.sink]
        self._outbox.add(record, fold(record, here)[1], [job.message.message_id])

    def _log_failed(self, job: Job, email_id: str, error_type: str, message: str, code: str, **more: object) -> None:
        self._metrics.count("EmailFailed")
        about = {"message": message, "code": code, "error_type": error_type, "email_id": email_id}
        self._log.error("email.failed", **about, **more, **self._context(job))

    def _context(self, job: Job) -> dict[str, object]:
        """What a log line says of an email: never an address, a subject or data."""
        facts = job.facts
        context: dict[str, object] = {"source": job.envelope.source, "template": facts["template_name"]}
        if facts["to_email"]:
            context["recipient"] = self._fingerprint(facts["to_email"])
        if facts.get("unknown_fields"):
            context["unknown_fields"] = facts["unknown_fields"]
        return context


def _binding(entry: Entry, bound_to: str) -> dict[str, str]:
    """A denied request binds no emailId, as a rejected one: the id stays bound to what it was."""
    return {"fingerprint": bound_to} if entry.detail.get("errorType") == "producer_denied" else {}


class _Written(msgspec.Struct, frozen=True):
    """A new record, as opposed to an existing one."""

    record: TrackingRecord
