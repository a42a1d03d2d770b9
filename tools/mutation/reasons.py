"""The reason why each survivor is accepted, by a rule or by name."""

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
        "The changed code does the same",
        "The changed line gives the same result for every value that can reach it: another name of the same codec, the "
        "first or last of a separator that occurs once, a bound that no value meets, a default that is never used.",
    ),
    "falsy": Reason(
        "None instead of False, or of nothing",
        "The reader only checks whether the value is true. The types forbid the change, and `make lint` checks them.",
    ),
    "unread": Reason(
        "The changed value is not read",
        "The type, the protocol or the signature requires a value that this call does not use.",
    ),
    "effort": Reason(
        "Only time or memory differ",
        "The result is the same, with more work, more reads or more memory. The benchmark and the tests that measure "
        "memory catch these; a mutation run leaves out tests that measure time.",
    ),
    "chance": Reason(
        "The bounds of a random wait",
        "Tests check that it waits, and within which bounds; no test can tell 1 from 2 as the lower bound of a wait.",
    ),
    "inner": Reason(
        "Text that only developers see",
        "The message of an exception that is always caught, or a reason that is neither recorded nor logged.",
    ),
    "gap": Reason(
        "Known gaps",
        "Tests are possible. The behaviour is unlikely to break unnoticed, or other tests cover it (adapters, "
        "simulation, end to end) that do not run here.",
    ),
}

UNEXPLAINED = Reason("Without a reason yet", "Add a test, or name it in `tools/mutation/reasons.py`.")


class Named(NamedTuple):
    """The survivors of one function that have a fragment in the changed line."""

    reason: str
    module: str
    function: str
    after: str


NAMED = [
    # A list passes `or` and `and` alike; Python rejects any other factor with the same error.
    Named("same", "domain/template/bounds.py", "check_repetition", "isinstance(times, int) or isinstance"),
    Named("same", "domain/template/bounds.py", "check_repetition", "max(times, 1)"),
    # The literal text after the last field has no width.
    Named("same", "domain/template/bounds.py", "check_format", 'spec or "XXXX"'),
    Named("same", "domain/guards/breaker.py", "_simulated", 'or "XXXX"'),
    Named("gap", "domain/request/email_request.py", "_reason", "len(part) >= 2"),
    Named("same", "domain/request/addresses.py", "_reason", "XX.XX"),
    # The files of templates have one dot.
    Named("same", "domain/template/files.py", "file_variants", "file.partition"),
    # Neither is a locale.
    Named("same", "domain/template/formatting.py", "_locale", 'else "XXXX"'),
    # The database of zones has UTC too. A text of over a hundred digits is none, and so is any other that is no number.
    Named("effort", "domain/template/formatting.py", "_zone", "ZoneInfo(zone)"),
    Named("effort", "domain/template/formatting.py", "_short_text", "_LONGEST_TEXT:"),
    Named("same", "domain/template/formatting.py", "_short_text", 'return "XXXX"'),
    Named("unread", "domain/template/generator.py", "Generator.macro_def", "macro_def(macro_ref, None)"),
    # Jinja2's own methods do not read these arguments.
    Named("unread", "domain/template/generator.py", "Generator._output_child_post", "_output_child_post("),
    # An ordinary email needs no list of names: a file less on its way.
    Named("effort", "domain/request/email_request.py", "parse_request", "(unknown) or True else []"),
    # It matches in any case.
    Named("same", "domain/message.py", "_list_unsubscribe", "MAILTO"),
    # Without a value, no message names where it came from.
    Named("unread", "domain/message.py", "_first_set", '("XXXX", "")'),
    Named("same", "domain/message.py", "_type_of", "APPLICATION/OCTET-STREAM"),
    Named("same", "domain/message.py", "_type_of", "rpartition"),
    Named("same", "domain/mime.py", "file_part", "rpartition"),
    Named("same", "domain/ses/outcomes.py", "_complaint", 'or "XXXX"'),
    Named("same", "domain/ses/outcomes.py", "_subscription", 'or "XXXX"'),
    Named("same", "domain/request/envelopes.py", "pack_request", "< MAX_BYTES"),
    Named("same", "domain/guards/producers.py", "ProducerPolicy.check_request", "address.partition"),
    Named("gap", "domain/request/refusals.py", "refusal_of", "partition"),
    Named("same", "domain/request/refusals.py", "refusal_of", "XX`XX"),
    Named("same", "domain/request/refusals.py", "refusal_of", "XX.XX"),
    Named("same", "domain/request/refusals.py", "near_miss", "known, 2, 0.84"),
    Named("gap", "domain/request/refusals.py", "_value_at", "XX...XX"),
    Named("unread", "domain/template/sandbox.py", "BoundedEnvironment.call_binop", "call_binop(None, "),
    Named(
        "unread", "domain/template/sandbox.py", "BoundedEnvironment.wrap_str_format", "update_wrapper(bounded, None)"
    ),
    Named("same", "domain/template/sandbox.py", "BoundedEnvironment.call", "None)"),
    Named("same", "domain/template/sandbox.py", "BoundedEnvironment.call", '"XXXX"'),
    Named("inner", "domain/template/starters.py", "_version_in", "raise ValueError"),
    Named("same", "domain/guards/suppression.py", "Suppression.joined", 'or "XXXX"'),
    # The expiry decides only between entries that are equal otherwise.
    Named("same", "domain/guards/suppression.py", "Suppression._precedence", "msgspec.json.encode"),
    # Reading the paused producers first only avoids reading all of them.
    Named("effort", "usecases/feedback/breaker.py", "Breaker._judge_account", "self._limits, None)"),
    Named("effort", "usecases/feedback/breaker.py", "Breaker._judge_account", "self._limits, )"),
    Named("effort", "usecases/feedback/breaker.py", "Breaker._judge_account", "or not account.state.paused"),
    Named("effort", "usecases/feedback/breaker.py", "Breaker._evaluate_probes", "ours or state.held_by_breaker"),
    # The loop's end computes the verdict again, and there is none.
    Named("same", "usecases/feedback/breaker.py", "Breaker._pause_culprits", "return"),
    # A producer that causes the rate is not paused yet, so no event is published again.
    Named("unread", "usecases/feedback/breaker.py", "Breaker._pause_culprits", "republish=True"),
    Named("gap", "usecases/feedback/breaker.py", "Breaker._pause_culprits", "one[1].number, one[1]"),
    # The key and status of a failure do not contain the revision.
    Named("unread", "usecases/sender/claim.py", "Claims.record_failed", "failed(job.claim.attempt, "),
    # Without an entry there is no transition to publish.
    Named("unread", "usecases/sender/claim.py", "Claims.release", "[], None, "),
    Named("unread", "usecases/sender/claim.py", "Claims._write_entry", "make(None, 0)"),
    Named("unread", "usecases/sender/claim.py", "Claims._write_entry", "make(attempt, 1)"),
    Named("unread", "usecases/sender/claim.py", "Claims._new_record", ""),
    Named("same", "usecases/sender/pacing.py", "Pacer.rate", "else 1)"),
    Named("unread", "usecases/ports.py", "Metrics.count", ""),
    Named("same", "usecases/sender/pacing.py", "QuotaReader.__init__", "= 1.0"),
    Named("unread", "usecases/feedback/batch.py", "_Batch._handle_without_record", "outcomes(one.event, "),
    Named("unread", "usecases/feedback/batch.py", "_Batch.__init__", "= None"),
    Named("same", "usecases/feedback/batch.py", "_Batch._by_email", 'or "XXXX"'),
    Named("chance", "usecases/sender/deliver.py", "Delivery._deliver", "random.uniform"),
    Named("same", "usecases/sender/deliver.py", "Delivery._deliver", '"XXXX"'),
    Named("unread", "usecases/sender/job.py", "_recipient_states", "status=None"),
    # A job without a request has a refusal and is never prepared.
    Named("unread", "usecases/sender/prepare.py", "Preparation.__call__", "PermanentError("),
    Named("same", "usecases/sender/producer_guard.py", "ProducerGuard.look_up", "get(s, 1)"),
    # The sender logs only the type of these errors; readers of times and versions catch their own.
    Named("inner", "domain/request/envelopes.py", "open_envelope", "EnvelopeError("),
    Named("inner", "domain/times.py", "utc_seconds", "ValueError("),
    Named("gap", "domain/request/envelopes.py", "open_envelope", ">= 100"),
    Named("same", "domain/request/email_request.py", "_check_attachments", "XX .XX"),
    Named("same", "domain/mime.py", "header_line", "len(whole) < _WIDTH"),
    Named("gap", "domain/mime.py", "header_line", ">= _WIDTH"),
    Named("gap", "domain/mime.py", "address_line", "_phrase(None"),
    Named("gap", "domain/mime.py", "_phrase", "_encoded(None"),
    Named("same", "domain/mime.py", "_needs_encoding", "split(None)"),
    Named("gap", "domain/mime.py", "_needs_encoding", ""),
    Named("gap", "domain/message.py", "compose", "fromtimestamp"),
    Named("gap", "domain/mime.py", "text_part", ""),
    Named("gap", "domain/request/refusals.py", "listed", ">= _SHOWN_NAMES"),
    # A value that passes the check before it is built fails the check after.
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.wrap_str_format", "value.__self__, None"),
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.call_binop", "XX*XX"),
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.call_binop", "check_repetition"),
    Named("same", "domain/ses/ses_events.py", "time", '"XXXX"'),
    Named("gap", "domain/ses/ses_events.py", "address", "< _ADDRESS_BYTES"),
    Named("same", "domain/status_event.py", "status_event", '"XXXX"'),
    Named("gap", "domain/ses/tags.py", "_encode", "XX=XX"),
    Named("gap", "domain/request/email_request.py", "parse_request", ">= MAX_DEPTH"),
    Named("gap", "domain/template/sandbox.py", "BoundedEnvironment.__init__", "keep_trailing_newline=True"),
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.__init__", ""),
    Named("gap", "domain/template/templates.py", "_decoded", ""),
    Named("gap", "domain/template/templates.py", "_compiled", "getattr("),
    Named("gap", "domain/template/templates.py", "compile_template", "_decoded(None"),
    Named("gap", "domain/template/templates.py", "_metadata", "decode(content, )"),
    # An equal entry in place of itself; two entries of one time have two keys; a folded record has a history.
    Named("effort", "domain/record/tracking.py", "_with", "_content(known) < "),
    Named("same", "domain/record/tracking.py", "_moves", ">= _when(before)"),
    Named("same", "domain/record/tracking.py", "_derived", "attempt=max("),
    Named("gap", "domain/record/tracking.py", "_content", "msgspec.json.encode("),
    Named("gap", "domain/times.py", "utc_text", "fromtimestamp"),
    Named("gap", "usecases/sender/batch.py", "_Batch._within_caps", "self._attempt(None"),
    # Only the first piece is read, and the detail is replaced.
    Named("same", "domain/request/envelopes.py", "_leniently_read", ""),
    Named("gap", "domain/guards/suppression.py", "Suppression._precedence", "content = None"),
    Named("gap", "domain/request/envelopes.py", "_faults", "< sys.float_info.max"),
    # Every value here has been read from JSON.
    Named("unread", "domain/request/envelopes.py", "fault_of", "default=None"),
    Named("unread", "domain/request/envelopes.py", "fault_of", "allow_nan=False, )"),
    Named("effort", "domain/request/envelopes.py", "fault_of", "or True"),
    Named("gap", "domain/request/envelopes.py", "fault_of", '_faults(value, ""), )'),
    Named("gap", "domain/request/email_request.py", "fingerprint", "canonical = None"),
    Named("chance", "usecases/sender/prepare.py", "Preparation.__call__", "random.uniform(2, 10)"),
    Named("chance", "usecases/sender/prepare.py", "Preparation.__call__", "random.uniform(1, 11)"),
    Named("gap", "usecases/sender/prepare.py", "Preparation.__call__", "HoldError("),
    Named("inner", "domain/errors.py", "TransientError.__init__", "super().__init__(None)"),
    Named("inner", "domain/errors.py", "HoldError.__init__", "super().__init__(None)"),
    Named("gap", "domain/errors.py", "HoldError.__init__", ""),
    # A redelivery publishes what is recorded and reads no attempt.
    Named("unread", "domain/record/claims.py", "judge", "REDELIVERED"),
    Named("gap", "usecases/retry.py", "SoftBounceRetry.__call__", "failed"),
]


def explained(survivor: Survivor) -> Survivor:
    """Return the survivor with its reason, or without one where neither a rule nor a name applies."""
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
    """True if the change replaces one text by another, once."""
    return any(
        survivor.before[: found.start()] + other + survivor.before[found.end() :] == survivor.after
        for found in re.finditer(re.escape(one), survivor.before)
    )


def _is_falsy(survivor: Survivor) -> bool:
    return _swaps(survivor, "False", "None")


def _is_a_codec(survivor: Survivor) -> bool:
    return any(_swaps(survivor, f'"{name}"', f'"{name.upper()}"') for name in ("utf-8", "utf-16-be", "utf-16-le"))


def _is_a_default(survivor: Survivor) -> bool:
    """Jinja2 drops the last line break by default."""
    return (survivor.before, survivor.after) == ("keep_trailing_newline=False,", "")


RULES: list[tuple[str, Callable[[Survivor], bool]]] = [
    ("falsy", _is_falsy),
    ("same", _is_a_codec),
    ("same", _is_a_default),
]
