"""Why a survivor may live: each has one reason, by a rule or by name. One without a reason fails tests/docs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from tools.mutation.results import Survivor


class Reason(NamedTuple):
    title: str
    why: str


REASONS = {
    "same": Reason(
        "The change is none",
        "The changed line gives the same for all that can reach it: another name of the same codec, the first or the "
        "last of a separator that is there once, a bound that nothing meets, a default that is never used.",
    ),
    "falsy": Reason(
        "None for False, or for nothing",
        "What reads the value asks only whether it is true; the types forbid the change, and `make lint` checks them.",
    ),
    "unread": Reason(
        "What is changed is read by nobody",
        "The type, the protocol or the function's shape asks for a value that this call's path does not use.",
    ),
    "effort": Reason(
        "Only time or memory differ",
        "The same comes out, after more work, more reading or in more memory than need be. The benchmark and the tests "
        "that measure memory hold these; a mutation run leaves out tests by the clock.",
    ),
    "chance": Reason(
        "The bounds of a random wait",
        "That it waits is tested, and within which bounds; no test can tell 1 from 2 as the lower end of a chance.",
    ),
    "inner": Reason(
        "Words that only we would read",
        "The message of an exception that is always caught, or a reason that neither a record nor a log ever tells.",
    ),
    "gap": Reason(
        "Gaps that are known",
        "Tests would be possible. What they would hold is either unlikely to break unseen or held by tests of other "
        "rooms (adapters, simulation, end to end), which do not run here.",
    ),
}

UNEXPLAINED = Reason("Without a reason yet", "To be killed by a test, or named in `tools/mutation/reasons.py`.")


class Named(NamedTuple):
    """Survivors of one function that a fragment of the changed line tells from others."""

    reason: str
    module: str
    function: str
    after: str


NAMED = [
    # A list passes `or` as it passes `and`: what is no number of times, Python refuses with the same error.
    Named("same", "domain/template/bounds.py", "check_repetition", "isinstance(times, int) or isinstance"),
    Named("same", "domain/template/bounds.py", "check_repetition", "max(times, 1)"),
    # A literal's end has no field, so no width.
    Named("same", "domain/template/bounds.py", "check_format", 'spec or "XXXX"'),
    Named("effort", "domain/template/bounds.py", "checked_items", "islice(items, None)"),
    Named("same", "domain/guards/breaker.py", "_simulated", 'or "XXXX"'),
    Named("gap", "domain/request/email_request.py", "_reason", "len(part) >= 2"),
    Named("same", "domain/message.py", "_type_of", "APPLICATION/OCTET-STREAM"),
    Named("same", "domain/message.py", "_type_of", "rpartition"),
    Named("same", "domain/mime.py", "file_part", "rpartition"),
    Named("same", "domain/ses/outcomes.py", "_complaint", 'or "XXXX"'),
    Named("same", "domain/ses/outcomes.py", "_subscription", 'or "XXXX"'),
    # Both are of one length.
    Named("same", "domain/ses/outcomes.py", "_recipients", "found.values(), "),
    Named("same", "domain/ses/outcomes.py", "_recipients", "found.values())"),
    Named("same", "domain/request/pending_request.py", "pack", "< MAX_BYTES"),
    Named("same", "domain/guards/producers.py", "ProducerPolicy.check_request", "address.partition"),
    Named("gap", "domain/request/refusals.py", "refusal_of", "partition"),
    Named("same", "domain/request/refusals.py", "refusal_of", "XX`XX"),
    Named("same", "domain/request/refusals.py", "refusal_of", "XX.XX"),
    Named("same", "domain/request/refusals.py", "near_miss", "known, 2, 0.84"),
    Named("gap", "domain/request/refusals.py", "_value_at", "XX...XX"),
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.joined", "bounds.weight(None)"),
    Named("unread", "domain/template/sandbox.py", "BoundedEnvironment.is_safe_attribute", "obj, attr, None"),
    Named("unread", "domain/template/sandbox.py", "BoundedEnvironment.call_binop", "call_binop(None, "),
    Named(
        "unread", "domain/template/sandbox.py", "BoundedEnvironment.wrap_str_format", "update_wrapper(bounded, None)"
    ),
    Named("same", "domain/template/sandbox.py", "BoundedEnvironment.call", "None)"),
    Named("same", "domain/template/sandbox.py", "BoundedEnvironment.call", '"XXXX"'),
    # A method that takes one operand, or none of these.
    Named("same", "domain/template/sandbox.py", "_checked_method", "*args[2:]"),
    Named("same", "domain/template/sandbox.py", "_checked_method", 'name == "replace" or '),
    Named("same", "domain/template/sandbox.py", "_checked_method", "len(args) >= 1"),
    Named("same", "domain/template/sandbox.py", "_with_items", 'else "XXXX"'),
    Named("inner", "domain/template/starters.py", "_version_in", "raise ValueError"),
    Named("same", "domain/guards/suppression.py", "Suppression.joined", 'or "XXXX"'),
    # What ends, and when, decides only where all else is equal.
    Named("same", "domain/guards/suppression.py", "Suppression._precedence", "msgspec.json.encode"),
    # The read of those that are paused spares the read of all.
    Named("effort", "usecases/feedback/breaker.py", "Breaker._judge_account", "self._limits, None)"),
    Named("effort", "usecases/feedback/breaker.py", "Breaker._judge_account", "self._limits, )"),
    Named("effort", "usecases/feedback/breaker.py", "Breaker._judge_account", "or not account.state.paused"),
    Named("effort", "usecases/feedback/breaker.py", "Breaker._heed_probes", "ours or state.held_by_breaker"),
    # After the break the verdict is asked for again, and is none.
    Named("same", "usecases/feedback/breaker.py", "Breaker._without_culprits", "return"),
    # Whoever is a culprit is not paused, so there is nothing to tell again.
    Named("unread", "usecases/feedback/breaker.py", "Breaker._without_culprits", "again=True"),
    Named("gap", "usecases/feedback/breaker.py", "Breaker._without_culprits", "one[1].number, one[1]"),
    # A failure's key and status have no revision in them.
    Named("unread", "usecases/sender/claim.py", "Claims.failed", "failed(job.claim.attempt, "),
    # Without an entry there is no transition, so nothing is owed to anybody.
    Named("unread", "usecases/sender/claim.py", "Claims.release", "[], None, "),
    Named("unread", "usecases/sender/claim.py", "Claims._next_attempt", "make(None, 0)"),
    Named("unread", "usecases/sender/claim.py", "Claims._next_attempt", "make(finding.attempt, 1)"),
    Named("inner", "usecases/sender/claim.py", "Claims._next_attempt", "raise HoldError("),
    Named("inner", "usecases/sender/claim.py", "Claims._stand_back", "raise HoldError("),
    Named("inner", "usecases/sender/claim.py", "Claims._enter", "raise HoldError("),
    Named("unread", "usecases/sender/ledger.py", "Ledger.blank", ""),
    Named("same", "usecases/sender/pacing.py", "Pacer.rate", "else 1)"),
    Named("gap", "usecases/sender/pacing.py", "Pacer.wait_for_bulk", ">= until"),
    Named("unread", "usecases/ports.py", "Metrics.count", ""),
    Named("same", "usecases/sender/quota.py", "QuotaKeeper.__init__", "= 1.0"),
    Named("unread", "usecases/feedback/batch.py", "_Batch._without_record", "outcomes(one.event, "),
    Named("unread", "usecases/feedback/batch.py", "_Batch.__init__", "= None"),
    Named("same", "usecases/feedback/batch.py", "_Batch._guarded", 'or "XXXX"'),
    Named("same", "usecases/feedback/batch.py", "_Batch._by_email", 'or "XXXX"'),
    Named("chance", "usecases/sender/deliver.py", "Delivery._deliver", "random.uniform"),
    Named("same", "usecases/sender/deliver.py", "Delivery._deliver", '"XXXX"'),
    Named("unread", "usecases/sender/job.py", "Job.files", "or True"),
    Named("unread", "usecases/sender/job.py", "Job.copies", "or True"),
    Named("unread", "usecases/sender/job.py", "Job.states", "status=None"),
    # A job without a request has a refusal, and is never prepared.
    Named("unread", "usecases/sender/prepare.py", "Preparation.__call__", "PermanentError("),
    Named("unread", "usecases/sender/producer_guard.py", "ProducerGuard.check_request", "or True"),
    Named("unread", "usecases/sender/producer_guard.py", "ProducerGuard.check_request", '"XXXX"'),
    Named("same", "usecases/sender/producer_guard.py", "ProducerGuard.look_up", "get(s, 1)"),
    # The sender's log tells the kind of these errors alone; what reads times and versions catches its own.
    Named("inner", "domain/request/envelopes.py", "open_envelope", "EnvelopeError("),
    Named("inner", "domain/times.py", "utc_seconds", "ValueError("),
    Named("gap", "domain/request/envelopes.py", "open_envelope", ">= 100"),
    Named("gap", "domain/request/email_request.py", "_check_times", "break"),
    Named("same", "domain/request/email_request.py", "_check_times", "INF"),
    Named("same", "domain/request/email_request.py", "_check_attachments", "XX .XX"),
    Named("same", "domain/mail_headers.py", "header_line", "len(whole) < _WIDTH"),
    Named("gap", "domain/mail_headers.py", "header_line", ">= _WIDTH"),
    Named("gap", "domain/mail_headers.py", "address_line", "_phrase(None"),
    Named("gap", "domain/mail_headers.py", "_phrase", "_encoded(None"),
    Named("same", "domain/mail_headers.py", "_needs_encoding", "split(None)"),
    Named("gap", "domain/mail_headers.py", "_needs_encoding", ""),
    Named("gap", "domain/message.py", "compose", "fromtimestamp"),
    Named("gap", "domain/mime.py", "text_part", ""),
    Named("gap", "domain/request/refusals.py", "listed", ">= _SHOWN_NAMES"),
    # What is not refused before it is built is refused after.
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.wrap_str_format", "value.__self__, None"),
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.call_binop", "XX*XX"),
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.call_binop", "check_repetition"),
    Named("effort", "domain/template/sandbox.py", "_check_insertion", ""),
    Named("same", "domain/ses/ses_events.py", "time", '"XXXX"'),
    Named("gap", "domain/ses/ses_events.py", "address", "< _ADDRESS_BYTES"),
    Named("same", "domain/status_event.py", "status_event", '"XXXX"'),
    Named("gap", "domain/ses/tags.py", "_encode", "XX=XX"),
    Named("gap", "domain/request/email_request.py", "parse_request", ">= MAX_DEPTH"),
    # Nulls are left out of a value that is an object; what is none comes back as it is.
    Named("same", "domain/request/email_request.py", "_without_nulls", "or True"),
    Named("gap", "domain/request/email_request.py", "_without_nulls", "and False"),
    Named("same", "domain/request/email_request.py", "_without_nulls", "_without_nulls(None"),
    Named("same", "domain/request/email_request.py", "_without_nulls", '"XXXX"'),
    Named("gap", "domain/request/refusals.py", "refuse_near_misses", "< _LONGEST_NAME"),
    # Jinja2 falls back to rendering the part when it cannot compute it beforehand.
    Named("effort", "domain/template/sandbox.py", "_Generator._output_child_to_const", ""),
    Named("gap", "domain/template/sandbox.py", "BoundedEnvironment.__init__", "keep_trailing_newline=True"),
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.__init__", ""),
    Named("gap", "domain/template/templates.py", "_decoded", ""),
    Named("gap", "domain/template/templates.py", "_compiled", "getattr("),
    Named("gap", "domain/template/templates.py", "compile_template", "_decoded(None"),
    Named("gap", "domain/template/templates.py", "_metadata", "decode(content, )"),
    Named("gap", "domain/record/tracking.py", "_content", "msgspec.json.encode("),
    Named("gap", "domain/times.py", "utc_text", "fromtimestamp"),
    Named("gap", "usecases/sender/batch.py", "_Batch._within_caps", "self._attempt(None"),
    # Only the first piece is read, the detail is replaced at once, and 300 levels are too deep as 301 are.
    Named("same", "domain/request/envelopes.py", "_leniently_read", ""),
    Named("same", "domain/request/envelopes.py", "_bottomless", ""),
    Named("gap", "domain/guards/suppression.py", "Suppression._precedence", "content = None"),
    Named("gap", "domain/request/storable.py", "_faults", "< sys.float_info.max"),
    # All that comes here has been read from JSON.
    Named("unread", "domain/request/storable.py", "fault_of", "default=None"),
    Named("unread", "domain/request/storable.py", "fault_of", "allow_nan=False, )"),
    Named("effort", "domain/request/storable.py", "fault_of", "or True"),
    Named("gap", "domain/request/storable.py", "fault_of", '_faults(value, ""), )'),
    Named("same", "domain/request/storable.py", "whole", "UTF-16-LE"),
    Named("gap", "domain/request/email_request.py", "fingerprint", "canonical = None"),
    Named("chance", "usecases/sender/prepare.py", "Preparation.__call__", "random.uniform(2, 10)"),
    Named("chance", "usecases/sender/prepare.py", "Preparation.__call__", "random.uniform(1, 11)"),
    Named("gap", "usecases/sender/prepare.py", "Preparation.__call__", "HoldError("),
    Named("inner", "domain/errors.py", "TransientError.__init__", "super().__init__(None)"),
    Named("inner", "domain/errors.py", "HoldError.__init__", "super().__init__(None)"),
    Named("gap", "domain/errors.py", "HoldError.__init__", ""),
    # Whoever stands back tells what is recorded again, and reads no attempt.
    Named("unread", "domain/record/claims.py", "judge", "REDELIVERED"),
    Named("gap", "usecases/retry.py", "SoftBounceRetry.__call__", "failed"),
]


def explained(survivor: Survivor) -> Survivor:
    reason = next((key for key, holds in RULES if holds(survivor)), "") or next(
        (
            named.reason
            for named in NAMED
            if (named.module, named.function) == (survivor.module, survivor.function) and named.after in survivor.after
        ),
        "",
    )
    return msgspec.structs.replace(survivor, reason=reason)


def _swaps(survivor: Survivor, one: str, other: str) -> bool:
    """True where the change is one text for another, once."""
    return any(
        survivor.before[: found.start()] + other + survivor.before[found.end() :] == survivor.after
        for found in re.finditer(re.escape(one), survivor.before)
    )


def _is_falsy(survivor: Survivor) -> bool:
    return _swaps(survivor, "False", "None")


def _is_a_codec(survivor: Survivor) -> bool:
    return _swaps(survivor, '"utf-8"', '"UTF-8"')


def _is_a_default(survivor: Survivor) -> bool:
    """Jinja2 leaves the last line break out unless it is told to keep it."""
    return (survivor.before, survivor.after) == ("keep_trailing_newline=False,", "")


RULES: list[tuple[str, Callable[[Survivor], bool]]] = [
    ("falsy", _is_falsy),
    ("same", _is_a_codec),
    ("same", _is_a_default),
]
