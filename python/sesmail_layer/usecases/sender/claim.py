"""The sender's writes to the tracking table, each under the claim protocol of domain/record/claims.py."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from sesmail_layer.domain.errors import HoldError, PermanentError
from sesmail_layer.domain.guards.breaker import PROBE
from sesmail_layer.domain.record.claims import REFUSED_EVENT, Finding, Verdict, judge
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.sender.job import Job
from sesmail_layer.usecases.sender.ledger import Ledger
from sesmail_layer.usecases.sender.ports import SendingPorts, SendingRules

_BACKLOG_SECONDS = 30.0
_TRIES = 8

_MakeEntry = Callable[[int, int], Entry]
"""Makes the entry for an attempt and the record's revision; the revision keeps keys of repeated marks apart."""


class Claims:
    def __init__(self, ports: SendingPorts, rules: SendingRules, ledger: Ledger) -> None:
        self._ports = ports
        self._rules = rules
        self._ledger = ledger

    def take(self, job: Job, lease_until: float) -> TrackingRecord | None:
        """Claims the email for this worker; None where there is nothing to send. Raises HoldError while others may."""
        at = self._now()

        def sending(attempt: int, revision: int) -> Entry:
            what = PROBE if job.probe else None
            return Entry(_mark_key(attempt, revision, Status.SENDING), at, attempt, Status.SENDING, what=what)

        return self._enter(job, sending, lease_until=lease_until)

    def sent(self, job: Job, claim: TrackingRecord, ses_message_id: str) -> None:
        """Records SES's acceptance. The entry's key is the one that SES's own events imply: whoever comes first."""
        entry = Entry(
            f"sent/{claim.attempt}", self._now(), claim.attempt, Status.SENT, detail={"sesMessageId": ses_message_id}
        )
        self._ledger.amend(claim, [entry], job.message.message_id, lease_until=0.0)
        self._ports.metrics.count("EmailSent")
        self._ports.log.info(
            "email.sent",
            email_id=job.email_id,
            attempt=claim.attempt,
            ses_message_id=ses_message_id,
            **self._context(job),
        )

    def failed(self, job: Job, err: PermanentError) -> None:
        """Records that the email cannot be sent, and why."""
        detail = {"errorType": err.error_type, "errorMessage": err.message}
        if job.refused:
            detail[REFUSED_EVENT] = job.envelope.id
        at = self._now()

        def failed(attempt: int, _revision: int) -> Entry:
            return Entry(f"failed/{attempt}", at, attempt, Status.FAILED, detail=detail)

        if job.claim is not None:
            self._ledger.amend(job.claim, [failed(job.claim.attempt, 0)], job.message.message_id, lease_until=0.0)
            self._ports.kept.forget(job)
        elif self._enter(job, failed, lease_until=0.0) is None:
            return
        phrase = f"Template error: {err.message}" if err.error_type.startswith("template_") else err.message
        self._ports.metrics.count("EmailFailed")
        self._ports.log.error(
            "email.failed",
            message=phrase,
            code=err.code,
            error_type=err.error_type,
            email_id=job.email_id,
            **self._context(job),
        )

    def deferred(self, job: Job, reason: str, until: float) -> bool:
        """Records that the email waits, gives a claim back; False where there is nothing to wait for any more."""
        at, detail = self._now(), {"reason": reason, "until": utc_text(until)}

        def deferred(attempt: int, revision: int) -> Entry:
            return Entry(_mark_key(attempt, revision, Status.DEFERRED), at, attempt, Status.DEFERRED, detail=detail)

        if job.claim is not None:
            entry = deferred(job.claim.attempt, job.claim.revision + 1)
            self._ledger.amend(job.claim, [entry], job.message.message_id, lease_until=0.0)
        elif self._enter(job, deferred, lease_until=0.0) is None:
            return False
        self._ports.metrics.count("EmailDeferred")
        self._ports.log.info("email.deferred", reason=reason, email_id=job.email_id, **self._context(job))
        return True

    def release(self, job: Job) -> None:
        """Gives a claim back without a word: SES has not got the message, and will be asked again soon."""
        if job.claim is not None:
            self._ledger.amend(job.claim, [], job.message.message_id, lease_until=0.0)

    def _enter(self, job: Job, make: _MakeEntry, *, lease_until: float) -> TrackingRecord | None:
        """Writes the job's next mark under its id, as a new record or over the one that stands there.

        None where that record has nothing to gain from it: the email went its way, or the id is another request's.
        """
        owner = job.message.message_id
        record = msgspec.structs.replace(
            self._ledger.blank(job.email_id), **job.facts(), recipients=job.states(), lease_until=lease_until
        )
        standing, created = self._ledger.create(record, self._marks(job, make(job.hop.attempt, 1)), owner)
        if created:
            return standing
        for _ in range(_TRIES):
            finding = self._judge(job, standing)
            if finding.verdict not in (Verdict.TAKE, Verdict.UNSETTLED):
                self._stand_back(job, standing, finding)
                return None
            mark = make(self._next_attempt(job, finding, make), standing.revision + 1)
            if _says_already(standing, mark):
                self._ledger.republish(standing, owner)
                return standing
            changes = {**job.facts(), "recipients": job.states(), "lease_until": lease_until}
            if mark.attempt > 1:
                changes["original_email_id"] = job.email_id
            taken = self._ledger.take_over(standing, self._marks(job, mark), owner, **changes)
            if taken is not None:
                return taken
            standing = self._ports.tracking.get_many([job.email_id])[job.email_id]
        raise HoldError("busy", delay_seconds=1, deferred=False, gives_up_as="")

    def _judge(self, job: Job, standing: TrackingRecord) -> Finding:
        return judge(
            standing,
            fingerprint=job.fingerprint,
            event_id=job.envelope.id,
            attempt=job.hop.attempt,
            now=self._ports.clock.now(),
            settle_seconds=self._rules.claim_settle_seconds,
        )

    def _next_attempt(self, job: Job, finding: Finding, make: _MakeEntry) -> int:
        """The attempt that the mark belongs to. An attempt of unknown outcome is repeated only as the policy says."""
        if finding.verdict is Verdict.TAKE:
            return finding.attempt
        status = make(finding.attempt, 0).status
        if status is Status.FAILED:
            return finding.attempt
        if status is Status.DEFERRED or not self._ports.backlog.is_empty():
            raise HoldError("settling", delay_seconds=_BACKLOG_SECONDS, deferred=False, gives_up_as="outcome_unknown")
        if not self._rules.resend_unknown:
            raise outcome_unknown()
        self._ports.metrics.count("EmailResentUnsettled")
        self._ports.log.warning("email.resent_unsettled", email_id=job.email_id, attempt=finding.attempt + 1)
        return finding.attempt + 1

    def _stand_back(self, job: Job, standing: TrackingRecord, finding: Finding) -> None:
        owner = job.message.message_id
        if finding.verdict is Verdict.BUSY:
            wait = max(1.0, finding.until - self._ports.clock.now())
            raise HoldError("settling", delay_seconds=wait, deferred=False, gives_up_as="")
        if finding.verdict is Verdict.CONFLICT:
            self._conflict(job)
        elif finding.verdict is Verdict.REDELIVERED:
            self._ledger.republish(standing, owner)
        else:
            self._ports.metrics.count("EmailDuplicate")
            self._ports.log.info("email.duplicate", email_id=job.email_id, status=standing.status, **self._context(job))

    def _conflict(self, job: Job) -> None:
        """Records a request that took another's id, under its event's id; the first email is untouched."""
        taken_id, own_id = job.email_id, f"email-{job.envelope.id}"
        message = f"Validation error: emailId: '{taken_id}' belongs to another request"
        entry = Entry(
            "failed/1",
            self._now(),
            status=Status.FAILED,
            detail={"errorType": "duplicate_conflict", "errorMessage": message},
        )
        record = msgspec.structs.replace(self._ledger.blank(own_id), **job.facts(), conflicts_with=taken_id)
        standing, created = self._ledger.create(record, [entry], job.message.message_id)
        if not created:
            self._ledger.republish(standing, job.message.message_id)
            return
        self._ports.metrics.count("EmailFailed")
        self._ports.log.error(
            "email.failed",
            message=message,
            code="DUP001",
            error_type="duplicate_conflict",
            email_id=own_id,
            conflicts_with=taken_id,
            **self._context(job),
        )

    def _marks(self, job: Job, mark: Entry) -> list[Entry]:
        """The mark, and with a claim the cc and bcc addresses that are left out of it."""
        if mark.status is not Status.SENDING:
            return [mark]
        left_out = [
            Entry(
                f"failed/{mark.attempt}/{address}",
                mark.at,
                mark.attempt,
                Status.FAILED,
                recipient=address,
                detail={
                    "errorType": "suppressed",
                    "errorMessage": f"Email not sent: recipient is suppressed ({suppression.reason})",
                },
            )
            for address, suppression in job.dropped.items()
        ]
        return [mark, *left_out]

    def _context(self, job: Job) -> dict[str, object]:
        """What a log line says of an email: never an address, a subject or data."""
        facts = job.facts()
        context: dict[str, object] = {"source": job.envelope.source, "template": facts["template_name"]}
        if facts["to_email"]:
            context["recipient"] = self._ports.fingerprint(facts["to_email"])
        if job.unknown_fields:
            context["unknown_fields"] = job.unknown_fields
        return context

    def _now(self) -> str:
        return utc_text(self._ports.clock.now())


def outcome_unknown() -> PermanentError:
    """The end of a claim that nothing settled, where sending it again is not wanted or not certain to be right."""
    return PermanentError(
        "outcome_unknown", "Outcome unknown: SES may have accepted the email, and no event told", code="SES007"
    )


def _mark_key(attempt: int, revision: int, status: Status) -> str:
    """Keys of marks sort as they were made, since two of one millisecond are told apart by nothing else."""
    return f"mark/{attempt}/{revision:05d}/{status}"


def _says_already(record: TrackingRecord, mark: Entry) -> bool:
    """True where the record waits for this very reason already: a hop that changes nothing writes nothing."""
    return (
        mark.status is Status.DEFERRED
        and record.status is Status.DEFERRED
        and record.attempt == mark.attempt
        and record.defer_reason == mark.detail["reason"]
    )
